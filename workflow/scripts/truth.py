"""Table of how much of the planted truth each run recovered."""

from pathlib import Path

from tr300m.base.axes import Genes, Samples
from tr300m.base.job import job
from tr300m.config.simulation import SimulationConfig
from tr300m.evaluation.planted_truth import Planted
from tr300m.evaluation.truth_recovery import RECOVERY_NOTES, SimulatedRun, recovery_scores, recovery_table
from tr300m.metrics.intervals import Draws
from tr300m.results.write_table import write_table

with job(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    simulation = SimulationConfig.from_dict(params.simulation)
    genes, samples = Genes.read(given.genes), Samples.read(given.samples)
    planted = Planted.read(Path(given.effects).parent, genes, samples, simulation.base, simulation.open_weight)
    scores = recovery_scores(
        {
            run: SimulatedRun.read(path, run, **params.reads[run])
            for run, path in zip(params.runs, given.predictions, strict=True)
        },
        dict(zip(params.changed, given.changes, strict=True)),
        params.pairs,
        dict(zip(params.drawn, map(Draws.read, given.draws), strict=True)),
        planted,
    )
    write_table(
        snakemake.output.tsv, snakemake.output.markdown, recovery_table(scores), notes=RECOVERY_NOTES, simulated=True
    )

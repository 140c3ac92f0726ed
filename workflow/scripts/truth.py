"""Say how much of the planted truth was found."""

from pathlib import Path

import numpy as np
from tr300m.base.axes import Genes, Samples
from tr300m.base.job import job
from tr300m.config.simulation import SimulationConfig
from tr300m.evaluation.planted_truth import Planted
from tr300m.evaluation.truth_recovery import (
    SimulatedRun,
    expression_recovery,
    histone_gain,
    motif_recovery,
    recovery_table,
    variance_explained,
)
from tr300m.metrics.intervals import Draws
from tr300m.results.write_table import write_table

with job(snakemake.log[0]):
    simulation = SimulationConfig.from_dict(snakemake.params.simulation)
    planted = Planted.read(
        Path(snakemake.input.effects).parent,
        Genes.read(snakemake.input.genes),
        Samples.read(snakemake.input.samples),
        simulation.base,
        simulation.open_weight,
    )
    models = {}
    for run, path in zip(snakemake.params.runs, snakemake.input.predictions, strict=True):
        with np.load(path) as saved:
            arrays = {name: saved[name] for name in ("gene", "sample", "observed", "median")}
        models[run] = SimulatedRun(label=run, **snakemake.params.reads[run], **arrays)

    found = variance_explained(next(iter(models.values())), planted)
    for run, path in zip(snakemake.params.changed, snakemake.input.changes, strict=True):
        with np.load(path) as saved:
            found += motif_recovery(
                run, saved["gene"], saved["sample"], saved["regulator"].tolist(), saved["change"], planted
            )
    draws = dict(zip(snakemake.params.drawn, map(Draws.read, snakemake.input.draws), strict=True))
    for pair in snakemake.params.pairs:
        without, with_histones = (models[run] for run in pair)
        found.append(histone_gain(without, with_histones, (draws[pair[0]], draws[pair[1]]), planted))
    for model in models.values():
        found += expression_recovery(model, planted)

    write_table(
        snakemake.output.tsv,
        snakemake.output.markdown,
        recovery_table(found),
        notes=[
            "Validation pairs of the thesis's split.",
            "Chance: what a model that found nothing gets on average.",
            "Perfect: what one that knows the planted truth of what the run reads gets.",
            "A run without histones may get more, because GC content tells of openness.",
            "Motif effects: log TPM of each regulator set one standard deviation below and above its mean.",
        ],
        simulated=True,
    )

"""Compute the truth that expression and histone signal will follow."""

from pathlib import Path

from tr300m.base.job import job
from tr300m.config.simulation import SimulationConfig
from tr300m.simulate.truth import simulate_truth

with job(snakemake.log[0]):
    config = SimulationConfig.from_dict(snakemake.params.simulation)
    simulate_truth(
        config,
        snakemake.input.gtf,
        snakemake.input.fasta,
        snakemake.input.lambert,
        snakemake.input.attributes,
        Path(snakemake.output.summary).parent,
    )

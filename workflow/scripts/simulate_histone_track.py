"""Simulate one histone track."""

from pathlib import Path

from tr300m.base.job import job
from tr300m.config.simulation import SimulationConfig
from tr300m.simulate.bigwig import simulate_bigwig

with job(snakemake.log[0]):
    config = SimulationConfig.from_dict(snakemake.params.simulation)
    simulate_bigwig(
        config,
        Path(snakemake.input.openness).parent,
        snakemake.input.sizes,
        snakemake.wildcards.mark,
        snakemake.wildcards.cell,
        snakemake.output.bigwig,
    )

"""Simulate the annotation."""

from tr300m.base.job import job
from tr300m.config.simulation import SimulationConfig
from tr300m.simulate.annotation import simulate_gtf

with job(snakemake.log[0]):
    config = SimulationConfig.from_dict(snakemake.params.simulation)
    simulate_gtf(config, snakemake.output.gtf)

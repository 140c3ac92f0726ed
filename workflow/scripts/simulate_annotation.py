"""Simulate the annotation."""

from tr300m.job import job
from tr300m.simulate.annotation import simulate_gtf
from tr300m.simulate.config import SimulationConfig

with job(snakemake.log[0]):
    config = SimulationConfig.from_dict(snakemake.params.simulation)
    simulate_gtf(config, snakemake.output.gtf)

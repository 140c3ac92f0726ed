"""Simulate the sample attributes."""

from tr300m.base.job import job
from tr300m.config.simulation import SimulationConfig
from tr300m.simulate.samples import simulate_sample_attributes

with job(snakemake.log[0]):
    config = SimulationConfig.from_dict(snakemake.params.simulation)
    simulate_sample_attributes(config, snakemake.output.attributes)

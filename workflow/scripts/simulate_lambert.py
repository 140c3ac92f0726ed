"""Simulate the list of regulators."""

from tr300m.base.job import job
from tr300m.config.simulation import SimulationConfig
from tr300m.simulate.lambert import simulate_lambert

with job(snakemake.log[0]):
    config = SimulationConfig.from_dict(snakemake.params.simulation)
    simulate_lambert(config, snakemake.input.gtf, snakemake.output.lambert)

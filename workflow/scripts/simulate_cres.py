"""Simulate the candidate cis-regulatory elements."""

from tr300m.base.job import job
from tr300m.config.simulation import SimulationConfig
from tr300m.simulate.ccres import simulate_cres

with job(snakemake.log[0]):
    config = SimulationConfig.from_dict(snakemake.params.simulation)
    simulate_cres(config, snakemake.input.gtf, snakemake.input.sizes, snakemake.output.bigbed, snakemake.output.rows)

"""Simulate the donor phenotypes."""

from tr300m.base.job import job
from tr300m.config.simulation import SimulationConfig
from tr300m.simulate.samples import simulate_subject_phenotypes

with job(snakemake.log[0]):
    config = SimulationConfig.from_dict(snakemake.params.simulation)
    simulate_subject_phenotypes(config, snakemake.output.phenotypes)

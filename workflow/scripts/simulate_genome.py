"""Simulate the genome, with motifs planted in the promoters."""

from pathlib import Path

from tr300m.base.job import job
from tr300m.config.simulation import SimulationConfig
from tr300m.simulate.genome import simulate_genome

with job(snakemake.log[0]):
    config = SimulationConfig.from_dict(snakemake.params.simulation)
    simulate_genome(config, snakemake.input.gtf, snakemake.output.fasta, Path(snakemake.output.sites).parent)

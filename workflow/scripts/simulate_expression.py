"""Write the simulated expression as a GCT."""

from pathlib import Path

from tr300m.base.job import job
from tr300m.config.simulation import SimulationConfig
from tr300m.simulate.expression import simulate_gct

with job(snakemake.log[0]):
    config = SimulationConfig.from_dict(snakemake.params.simulation)
    simulate_gct(config, Path(snakemake.input.truth).parent, snakemake.output.gct)

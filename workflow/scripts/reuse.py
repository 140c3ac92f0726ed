"""Copy a trained run, to predict under a control."""

from pathlib import Path

from tr300m.base.job import job
from tr300m.training.run_record import reuse_run

with job(snakemake.log[0]):
    reuse_run(
        Path(snakemake.input.record).parent,
        Path(snakemake.output.record).parent,
        snakemake.wildcards.run,
        snakemake.params.control,
        [Path(path).name for path in snakemake.input if path != snakemake.input.record],
    )

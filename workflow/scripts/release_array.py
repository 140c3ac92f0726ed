"""Write one array as the release has it."""

from tr300m.base.files import write_json
from tr300m.base.job import job
from tr300m.release.export import rebuild, write_release

with job(snakemake.log[0]):
    array = rebuild(snakemake.wildcards.array, snakemake.input.source)
    written = write_release(snakemake.output.array, array, snakemake.params.gz_time)
    write_json(snakemake.output.record, written._asdict())

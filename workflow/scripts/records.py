"""Write the pages of the report with run records, configuration, versions and checksums."""

from tr300m.base.files import atomic_path, read_json
from tr300m.base.job import job
from tr300m.results.report.run_records import record_pages

with job(snakemake.log[0]):
    records = [read_json(path) for path in snakemake.input.records]
    pages = record_pages(records, read_json(snakemake.input.manifest), snakemake.params.config)
    for name, text in pages.items():
        with atomic_path(snakemake.output[name]) as temporary:
            temporary.write_text(text, encoding="utf-8")

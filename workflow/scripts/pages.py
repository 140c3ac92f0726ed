"""Write the tables of the report as pages; those with metrics end with the guide to read them."""

from pathlib import Path

from tr300m.base.files import atomic_path
from tr300m.base.job import job
from tr300m.results.report.html import page

with job(snakemake.log[0]):
    guide = Path(snakemake.input.guide).read_text("utf-8")
    params = snakemake.params
    for title, guided, source, path in zip(
        params.titles, params.guided, snakemake.input.markdown, snakemake.output, strict=True
    ):
        text = Path(source).read_text("utf-8")
        if guided:
            text += f"\n## What good figures look like\n\n{guide}"
        with atomic_path(path) as temporary:
            temporary.write_text(page(title, text), encoding="utf-8")

"""The tables of the report as pages, each with what a good figure looks like below it."""

from pathlib import Path

from tr300m.io import atomic_path
from tr300m.job import job
from tr300m.pages import page

with job(snakemake.log[0]):
    guide = Path(snakemake.input.guide).read_text("utf-8")
    for title, path, source in zip(snakemake.params.titles, snakemake.output, snakemake.input.markdown, strict=True):
        text = Path(source).read_text("utf-8")
        below = "" if source in snakemake.params.alone else f"\n## What a good figure looks like\n\n{guide}"
        with atomic_path(path) as temporary:
            temporary.write_text(page(title, text + below), encoding="utf-8")

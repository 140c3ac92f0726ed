"""All intervals of all models, one a row."""

from tr300m.intervals import Draws, interval_rows
from tr300m.io import read_json, write_tsv
from tr300m.job import job

with job(snakemake.log[0]):
    rows = [
        row
        for names, metrics, draws in zip(
            snakemake.params.models, snakemake.input.metrics, snakemake.input.draws, strict=True
        )
        for row in interval_rows(names, read_json(metrics), Draws.read(draws))
    ]
    write_tsv(snakemake.output.tsv, {name: [row[name] for row in rows] for name in rows[0]})

"""Table of all intervals of all models, one per row."""

from tr300m.base.files import read_json, write_tsv
from tr300m.base.job import job
from tr300m.metrics.intervals import Draws, interval_rows
from tr300m.results.metric_table import UNSHARED

with job(snakemake.log[0]):
    given = snakemake.input
    rows = [
        row
        for genes, metrics, draws in (
            ("all", given.metrics, given.draws),
            (UNSHARED, given.unshared_metrics, given.unshared_draws),
        )
        for names, scored, drawn in zip(snakemake.params.models, metrics, draws, strict=True)
        for row in interval_rows(names | {"genes": genes}, read_json(scored), Draws.read(drawn))
    ]
    write_tsv(snakemake.output.tsv, {name: [row[name] for row in rows] for name in rows[0]})

"""Collect Table 1."""

from tr300m.data_identity import identify
from tr300m.intervals import Draws
from tr300m.io import read_json
from tr300m.job import job
from tr300m.tables import (
    INTERVALS,
    UNITS,
    UNSHARED_NOTE,
    beside_thesis,
    fold_intervals,
    metric_table,
    read_thesis,
    unshared_columns,
    write_table,
)

with job(snakemake.log[0]):
    data = identify(read_json(snakemake.input.manifest))
    rows = [
        (label, read_json(path)) for label, path in zip(snakemake.params.labels, snakemake.input.metrics, strict=True)
    ]
    columns = metric_table(rows, [Draws.read(path).intervals() for path in snakemake.input.draws])
    columns |= unshared_columns(
        [read_json(path) for path in snakemake.input.unshared_metrics],
        [Draws.read(path).intervals() for path in snakemake.input.unshared_draws],
    )
    thesis = read_thesis(snakemake.input.thesis)
    write_table(
        snakemake.output.tsv,
        snakemake.output.markdown,
        columns,
        shown=beside_thesis(fold_intervals(columns), thesis),
        notes=[
            "Validation pairs.",
            UNITS,
            INTERVALS,
            UNSHARED_NOTE,
            f"In round brackets: the thesis's Table 1 as printed{data.caveat}.",
        ],
        simulated=data.simulated,
    )

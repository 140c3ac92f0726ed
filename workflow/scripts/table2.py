"""Table 2: the final run on the test part, and where it stood on validation."""

from tr300m.data_identity import identify
from tr300m.intervals import Draws
from tr300m.io import read_json
from tr300m.job import job
from tr300m.tables import (
    INTERVALS,
    THESIS_TABLE2,
    UNITS,
    UNSHARED_NOTE,
    beside_thesis,
    fold_intervals,
    metric_table,
    read_thesis,
    standing,
    unshared_columns,
    write_table,
)

with job(snakemake.log[0]):
    data = identify(read_json(snakemake.input.manifest))
    rows = [(snakemake.params.label, read_json(snakemake.input.metrics))]
    columns = metric_table(rows, [Draws.read(snakemake.input.draws).intervals()])
    columns |= unshared_columns(
        [read_json(snakemake.input.unshared_metrics)], [Draws.read(snakemake.input.unshared_draws).intervals()]
    )
    thesis = read_thesis(snakemake.input.thesis, THESIS_TABLE2)
    runs = dict(zip(snakemake.params.runs, map(read_json, snakemake.input.validation), strict=True))
    write_table(
        snakemake.output.tsv,
        snakemake.output.markdown,
        columns,
        shown=beside_thesis(fold_intervals(columns), thesis),
        notes=[
            f"Run `{snakemake.params.run}`, {snakemake.params.steps:,} steps, test pairs.",
            standing(snakemake.params.run, runs),
            UNITS,
            INTERVALS,
            UNSHARED_NOTE,
            f"In round brackets: the thesis's Table 2 as printed, about 500,000 steps{data.caveat}.",
        ],
        simulated=data.simulated,
    )

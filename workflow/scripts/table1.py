"""Collect Table 1 and its figure."""

from tr300m.figures import save, table1_forest
from tr300m.intervals import Draws
from tr300m.io import read_json
from tr300m.job import job
from tr300m.tables import INTERVALS, UNITS, beside_thesis, fold_intervals, metric_table, read_thesis, write_table

with job(snakemake.log[0]):
    rows = [
        (label, read_json(path)) for label, path in zip(snakemake.params.labels, snakemake.input.metrics, strict=True)
    ]
    columns = metric_table(rows, [Draws.read(path).intervals() for path in snakemake.input.draws])
    simulated = snakemake.params.simulated
    thesis = read_thesis(snakemake.input.thesis)
    real = " (real data)" if simulated else ""
    write_table(
        snakemake.output.tsv,
        snakemake.output.markdown,
        columns,
        shown=beside_thesis(fold_intervals(columns), thesis),
        notes=["Validation pairs.", UNITS, INTERVALS, f"In round brackets: the thesis's Table 1 as printed{real}."],
        simulated=simulated,
    )
    # Beside simulated data the thesis's points would invite a comparison that means nothing.
    figure = table1_forest(
        rows,
        None if simulated else thesis,
        title="Table 1: seven architectures on held-out genes and samples",
        subtitle="simulated data" if simulated else "GTEx v8, validation part of the thesis's split",
    )
    save(figure, snakemake.output.svg, snakemake.output.png)

"""Collect Table 1 and its figure."""

from tr300m.figures import save, table1_forest
from tr300m.io import read_json
from tr300m.job import job
from tr300m.tables import read_thesis, table1, write_table

with job(snakemake.log[0]):
    rows = [
        (label, read_json(path)) for label, path in zip(snakemake.params.labels, snakemake.input.metrics, strict=True)
    ]
    simulated = snakemake.params.simulated
    thesis = read_thesis(snakemake.input.thesis)
    write_table(snakemake.output.tsv, snakemake.output.markdown, table1(rows), thesis=thesis, simulated=simulated)
    # Beside simulated data the thesis's points would invite a comparison that means nothing.
    figure = table1_forest(
        rows,
        None if simulated else thesis,
        title="Table 1: seven architectures on held-out genes and samples",
        subtitle="simulated data" if simulated else "GTEx v8, validation part of the thesis's split",
    )
    save(figure, snakemake.output.svg, snakemake.output.png)

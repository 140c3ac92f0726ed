"""One of Tables 3-7: two runs on the validation part, compared."""

from tr300m.comparisons import read_comparisons
from tr300m.data_identity import identify
from tr300m.intervals import Draws
from tr300m.io import read_json
from tr300m.job import job
from tr300m.significance import NOTE, UNCORRECTED, comparison_table, thesis_beside
from tr300m.tables import UNITS, read_thesis, write_table

with job(snakemake.log[0]):
    data = identify(read_json(snakemake.input.manifest))
    first, second = zip(snakemake.params.labels, map(read_json, snakemake.input.metrics), strict=True)
    draws = tuple(map(Draws.read, snakemake.input.draws))
    columns = comparison_table((first, second), draws)
    comparison = read_comparisons(snakemake.input.comparisons)[snakemake.wildcards.number]
    write_table(
        snakemake.output.tsv,
        snakemake.output.markdown,
        columns,
        shown=thesis_beside(columns, comparison, read_thesis(snakemake.input.thesis)),
        notes=[
            "Validation pairs.",
            UNITS,
            NOTE,
            UNCORRECTED,
            f"In brackets: the thesis's Table {comparison.table}, 65,536 pairs{data.caveat}.",
        ],
        simulated=data.simulated,
    )

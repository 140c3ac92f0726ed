"""One of Tables 3-7: two runs on the validation part, compared."""

from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.config.thesis_comparisons import read_comparisons
from tr300m.dataset.data_identity import identify
from tr300m.metrics.intervals import Draws
from tr300m.results.metric_table import UNITS
from tr300m.results.thesis_results import read_thesis
from tr300m.results.thesis_t import THESIS_T_NOTE, UNCORRECTED, comparison_table, thesis_beside
from tr300m.results.write_table import write_table

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
            THESIS_T_NOTE,
            UNCORRECTED,
            f"In brackets: the thesis's Table {comparison.table}, 65,536 pairs{data.caveat}.",
        ],
        simulated=data.simulated,
    )

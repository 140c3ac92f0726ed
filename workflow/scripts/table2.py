"""Table 2: the final run on the test part, and where it stood on validation."""

from tr300m.base.axes import Genes
from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.dataset.data_identity import identify
from tr300m.dataset.overlap_window import overlap_note
from tr300m.results.evaluated_models import read_models, scored_columns
from tr300m.results.metric_table import (
    INTERVALS,
    UNITS,
    UNSHARED_NOTE,
    failure_notes,
    fold_intervals,
)
from tr300m.results.thesis_results import THESIS_TABLE2, beside_thesis, read_thesis, standing
from tr300m.results.write_table import write_table

with job(snakemake.log[0]):
    data = identify(read_json(snakemake.input.manifest))
    given, labels = snakemake.input, [snakemake.params.label]
    models = read_models(labels, [given.metrics], [given.draws])
    columns = scored_columns(models, read_models(labels, [given.unshared_metrics], [given.unshared_draws]))
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
            overlap_note(Genes.read(snakemake.input.genes)),
            *failure_notes(model[:2] for model in models),
            f"In round brackets: the thesis's Table 2 as printed, about 500,000 steps{data.caveat}.",
        ],
        simulated=data.simulated,
    )

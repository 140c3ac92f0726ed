"""Collect Table 1."""

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
from tr300m.results.thesis_results import beside_thesis, read_thesis
from tr300m.results.write_table import write_table

with job(snakemake.log[0]):
    data = identify(read_json(snakemake.input.manifest))
    given, labels = snakemake.input, snakemake.params.labels
    models = read_models(labels, given.metrics, given.draws)
    columns = scored_columns(models, read_models(labels, given.unshared_metrics, given.unshared_draws))
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
            overlap_note(Genes.read(snakemake.input.genes)),
            *failure_notes(model[:2] for model in models),
            f"In round brackets: the thesis's Table 1 as printed{data.caveat}.",
        ],
        simulated=data.simulated,
    )

"""The table of baselines."""

from tr300m.base.axes import Genes
from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.baselines.table import BASELINES_NOTE
from tr300m.config.external_predictions import external_notes
from tr300m.dataset.data_identity import identify
from tr300m.dataset.overlap_window import overlap_note
from tr300m.results.evaluated_models import read_models, scored_columns
from tr300m.results.metric_table import (
    CONTRASTS_NOTE,
    INTERVALS,
    LABEL,
    OWN_TABLES,
    UNITS,
    UNSHARED_NOTE,
    failure_notes,
    fold_intervals,
)
from tr300m.results.write_table import write_table

with job(snakemake.log[0]):
    data = identify(read_json(snakemake.input.manifest))
    given, labels = snakemake.input, snakemake.params.labels
    models = read_models(labels, given.metrics, given.draws)
    figures = scored_columns(models, read_models(labels, given.unshared_metrics, given.unshared_draws), OWN_TABLES)
    columns = {LABEL: figures.pop(LABEL), "Split": list(snakemake.params.splits), **figures}
    write_table(
        snakemake.output.tsv,
        snakemake.output.markdown,
        columns,
        shown=fold_intervals(columns),
        notes=[
            "Validation pairs.",
            UNITS,
            CONTRASTS_NOTE,
            INTERVALS,
            UNSHARED_NOTE,
            overlap_note(Genes.read(snakemake.input.genes)),
            BASELINES_NOTE,
            *external_notes(snakemake.params.external),
            *failure_notes(model[:2] for model in models),
        ],
        simulated=data.simulated,
    )

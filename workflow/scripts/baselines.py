"""The table of baselines."""

from tr300m.base.axes import Genes
from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.baselines.table import BASELINES_NOTE
from tr300m.config.external_predictions import external_notes
from tr300m.dataset.data_identity import identify
from tr300m.dataset.overlap_window import overlap_note
from tr300m.results.evaluated_models import read_models, scored_columns
from tr300m.results.metric_table import LABEL, OWN_TABLES, UNSHARED_NOTE
from tr300m.results.score_table import write_scores

with job(snakemake.log[0]):
    data = identify(read_json(snakemake.input.manifest))
    given, labels = snakemake.input, snakemake.params.labels
    models = read_models(labels, given.metrics, given.draws)
    figures = scored_columns(models, read_models(labels, given.unshared_metrics, given.unshared_draws), OWN_TABLES)
    columns = {LABEL: figures.pop(LABEL), "Split": list(snakemake.params.splits), **figures}
    write_scores(
        snakemake.output.tsv,
        snakemake.output.markdown,
        columns,
        models,
        [
            UNSHARED_NOTE,
            overlap_note(Genes.read(snakemake.input.genes)),
            BASELINES_NOTE,
            *external_notes(snakemake.params.external),
        ],
        pairs="Validation pairs.",
        simulated=data.simulated,
    )

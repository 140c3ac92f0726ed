"""The table of all runs and baselines on the test parts of their splits."""

from tr300m.base.axes import Genes
from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.baselines.table import BASELINES_NOTE
from tr300m.dataset.data_identity import identify
from tr300m.dataset.overlap_window import overlap_note
from tr300m.results.evaluated_models import read_models, scored_columns
from tr300m.results.metric_table import LABEL, OWN_TABLES, UNSHARED_NOTE
from tr300m.results.score_table import write_scores

with job(snakemake.log[0]):
    given, rows = snakemake.input, snakemake.params.models
    data, labels = identify(read_json(given.manifest)), [row["label"] for row in rows]
    models = read_models(labels, given.metrics, given.draws)
    figures = scored_columns(models, read_models(labels, given.unshared_metrics, given.unshared_draws), OWN_TABLES)
    names = {"Split": [row["split"] for row in rows], "Run or baseline": [row["model"] for row in rows]}
    columns = {LABEL: figures.pop(LABEL), **names, **figures}
    write_scores(
        snakemake.output.tsv,
        snakemake.output.markdown,
        columns,
        models,
        [UNSHARED_NOTE, overlap_note(Genes.read(snakemake.input.genes)), BASELINES_NOTE],
        pairs="Test pairs.",
        simulated=data.simulated,
    )

"""Collect the table of all models."""

from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.config.evaluated import ModelRow
from tr300m.dataset.data_identity import identify
from tr300m.results.evaluated_models import read_models
from tr300m.results.model_table import MODELS_NOTE, ScoredModel, model_columns, reference_notes
from tr300m.results.score_table import write_scores

with job(snakemake.log[0]):
    given, rows = snakemake.input, [ModelRow(**row) for row in snakemake.params.rows]
    models = read_models([row.label for row in rows], given.metrics, given.draws)
    scored = [ScoredModel(row, model) for row, model in zip(rows, models, strict=True)]
    columns = model_columns(scored)
    write_scores(
        snakemake.output.tsv,
        snakemake.output.markdown,
        columns,
        models,
        [MODELS_NOTE, *reference_notes(scored)],
        simulated=identify(read_json(given.manifest)).simulated,
    )

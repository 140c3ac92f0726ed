"""Draw the table of all models."""

from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.config.evaluated import ModelRow
from tr300m.dataset.data_identity import identify
from tr300m.results.evaluated_models import read_models
from tr300m.results.model_table import ScoredModel

with job(snakemake.log[0]):
    # Matplotlib is imported inside the job, with the user's settings put aside.
    from tr300m.results.figures.canvas import save
    from tr300m.results.figures.model_forest import model_forest

    data = identify(read_json(snakemake.input.manifest))
    rows = [ModelRow(**row) for row in snakemake.params.rows]
    models = read_models([row.label for row in rows], snakemake.input.metrics, snakemake.input.draws)
    scored = [ScoredModel(row, model) for row, model in zip(rows, models, strict=True) if not row.own_expression]
    figure = model_forest(
        scored,
        subtitle=f"{data.name[0].upper()}{data.name[1:]}; lines are 95 % intervals, genes and donors drawn",
    )
    save(figure, snakemake.output.svg, snakemake.output.png)

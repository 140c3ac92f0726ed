"""The table of all runs and baselines on the test parts of their splits."""

from tr300m.base.axes import Genes
from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.baselines.table import BASELINES_NOTE
from tr300m.dataset.data_identity import identify
from tr300m.dataset.overlap_window import overlap_note
from tr300m.metrics.intervals import Draws
from tr300m.results.metric_table import (
    INTERVALS,
    LABEL,
    UNITS,
    UNSHARED_NOTE,
    failure_notes,
    fold_intervals,
    metric_table,
    unshared_columns,
)
from tr300m.results.write_table import write_table

with job(snakemake.log[0]):
    given, models = snakemake.input, snakemake.params.models
    data = identify(read_json(given.manifest))
    rows = [(model["label"], read_json(path)) for model, path in zip(models, given.metrics, strict=True)]
    figures = metric_table(rows, [Draws.read(path).intervals() for path in given.draws])
    figures |= unshared_columns(
        [read_json(path) for path in given.unshared_metrics],
        [Draws.read(path).intervals() for path in given.unshared_draws],
    )
    names = {"Split": [model["split"] for model in models], "Run or baseline": [model["model"] for model in models]}
    columns = {LABEL: figures.pop(LABEL), **names, **figures}
    write_table(
        snakemake.output.tsv,
        snakemake.output.markdown,
        columns,
        shown=fold_intervals(columns),
        notes=[
            "Test pairs.",
            UNITS,
            INTERVALS,
            UNSHARED_NOTE,
            overlap_note(Genes.read(snakemake.input.genes)),
            BASELINES_NOTE,
            *failure_notes(rows),
        ],
        simulated=data.simulated,
    )

"""Table of the runs of Table 1 minus the best baseline and the genes' own training means, on the same pairs."""

from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.baselines.table import best_baseline
from tr300m.config.baseline_table import BASELINES
from tr300m.dataset.data_identity import identify
from tr300m.results.metric_table import INTERVALS, UNITS, failure_notes, fold_intervals
from tr300m.results.paired_differences import AGAINST_BASELINES_NOTE, PAIRED, paired_table, read_models
from tr300m.results.write_table import write_table

with job(snakemake.log[0]):
    data = identify(read_json(snakemake.input.manifest))
    labels = [*snakemake.params.labels, *(BASELINES[name].label for name in snakemake.params.names)]
    models = read_models(labels, snakemake.input.metrics, snakemake.input.draws)
    runs, baselines = models[: len(snakemake.params.labels)], models[len(snakemake.params.labels) :]
    of_name = dict(zip(snakemake.params.names, baselines, strict=True))
    best = best_baseline({name: model.metrics for name, model in of_name.items()})
    references = [model for name, model in of_name.items() if name == best or BASELINES[name].own_expression]
    columns = paired_table([(run, references) for run in runs])
    write_table(
        snakemake.output.tsv,
        snakemake.output.markdown,
        columns,
        shown=fold_intervals(columns),
        notes=[
            "Validation pairs.",
            UNITS,
            INTERVALS,
            PAIRED,
            AGAINST_BASELINES_NOTE,
            *failure_notes((model.label, model.metrics) for model in models),
        ],
        simulated=data.simulated,
    )

"""The runs of Table 1 against the best baseline and the genes' own training means, on the same pairs."""

from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.baselines.table import best_baseline
from tr300m.config.baseline_table import BASELINES
from tr300m.dataset.data_identity import identify
from tr300m.results.metric_table import INTERVALS, UNITS, fold_intervals
from tr300m.results.paired_differences import PAIRED, paired_table, read_models
from tr300m.results.write_table import write_table

NOTE = (
    "The baseline is the one with the highest Log Pearson Correlation on these very pairs. That choice favours the "
    "baseline: a run's difference to it is too low by chance rather than too high. The gene's own training mean reads "
    "the held-out genes' expression in training samples, which no run is given; it is no upper bound."
)

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
        notes=["Validation pairs.", UNITS, INTERVALS, PAIRED, NOTE],
        simulated=data.simulated,
    )

"""Table of the runs of Table 1, and of external predictions, minus baselines on the same pairs."""

from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.baselines.table import best_baseline
from tr300m.config.baseline_table import BASELINES
from tr300m.config.external_predictions import external_notes
from tr300m.dataset.data_identity import identify
from tr300m.results.evaluated_models import read_models
from tr300m.results.paired_differences import AGAINST_BASELINES_NOTE, PAIRED, paired_table
from tr300m.results.score_table import write_scores

with job(snakemake.log[0]):
    data = identify(read_json(snakemake.input.manifest))
    names, external = snakemake.params.names, snakemake.params.external
    labels = [*snakemake.params.labels, *external, *(BASELINES[name].label for name in names)]
    models = iter(read_models(labels, snakemake.input.metrics, snakemake.input.draws))
    runs = [next(models) for _ in snakemake.params.labels]
    others = [next(models) for _ in external]
    of_name = dict(zip(names, models, strict=True))
    best = best_baseline({name: model.metrics for name, model in of_name.items()})
    references = [model for name, model in of_name.items() if name == best or BASELINES[name].own_expression]
    columns = paired_table(
        [*((run, [*references, *others]) for run in runs), *((other, references) for other in others)]
    )
    write_scores(
        snakemake.output.tsv,
        snakemake.output.markdown,
        columns,
        [*runs, *others, *of_name.values()],
        [PAIRED, AGAINST_BASELINES_NOTE, *external_notes(external)],
        pairs="Validation pairs.",
        simulated=data.simulated,
    )

"""Table of the test scores of runs and baselines over all folds, each minus the best baseline."""

from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.baselines.table import best_baseline
from tr300m.dataset.data_identity import identify
from tr300m.results.evaluated_models import read_models
from tr300m.results.paired_differences import FOLDS_NOTE, PAIRED, paired_table
from tr300m.results.score_table import write_scores

with job(snakemake.log[0]):
    pools = snakemake.params.models
    models = read_models([pool["label"] for pool in pools], snakemake.input.metrics, snakemake.input.draws)
    columns: dict[str, list[str]] = {}
    for kind in dict.fromkeys(pool["kind"] for pool in pools):
        rows = [(pool["baseline"], model) for pool, model in zip(pools, models, strict=True) if pool["kind"] == kind]
        best = best_baseline({name: model.metrics for name, model in rows if name})
        found = paired_table(
            [(model, [other for name, other in rows if name == best and other is not model]) for _, model in rows]
        )
        for name, values in ({"Folds": [kind] * len(next(iter(found.values())))} | found).items():
            columns.setdefault(name, []).extend(values)
    write_scores(
        snakemake.output.tsv,
        snakemake.output.markdown,
        columns,
        models,
        [PAIRED, FOLDS_NOTE],
        pairs="Test pairs.",
        simulated=identify(read_json(snakemake.input.manifest)).simulated,
    )

"""The table of controls: each beside the run without it."""

from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.dataset.data_identity import identify
from tr300m.results.evaluated_models import read_models
from tr300m.results.paired_differences import CONTROLS_NOTE, PAIRED, paired_table
from tr300m.results.score_table import write_scores

with job(snakemake.log[0]):
    data = identify(read_json(snakemake.input.manifest))
    references = snakemake.params.references
    read = read_models(snakemake.params.labels, snakemake.input.metrics, snakemake.input.draws)
    models = dict(zip(references, read, strict=True))
    columns = paired_table([(models[run], [models[other]] if other else []) for run, other in references.items()])
    write_scores(
        snakemake.output.tsv,
        snakemake.output.markdown,
        columns,
        read,
        [PAIRED, CONTROLS_NOTE],
        pairs="Validation pairs.",
        simulated=data.simulated,
    )

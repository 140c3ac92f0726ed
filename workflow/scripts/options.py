"""Table of what options of runs are worth."""

from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.config.option_groups import OptionGroup
from tr300m.dataset.data_identity import identify
from tr300m.results.evaluated_models import read_models
from tr300m.results.option_table import OPTIONS_NOTE, OptionScores, option_columns
from tr300m.results.paired_differences import PAIRED
from tr300m.results.score_table import write_scores

with job(snakemake.log[0]):
    given, groups = snakemake.input, [OptionGroup(**row) for row in snakemake.params.groups]
    labels = [label for group in groups for label in [group.label, group.reference_label] for _ in group.folders]
    read = read_models(labels, given.metrics, given.draws)
    models = iter(read)
    scores = [
        OptionScores(group, [next(models) for _ in group.folders], [next(models) for _ in group.references])
        for group in groups
    ]
    columns = option_columns(scores)
    write_scores(
        snakemake.output.tsv,
        snakemake.output.markdown,
        columns,
        read,
        [PAIRED, OPTIONS_NOTE],
        simulated=identify(read_json(given.manifest)).simulated,
    )

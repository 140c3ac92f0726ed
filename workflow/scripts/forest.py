"""Draw Table 1 with its intervals, the thesis's values and the baselines."""

from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.dataset.data_identity import identify
from tr300m.results.thesis_results import read_thesis

with job(snakemake.log[0]):
    # Matplotlib is imported inside the job, with the user's settings put aside.
    from tr300m.results.figures.canvas import save
    from tr300m.results.figures.forest_rows import read_rows
    from tr300m.results.figures.table1_forest import table1_forest

    data = identify(read_json(snakemake.input.manifest))
    given = snakemake.input
    figure = table1_forest(
        read_rows(snakemake.params.labels, given.metrics, given.draws),
        read_rows(snakemake.params.baselines, given.other_metrics, given.other_draws),
        # The thesis's values are not comparable with other data.
        None if data.unlike_release else read_thesis(given.thesis),
        subtitle=f"{data.name[0].upper()}{data.name[1:]}, validation part of the split `{snakemake.params.split}`; "
        "lines are 95 % intervals, genes and donors drawn",
    )
    save(figure, snakemake.output.svg, snakemake.output.png)

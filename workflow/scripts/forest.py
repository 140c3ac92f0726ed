"""Draw Table 1 with its intervals, the thesis's figures and the baselines."""

from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.config.baseline_table import BASELINES
from tr300m.dataset.data_identity import identify
from tr300m.metrics.intervals import Draws
from tr300m.results.thesis_results import read_thesis

with job(snakemake.log[0]):
    # Matplotlib is imported inside the job, with the user's settings put aside.
    from tr300m.results.figures.canvas import save
    from tr300m.results.figures.table1_forest import Row, table1_forest

    data = identify(read_json(snakemake.input.manifest))

    def rows(labels: list[str], metrics: list[str], draws: list[str]) -> list[Row]:
        """Read one row a model."""
        return [
            Row(label, read_json(path), Draws.read(drawn).intervals())
            for label, path, drawn in zip(labels, metrics, draws, strict=True)
        ]

    given = snakemake.input
    figure = table1_forest(
        rows(snakemake.params.labels, given.metrics, given.draws),
        rows([BASELINES[name].label for name in snakemake.params.baselines], given.other_metrics, given.other_draws),
        # Beside other data the thesis's points would invite a comparison that means nothing.
        None if data.unlike_release else read_thesis(given.thesis),
        subtitle=f"{data.name[0].upper()}{data.name[1:]}, validation part of the split `thesis`; "
        "lines are 95 % intervals, genes and donors drawn",
    )
    save(figure, snakemake.output.svg, snakemake.output.png)

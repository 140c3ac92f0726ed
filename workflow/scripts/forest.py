"""Draw Table 1 with its intervals, the thesis's figures and the baselines."""

from tr300m.baselines import BASELINES
from tr300m.intervals import Draws
from tr300m.io import read_json
from tr300m.job import job
from tr300m.tables import read_thesis

with job(snakemake.log[0]):
    # Matplotlib is imported inside the job, with the user's settings put aside.
    from tr300m.figures import data_name, save
    from tr300m.forest import Row, table1_forest

    def rows(labels: list[str], metrics: list[str], draws: list[str]) -> list[Row]:
        """Read one row a model."""
        return [
            Row(label, read_json(path), Draws.read(drawn).intervals())
            for label, path, drawn in zip(labels, metrics, draws, strict=True)
        ]

    given, kind = snakemake.input, data_name(snakemake.params.simulated)
    kind = kind[0].upper() + kind[1:]
    figure = table1_forest(
        rows(snakemake.params.labels, given.metrics, given.draws),
        rows([BASELINES[name].label for name in snakemake.params.baselines], given.other_metrics, given.other_draws),
        # Beside other data the thesis's points would invite a comparison that means nothing.
        read_thesis(given.thesis) if snakemake.params.thesis_data else None,
        subtitle=f"{kind}, validation part of the thesis's split; lines are 95 % intervals, genes and donors drawn",
    )
    save(figure, snakemake.output.svg, snakemake.output.png)

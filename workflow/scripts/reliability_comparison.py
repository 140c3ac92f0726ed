"""Draw the calibrations of the runs of Table 1 side by side."""

from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.dataset.data_identity import identify

with job(snakemake.log[0]):
    # Matplotlib is imported inside the job, with the user's settings put aside.
    from tr300m.results.figures.calibration import read_coverage, reliability_comparison
    from tr300m.results.figures.canvas import save

    data = identify(read_json(snakemake.input.manifest))
    figure = reliability_comparison(
        list(zip(snakemake.params.labels, map(read_coverage, snakemake.input.coverage), strict=True)),
        subtitle=f"Validation pairs, {data.name}",
    )
    save(figure, snakemake.output.svg, snakemake.output.png)

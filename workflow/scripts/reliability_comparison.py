"""Draw the calibrations of the runs of Table 1 side by side."""

from tr300m.data_identity import identify
from tr300m.io import read_json
from tr300m.job import job

with job(snakemake.log[0]):
    # Matplotlib is imported inside the job, with the user's settings put aside.
    from tr300m.figures import save
    from tr300m.reliability import read_coverage, reliability_comparison

    data = identify(read_json(snakemake.input.manifest))
    figure = reliability_comparison(
        list(zip(snakemake.params.labels, map(read_coverage, snakemake.input.coverage), strict=True)),
        subtitle=f"Validation pairs, {data.name}",
    )
    save(figure, snakemake.output.svg, snakemake.output.png)

"""Draw the calibrations of the runs of Table 1 side by side."""

from tr300m.data_identity import identify
from tr300m.figures import save
from tr300m.io import read_json
from tr300m.job import job
from tr300m.reliability import read_coverage, reliability_comparison

with job(snakemake.log[0]):
    data = identify(read_json(snakemake.input.manifest))
    figure = reliability_comparison(
        list(zip(snakemake.params.labels, map(read_coverage, snakemake.input.coverage), strict=True)),
        subtitle=f"Validation pairs, {data.name}",
    )
    save(figure, snakemake.output.svg, snakemake.output.png)

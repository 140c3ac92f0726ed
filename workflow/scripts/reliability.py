"""Draw the calibration of one run."""

from tr300m.data_identity import identify
from tr300m.io import read_json
from tr300m.job import job

with job(snakemake.log[0]):
    # Matplotlib is imported inside the job, with the user's settings put aside.
    from tr300m.figures import save
    from tr300m.reliability import read_coverage, read_histogram, read_pit_mean, reliability_panels

    data = identify(read_json(snakemake.input.manifest))
    figure = reliability_panels(
        read_histogram(snakemake.input.pit),
        read_coverage(snakemake.input.coverage),
        read_pit_mean(snakemake.input.table),
        snakemake.wildcards.run,
        subtitle=f"{snakemake.params.label}, {snakemake.wildcards.part} pairs, {data.name}",
    )
    save(figure, snakemake.output.svg, snakemake.output.png)

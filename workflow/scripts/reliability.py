"""Draw the calibration of one run."""

from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.dataset.data_identity import identify

with job(snakemake.log[0]):
    # Matplotlib is imported inside the job, with the user's settings put aside.
    from tr300m.results.figures.calibration import read_coverage, read_histogram, read_pit_mean, reliability_panels
    from tr300m.results.figures.canvas import save

    data = identify(read_json(snakemake.input.manifest))
    figure = reliability_panels(
        read_histogram(snakemake.input.pit),
        read_coverage(snakemake.input.coverage),
        read_pit_mean(snakemake.input.table),
        snakemake.wildcards.run,
        subtitle=f"{snakemake.params.label}, {snakemake.wildcards.part} pairs, {data.name}",
    )
    save(figure, snakemake.output.svg, snakemake.output.png)

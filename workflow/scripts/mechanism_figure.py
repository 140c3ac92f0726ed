"""Draw the correlations of random pairings and of each motif with its own regulator's level."""

from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.dataset.data_identity import identify
from tr300m.results.random_pairings import read_pairings

with job(snakemake.log[0]):
    # Matplotlib is imported inside the job, with the user's settings put aside.
    from tr300m.results.figures.canvas import save
    from tr300m.results.figures.pairing_histograms import pairing_histograms

    data = identify(read_json(snakemake.input.manifest))
    figure = pairing_histograms(
        read_pairings(snakemake.input.pairings),
        subtitle=f"{data.name[0].upper()}{data.name[1:]}, genes that were not fitted; grey: shuffled pairings",
    )
    save(figure, snakemake.output.svg, snakemake.output.png)

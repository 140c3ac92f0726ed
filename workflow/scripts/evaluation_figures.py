"""Draw the predicted distributions of one run on one part: their calibration, and one density."""

import numpy as np
from tr300m.base.axes import Genes, Samples
from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.dataset.data_identity import identify
from tr300m.model.likelihood.distributions import make_likelihood

with job(snakemake.log[0]):
    # Matplotlib is imported inside the job, with the user's settings put aside.
    from tr300m.results.figures.calibration import read_coverage, read_histogram, read_pit_mean, reliability_panels
    from tr300m.results.figures.canvas import save
    from tr300m.results.figures.predicted_density import density_figure, typical_pair

    given, made = snakemake.input, snakemake.output
    run, part = snakemake.wildcards.run, snakemake.wildcards.part
    data = identify(read_json(given.manifest))
    figure = reliability_panels(
        read_histogram(given.pit),
        read_coverage(given.coverage),
        read_pit_mean(given.calibration),
        run,
        subtitle=f"{snakemake.params.label}, {part} pairs, {data.name}",
    )
    save(figure, made.reliability, made.reliability_png)

    genes, samples = Genes.read(given.genes), Samples.read(given.samples)
    with np.load(given.predictions) as saved:
        observed, raw, nll, gene, sample = (saved[name] for name in ("observed", "raw", "nll", "gene", "sample"))
    pair = typical_pair(observed, nll)
    figure = density_figure(
        make_likelihood(**read_json(given.record)["likelihood"]),
        raw[pair],
        float(observed[pair]),
        f"{run} on {genes.gene_name[gene[pair]]}",
        subtitle=f"{samples.tissue[sample[pair]]}, sample {samples.sample_id[sample[pair]]}, {data.name}\n"
        f"Of the {part} pairs above 0 TPM the one with the median NLL, {nll[pair]:.2f} nat",
    )
    save(figure, made.density, made.density_png)

"""Draw one predicted density, of a pair chosen by its NLL."""

import numpy as np
from tr300m.base.axes import Genes, Samples
from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.dataset.data_identity import identify
from tr300m.model.likelihood.distributions import make_likelihood

with job(snakemake.log[0]):
    # Matplotlib is imported inside the job, with the user's settings put aside.
    from tr300m.results.figures.canvas import save
    from tr300m.results.figures.predicted_density import density_figure, typical_pair

    data = identify(read_json(snakemake.input.manifest))
    genes, samples = Genes.read(snakemake.input.genes), Samples.read(snakemake.input.samples)
    with np.load(snakemake.input.predictions) as saved:
        pair = typical_pair(saved["observed"], saved["nll"])
        gene, sample, observed, nll = (saved[name][pair] for name in ("gene", "sample", "observed", "nll"))
        raw = saved["raw"][pair]
    figure = density_figure(
        make_likelihood(**read_json(snakemake.input.record)["likelihood"]),
        raw,
        float(observed),
        f"{snakemake.wildcards.run} on {genes.gene_name[gene]}",
        subtitle=f"{samples.tissue[sample]}, sample {samples.sample_id[sample]}, {data.name}\n"
        f"Of the {snakemake.wildcards.part} pairs above 0 TPM the one with the median NLL, {nll:.2f} nat",
    )
    save(figure, snakemake.output.svg, snakemake.output.png)

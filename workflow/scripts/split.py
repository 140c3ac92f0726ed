"""Draw the held-out genes and samples."""

from tr300m.base.axes import Genes, Samples
from tr300m.base.job import job
from tr300m.dataset.split_schemes import draw_split

with job(snakemake.log[0]):
    genes, samples = Genes.read(snakemake.input.genes), Samples.read(snakemake.input.samples)
    split = draw_split(snakemake.wildcards.split, genes, samples, snakemake.params.settings)
    split.write(snakemake.output.split, genes, samples)

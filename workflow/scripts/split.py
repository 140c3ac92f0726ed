"""Draw the held-out genes and samples."""

from tr300m.axes import Genes, Samples
from tr300m.job import job
from tr300m.splits import SPLITS

with job(snakemake.log[0]):
    genes, samples = Genes.read(snakemake.input.genes), Samples.read(snakemake.input.samples)
    split = SPLITS[snakemake.wildcards.split](len(genes), len(samples), **snakemake.params.settings)
    split.write(snakemake.output.split, genes, samples)

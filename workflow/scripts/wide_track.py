"""Read one track in the bins around each TSS."""

from tr300m.arrays.genome_builds import read_lengths
from tr300m.arrays.wide import mark_bins, wide_mark_means
from tr300m.base.array_files import save_array
from tr300m.base.axes import Genes
from tr300m.base.job import job

with job(snakemake.log[0]):
    genes, genome = Genes.read(snakemake.input.genes), read_lengths(snakemake.input.index)
    bins = mark_bins(snakemake.params.edges)
    means = wide_mark_means(snakemake.input.track, genes, bins, genome, snakemake.params.reader)
    save_array(snakemake.output.means, means)

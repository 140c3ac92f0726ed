"""Read the cCRE scores over the promoter windows."""

from tr300m.arrays.ccres import cre_windows
from tr300m.arrays.genome_builds import read_lengths
from tr300m.base.array_files import save_array
from tr300m.base.axes import Genes
from tr300m.base.job import job

with job(snakemake.log[0]):
    genes, genome = Genes.read(snakemake.input.genes), read_lengths(snakemake.input.index)
    save_array(snakemake.output.scores, cre_windows(snakemake.input.bigbed, genes, genome))

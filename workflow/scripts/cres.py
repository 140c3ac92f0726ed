"""Read the cCRE scores over the promoter windows."""

from tr300m.axes import Genes
from tr300m.builds import read_lengths
from tr300m.cres import cre_windows
from tr300m.io import save_array
from tr300m.job import job

with job(snakemake.log[0]):
    genes, genome = Genes.read(snakemake.input.genes), read_lengths(snakemake.input.index)
    save_array(snakemake.output.scores, cre_windows(snakemake.input.bigbed, genes, genome))

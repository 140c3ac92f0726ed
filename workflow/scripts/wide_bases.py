"""Read the bases of the wide windows."""

from tr300m.arrays.wide import wide_bases
from tr300m.base.array_files import save_array
from tr300m.base.axes import Genes
from tr300m.base.job import job

with job(snakemake.log[0]):
    genes = Genes.read(snakemake.input.genes)
    save_array(snakemake.output.bases, wide_bases(snakemake.input.fasta, genes, snakemake.params.flank))

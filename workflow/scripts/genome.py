"""Copy the chromosomes in use to a plain FASTA, and index it."""

from pyfaidx import Faidx
from tr300m.axes import Genes
from tr300m.job import job
from tr300m.sequence import extract_chromosomes

with job(snakemake.log[0]):
    genes = Genes.read(snakemake.input.genes)
    extract_chromosomes(snakemake.input.fasta, genes.chromosome.tolist(), snakemake.output.fasta)
    Faidx(snakemake.output.fasta).close()

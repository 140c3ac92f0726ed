"""Read the gene lines of the annotation once for all rules."""

from tr300m.arrays.genes import read_gene_records
from tr300m.base.job import job

with job(snakemake.log[0]):
    read_gene_records(snakemake.input.gtf).write(snakemake.output.records)

"""Join the parts of the genome to one FASTA."""

from tr300m.arrays.sequence import join_parts
from tr300m.base.job import job

with job(snakemake.log[0]):
    join_parts(snakemake.input.parts, snakemake.output.fasta)

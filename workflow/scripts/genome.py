"""Copy the chromosomes in use to a plain FASTA, and index it."""

import sys

from pyfaidx import Faidx
from tr300m.arrays.chromosome_names import mapping_note
from tr300m.arrays.genes import named
from tr300m.arrays.genome_builds import check_inside, check_stated_build, reaching_past, read_lengths
from tr300m.arrays.sequence import extract_chromosomes
from tr300m.base.axes import Genes
from tr300m.base.job import job

with job(snakemake.log[0]):
    genes, fasta = Genes.read(snakemake.input.genes), snakemake.input.fasta
    names = extract_chromosomes(fasta, genes.chromosome.tolist(), snakemake.output.fasta)
    if note := mapping_note(names, fasta):
        print(note, file=sys.stderr)
    Faidx(snakemake.output.fasta).close()
    lengths = read_lengths(snakemake.output.index)
    check_stated_build(snakemake.input.gtf, lengths, fasta)
    check_inside(genes, lengths, fasta)
    if past := reaching_past(genes, lengths):
        print(f"{len(past)} windows reach past their chromosome and are 0 there: {named(past)}", file=sys.stderr)

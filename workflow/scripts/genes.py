"""Build the gene axis."""

import sys
from pathlib import Path

from tr300m.genes import CHROMOSOMES, GeneRecords, choose_genes, target_genes
from tr300m.job import job

with job(snakemake.log[0]):
    chromosomes = tuple(snakemake.params.chromosomes or CHROMOSOMES)
    genes = target_genes(GeneRecords.read(snakemake.input.records), chromosomes, snakemake.params.edition)
    if snakemake.input.get("wanted"):
        genes = choose_genes(genes, Path(snakemake.input.wanted).read_text("utf-8").split())
    shared = int((genes.merged != "").sum())
    print(f"{len(genes):,} target genes, {shared} of them share their TSS with others", file=sys.stderr)
    genes.write(snakemake.output.genes)

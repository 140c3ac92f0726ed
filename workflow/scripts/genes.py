"""Build the gene axis."""

import sys
from pathlib import Path

from tr300m.errors import TR300MError
from tr300m.expression import read_gene_ids
from tr300m.genes import CHROMOSOMES, GeneRecords, choose_genes, in_expression, named, target_genes
from tr300m.io import read_list, write_tsv
from tr300m.job import job
from tr300m.verified import is_published

with job(snakemake.log[0]):
    chromosomes, edition = tuple(snakemake.params.chromosomes or CHROMOSOMES), snakemake.params.edition
    genes = target_genes(GeneRecords.read(snakemake.input.records), chromosomes, edition)
    if snakemake.input.get("wanted"):
        genes = choose_genes(genes, read_list(snakemake.input.wanted))
    shared = int((genes.merged != "").sum())
    print(f"{len(genes):,} target genes, {shared} of them share their TSS with others", file=sys.stderr)
    dropped = genes.gene_id[:0]
    own = snakemake.params.own_checksums.items()
    if edition != "release" or not all(is_published(Path(path), checksum) for path, checksum in own):
        gct = snakemake.input.gct
        there = in_expression(genes, read_gene_ids(gct), edition)
        dropped = genes.gene_id[~there]
        if not there.any():
            raise TR300MError(
                f"{gct} has none of the {len(genes):,} target genes, such as {genes.gene_id[0]}",
                "the GCT and the GTF must be of the same GENCODE release (GTEx v8: v26); IDs hold versions",
            )
        genes = genes.take(there)
    if len(dropped):
        print(
            f"{len(dropped):,} target genes are not in the GCT and left out: {named(dropped.tolist())}", file=sys.stderr
        )
    genes.write(snakemake.output.genes)
    write_tsv(snakemake.output.dropped, {"gene_id": dropped})

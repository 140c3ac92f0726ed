"""Build the gene axis."""

import sys

from tr300m.arrays.absent_genes import drop_absent, is_release_data
from tr300m.arrays.chromosome_names import choose_chromosomes, genes_elsewhere
from tr300m.arrays.expression_survey import checked_survey
from tr300m.arrays.genes import GeneRecords, choose_genes, named, target_genes
from tr300m.arrays.sequence import sequence_lengths
from tr300m.base.files import read_list, write_tsv
from tr300m.base.job import job
from tr300m.config.window import Window

with job(snakemake.log[0]):
    records, edition = GeneRecords.read(snakemake.input.records), snakemake.params.edition
    in_genome = sequence_lengths(snakemake.input.fasta) if snakemake.input.get("fasta") else None
    chromosomes = choose_chromosomes(records, snakemake.params.chromosomes, in_genome)
    print(f"chromosomes of the target genes: {', '.join(chromosomes)}", file=sys.stderr)
    if elsewhere := genes_elsewhere(records, chromosomes):
        counts = named([f"{name} ({count})" for name, count in elsewhere.items()])
        print(f"not taken, with their numbers of protein-coding genes: {counts}", file=sys.stderr)
    genes = target_genes(records, chromosomes, edition, Window.of(snakemake.params.window))
    if snakemake.input.get("wanted"):
        genes = choose_genes(genes, read_list(snakemake.input.wanted))
    dropped, ambiguous = genes.gene_id[:0], {}
    # Where the files lie for this job: of object storage it has copies.
    own = dict(zip(snakemake.input.own, snakemake.params.own_checksums.values(), strict=True))
    if not is_release_data(edition, own):
        survey = checked_survey(snakemake.input.expression, records, snakemake.params.unit)
        print(*survey.lines(), sep="\n", file=sys.stderr)
        ambiguous = survey.ambiguous
        genes, dropped = drop_absent(genes, survey.gene_ids, edition, survey.path)
    shared = int((genes.merged != "").sum())
    print(f"{len(genes):,} target genes, {shared} of them share their TSS with others", file=sys.stderr)
    if len(dropped):
        print(
            f"{len(dropped):,} target genes are not in the expression file and left out: {named(dropped.tolist())}",
            file=sys.stderr,
        )
    genes.write(snakemake.output.genes)
    write_tsv(snakemake.output.dropped, {"gene_id": dropped})
    columns = {"row": list(ambiguous), "genes": [";".join(genes) for genes in ambiguous.values()]}
    write_tsv(snakemake.output.ambiguous, columns)

"""Read target expression and regulator levels."""

import sys

import numpy as np
from tr300m.arrays.absent_genes import absent_regulators, absent_table
from tr300m.arrays.expression import check_any_expression, read_expression
from tr300m.arrays.expression_matrix import with_gene_ids
from tr300m.arrays.gene_lookup import GeneLookup
from tr300m.arrays.genes import GeneRecords, named
from tr300m.arrays.matrix_formats import open_matrix
from tr300m.arrays.regulators import read_regulators, regulator_axis
from tr300m.base.array_files import ArrayWriter, save_array
from tr300m.base.axes import Genes, Samples
from tr300m.base.files import read_tsv, write_tsv
from tr300m.base.job import job

with job(snakemake.log[0]):
    genes, edition = Genes.read(snakemake.input.genes), snakemake.params.edition
    samples, records = Samples.read(snakemake.input.samples).sample_id, GeneRecords.read(snakemake.input.records)
    lookup = GeneLookup.of(records)
    wanted, unknown = read_regulators(snakemake.input.lambert, records, edition)
    if unknown:
        what = f"WARNING: {len(unknown):,} lines of the list of regulators are not one gene each and left out"
        print(f"{what}: {named(unknown)}", file=sys.stderr)
    matrix = with_gene_ids(open_matrix(snakemake.input.expression), lookup)
    with ArrayWriter(snakemake.output.expression, (len(genes), len(samples)), np.float32) as out:
        present, regulator_ids, levels = read_expression(matrix, genes, samples, wanted, edition, out)
    check_any_expression(snakemake.output.expression, matrix.path)
    regulators, missing = regulator_axis(regulator_ids, records), absent_regulators(wanted, regulator_ids, lookup)
    print(f"{len(genes):,} genes, {len(regulators):,} regulators", file=sys.stderr)
    if names := missing["gene_id"]:
        print(f"{len(names):,} regulators are left out (absent_regulators.tsv): {named(names)}", file=sys.stderr)
    kept = genes.gene_id[~present]
    if len(kept):
        print(
            f"{len(kept):,} genes are not in the expression file and kept with 0 TPM: {named(kept.tolist())}",
            file=sys.stderr,
        )
    write_tsv(snakemake.output.absent, absent_table(kept, read_tsv(snakemake.input.dropped)["gene_id"]))
    write_tsv(snakemake.output.absent_regulators, missing)
    save_array(snakemake.output.levels, levels)
    regulators.write(snakemake.output.regulators)

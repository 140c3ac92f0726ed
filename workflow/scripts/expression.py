"""Read target expression and regulator levels from the GCT."""

import sys

import numpy as np
from tr300m.arrays.expression import read_expression
from tr300m.arrays.genes import GeneRecords, named
from tr300m.arrays.regulators import read_lambert, regulator_axis
from tr300m.base.array_files import ArrayWriter, read_row_blocks, save_array
from tr300m.base.axes import Genes, Samples
from tr300m.base.errors import TR300MError
from tr300m.base.files import read_tsv, write_tsv
from tr300m.base.job import job

BLOCK_ROWS = 256

with job(snakemake.log[0]):
    genes, edition = Genes.read(snakemake.input.genes), snakemake.params.edition
    samples = Samples.read(snakemake.input.samples).sample_id
    with ArrayWriter(snakemake.output.expression, (len(genes), len(samples)), np.float32) as out:
        present, regulator_ids, levels = read_expression(
            snakemake.input.gct, genes, samples, read_lambert(snakemake.input.lambert, edition), edition, out
        )
    if not any(block.any() for block in read_row_blocks(snakemake.output.expression, BLOCK_ROWS)):
        raise TR300MError(
            f"{snakemake.input.gct}: none of the {len(genes)} target genes has any expression in it",
            "the GCT and the GTF must be of the same GENCODE release (GTEx v8: v26)",
        )
    regulators = regulator_axis(regulator_ids, GeneRecords.read(snakemake.input.records))
    print(f"{len(genes):,} genes, {len(regulators):,} regulators", file=sys.stderr)
    kept, dropped = genes.gene_id[~present].tolist(), read_tsv(snakemake.input.dropped)["gene_id"].tolist()
    if kept:
        print(f"{len(kept):,} genes are not in the GCT and kept with 0 TPM: {named(kept)}", file=sys.stderr)
    states = ["kept with 0 TPM"] * len(kept) + ["left out"] * len(dropped)
    write_tsv(snakemake.output.absent, {"gene_id": kept + dropped, "state": states})
    save_array(snakemake.output.levels, levels)
    regulators.write(snakemake.output.regulators)

"""Read target expression and regulator levels from the GCT."""

import sys

import numpy as np
from tr300m.axes import Genes, Samples
from tr300m.errors import TR300MError
from tr300m.expression import read_expression
from tr300m.genes import GeneRecords
from tr300m.io import ArrayWriter, save_array
from tr300m.job import job
from tr300m.regulators import read_lambert, regulator_axis

with job(snakemake.log[0]):
    genes, edition = Genes.read(snakemake.input.genes), snakemake.params.edition
    samples = Samples.read(snakemake.input.samples).sample_id
    with ArrayWriter(snakemake.output.expression, (len(genes), len(samples)), np.float32) as out:
        expressed, regulator_ids, levels = read_expression(
            snakemake.input.gct, genes, samples, read_lambert(snakemake.input.lambert, edition), edition, out
        )
    if not expressed.any():
        raise TR300MError(
            f"{snakemake.input.gct}: none of the {len(genes)} target genes has any expression in it",
            "the GCT and the GTF must be of the same GENCODE release (GTEx v8: v26)",
        )
    regulators = regulator_axis(regulator_ids, GeneRecords.read(snakemake.input.records))
    silent = len(genes) - np.count_nonzero(expressed)
    print(f"{len(genes):,} genes, {silent} all zero or not in the GCT; {len(regulators):,} regulators", file=sys.stderr)
    save_array(snakemake.output.levels, levels)
    regulators.write(snakemake.output.regulators)

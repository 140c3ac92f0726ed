"""Read target expression and regulator levels from the GCT."""

import sys

from tr300m.axes import Genes, Samples
from tr300m.errors import TR300MError
from tr300m.expression import read_expression
from tr300m.genes import GeneRecords
from tr300m.io import save_array
from tr300m.job import job
from tr300m.regulators import read_lambert, regulator_axis

with job(snakemake.log[0]):
    genes, edition = Genes.read(snakemake.input.genes), snakemake.params.edition
    expression, regulator_ids, levels = read_expression(
        snakemake.input.gct,
        genes,
        Samples.read(snakemake.input.samples).sample_id,
        read_lambert(snakemake.input.lambert, edition),
        edition,
    )
    regulators = regulator_axis(regulator_ids, GeneRecords.read(snakemake.input.records))
    if not expression.any():
        raise TR300MError(
            f"{snakemake.input.gct}: none of the {len(genes)} target genes has any expression in it",
            "the GCT and the GTF must be of the same GENCODE release (GTEx v8: v26)",
        )
    silent = int((~expression.any(axis=1)).sum())
    print(f"{len(genes):,} genes, {silent} all zero or not in the GCT; {len(regulators):,} regulators", file=sys.stderr)
    save_array(snakemake.output.expression, expression)
    save_array(snakemake.output.levels, levels)
    regulators.write(snakemake.output.regulators)

"""Metrics of one run within groups of pairs."""

import numpy as np
from tr300m.base.axes import Genes, Regulators, Samples
from tr300m.base.files import read_json, write_tsv
from tr300m.base.job import job
from tr300m.dataset.splits import Split
from tr300m.dataset.tf_levels import regulator_genes
from tr300m.evaluation.strata import PredictedPairs, group_table, summary_table, views

with job(snakemake.log[0]):
    given = snakemake.input
    genes, samples, regulators = (
        Genes.read(given.genes),
        Samples.read(given.samples),
        Regulators.read(given.regulators),
    )
    pairs, *zeroed = (
        PredictedPairs.read(path, samples.tissue, samples.donor_id)
        for path in (given.predictions, *given.own_tf_zeroed)
    )
    found = views(
        pairs,
        genes.gene_id,
        samples.sample_id,
        regulator_genes(genes.gene_id, genes.merged, regulators.gene_id, np.load(given.motif_map)),
        Split.read(given.split, genes, samples).shares_promoter(genes.cluster),
        read_json(given.manifest)["constants"]["expression_median"],
        snakemake.params.minimum,
        zeroed[0] if zeroed else None,
    )
    write_tsv(snakemake.output.summary, summary_table(found))
    write_tsv(snakemake.output.groups, group_table(found))

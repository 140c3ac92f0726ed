"""What the score of one run is made of, group by group."""

import numpy as np
from tr300m.base.axes import Genes, Regulators, Samples
from tr300m.base.files import read_json, write_tsv
from tr300m.base.job import job
from tr300m.dataset.splits import Split
from tr300m.dataset.tf_levels import regulator_genes
from tr300m.evaluation.strata import PredictedPairs, group_table, summary_table, views

with job(snakemake.log[0]):
    genes, samples = Genes.read(snakemake.input.genes), Samples.read(snakemake.input.samples)
    regulators = Regulators.read(snakemake.input.regulators)

    def read_pairs(path: str) -> PredictedPairs:
        """Read saved predictions."""
        with np.load(path) as saved:
            return PredictedPairs.of(saved, samples.tissue, samples.donor_id)

    found = views(
        read_pairs(snakemake.input.predictions),
        genes.gene_id,
        samples.sample_id,
        regulator_genes(genes.gene_id, genes.merged, regulators.gene_id, np.load(snakemake.input.motif_map)),
        Split.read(snakemake.input.split, genes, samples).shares_promoter(genes.cluster),
        read_json(snakemake.input.manifest)["constants"]["expression_median"],
        snakemake.params.minimum,
        read_pairs(snakemake.input.own_tf_zeroed[0]) if snakemake.input.own_tf_zeroed else None,
    )
    write_tsv(snakemake.output.summary, summary_table(found))
    write_tsv(snakemake.output.groups, group_table(found))

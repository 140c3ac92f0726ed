"""Evaluate one run on one part: metrics within groups of pairs, and calibration of the predicted distributions."""

import numpy as np
from tr300m.base.axes import Genes, Regulators, Samples
from tr300m.base.files import read_json, write_tsv
from tr300m.base.job import job
from tr300m.dataset.splits import Split
from tr300m.dataset.tf_levels import regulator_genes
from tr300m.evaluation.calibration import calibration_table, coverage_curve, pit_histogram, randomised_pit
from tr300m.evaluation.strata import PredictedPairs, group_table, summary_table, views
from tr300m.model.likelihood.distributions import make_likelihood

with job(snakemake.log[0]):
    given, made, settings = snakemake.input, snakemake.output, snakemake.params
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
        settings.minimum,
        zeroed[0] if zeroed else None,
    )
    write_tsv(made.breakdown, summary_table(found))
    write_tsv(made.groups, group_table(found))

    likelihood = make_likelihood(**read_json(given.record)["likelihood"])
    with np.load(given.predictions) as saved:
        observed, raw = saved["observed"], saved["raw"]
    pit = randomised_pit(likelihood, observed, raw, settings.seed)
    write_tsv(made.calibration, calibration_table(likelihood, observed, raw, pit))
    write_tsv(made.pit, pit_histogram(pit, settings.bins))
    write_tsv(made.coverage, coverage_curve(pit))

"""Score the predictions of models on the same pairs, on all of them and without shared promoters."""

import sys
from functools import partial

import numpy as np
from tr300m.base.axes import Genes, Samples
from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.dataset.splits import Split
from tr300m.evaluation.density_scores import read_scored
from tr300m.metrics.score import FAILED, score

with job(snakemake.log[0]):
    given, made, settings = snakemake.input, snakemake.output, snakemake.params
    genes, samples = Genes.read(given.genes), Samples.read(given.samples)
    splits = [Split.read(path, genes, samples) for path in given.splits]
    median = read_json(given.manifest)["constants"]["expression_median"]
    # Those of the runs; other models predict numbers and not distributions.
    likelihoods = [read_json(path)["likelihood"] for path in given.records] or [None] * len(splits)
    # Each model has one file of each split.
    models = [given.predictions[first : first + len(splits)] for first in range(0, len(given.predictions), len(splits))]
    outputs = zip(made.metrics, made.draws, made.unshared_metrics, made.unshared_draws, strict=True)
    for paths, (metrics, draws, unshared_metrics, unshared_draws) in zip(models, outputs, strict=True):
        files = [read_scored(path, likelihood) for path, likelihood in zip(paths, likelihoods, strict=True)]
        predictions = {name: np.concatenate([file[name] for file in files]) for name in files[0]}
        shared = [split.shares_promoter(genes.cluster)[file["gene"]] for split, file in zip(splits, files, strict=True)]
        unshared = ~np.concatenate(shared)
        of_pairs = partial(
            score,
            predictions,
            genes=genes,
            samples=samples,
            dataset_median=median,
            draws=settings.draws,
            seed=settings.seed,
        )
        everything = of_pairs(np.ones_like(unshared))
        # Where no promoter is shared, as between chromosomes, both scores are the same to the bit.
        alone = everything if unshared.all() else of_pairs(unshared)
        everything.write(metrics, draws)
        alone.write(unshared_metrics, unshared_draws)
        if problem := everything.metrics.get(FAILED):
            print(f"{', '.join(paths)}: {problem}: not scored", file=sys.stderr)

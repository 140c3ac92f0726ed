"""Score the predictions of one model, or of its folds together, on all pairs and without shared promoters."""

import sys

import numpy as np
from tr300m.base.axes import Genes, Samples
from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.dataset.splits import Split
from tr300m.metrics.score import FAILED, read_predictions, score

with job(snakemake.log[0]):
    genes, samples = Genes.read(snakemake.input.genes), Samples.read(snakemake.input.samples)
    splits = [Split.read(path, genes, samples) for path in snakemake.input.splits]
    files = [read_predictions(path) for path in snakemake.input.predictions]
    predictions = {name: np.concatenate([file[name] for file in files]) for name in files[0]}
    unshared = np.concatenate(
        [~split.shares_promoter(genes.cluster)[file["gene"]] for split, file in zip(splits, files, strict=True)]
    )
    made = snakemake.output
    for kept, metrics, draws in (
        (np.ones_like(unshared), made.metrics, made.draws),
        (unshared, made.unshared_metrics, made.unshared_draws),
    ):
        scored = score(
            predictions,
            kept,
            genes,
            samples,
            read_json(snakemake.input.manifest)["constants"]["expression_median"],
            snakemake.params.draws,
            snakemake.params.seed,
        )
        scored.write(metrics, draws)
        if FAILED in scored.metrics:
            print(f"{', '.join(snakemake.input.predictions)}: {scored.metrics[FAILED]}: not scored", file=sys.stderr)

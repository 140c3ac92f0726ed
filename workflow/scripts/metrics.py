"""Score the predictions of one model on all pairs and without shared promoters, with bootstrap draws."""

import sys

import numpy as np
from tr300m.base.axes import Genes, Samples
from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.dataset.splits import Split
from tr300m.metrics.score import FAILED, score

with job(snakemake.log[0]):
    genes, samples = Genes.read(snakemake.input.genes), Samples.read(snakemake.input.samples)
    shared = Split.read(snakemake.input.split, genes, samples).shares_promoter(genes.cluster)
    with np.load(snakemake.input.predictions) as saved:
        # A baseline predicts no distribution.
        predictions = {name: saved[name] for name in ("gene", "sample", "observed", "median", "nll") if name in saved}
    unshared = ~shared[predictions["gene"]]
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
            print(f"{snakemake.input.predictions}: {scored.metrics[FAILED]}: not scored", file=sys.stderr)

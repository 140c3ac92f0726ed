"""Score the predictions of one model, and draw its metrics by cluster bootstrap."""

import numpy as np
from tr300m.axes import Samples
from tr300m.bootstrap import CLUSTERS, PairIndex, bootstrap, draw_weights, save_draws
from tr300m.io import read_json, write_json
from tr300m.job import job
from tr300m.metrics import evaluate, same_side

with job(snakemake.log[0]):
    dataset_median = read_json(snakemake.input.manifest)["constants"]["expression_median"]
    draws, seed = snakemake.params.draws, snakemake.params.seed
    with np.load(snakemake.input.predictions) as saved:
        index = PairIndex.of(saved["gene"], saved["sample"], Samples.read(snakemake.input.samples).donor_id)
        truth, prediction = saved["truth"], saved["median"]
        # A baseline predicts no distribution.
        nll = saved.get("nll")
    write_json(snakemake.output.metrics, evaluate(truth, prediction, nll, dataset_median))
    means = {"accuracy": same_side(truth, prediction, dataset_median)} | ({} if nll is None else {"nll": nll})
    tables = {
        cluster: bootstrap(truth, prediction, means, index, draw_weights(index, cluster, draws, seed))
        for cluster in CLUSTERS
    }
    save_draws(snakemake.output.draws, f"{index.key}-{seed}-{draws}", tables)

"""Draw the metrics of one model's predictions by cluster bootstrap."""

import numpy as np
from tr300m.axes import Samples
from tr300m.bootstrap import CLUSTERS, PairIndex, bootstrap, draw_weights, save_draws
from tr300m.io import read_json
from tr300m.job import job
from tr300m.metrics import same_side

with job(snakemake.log[0]):
    median = read_json(snakemake.input.manifest)["constants"]["expression_median"]
    draws, seed = snakemake.params.draws, snakemake.params.seed
    with np.load(snakemake.input.predictions) as saved:
        index = PairIndex.of(saved["gene"], saved["sample"], Samples.read(snakemake.input.samples).donor_id)
        truth, prediction = saved["truth"], saved["median"]
        means = {"accuracy": same_side(truth, prediction, median)}
        if "nll" in saved:
            means["nll"] = saved["nll"]
    tables = {
        cluster: bootstrap(truth, prediction, means, index, draw_weights(index, cluster, draws, seed))
        for cluster in CLUSTERS
    }
    save_draws(snakemake.output.draws, f"{index.key}-{seed}-{draws}", tables)

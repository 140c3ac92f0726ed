"""Score the predictions of one run."""

import numpy as np
from tr300m.io import read_json, write_json
from tr300m.job import job
from tr300m.metrics import evaluate

with job(snakemake.log[0]):
    median = read_json(snakemake.input.manifest)["constants"]["expression_median"]
    with np.load(snakemake.input.predictions) as saved:
        write_json(snakemake.output.metrics, evaluate(saved["truth"], saved["median"], saved["nll"], median))

"""Predictions of another program for the pairs of a part, in the form of a baseline's."""

from pathlib import Path

import numpy as np
from tr300m.base.array_files import save_arrays
from tr300m.base.job import job
from tr300m.baselines.external import read_external_predictions
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.splits import Split

with job(snakemake.log[0]):
    dataset = Dataset.open(Path(snakemake.input.manifest).parent)
    part = snakemake.wildcards.part
    pairs = Split.read(snakemake.input.split, dataset.genes, dataset.samples).pairs(part)
    predicted = read_external_predictions(snakemake.input.table, dataset.genes, dataset.samples, pairs, part)
    observed = np.asarray(dataset.expression[pairs[:, 0], pairs[:, 1]], dtype=np.float32)
    save_arrays(
        snakemake.output.predictions, {"gene": pairs[:, 0], "sample": pairs[:, 1], "observed": observed, **predicted}
    )

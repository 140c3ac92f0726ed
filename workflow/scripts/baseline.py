"""Fit one baseline and predict the held-out parts."""

from pathlib import Path

import numpy as np
from tr300m.base.array_files import read_named, save_arrays
from tr300m.base.job import job
from tr300m.baselines.data import Data
from tr300m.baselines.table import PREDICTIONS
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.splits import PARTS, Split

with job(snakemake.log[0]):
    dataset = Dataset.open(Path(snakemake.input.manifest).parent)
    split = Split.read(snakemake.input.split, dataset.genes, dataset.samples)
    features = read_named(snakemake.input.features)
    data = Data.of(dataset, split, features, seed=snakemake.params.seed)
    parts = [split.pairs(part) for part in PARTS]
    predicted = PREDICTIONS[snakemake.wildcards.baseline](data, np.concatenate(parts))
    halves = np.split(predicted, [len(parts[0])])
    for part, pairs, median in zip(PARTS, parts, halves, strict=True):
        observed = np.asarray(dataset.expression[pairs[:, 0], pairs[:, 1]], dtype=np.float32)
        arrays = {"gene": pairs[:, 0], "sample": pairs[:, 1], "observed": observed, "median": median}
        save_arrays(snakemake.output[part], arrays)

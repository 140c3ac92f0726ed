"""Fit the baselines of one split and predict the held-out parts."""

from functools import partial
from pathlib import Path

from tr300m.base.array_files import read_named, save_arrays
from tr300m.base.job import job
from tr300m.baselines.data import Data
from tr300m.baselines.table import predict_baseline
from tr300m.dataset.both_parts import predict_parts
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.splits import PARTS, Split

with job(snakemake.log[0]):
    dataset = Dataset.open(Path(snakemake.input.manifest).parent)
    split = Split.read(snakemake.input.split, dataset.genes, dataset.samples)
    data = Data.of(dataset, split, read_named(snakemake.input.features), seed=snakemake.params.seed)
    parts = {part: split.pairs(part) for part in PARTS}
    paths = iter(snakemake.output)
    for name in snakemake.params.names:
        for arrays in predict_parts(parts, partial(predict_baseline, data, name)).values():
            save_arrays(next(paths), arrays)

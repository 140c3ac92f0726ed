"""Predict one part of the split with a trained run."""

import os
from pathlib import Path

# Before TensorFlow is imported: a run on the CPU must not take a GPU's memory.
if snakemake.resources.device == "cpu":
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"

from tr300m.dataset import Dataset
from tr300m.io import save_arrays
from tr300m.job import job
from tr300m.predict import predict
from tr300m.scan import ScanTable
from tr300m.splits import Split

with job(snakemake.log[0]):
    dataset = Dataset.open(Path(snakemake.input.manifest).parent)
    split = Split.read(snakemake.input.split, dataset.genes, dataset.samples)
    predictions = predict(
        dataset,
        split.pairs(snakemake.wildcards.part),
        Path(snakemake.input.record).parent,
        scan=ScanTable.open(Path(snakemake.input.scan[0]).parent) if snakemake.input.scan else None,
        threads=snakemake.threads,
    )
    save_arrays(snakemake.output.predictions, predictions)

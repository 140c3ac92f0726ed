"""Predict one part of the split with a trained run."""

from pathlib import Path

from tr300m.backend import use_backend
from tr300m.job import job

with job(snakemake.log[0]):
    # Before anything imports Keras.
    use_backend(snakemake.resources.backend, device=snakemake.resources.device)

    from tr300m.controls import apply_control
    from tr300m.dataset import Dataset
    from tr300m.io import read_json, save_arrays
    from tr300m.predict import predict
    from tr300m.scan import ScanTable
    from tr300m.splits import Split

    dataset = Dataset.open(Path(snakemake.input.manifest).parent)
    split = Split.read(snakemake.input.split, dataset.genes, dataset.samples)
    record = read_json(snakemake.input.record)
    predictions = predict(
        apply_control(dataset, record["control"], record["seed"]),
        split.pairs(snakemake.wildcards.part),
        Path(snakemake.input.record).parent,
        scan=ScanTable.open(Path(snakemake.input.scan[0]).parent) if snakemake.input.scan else None,
        threads=snakemake.threads,
    )
    save_arrays(snakemake.output.predictions, predictions)

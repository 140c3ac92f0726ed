"""Predict a part of the split with a trained run, and its regulators again with their own TPM set to 0."""

from functools import partial
from pathlib import Path

from tr300m.base.job import job
from tr300m.model.backend import use_backend

with job(snakemake.log[0]):
    # Before anything imports Keras.
    use_backend(snakemake.resources.backend, device=snakemake.resources.device)

    from tr300m.base.array_files import save_arrays
    from tr300m.base.files import read_json
    from tr300m.dataset.dataset import Dataset
    from tr300m.dataset.permutations import apply_control
    from tr300m.dataset.splits import Split
    from tr300m.evaluation.predict import pairs_of_regulators, predict
    from tr300m.features.scan_cache import ScanTable

    dataset = Dataset.open(Path(snakemake.input.manifest).parent)
    split = Split.read(snakemake.input.split, dataset.genes, dataset.samples)
    record = read_json(snakemake.input.record)
    pairs = split.pairs(snakemake.wildcards.part)
    of_run = partial(
        predict,
        apply_control(dataset, record["control"], record["seed"]),
        run_folder=Path(snakemake.input.record).parent,
        scan=ScanTable.open(Path(snakemake.input.scan[0]).parent) if snakemake.input.scan else None,
        threads=snakemake.threads,
    )
    save_arrays(snakemake.output.predictions, of_run(pairs=pairs))
    if hasattr(snakemake.output, "own_tf_zeroed"):
        zeroed = of_run(pairs=pairs_of_regulators(dataset, pairs), zero_own_level=True)
        save_arrays(snakemake.output.own_tf_zeroed, zeroed)

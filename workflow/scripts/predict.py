"""Predict both held-out parts with a trained run, and their regulators again with their own TPM set to 0."""

from functools import partial
from pathlib import Path

from tr300m.base.gpu_locks import take_gpus
from tr300m.base.job import job
from tr300m.model.backend import use_backend

with job(snakemake.log[0]):
    # Before anything imports Keras.
    take_gpus(snakemake.resources.gpu)
    use_backend(snakemake.resources.backend, device=snakemake.resources.device)

    from tr300m.base.array_files import save_arrays
    from tr300m.base.files import read_json
    from tr300m.dataset.both_parts import predict_parts
    from tr300m.dataset.dataset import Dataset
    from tr300m.dataset.permutations import apply_control
    from tr300m.dataset.splits import PARTS, Split
    from tr300m.evaluation.predict import pairs_of_regulators, predict
    from tr300m.features.scan_cache import ScanTable

    dataset = Dataset.open(Path(snakemake.input.manifest).parent)
    split = Split.read(snakemake.input.split, dataset.genes, dataset.samples)
    record = read_json(snakemake.input.record)
    parts = {part: split.pairs(part) for part in PARTS}
    of_run = partial(
        predict,
        apply_control(dataset, record["control"], record["seed"]),
        run_folder=Path(snakemake.input.record).parent,
        scan=ScanTable.open(Path(snakemake.input.scan[0]).parent) if snakemake.input.scan else None,
        threads=snakemake.threads,
    )
    for part, predicted in predict_parts(parts, lambda pairs: of_run(pairs=pairs)).items():
        save_arrays(snakemake.output[part], predicted)
    if hasattr(snakemake.output, "own_tf_zeroed"):
        regulators = {part: pairs_of_regulators(dataset, pairs) for part, pairs in parts.items()}
        zeroed = predict_parts(regulators, lambda pairs: of_run(pairs=pairs, zero_own_level=True))
        for path, predicted in zip(snakemake.output.own_tf_zeroed, zeroed.values(), strict=True):
            save_arrays(path, predicted)

"""Change the level of each regulator and see what one run predicts."""

from pathlib import Path

from tr300m.backend import use_backend
from tr300m.job import job

with job(snakemake.log[0]):
    # Before anything imports Keras.
    use_backend(snakemake.resources.backend, device=snakemake.resources.device)

    from tr300m.controls import apply_control
    from tr300m.dataset import Dataset
    from tr300m.io import read_json, save_arrays
    from tr300m.perturbation import level_changes, perturbed_pairs
    from tr300m.scan import ScanTable
    from tr300m.splits import Split

    dataset = Dataset.open(Path(snakemake.input.manifest).parent)
    genes, samples = Split.read(snakemake.input.split, dataset.genes, dataset.samples).axes("validation")
    record = read_json(snakemake.input.record)
    changes = level_changes(
        apply_control(dataset, record["control"], record["seed"]),
        perturbed_pairs(genes, samples, dataset.samples.tissue),
        Path(snakemake.input.record).parent,
        scan=ScanTable.open(Path(snakemake.input.scan[0]).parent) if snakemake.input.scan else None,
        threads=snakemake.threads,
    )
    save_arrays(snakemake.output.changes, changes)

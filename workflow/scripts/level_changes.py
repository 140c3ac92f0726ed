"""Effect of each regulator's level on the predictions of one run."""

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
    from tr300m.dataset.dataset import Dataset
    from tr300m.dataset.permutations import apply_control
    from tr300m.dataset.splits import Split
    from tr300m.evaluation.level_shifts import perturbed_pairs
    from tr300m.evaluation.regulator_perturbation import level_changes
    from tr300m.features.scan_cache import ScanTable

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

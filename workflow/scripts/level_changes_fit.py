"""Effect of each regulator's level on the predictions of one factorised model."""

from pathlib import Path

from tr300m.base.array_files import read_named, save_arrays
from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.permutations import apply_control
from tr300m.dataset.splits import Split
from tr300m.evaluation.level_shifts import fitted_level_changes, perturbed_pairs
from tr300m.factorised.model import FactorisedModel
from tr300m.features.controlled_features import controlled_features

with job(snakemake.log[0]):
    given, record = snakemake.input, read_json(snakemake.input.record)
    dataset = apply_control(Dataset.open(Path(given.manifest).parent), record["control"], record["seed"])
    genes, samples = Split.read(given.split, dataset.genes, dataset.samples).axes("validation")
    features = read_named(given.features)
    changes = fitted_level_changes(
        FactorisedModel.load(given.model),
        dataset,
        perturbed_pairs(genes, samples, dataset.samples.tissue),
        controlled_features(dataset, features, record["control"]),
    )
    save_arrays(snakemake.output.changes, changes)

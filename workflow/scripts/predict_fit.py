"""Predict both held-out parts with a factorised model."""

from pathlib import Path

from tr300m.base.array_files import read_named, save_arrays
from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.permutations import apply_control
from tr300m.dataset.splits import PARTS, Split
from tr300m.factorised.model import FactorisedModel
from tr300m.features.controlled_features import controlled_features

with job(snakemake.log[0]):
    given, record = snakemake.input, read_json(snakemake.input.record)
    dataset = apply_control(Dataset.open(Path(given.manifest).parent), record["control"], record["seed"])
    split = Split.read(given.split, dataset.genes, dataset.samples)
    features = controlled_features(dataset, read_named(given.features), record["control"])
    model = FactorisedModel.load(given.model)
    for part in PARTS:
        save_arrays(snakemake.output[part], model.predict(dataset, split.pairs(part), features))

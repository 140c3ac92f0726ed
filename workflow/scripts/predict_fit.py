"""Predict a part of the split with a factorised model."""

from pathlib import Path

from tr300m.base.array_files import read_named, save_arrays
from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.permutations import apply_control
from tr300m.dataset.splits import Split
from tr300m.factorised.model import FactorisedModel
from tr300m.features.controlled_features import controlled_features

with job(snakemake.log[0]):
    given, record = snakemake.input, read_json(snakemake.input.record)
    dataset = apply_control(Dataset.open(Path(given.manifest).parent), record["control"], record["seed"])
    pairs = Split.read(given.split, dataset.genes, dataset.samples).pairs(snakemake.wildcards.part)
    features = read_named(given.features)
    model = FactorisedModel.load(given.model)
    predicted = model.predict(dataset, pairs, controlled_features(dataset, features, record["control"]))
    save_arrays(snakemake.output.predictions, predicted)

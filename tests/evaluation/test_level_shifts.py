"""Levels of regulators set low and high in a factorised model: against whole datasets that have these levels."""

from dataclasses import replace

import numpy as np
from helpers.toy_dataset import Sizes, toy_dataset
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.splits import Split
from tr300m.dataset.tf_levels import tf_levels
from tr300m.evaluation.level_shifts import fitted_level_changes, regulators_with_motif
from tr300m.factorised.fit import fit
from tr300m.features.gene_features import gene_features
from tr300m.model.likelihood.zero_lognormal_mixture import ZeroLognormalMixture

SIZES = Sizes(genes=40, samples=30, regulators=6, motifs=5)
PAIRS = np.array([[0, 5], [7, 1], [2, 5]])


def shifted_dataset(dataset: Dataset, name: str, by: float) -> Dataset:
    """Return the dataset whose every sample has one regulator's level at its mean plus `by` standard deviations."""
    log_levels, levels = np.log1p(dataset.regulator_levels), dataset.regulator_levels.copy()
    for column in np.flatnonzero(dataset.regulators.gene_name == name):
        own = log_levels[:, column]
        levels[:, column] = np.expm1(max(own.mean() + by * own.std(), 0))
    return replace(dataset, regulator_levels=levels, tf_levels=tf_levels(levels, dataset.motif_map))


def test_changes_of_a_factorised_model_are_those_of_whole_datasets() -> None:
    dataset = toy_dataset(SIZES)
    features = {name: gene_features(dataset, name) for name in ("composition", "histone_means")}
    split = Split("thesis", np.array([0, 2]), np.array([7]), np.array([5]), np.array([1]))
    likelihood = ZeroLognormalMixture()
    model = fit(dataset, split, features, model="bilinear", likelihood=likelihood, seed=3)
    found = fitted_level_changes(model, dataset, PAIRS, features)
    assert found["regulator"].tolist() == regulators_with_motif(dataset.regulators.gene_name, dataset.motif_map)
    assert (found["gene"].tolist(), found["sample"].tolist()) == ([0, 7, 2], [5, 1, 5])
    for row, name in enumerate(found["regulator"]):
        high, low = (
            np.log1p(model.predict(shifted_dataset(dataset, str(name), by), PAIRS, features)["median"])
            for by in (1, -1)
        )
        np.testing.assert_allclose(found["change"][row], (high - low) / 2, atol=1e-6)
    assert np.abs(found["change"]).max() > 1e-4

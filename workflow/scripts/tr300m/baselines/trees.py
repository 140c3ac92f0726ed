"""Gradient-boosted trees on gene features."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from ..base.types import Floats, Ints
from .data import Data, tissue_means
from .linear import fit_by_tissue, joined

TREE_FEATURES = (("histone_means", "composition"), ("histone_means", "composition", "motif_maxima"))

INNER_FOLDS = 4

TREE_COMPONENTS = 10

# Boosting stops when the error on a fifth of the training genes, which is set aside, no longer falls.
TREE_SETTINGS = {
    "max_iter": 500,
    "learning_rate": 0.05,
    "max_leaf_nodes": 8,
    "max_features": 0.3,
    "early_stopping": True,
    "validation_fraction": 0.2,
    "n_iter_no_change": 20,
}


def trees(*feature_sets: Sequence[str]) -> Callable[[Data, Ints], Floats]:
    """Return a baseline: gradient-boosted trees, fitted to the mean of each tissue over all training genes.

    Of several feature sets, the one is used that predicts every fourth training gene best after a fit to the others:
    with few genes, a thousand motif features make the predictions worse.
    """

    def predict(data: Data, pairs: Ints) -> Floats:
        chosen = feature_sets[0] if len(feature_sets) == 1 else min(feature_sets, key=partial(_inner_error, data))
        return fit_by_tissue(_BoostedTrees(data.seed), data, chosen, pairs)

    return predict


def _inner_error(data: Data, names: Sequence[str]) -> float:
    """Return the mean squared error of trees on every fourth training gene after a fit to the others."""
    means = tissue_means(data)
    inner = np.arange(len(data.train_genes)) % INNER_FOLDS == 0
    fitted, scored = data.train_genes[~inner], data.train_genes[inner]
    x = joined(data, names)
    model = _BoostedTrees(data.seed).fit(x[fitted], means[fitted])
    return float(np.mean(np.square(model.predict(x[scored]) - means[scored])))


class _BoostedTrees:
    """Boosted trees for each of the first `TREE_COMPONENTS` principal components of targets [gene, tissue].

    Tissues are similar, so ten components explain nearly all of the variance of their means, with fewer fits.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def fit(self, x: Floats, y: Floats) -> "_BoostedTrees":
        """Fit to features [gene, feature] and targets [gene, tissue]."""
        from sklearn.ensemble import HistGradientBoostingRegressor

        self.mean = y.mean(axis=0)
        self.axes = np.linalg.svd(y - self.mean, full_matrices=False)[2][:TREE_COMPONENTS]
        self.models = [
            HistGradientBoostingRegressor(**TREE_SETTINGS, random_state=self.seed).fit(x, scores)
            for scores in self.axes @ (y - self.mean).T
        ]
        return self

    def predict(self, x: Floats) -> Floats:
        """Predict from features [gene, feature]: targets [gene, tissue]."""
        return np.stack([model.predict(x) for model in self.models], axis=1) @ self.axes + self.mean

"""Gradient-boosted trees on gene features."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..base.types import Bools, Floats, Ints
from .data import Data, tissue_means
from .linear import fit_by_tissue, joined

TREE_FEATURES: tuple[tuple[str, ...], ...] = (
    ("histone_means", "composition"),
    ("histone_means", "composition", "motif_maxima"),
)

TREE_COMPONENTS = 10

MOST_ITERATIONS = 500

# Boosting is stopped if the error on genes set aside does not fall for so many iterations.
PATIENCE = 20

# Fewest genes in a leaf where all training genes are fitted to; of fewer genes, the same share.
LEAF_GENES = 20

TREE_SETTINGS = {"learning_rate": 0.05, "max_leaf_nodes": 8, "max_features": 0.3}


def trees(*feature_sets: Sequence[str]) -> Callable[[Data, Ints], Floats]:
    """Return a baseline: gradient-boosted trees, fitted to the mean of each tissue over all training genes.

    The first inner fold of the training genes (`Split.inner`) is set aside to choose the numbers of iterations and, of
    several feature sets, the one to use: with few genes, a thousand motif features make the predictions worse. The
    trees are then fitted to all training genes.
    """

    def predict(data: Data, pairs: Ints) -> Floats:
        means, aside = tissue_means(data)[data.train_genes], data.inner_fold() == 0

        def stopped(names: Sequence[str]) -> tuple[float, list[int]]:
            return _stopped(joined(data, names)[data.train_genes], means, aside, data.seed)

        found = [stopped(names) for names in feature_sets]
        best = min(range(len(found)), key=lambda number: found[number][0])
        return fit_by_tissue(_BoostedTrees(data.seed, found[best][1]), data, feature_sets[best], pairs)

    return predict


def _components(y: Floats) -> tuple[Floats, Floats]:
    """Return mean [tissue] and the first `TREE_COMPONENTS` principal axes [component, tissue] of targets.

    Tissues are similar, so ten components explain nearly all of the variance of their means, with fewer fits.
    """
    mean = y.mean(axis=0)
    return mean, np.linalg.svd(y - mean, full_matrices=False)[2][:TREE_COMPONENTS]


def _stopped(x: Floats, y: Floats, aside: Bools, seed: int) -> tuple[float, list[int]]:
    """Return the lowest error on genes set aside, summed over components, and the number of iterations of each.

    Parameters
    ----------
    x, y
        Features [gene, feature] and targets [gene, tissue].
    aside
        Genes that are not fitted to [gene].
    seed
        Seed of the trees.
    """
    mean, axes = _components(y)
    leaf = max(1, round(LEAF_GENES * float(np.mean(~aside))))
    error, iterations = 0.0, []
    for scores in axes @ (y - mean).T:
        settings = {**TREE_SETTINGS, "min_samples_leaf": leaf, "random_state": seed}
        model, best = early_stopped(x, scores, aside, settings, most=MOST_ITERATIONS, patience=PATIENCE)
        error -= float(model.validation_score_[best])
        iterations.append(max(best, 1))
    return error, iterations


def early_stopped(
    x: Floats, y: Floats, aside: Bools, settings: Mapping[str, Any], *, most: int, patience: int
) -> tuple[Any, int]:
    """Boost trees until the error on genes set aside has not fallen for `patience` iterations, at most `most`.

    Parameters
    ----------
    x, y
        Features [gene, feature] and target [gene].
    aside
        Genes that are not fitted to [gene].
    settings
        Settings of `HistGradientBoostingRegressor`.
    most, patience
        Numbers of iterations.

    Returns
    -------
    tuple
        The regressor, and the number of iterations with the lowest error; 0 if none lowers it.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    model = HistGradientBoostingRegressor(**settings, max_iter=most, early_stopping=True, n_iter_no_change=patience)
    model.fit(x[~aside], y[~aside], X_val=x[aside], y_val=y[aside])
    # Negative errors from before the first iteration to the last.
    return model, int(np.argmax(model.validation_score_))


class _BoostedTrees:
    """Boosted trees for each principal component of the targets, with given numbers of iterations [component]."""

    def __init__(self, seed: int, iterations: Sequence[int]) -> None:
        self.seed = seed
        self.iterations = iterations

    def fit(self, x: Floats, y: Floats) -> "_BoostedTrees":
        """Fit to features [gene, feature] and targets [gene, tissue]."""
        from sklearn.ensemble import HistGradientBoostingRegressor

        self.mean, self.axes = _components(y)
        self.models = [
            HistGradientBoostingRegressor(
                **TREE_SETTINGS,
                min_samples_leaf=LEAF_GENES,
                max_iter=count,
                early_stopping=False,
                random_state=self.seed,
            ).fit(x, scores)
            for count, scores in zip(self.iterations, self.axes @ (y - self.mean).T, strict=True)
        ]
        return self

    def predict(self, x: Floats) -> Floats:
        """Predict from features [gene, feature]: targets [gene, tissue]."""
        return np.stack([model.predict(x) for model in self.models], axis=1) @ self.axes + self.mean

"""Linear baselines: least squares and ridge regression on gene features, with one fit per tissue."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..base.types import Floats, Ints
from .data import Data, tissue_means

RIDGE_PENALTIES = tuple(10.0**power for power in range(-1, 7))


def linear(name: str) -> Callable[[Data, Ints], Floats]:
    """Return a baseline: least squares on the features `name`, with one fit per tissue."""

    def predict(data: Data, pairs: Ints) -> Floats:
        from sklearn.linear_model import LinearRegression

        return fit_by_tissue(LinearRegression(), data, (name,), pairs)

    return predict


def ridge(*names: str) -> Callable[[Data, Ints], Floats]:
    """Return a baseline: ridge regression on standardised features, with the penalty chosen on inner folds.

    The folds are those of `Split.inner`. Leave-one-out would fit to the neighbours of the gene that is left out, with
    which it shares promoter and signal, and choose too small a penalty.
    """

    def predict(data: Data, pairs: Ints) -> Floats:
        from sklearn.linear_model import RidgeCV
        from sklearn.model_selection import PredefinedSplit
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        inner = PredefinedSplit(data.inner_fold())
        chosen = RidgeCV(RIDGE_PENALTIES, cv=inner, scoring="neg_mean_squared_error")
        return fit_by_tissue(make_pipeline(StandardScaler(), chosen), data, names, pairs)

    return predict


def fit_by_tissue(model: Any, data: Data, names: Sequence[str], pairs: Ints) -> Floats:
    """Fit the mean of each tissue on gene features, and return the TPM predicted for pairs [pair]."""
    x, means = joined(data, names), tissue_means(data)[data.train_genes]
    model.fit(x[data.train_genes], means)
    genes, code = np.unique(pairs[:, 0], return_inverse=True)
    predicted = np.asarray(model.predict(x[genes])).reshape(len(genes), -1)
    return np.expm1(within_range(predicted, means)[code, data.tissue[pairs[:, 1]]])


def within_range(predicted: Floats, trained: Floats) -> Floats:
    """Limit predictions to the range of the values that were fitted, tissue by tissue.

    A linear model can extrapolate far beyond any expression, and `expm1` of that is infinite. The range is that of each
    tissue, because the highest means differ between tissues by orders of magnitude: in blood a few genes make up most
    of the RNA.

    Parameters
    ----------
    predicted
        log(1 + TPM) [gene, tissue].
    trained
        Mean log(1 + TPM) that the model was fitted to [training gene, tissue].

    Returns
    -------
    ndarray
        log(1 + TPM) [gene, tissue], never negative.
    """
    return np.asarray(np.clip(predicted, trained.min(axis=0), trained.max(axis=0)))


def joined(data: Data, names: Sequence[str]) -> Floats:
    """Return the named features of genes, concatenated [gene, feature]."""
    return np.concatenate([data.features[name] for name in names], axis=1, dtype=np.float64)

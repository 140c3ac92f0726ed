"""Linear baselines: least squares and ridge regression on gene features, one fit a tissue."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..base.types import Floats, Ints
from .data import Data, tissue_means

RIDGE_PENALTIES = tuple(10.0**power for power in range(-1, 7))


def linear(name: str) -> Callable[[Data, Ints], Floats]:
    """Return a baseline: least squares on the features called `name`, one fit a tissue."""

    def predict(data: Data, pairs: Ints) -> Floats:
        from sklearn.linear_model import LinearRegression

        return fit_by_tissue(LinearRegression(), data, (name,), pairs)

    return predict


def ridge(name: str) -> Callable[[Data, Ints], Floats]:
    """Return a baseline: ridge regression on standardised features, its penalty found by leaving out one gene."""

    def predict(data: Data, pairs: Ints) -> Floats:
        from sklearn.linear_model import RidgeCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return fit_by_tissue(make_pipeline(StandardScaler(), RidgeCV(RIDGE_PENALTIES)), data, (name,), pairs)

    return predict


def fit_by_tissue(model: Any, data: Data, names: Sequence[str], pairs: Ints) -> Floats:
    """Fit all tissues' means on gene features, by name, and return the TPM predicted for pairs [pair]."""
    x = joined(data, names)
    model.fit(x[data.train_genes], tissue_means(data)[data.train_genes])
    genes, code = np.unique(pairs[:, 0], return_inverse=True)
    predicted = np.asarray(model.predict(x[genes])).reshape(len(genes), -1)
    return np.expm1(np.maximum(predicted[code, data.tissue[pairs[:, 1]]], 0))


def joined(data: Data, names: Sequence[str]) -> Floats:
    """Return features of genes, by name, side by side [gene, feature]."""
    return np.concatenate([data.features[name] for name in names], axis=1, dtype=np.float64)

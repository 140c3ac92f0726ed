"""The thesis's metrics of a point estimate, computed in float64.

Each takes TPM values as arrays [pair] and returns a Python float. An undefined metric, such as a correlation with a
constant, is NaN and never 0: a model that predicts the same number everywhere does not have a correlation of 0.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from ..base.errors import TR300MError
from ..base.types import Floats

UNDEFINED = float("nan")


def pearson(observed: ArrayLike, prediction: ArrayLike) -> float:
    """Return Pearson's correlation of TPM.

    Parameters
    ----------
    observed, prediction
        TPM [pair], finite and not negative.

    Returns
    -------
    float
        In [-1, 1]; NaN if either is constant.

    Raises
    ------
    TR300MError
        If an array is empty, not a vector, or has NaN, infinite or negative values, or if the shapes differ.
    """
    return _correlation(*_checked(observed, prediction))


def log_pearson(observed: ArrayLike, prediction: ArrayLike) -> float:
    """Return Pearson's correlation of log(1 + TPM); see `pearson`."""
    x, y = _checked(observed, prediction)
    return _correlation(np.log1p(x), np.log1p(y))


def spearman(observed: ArrayLike, prediction: ArrayLike) -> float:
    """Return Spearman's rank correlation; ties get their average rank. See `pearson`."""
    x, y = _checked(observed, prediction)
    return _correlation(rankdata(x, method="average"), rankdata(y, method="average"))


def log_r2(observed: ArrayLike, prediction: ArrayLike) -> float:
    """Return 1 - SS_res / SS_tot on log(1 + TPM).

    Parameters
    ----------
    observed, prediction
        TPM [pair], finite and not negative.

    Returns
    -------
    float
        At most 1; negative if the mean of the observed values predicts better; NaN if the observed values are constant.

    Raises
    ------
    TR300MError
        See `pearson`.
    """
    x, y = _checked(observed, prediction)
    x, y = np.log1p(x), np.log1p(y)
    if x.min() == x.max():
        return UNDEFINED
    residual = np.sum(np.square(x - y))
    total = np.sum(np.square(x - x.mean()))
    # The squares of differences of log TPM below about 1e-160 are 0.
    return float(1.0 - residual / total) if total > 0 else UNDEFINED


def accuracy(observed: ArrayLike, prediction: ArrayLike, median: float) -> float:
    """Return the share of pairs whose observed and predicted TPM are on the same side of the dataset median.

    A value equal to the median is on both sides, so every pair counts as correct if the median is 0.

    Parameters
    ----------
    observed, prediction
        TPM [pair], finite and not negative.
    median
        Median TPM of the dataset, not of these pairs.

    Returns
    -------
    float
        In [0, 1].

    Raises
    ------
    TR300MError
        See `pearson`; also if the median is not a finite number >= 0.
    """
    return float(np.mean(same_side(observed, prediction, median)))


def same_side(observed: ArrayLike, prediction: ArrayLike, median: float) -> NDArray[np.bool_]:
    """Return which pairs [pair] `accuracy` counts as correct; see `accuracy`."""
    x, y = _checked(observed, prediction)
    if not np.isfinite(median) or median < 0:
        raise TR300MError(f"the dataset median is {median}", "it must be finite and not negative")
    above = (x >= median) & (y >= median)
    below = (x <= median) & (y <= median)
    return np.asarray(above | below)


# The metrics that need only the observed and predicted values; `evaluate` computes each of them.
PAIRWISE: dict[str, Callable[[ArrayLike, ArrayLike], float]] = {
    "pearson": pearson,
    "log_pearson": log_pearson,
    "spearman": spearman,
    "log_r2": log_r2,
}


def evaluate(
    observed: ArrayLike, prediction: ArrayLike, nll: ArrayLike | None, dataset_median: float
) -> dict[str, float | int]:
    """Return all metrics of a model's predictions.

    Parameters
    ----------
    observed, prediction
        TPM [pair]; the prediction is the median of the predicted distribution.
    nll
        Negative log likelihood of the observed TPM [pair], in nat; negative if the density exceeds 1. None for a model
        that predicts numbers and not distributions.
    dataset_median
        Median TPM of the dataset.

    Returns
    -------
    dict
        ``pearson``, ``log_pearson``, ``spearman``, ``log_r2``, ``accuracy``, ``nll`` (mean) as float, ``pairs`` as int.
        Undefined metrics are NaN.

    Raises
    ------
    TR300MError
        See `accuracy`; also if `nll` is not finite or has another shape.
    """
    x, y = _checked(observed, prediction)
    result: dict[str, float | int] = {name: metric(x, y) for name, metric in PAIRWISE.items()}
    result["accuracy"] = accuracy(x, y, dataset_median)
    result["nll"] = UNDEFINED if nll is None else mean_nll(nll, x.size)
    result["pairs"] = int(x.size)
    return result


def mean_nll(nll: ArrayLike, pairs: int) -> float:
    """Return the mean of `nll` [pair].

    Raises
    ------
    TR300MError
        If a value is not finite, or there are not `pairs` values.
    """
    losses = _vector(nll, "nll", signed=True)
    if losses.size != pairs:
        raise TR300MError(
            f"there are {pairs} observed values and {losses.size} values of nll", "give one of each per pair"
        )
    return float(losses.mean())


def _correlation(x: Floats, y: Floats) -> float:
    """Return Pearson's correlation of two checked vectors; NaN if either is constant."""
    # This comparison is exact; the deviations of a constant from its rounded mean may differ from 0.
    if x.min() == x.max() or y.min() == y.max():
        return UNDEFINED
    dx, dy = _deviations(x), _deviations(y)
    scale = np.sqrt(np.sum(np.square(dx)) * np.sum(np.square(dy)))
    if scale == 0:
        return UNDEFINED
    return float(np.clip(np.sum(dx * dy) / scale, -1.0, 1.0))


def _deviations(x: Floats) -> Floats:
    """Return x minus its mean, divided by a power of two near its largest magnitude.

    Medians of an untrained model can exceed 1e200, and their squares would overflow. A power of two rounds nothing.
    """
    _, exponent = np.frexp(np.abs(x).max())
    scaled = np.ldexp(x, -exponent)
    return np.asarray(scaled - scaled.mean(), dtype=np.float64)


def _checked(observed: ArrayLike, prediction: ArrayLike) -> tuple[Floats, Floats]:
    x, y = _vector(observed, "observed"), _vector(prediction, "prediction")
    _same_length("observed", x, "prediction", y)
    return x, y


def _same_length(name: str, x: Floats, other: str, y: Floats) -> None:
    if x.shape != y.shape:
        raise TR300MError(
            f"{name} has {x.size} values, {other} {y.size}",
            "give one value of each per pair, in the same order",
        )


def _vector(values: ArrayLike, name: str, signed: bool = False) -> Floats:
    """Return `values` as float64; raise TR300MError if they are invalid."""
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 1:
        raise TR300MError(f"{name} has shape {x.shape}", "give vectors [pair]")
    if x.size == 0:
        raise TR300MError(f"{name} is empty", "give at least one pair; check that the part of the split is not empty")
    if bad := invalid_values(x, signed):
        raise TR300MError(
            f"{name}: {bad}",
            "the NLL must be finite; lower the learning rate" if signed else "TPM must be finite and not negative",
        )
    return x


def invalid_values(values: ArrayLike, signed: bool = False) -> str:
    """Return how many values are NaN, infinite or, unless they are `signed`, negative; empty if none is."""
    x = np.asarray(values, dtype=np.float64)
    # Comparisons with NaN are false, so each invalid value is counted once.
    counts = {
        "NaN": int(np.isnan(x).sum()),
        "infinite": int(np.isinf(x).sum()),
        "negative": 0 if signed else int(((x < 0) & np.isfinite(x)).sum()),
    }
    bad = [f"{count} {kind}" for kind, count in counts.items() if count]
    return f"{', '.join(bad)} of {x.size} values" if bad else ""

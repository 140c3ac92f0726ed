"""Metrics of many groups of pairs at once; they equal the metrics of `point` computed for each group separately."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ..base.types import Floats, Ints
from .point import UNDEFINED, same_side


class Groups(NamedTuple):
    """Pairs sorted by group.

    Attributes
    ----------
    order
        Index of each pair in sorted order [pair].
    starts, sizes
        First pair and number of pairs of each group [group].
    of_pair
        Group of each sorted pair [pair].
    """

    order: Ints
    starts: Ints
    sizes: Ints
    of_pair: Ints

    @classmethod
    def of(cls, codes: ArrayLike) -> "Groups":
        """Sort pairs by group; `codes` [pair] are 0, 1, ... without gaps, as ``np.unique`` returns them."""
        group = np.asarray(codes, dtype=np.int64)
        order = np.argsort(group, kind="stable")
        sizes = np.bincount(group)
        return cls(order, np.cumsum(sizes) - sizes, sizes, group[order])

    def sums(self, values: Floats) -> Floats:
        """Return the sum [group] of values [pair] in sorted order."""
        return np.asarray(np.add.reduceat(values, self.starts), dtype=np.float64)

    def deviations(self, values: Floats) -> Floats:
        """Return values [pair] minus the mean of their group, exactly 0 in groups of one value."""
        means = self.sums(values) / self.sizes
        constant = np.minimum.reduceat(values, self.starts) == np.maximum.reduceat(values, self.starts)
        return np.where(constant[self.of_pair], 0.0, values - means[self.of_pair])


def grouped_metrics(
    observed: ArrayLike, prediction: ArrayLike, nll: ArrayLike | None, dataset_median: float, codes: ArrayLike
) -> dict[str, Floats]:
    """Return the metrics of each group.

    Parameters
    ----------
    observed, prediction, nll, dataset_median
        See `point.evaluate`.
    codes
        Group of each pair [pair]: 0, 1, ... without gaps.

    Returns
    -------
    dict
        The metrics of `point.evaluate`, each as an array [group]; NaN if undefined.

    Raises
    ------
    TR300MError
        If the values are invalid (see `point.pearson`).
    """
    groups = Groups.of(codes)
    right = same_side(observed, prediction, dataset_median)[groups.order]
    x, y = (np.asarray(values, dtype=np.float64)[groups.order] for values in (observed, prediction))
    log_x, log_y = np.log1p(x), np.log1p(y)
    result = {
        "pearson": _correlations(_scaled(x), _scaled(y), groups),
        "log_pearson": _correlations(log_x, log_y, groups),
        "spearman": _correlations(_ranks(x, groups), _ranks(y, groups), groups),
        "log_r2": _log_r2s(log_x, log_y, groups),
        "accuracy": groups.sums(right.astype(np.float64)) / groups.sizes,
        "nll": np.full(len(groups.sizes), UNDEFINED),
        "pairs": groups.sizes.astype(np.float64),
    }
    if nll is not None:
        result["nll"] = groups.sums(np.asarray(nll, dtype=np.float64)[groups.order]) / groups.sizes
    return result


def _correlations(x: Floats, y: Floats, groups: Groups) -> Floats:
    dx, dy = groups.deviations(x), groups.deviations(y)
    scale = np.sqrt(groups.sums(dx * dx) * groups.sums(dy * dy))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(scale > 0, np.clip(groups.sums(dx * dy) / scale, -1.0, 1.0), UNDEFINED))


def _log_r2s(x: Floats, y: Floats, groups: Groups) -> Floats:
    total = groups.sums(groups.deviations(x) ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(total > 0, 1.0 - groups.sums((x - y) ** 2) / total, UNDEFINED))


def _ranks(values: Floats, groups: Groups) -> Floats:
    """Return ranks within groups [pair]; ties get their average rank."""
    order = np.lexsort((values, groups.of_pair))
    sorted_values, group = values[order], groups.of_pair[order]
    new = np.concatenate([[True], (sorted_values[1:] != sorted_values[:-1]) | (group[1:] != group[:-1])])
    first = np.flatnonzero(new)
    size = np.diff(np.append(first, len(values)))
    ranks = np.empty(len(values))
    ranks[order] = np.repeat(first + (size - 1) / 2, size)
    return ranks - groups.starts[groups.of_pair]


def _scaled(values: Floats) -> Floats:
    """Return values in units of a power of two near the largest, whose squares cannot overflow."""
    return np.asarray(np.ldexp(values, -np.frexp(values.max())[1]))

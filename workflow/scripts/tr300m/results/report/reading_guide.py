"""What good figures look like: every metric's range and direction, what baselines and the thesis reach."""

import math
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ...config.baseline_table import BASELINES
from ..metric_table import PERCENT, Metrics, number, percent

CONSTANT, OWN_MEAN = "global_median", "gene_tissue_mean"
FITTED = tuple(name for name, baseline in BASELINES.items() if baseline.features)
NOT_MADE = "not made"
NOT_COMPARED = "-"


class Reading(NamedTuple):
    """How a figure is to be read: its name in tables, its range, which way is better, what it says."""

    name: str
    range: str
    better: str
    says: str


_METRIC_READINGS = {
    "pearson": Reading(
        PERCENT["pearson"], "-100 to 100", "higher", "On TPM: the few genes of highest expression decide it."
    ),
    "log_pearson": Reading(
        PERCENT["log_pearson"],
        "-100 to 100",
        "higher",
        "On log(1 + TPM): 0 is no linear relation. The best baseline is chosen by this one.",
    ),
    "spearman": Reading(PERCENT["spearman"], "-100 to 100", "higher", "Of ranks: 0 is no monotonic relation."),
    "log_r2": Reading(
        PERCENT["log_r2"],
        "up to 100",
        "higher",
        "On log(1 + TPM). 0 is the best constant for these pairs; below 0 is worse than that.",
    ),
    "accuracy": Reading(
        PERCENT["accuracy"],
        "0 to 100",
        "higher",
        "Observed and predicted TPM on one side of the dataset's median. A coin reaches 50, any other constant the share of "
        "observed values on its side. The median itself counts as both sides, so that a constant there reaches 100.",
    ),
    "crps": Reading(
        "CRPS, mean",
        "0 upwards, TPM",
        "lower",
        "Mean over pairs; compares any distributions. Of a single number, such as a baseline's, it is the mean "
        "absolute error.",
    ),
}
"""Metrics that baselines have too, by their key."""
_OTHER_READINGS = (
    Reading(
        "NLL",
        "no bound",
        "lower",
        "Of the run's own output distribution; the thesis's is no density. Compare only runs with the same "
        "distribution, on the same pairs.",
    ),
    Reading(
        "PIT within 50 %, within 90 %",
        "0 to 100",
        "50 and 90",
        "Share of observed values inside central intervals. Less: the intervals are too narrow or lie in the wrong place; "
        "more: too wide. It is an estimate from pairs that share genes and samples. A calibrated model need not "
        "predict well.",
    ),
    Reading(
        "Difference of two runs",
        "correlations: -200 to 200",
        "interval without 0",
        "The paired interval counts, not T, which takes pairs for independent. An interval that holds 0 shows neither "
        "a difference nor equality. Of many differences without a cause, one in 20 has an interval without 0. Spread "
        "between seeds is not in it.",
    ),
    Reading(
        "Test minus validation",
        "correlations: -200 to 200",
        "within sampling error",
        "The parts share no pair: compare the difference with the square root of the sum of the two squared "
        "half-widths of their 95 % intervals. With nothing wrong it is larger about 1 of 20 times; a test figure lies "
        "outside the validation interval far more often, in 17 % where the two intervals are equally wide.",
    ),
)


def mean_error(observed: ArrayLike, prediction: ArrayLike) -> float:
    """Return the mean absolute error in TPM of arrays [pair]: the CRPS of a prediction that is a single number."""
    return float(np.mean(np.abs(np.asarray(observed, np.float64) - np.asarray(prediction, np.float64))))


def guide_table(baselines: Mapping[str, Metrics], thesis: Mapping[str, Metrics]) -> dict[str, list[str]]:
    """Return one row a metric: how to read it, and what else reaches how much.

    Parameters
    ----------
    baselines
        Validation metrics by name of the baseline (fractions), those that were made; `mean_error` as ``crps``.
    thesis
        Its Table 1, from `tables.read_thesis`.

    Returns
    -------
    dict
        Column name to text [metric]; figures in percent.
    """
    columns: dict[str, list[str]] = {
        "Metric": [],
        "Range": [],
        "Better": [],
        "A constant": [],
        "Best fitted baseline": [],
        "Gene's own training mean": [],
        "Thesis's best": [],
        "How to read it": [],
    }
    for key, reading in [*_METRIC_READINGS.items(), *((None, reading) for reading in _OTHER_READINGS)]:
        reached = _reached(key, baselines, thesis) if key else [NOT_COMPARED] * 4
        row = [reading.name, reading.range, reading.better, *reached, reading.says]
        for column, text in zip(columns.values(), row, strict=True):
            column.append(text)
    return columns


def _reached(key: str, baselines: Mapping[str, Metrics], thesis: Mapping[str, Metrics]) -> list[str]:
    """Return what a constant, the best fitted baseline, the genes' own means and the thesis's best row reach."""
    text, best_of = (partial(number, decimals=1), min) if key == "crps" else (percent, max)
    constant, own_mean = (
        text(baselines[name][key]) if name in baselines else NOT_MADE for name in (CONSTANT, OWN_MEAN)
    )
    fitted = {name: baselines[name][key] for name in FITTED if name in baselines}
    defined = [name for name, value in fitted.items() if not math.isnan(value)]
    best = best_of(defined, key=lambda name: fitted[name]) if defined else None
    printed = [row[key] for row in thesis.values() if key in row]
    return [
        constant,
        f"{text(fitted[best])} ({BASELINES[best].label})" if best else NOT_MADE,
        own_mean,
        text(max(printed)) if printed else NOT_COMPARED,
    ]

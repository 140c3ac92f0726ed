"""What good figures look like: every metric's range and direction, what baselines, a ceiling and the thesis reach."""

import math
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from .baselines import BASELINES
from .tables import PERCENT, Metrics, number, percent

CONSTANT, CEILING = "global_median", "gene_tissue_mean"
FITTED = tuple(name for name, baseline in BASELINES.items() if baseline.features)
NOT_MADE = "not made"
NOT_COMPARED = "-"


class Reading(NamedTuple):
    """How a figure is to be read: its name in tables, its range, which way is better, what it says."""

    name: str
    range: str
    better: str
    says: str


SCORES = {
    "pearson": Reading(
        PERCENT["pearson"], "-100 to 100", "higher", "On TPM as it is: the few genes of highest expression decide it."
    ),
    "log_pearson": Reading(
        PERCENT["log_pearson"], "-100 to 100", "higher", "On log(1 + TPM), the most telling one: 0 is no relation."
    ),
    "spearman": Reading(PERCENT["spearman"], "-100 to 100", "higher", "Of ranks: 0 is no relation."),
    "log_r2": Reading(
        PERCENT["log_r2"], "up to 100", "higher", "On log(1 + TPM). 0 is the best constant; below 0 is worse than that."
    ),
    "accuracy": Reading(
        PERCENT["accuracy"],
        "0 to 100",
        "higher",
        "Truth and prediction on one side of the dataset's median: 50 is a coin. The median itself counts as both "
        "sides, so that a constant there says nothing.",
    ),
    "crps": Reading(
        "CRPS, mean",
        "0 upwards, TPM",
        "lower",
        "Compares any distributions; of a number it is the mean absolute error.",
    ),
}
"""Metrics that baselines have too, by their key."""
OTHERS = (
    Reading(
        "NLL",
        "no bound",
        "lower",
        "Of the thesis's output distribution, which is no density: only runs with the same one, on the same pairs, "
        "compare.",
    ),
    Reading(
        "PIT within 50 %, within 90 %",
        "0 to 100",
        "50 and 90",
        "Share of the truth inside central intervals. Less: too sure; more: too wide. Being calibrated is not being "
        "right.",
    ),
    Reading(
        "Difference of two runs",
        "-100 to 100",
        "interval without 0",
        "An interval that holds 0 shows nothing, whatever T says: the thesis's T takes pairs for independent.",
    ),
)


def mean_error(truth: ArrayLike, prediction: ArrayLike) -> float:
    """Return the mean absolute error in TPM of arrays [pair]: the CRPS of a prediction that is a single number."""
    return float(np.mean(np.abs(np.asarray(truth, np.float64) - np.asarray(prediction, np.float64))))


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
        "Oracle ceiling": [],
        "Thesis's best": [],
        "How to read it": [],
    }
    for key, reading in [*SCORES.items(), *((None, reading) for reading in OTHERS)]:
        reached = _reached(key, baselines, thesis) if key else [NOT_COMPARED] * 4
        row = [reading.name, reading.range, reading.better, *reached, reading.says]
        for column, text in zip(columns.values(), row, strict=True):
            column.append(text)
    return columns


def _reached(key: str, baselines: Mapping[str, Metrics], thesis: Mapping[str, Metrics]) -> list[str]:
    """Return what a constant, the best fitted baseline, the ceiling and the thesis's best row reach."""
    text, best_of = (partial(number, decimals=1), min) if key == "crps" else (percent, max)
    constant, ceiling = (text(baselines[name][key]) if name in baselines else NOT_MADE for name in (CONSTANT, CEILING))
    fitted = {name: baselines[name][key] for name in FITTED if name in baselines}
    defined = [name for name, value in fitted.items() if not math.isnan(value)]
    best = best_of(defined, key=lambda name: fitted[name]) if defined else None
    printed = [row[key] for row in thesis.values() if key in row]
    return [
        constant,
        f"{text(fitted[best])} ({BASELINES[best].label})" if best else NOT_MADE,
        ceiling,
        text(max(printed)) if printed else NOT_COMPARED,
    ]

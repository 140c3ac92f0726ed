"""How to read the metrics: range, direction, and the values that baselines and the thesis reach."""

import math
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from ...config.baseline_table import BASELINES
from ..metric_table import OWN_TABLES, PERCENT, Metrics, number, percent

CONSTANT, OWN_MEAN = "global_median", "gene_tissue_mean"
FITTED = tuple(name for name, baseline in BASELINES.items() if baseline.features)
NOT_MADE = "not made"
GUIDE_NOTE = (
    "In percent, CRPS in TPM. The constant is the global median. The gene's own training mean reads the expression of "
    "held-out genes in training samples, which no run reads; it is not an upper bound. Both, and the best baseline "
    "fitted without a neural network (for each metric the best one on these pairs), are of this configuration's "
    "validation pairs; the thesis's best is that of its seven architectures"
)
"""Without the full stop: `data_identity.DataIdentity.caveat` follows."""
NOT_COMPARED = "-"


class Reading(NamedTuple):
    """How to read a metric: its name in tables, its range, which direction is better, and its meaning."""

    name: str
    range: str
    better: str
    says: str


_METRIC_READINGS = {
    "pearson": Reading(
        PERCENT["pearson"], "-100 to 100", "higher", "On TPM; the few genes with the highest expression dominate it."
    ),
    "log_pearson": Reading(
        PERCENT["log_pearson"],
        "-100 to 100",
        "higher",
        "On log(1 + TPM); 0 means no linear relation. The best baseline is chosen by this metric.",
    ),
    "spearman": Reading(PERCENT["spearman"], "-100 to 100", "higher", "On ranks; 0 means no monotonic relation."),
    "log_r2": Reading(
        PERCENT["log_r2"],
        "up to 100",
        "higher",
        "On log(1 + TPM). The best constant for these pairs has 0; a negative value is worse than that.",
    ),
    "accuracy": Reading(
        PERCENT["accuracy"],
        "0 to 100",
        "higher",
        "Share of pairs with observed and predicted TPM on the same side of the dataset's median. Random guesses reach "
        "50, a constant reaches the share of observed values on its side. A prediction equal to the median counts as "
        "correct on both sides, so a constant there reaches 100.",
    ),
    "across_genes": Reading(
        OWN_TABLES["across_genes"],
        "-100 to 100",
        "higher",
        "On log(1 + TPM), over the genes of a sample; mean over samples. It says how well the model tells genes apart.",
    ),
    "within_gene": Reading(
        OWN_TABLES["within_gene"],
        "-100 to 100",
        "higher",
        "On the tissue means of log(1 + TPM), over the tissues of a gene; mean over genes. What all genes share counts "
        "too: a model that knows only the mean of each tissue is above 0.",
    ),
    "doubly_centred": Reading(
        OWN_TABLES["doubly_centred"],
        "-100 to 100",
        "higher",
        "On the same tissue means, after the means of each gene and of each tissue are subtracted. It says how well "
        "the model knows in which tissues a gene differs from the others; a model that knows only these means has 0.",
    ),
    "crps": Reading(
        "CRPS, mean",
        "0 upwards, TPM",
        "lower",
        "Mean over pairs; comparable between all distributions. For a single number, such as the prediction of a "
        "baseline, it is the mean absolute error.",
    ),
}
"""Metrics that baselines have too, by key."""
_OTHER_READINGS = (
    Reading(
        "NLL",
        "no bound",
        "lower",
        "Under the output distribution of the run; that of the thesis is not a density. Compare only runs with the "
        "same distribution on the same pairs.",
    ),
    Reading(
        "PIT within 50 %, within 90 %",
        "0 to 100",
        "50 and 90",
        "Share of observed values in central intervals. Below: overconfident, or the intervals are in the wrong place; "
        "above: underconfident. It is an estimate from pairs that share genes and samples. A calibrated model does not "
        "necessarily predict well.",
    ),
    Reading(
        "Difference of two runs",
        "correlations: -200 to 200",
        "interval without 0",
        "Use the paired interval and not T, which treats pairs as independent. An interval that contains 0 shows "
        "neither a difference nor equality. Without any real difference, one interval in 20 does not contain 0. The "
        "interval does not include the spread between seeds.",
    ),
    Reading(
        "Test minus validation",
        "correlations: -200 to 200",
        "within sampling error",
        "The parts share no pair. Compare the difference with the square root of the sum of the two squared "
        "half-widths of their 95 % intervals. If nothing is wrong it is larger about 1 of 20 times. A test value is "
        "outside the validation interval much more often: in 17 % of cases if the two intervals are equally wide.",
    ),
)


def mean_error(observed: ArrayLike, prediction: ArrayLike) -> float:
    """Return the mean absolute error in TPM of arrays [pair]: which is the CRPS of a single number.

    It is NaN if a prediction is not finite.
    """
    error = float(np.mean(np.abs(np.asarray(observed, np.float64) - np.asarray(prediction, np.float64))))
    return error if math.isfinite(error) else math.nan


def guide_table(baselines: Mapping[str, Metrics], thesis: Mapping[str, Metrics]) -> dict[str, list[str]]:
    """Return one row per metric: how to read it, and the values that baselines and the thesis reach.

    Parameters
    ----------
    baselines
        Validation metrics (fractions) of the computed baselines by name; `mean_error` is ``crps``.
    thesis
        Table 1 of the thesis, from `thesis_results.read_thesis`.

    Returns
    -------
    dict
        Column name to text [metric]; values are in percent.
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
    """Return the values of a constant, the best fitted baseline, the genes' own means and the thesis's best row."""
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

"""The thesis's Tables 3-7: two models compared by the T statistic of the thesis and by bootstrap intervals."""

import math
from collections.abc import Mapping

from ..base.errors import TR300MError
from ..base.types import Floats
from ..config.thesis_comparisons import Comparison
from ..metrics.cluster_bootstrap import CLUSTERS, Cluster
from ..metrics.intervals import HEADLINE_CLUSTER, Draws, percentile_interval, share_beyond_zero
from .metric_table import LABEL, PERCENT, Metrics, nat, number, percent, range_text

# What the thesis takes for the variance of one pair.
VARIANCE = {"pearson": 0.25, "log_pearson": 0.25, "spearman": 0.25, "accuracy": 0.0625}

DRAWN = {"both": "genes and donors drawn", "genes": "genes drawn", "donors": "donors drawn"}

DIFFERENCE, SHARE, T = "Difference", "p (bootstrap, two-sided)", "T (thesis's formula)"

THESIS_T_NOTE = (
    "T takes all pairs for independent. They are not: they share genes, samples and donors, which the intervals allow "
    "for, both models seeing the same draws. The headline is the interval with genes and donors drawn; p is twice the "
    "share of its draws on the rarer side of 0. The spread between seeds is in neither."
)

UNCORRECTED = (
    "The p values are not corrected for multiple testing. Tables 3-7 have thirty of them (five comparisons, six "
    "metrics), of which one or two fall below 0.05 on average where no difference is real. Name beforehand the one "
    "that counts, or use Holm's correction: the smallest of the thirty times 30, the next one times 29, and so on. "
    "With 1,000 draws no p is below 0.002, hence none below 0.05 after it: set `evaluation: draws` to 10,000 first."
)


def thesis_t(first: Metrics, second: Metrics, pairs: int) -> dict[str, float]:
    """Return the thesis's T of `second` against `first`: (m1 - m0) / sqrt(2 v / (n - 1)), m as Table 1 prints it.

    Parameters
    ----------
    first, second
        Metrics as fractions; rounded here to a tenth of a percent.
    pairs
        How many pairs each was evaluated on; 65,536 in the thesis.

    Returns
    -------
    dict
        By metric; none for log R2 and NLL. NaN where a figure is undefined, or there is but one pair.
    """
    if pairs < 2:
        return dict.fromkeys(VARIANCE, math.nan)
    return {
        name: (_printed(second[name]) - _printed(first[name])) / math.sqrt(2 * variance / (pairs - 1))
        for name, variance in VARIANCE.items()
    }


def _printed(fraction: float) -> float:
    """Return the fraction that Table 1 prints for this one."""
    return math.nan if math.isnan(fraction) else float(percent(fraction)) / 100


def comparison_table(
    rows: tuple[tuple[str, Metrics], tuple[str, Metrics]], draws: tuple[Draws, Draws]
) -> dict[str, list[str]]:
    """Format the comparison of two models.

    Parameters
    ----------
    rows
        Label and metrics (fractions) of both; the second is compared with the first.
    draws
        Bootstrap draws of both.

    Returns
    -------
    dict
        Column name to text: the two rows of Table 1, the difference, its 95 % interval for each way of drawing, p, T.
        Correlations, log R2 and accuracy in percent (their differences in percent points), NLL in nat.

    Raises
    ------
    TR300MError
        If the two were not evaluated on the same pairs.
    """
    (first_label, first), (second_label, second) = rows
    if first["pairs"] != second["pairs"]:
        raise TR300MError(
            f"{first_label} was evaluated on {first['pairs']} pairs, {second_label} on {second['pairs']}",
            "compare runs of one split and part",
        )
    intervals = [f"95 % interval, {DRAWN[cluster]}" for cluster in CLUSTERS]
    columns = {LABEL: [first_label, second_label, DIFFERENCE, *intervals, SHARE, T]}
    differences = {cluster: draws[1].minus(draws[0], cluster) for cluster in CLUSTERS}
    t = thesis_t(first, second, int(first["pairs"]))
    for key, name in (PERCENT | {"nll": "NLL"}).items():
        text = nat if key == "nll" else percent
        cells = [text(first[key]), text(second[key]), text(second[key] - first[key])]
        cells += _interval_cells(differences, key)
        columns[name] = [*cells, number(t[key], 1) if key in t else "N/A"]
    return columns


def _interval_cells(differences: Mapping[Cluster, Mapping[str, Floats]], key: str) -> list[str]:
    """Return the intervals of one metric's difference and the p value of the headline."""
    text = nat if key == "nll" else percent
    if key not in differences[HEADLINE_CLUSTER]:
        return ["undefined"] * (len(CLUSTERS) + 1)
    cells = [range_text(percentile_interval(differences[cluster][key]), text) for cluster in CLUSTERS]
    return [*cells, number(share_beyond_zero(differences[HEADLINE_CLUSTER][key]), 3)]


def thesis_beside(
    columns: Mapping[str, list[str]], comparison: Comparison, thesis: Mapping[str, Metrics], pairs: int = 65536
) -> dict[str, list[str]]:
    """Return a comparison's columns with the thesis's figures in brackets: Table 1's, and T.

    Where T as printed is not what the thesis's formula gives for its figures, both stand there.
    """
    first, second = thesis[comparison.first], thesis[comparison.second]
    by_formula = thesis_t(first, second, pairs)
    cells = {name: list(values) for name, values in columns.items()}
    for key, name in PERCENT.items():
        cells[name][0] += f" ({percent(first[key])})"
        cells[name][1] += f" ({percent(second[key])})"
        if key in by_formula:
            printed, right = number(comparison.printed[key], 1), number(by_formula[key], 1)
            cells[name][-1] += f" ({printed})" if printed == right else f" (printed {printed}, by its formula {right})"
    return cells

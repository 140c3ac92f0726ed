"""The thesis's Tables 3-7: two models compared by the T statistic of the thesis and by bootstrap intervals."""

import math
from collections.abc import Mapping

from ..base.errors import TR300MError
from ..base.types import Floats
from ..config.thesis_comparisons import Comparison
from ..metrics.cluster_bootstrap import CLUSTERS, Cluster
from ..metrics.intervals import HEADLINE_CLUSTER, Draws, percentile_interval, share_beyond_zero
from .metric_table import LABEL, PERCENT, Metrics, nat, number, percent, range_text

# The thesis's value for the variance of one pair.
VARIANCE = {"pearson": 0.25, "log_pearson": 0.25, "spearman": 0.25, "accuracy": 0.0625}

DRAWN = {"both": "genes and donors drawn", "genes": "genes drawn", "donors": "donors drawn"}

DIFFERENCE, SHARE, T = "Difference", "p (bootstrap, two-sided)", "T (thesis's formula)"

THESIS_T_NOTE = (
    "T treats all pairs as independent. They are not, because they share genes, samples and donors. The intervals "
    "account for that, with the same draws for both models. The main interval draws genes and donors; p is twice the "
    "share of its draws on the side of 0 with fewer draws. Neither includes the spread between seeds."
)

UNCORRECTED = (
    "The p values are not corrected for multiple testing. Tables 3-7 have thirty p values (five comparisons, six "
    "metrics); without any real difference, one or two of them are below 0.05 on average. Choose the comparison that "
    "counts beforehand, or use Holm's correction: multiply the smallest p by 30, the next one by 29, and so on. With "
    "1,000 draws no p is below 0.002, so none is below 0.05 after the correction: set `evaluation: draws` to 10,000."
)


def thesis_t(first: Metrics, second: Metrics, pairs: int) -> dict[str, float]:
    """Return the thesis's T of `second` against `first`: (m1 - m0) / sqrt(2 v / (n - 1)), with m as printed in Table 1.

    Parameters
    ----------
    first, second
        Metrics as fractions; they are rounded to a tenth of a percent.
    pairs
        Number of pairs of the evaluation; 65,536 in the thesis.

    Returns
    -------
    dict
        T by metric, without log R2 and NLL; NaN if a metric is undefined or there is only one pair.
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
        Column name to text: the two rows of Table 1, the difference, its 95 % interval for each kind of draw, p and T.
        Correlations, log R2 and accuracy are in percent (their differences in percent points), NLL is in nat.

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
    """Return the intervals of the difference in one metric, and the p value of the main interval."""
    text = nat if key == "nll" else percent
    if key not in differences[HEADLINE_CLUSTER]:
        return ["undefined"] * (len(CLUSTERS) + 1)
    cells = [range_text(percentile_interval(differences[cluster][key]), text) for cluster in CLUSTERS]
    return [*cells, number(share_beyond_zero(differences[HEADLINE_CLUSTER][key]), 3)]


def thesis_beside(
    columns: Mapping[str, list[str]], comparison: Comparison, thesis: Mapping[str, Metrics], pairs: int = 65536
) -> dict[str, list[str]]:
    """Return a comparison's columns with the thesis's values in brackets: those of Table 1, and T.

    If the printed T differs from the thesis's formula for its own values, both are shown.
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

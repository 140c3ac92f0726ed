"""Metrics of models with their intervals, as columns of text."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from ..base.errors import TR300MError
from ..metrics.intervals import Interval
from ..metrics.score import FAILED

Metrics = Mapping[str, float | int]
"""Metrics by name; those of a model whose predictions are invalid also have the text `score.FAILED`."""

Columns = Mapping[str, Sequence[str]]

LABEL = "Model Architecture"

# The thesis prints these in percent with one decimal.
PERCENT = {
    "pearson": "Pearson Correlation",
    "log_pearson": "Log Pearson Correlation",
    "spearman": "Spearman Correlation",
    "log_r2": "Log R2",
    "accuracy": "Accuracy",
}

HEADLINE_METRIC = "log_pearson"

OWN_TABLES = {
    HEADLINE_METRIC: PERCENT[HEADLINE_METRIC],
    "across_genes": "Across Genes",
    "within_gene": "Within Gene",
    "doubly_centred": "Doubly Centred",
} | PERCENT
"""Metrics in percent of tables that are not the thesis's, with their columns; the first four are their headline."""

CONTRASTS_NOTE = (
    "Across Genes, Within Gene and Doubly Centred are correlations of log(1 + TPM): over the genes of a sample, over "
    "the tissues of a gene, and over both after the means of each gene and of each tissue are subtracted "
    "(docs/statistics.md)."
)

# These are not in the thesis's table, so they follow its columns.
_NOT_IN_THESIS = {"nll": "NLL", "pairs": "Pairs"}

INTERVAL_SUFFIX = ", 95 % interval"
"""Suffix of the column with the intervals of another column."""

UNITS = "Correlations, Log R2 and Accuracy in percent; NLL is the mean in nat."

INTERVALS = (
    "In square brackets: 95 % interval of a bootstrap that draws clusters of genes that share promoters, and donors "
    "with all of their samples."
)

UNSHARED = "without shared promoters"
"""Suffix of the columns for the genes that share no promoter with a training gene."""

UNSHARED_NOTE = f"The columns {UNSHARED} leave out the genes that share a promoter with a training gene."


def metric_table(
    rows: Sequence[tuple[str, Metrics]],
    intervals: Sequence[Mapping[str, Interval]] | None = None,
    metrics_in_percent: Mapping[str, str] = PERCENT,
) -> dict[str, list[str]]:
    """Format a table of metrics, such as Table 1.

    Parameters
    ----------
    rows
        Label of each model and its metrics from `point.evaluate` (fractions), from top to bottom.
    intervals
        For each row, metric name to interval; None for a table without intervals.
    metrics_in_percent
        Names of the metrics that are shown in percent, with their columns; by default the thesis's.

    Returns
    -------
    dict
        Column name to text [row]: `metrics_in_percent` in their order, with one decimal, then the NLL with
        three decimals and the number of pairs, then the intervals. NaN and missing values read "undefined", metrics of
        a model whose predictions are invalid "failed".

    Raises
    ------
    TR300MError
        If there is no row, or a row lacks a metric.
    """
    if not rows:
        raise TR300MError("a table of metrics has no rows", "name at least one run in the run table")
    for label, metrics in rows:
        check_metrics(label, metrics, (*metrics_in_percent, *_NOT_IN_THESIS))
    columns = {LABEL: [label for label, _ in rows]}
    columns |= {name: [_cell(metrics, key) for _, metrics in rows] for key, name in metrics_in_percent.items()}
    columns["NLL"] = [_cell(metrics, "nll", nat) for _, metrics in rows]
    columns["Pairs"] = [str(int(metrics["pairs"])) for _, metrics in rows]
    if intervals is not None:
        undefined = Interval(math.nan, math.nan)
        for key, name in {**metrics_in_percent, "nll": "NLL"}.items():
            text = nat if key == "nll" else percent
            columns[name + INTERVAL_SUFFIX] = [range_text(row.get(key, undefined), text) for row in intervals]
    return columns


def unshared_columns(metrics: Sequence[Metrics], intervals: Sequence[Mapping[str, Interval]]) -> dict[str, list[str]]:
    """Return the log Pearson correlation of the pairs without shared promoters, in percent, its interval and the pairs.

    Parameters
    ----------
    metrics, intervals
        Metrics and intervals of these pairs [row], as for `metric_table`.
    """
    name = f"{PERCENT[HEADLINE_METRIC]} {UNSHARED}"
    return {
        name: [_cell(row, HEADLINE_METRIC) for row in metrics],
        f"Pairs {UNSHARED}": [str(int(row["pairs"])) for row in metrics],
        name + INTERVAL_SUFFIX: [range_text(row[HEADLINE_METRIC]) for row in intervals],
    }


def failure_notes(rows: Iterable[tuple[str, Metrics]]) -> list[str]:
    """Return a sentence for each row (label, metrics) that failed: what is wrong with its predictions."""
    return [f"{label} failed: {metrics[FAILED]}." for label, metrics in rows if FAILED in metrics]


def _cell(metrics: Metrics, key: str, text: Callable[[float], str] | None = None) -> str:
    """Return one metric as text, by default in percent."""
    return FAILED if FAILED in metrics else (text or percent)(metrics[key])


def check_metrics(label: str, metrics: Metrics, keys: Iterable[str]) -> None:
    """Raise TR300MError if a row's metrics lack any of `keys`."""
    missing = [key for key in keys if key not in metrics]
    if missing:
        raise TR300MError(f"row {label!r} lacks {', '.join(missing)}", "delete its metrics file and run again")


def percent(fraction: float) -> str:
    """Return a fraction in percent with one decimal and without percent sign, as in the thesis."""
    return number(100 * fraction, 1)


def nat(value: float) -> str:
    """Return an NLL with three decimals."""
    return number(value, 3)


def range_text(interval: Interval, text: Callable[[float], str] = percent) -> str:
    """Return an interval as text, with bounds formatted by `text`; "undefined" for NaN."""
    return "undefined" if math.isnan(interval.low) else f"{text(interval.low)} to {text(interval.high)}"


def number(value: float, decimals: int) -> str:
    """Return a rounded number as text: "undefined" for NaN, and never "-0.0"."""
    return "undefined" if math.isnan(value) else f"{value:z.{decimals}f}"


def fold_intervals(columns: Columns) -> dict[str, list[str]]:
    """Return the columns with each interval in square brackets after its value, instead of in a separate column."""
    folded = {}
    for name, values in columns.items():
        if name.endswith(INTERVAL_SUFFIX):
            continue
        ranges = columns.get(name + INTERVAL_SUFFIX, [""] * len(values))
        folded[name] = [
            f"{value} [{text}]" if text not in ("", "undefined") else value
            for value, text in zip(values, ranges, strict=True)
        ]
    return folded

"""The evaluation of all runs in one table with one row per run, from the tables of each run."""

from collections.abc import Mapping, Sequence
from typing import Any

from ...base.errors import TR300MError
from ..metric_table import HEADLINE_METRIC, PERCENT, number, percent

_ReadTable = Mapping[str, Sequence[Any]]

NONE = "-"
VIEW_NOTE = (
    f"{PERCENT[HEADLINE_METRIC]} in percent, of all pairs, and as the mean over groups of pairs. Across genes means "
    "within a sample, across tissues within a gene, across people within a gene and tissue. A gene shares its promoter "
    "if its window overlaps that of a training gene, directly or through other genes, or if a training gene is its "
    "counterpart in the pseudo-autosomal regions of chrX and chrY. Regulators are genes whose own TPM is an input. "
    "A model that only distinguishes genes has a high score across genes, and scores near 0 in the other groups."
)
# Quantity of a calibration table to its name here, and whether it is a share.
QUANTITIES = {
    "crps_mean": ("CRPS, mean (TPM)", False),
    "crps_median": ("CRPS, median (TPM)", False),
    "pit_coverage_50": ("PIT within 50 %", True),
    "pit_coverage_90": ("PIT within 90 %", True),
    "pit_mean": ("PIT, mean", True),
    "width_50": ("Width of 50 % (TPM)", False),
    "width_90": ("Width of 90 % (TPM)", False),
}
# Also of quantiles alone, and shown where there are such predictions.
COVERED = {"coverage_50": ("Inside 50 %", True), "coverage_90": ("Inside 90 %", True)}
CALIBRATION_NOTE = (
    "A calibrated model has 50 and 90 percent of the randomised PIT values inside the intervals, and a mean PIT of 50. "
    "Smaller CRPS and widths are better; compare widths only if the shares are correct."
)
COVERED_NOTE = (
    "Inside 50 % and 90 %: share of observed values in the closed intervals between two quantiles. It is larger than "
    "the share of PIT values if 0 TPM has a probability of its own."
)


def views_side_by_side(rows: Sequence[tuple[str, _ReadTable]]) -> dict[str, list[str]]:
    """Return the log Pearson correlation of every view [run], in percent; "-" if a run has no such view.

    Parameters
    ----------
    rows
        Label of each run and its table from `strata.summary_table`.
    """
    found = [
        {
            str(view): str(mean)
            for view, metric, mean in zip(columns["view"], columns["metric"], columns["mean"], strict=True)
            if metric in (HEADLINE_METRIC, "all")
        }
        for _, columns in rows
    ]
    views = dict.fromkeys(view for values in found for view in values)
    return _side_by_side(rows, found, {view: (view[0].upper() + view[1:], True) for view in views})


def calibration_side_by_side(
    rows: Sequence[tuple[str, _ReadTable]], external: Sequence[tuple[str, _ReadTable]] = ()
) -> dict[str, list[str]]:
    """Return CRPS, shares of PIT values, coverage and widths [run], then of external predictions what they have.

    Parameters
    ----------
    rows
        Label of each run and its table from `calibration.calibration_table`.
    external
        Label of each external predictions with quantiles, and their table from `quantile_coverage.quantile_coverage`.

    Raises
    ------
    TR300MError
        If a run lacks one of the quantities.
    """
    lines = [*rows, *external]
    found = [dict(zip(map(str, columns["quantity"]), map(str, columns["value"]), strict=True)) for _, columns in lines]
    for (label, _), values in zip(rows, found, strict=False):
        missing = [key for key in QUANTITIES if key not in values]
        if missing:
            raise TR300MError(
                f"the calibration of {label} lacks {', '.join(missing)}", "delete its table and run again"
            )
    return _side_by_side(lines, found, QUANTITIES | (COVERED if external else {}))


def _side_by_side(
    rows: Sequence[tuple[str, _ReadTable]], found: Sequence[Mapping[str, str]], names: Mapping[str, tuple[str, bool]]
) -> dict[str, list[str]]:
    columns = {"Run": [label for label, _ in rows]}
    for key, (name, is_share) in names.items():
        columns[name] = [_shown(values.get(key, NONE), is_share) for values in found]
    return columns


def _shown(value: str, is_share: bool) -> str:
    if value in ("undefined", NONE):
        return value
    return percent(float(value)) if is_share else number(float(value), 2)

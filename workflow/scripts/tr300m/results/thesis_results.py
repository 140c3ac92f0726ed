"""The thesis's Tables 1 and 2, shown beside the results of this workflow."""

import math
from collections.abc import Mapping
from pathlib import Path

from ..base.errors import TR300MError
from ..base.files import read_tsv
from .metric_table import LABEL, PERCENT, Columns, Metrics, percent

THESIS_TABLE1 = "Table 1 (percent/100)"

THESIS_TABLE2 = "Table 2 (percent/100)"


def read_thesis(path: Path | str, source: str = THESIS_TABLE1) -> dict[str, dict[str, float]]:
    """Read the metrics of the thesis.

    Parameters
    ----------
    path
        `resources/thesis_results.tsv`.
    source
        Value of the column `source` of the rows to read.

    Returns
    -------
    dict
        Architecture key to metric to fraction.

    Raises
    ------
    TR300MError
        If a column is missing, no row has that source, or an architecture has two.
    """
    columns = read_tsv(path)
    missing = [name for name in ("architecture", "source", *PERCENT) if name not in columns]
    if missing:
        raise TR300MError(f"{path} lacks the columns {', '.join(missing)}", "restore it from the repository")
    thesis: dict[str, dict[str, float]] = {}
    for row, (key, row_source) in enumerate(zip(columns["architecture"], columns["source"], strict=True)):
        if row_source != source:
            continue
        if key in thesis:
            raise TR300MError(
                f"{path}: there are two rows for {key}, {source}", "keep one, or give them different sources"
            )
        thesis[str(key)] = {name: float(columns[name][row]) for name in PERCENT}
    if not thesis:
        raise TR300MError(f"{path} has no row with source {source!r}", "take one from its column `source`")
    return thesis


def thesis_row(label: str, thesis: Mapping[str, Metrics]) -> Metrics | None:
    """Return the thesis's metrics for the label of a row, or None if the thesis has no such model.

    The label is a key of `thesis`, or it spells one: "Seq + TF" is ``seq_tf``. "Seq + TF, levels permuted" is none.
    """
    return thesis.get(label, thesis.get("_".join(label.lower().split(" + "))))


def standing(run: str, runs: Mapping[str, Metrics], key: str = "log_pearson") -> str:
    """Return a sentence on the rank of a run among `runs` (metrics by name) by one metric."""
    name = PERCENT[key]
    value = runs[run][key]
    others = {other: metrics[key] for other, metrics in runs.items() if other != run and not math.isnan(metrics[key])}
    if math.isnan(value) or not others:
        return f"On validation its {name} is {percent(value)}; there is no other run to compare it with."
    best = max(others, key=lambda other: others[other])
    won = "the best" if value > others[best] else "not the best"
    return (
        f"On validation its {name} is {percent(value)}, {won} of {len(others) + 1}: "
        f"the best other run, `{best}`, reaches {percent(others[best])}."
    )


def beside_thesis(columns: Columns, thesis: Mapping[str, Metrics]) -> dict[str, list[str]]:
    """Return the columns with the thesis's value in brackets after ours, in the rows that the thesis has."""
    cells = {name: list(values) for name, values in columns.items()}
    for row, label in enumerate(columns[LABEL]):
        printed = thesis_row(label, thesis)
        if printed:
            for key, name in PERCENT.items():
                cells[name][row] += f" ({percent(printed[key])})"
    return cells

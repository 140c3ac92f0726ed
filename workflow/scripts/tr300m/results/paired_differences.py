"""Paired differences between two models on the same pairs, with bootstrap intervals."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..base.files import read_json
from ..metrics.intervals import Draws, Interval, percentile_interval
from .metric_table import LABEL, PERCENT, Metrics, metric_table

MINUS = "Minus"
"""Column that names what was taken off a row's figures; empty where nothing was."""

PAIRED = (
    "Rows that name something under Minus are differences to it on the same pairs, both models seeing the same draws, "
    "in percent points and nat; one whose interval holds 0 shows neither a difference nor equality."
)


class EvaluatedModel(NamedTuple):
    """A model's label in tables, its metrics (fractions) and their bootstrap draws."""

    label: str
    metrics: Metrics
    draws: Draws


def read_models(
    labels: Sequence[str], metrics: Sequence[Path | str], draws: Sequence[Path | str]
) -> list[EvaluatedModel]:
    """Read models from their files of metrics and of bootstrap draws, in the order of the labels."""
    return [
        EvaluatedModel(label, read_json(path), Draws.read(drawn))
        for label, path, drawn in zip(labels, metrics, draws, strict=True)
    ]


def difference(model: EvaluatedModel, reference: EvaluatedModel) -> tuple[dict[str, float | int], dict[str, Interval]]:
    """Return a model's metrics minus the reference's (`pairs` as they are), and their headline intervals.

    Raises
    ------
    TR300MError
        If the two were not evaluated on the same pairs and drawn alike.
    """
    drawn = model.draws.minus(reference.draws)
    figures = {name: model.metrics[name] - reference.metrics[name] for name in (*PERCENT, "nll")}
    intervals = {name: percentile_interval(draws) for name, draws in drawn.items()}
    return {**figures, "pairs": model.metrics["pairs"]}, intervals


def paired_table(rows: Sequence[tuple[EvaluatedModel, Sequence[EvaluatedModel]]]) -> dict[str, list[str]]:
    """Format models and, below each, its paired differences to others.

    Parameters
    ----------
    rows
        A model, and the references it is compared with; none gives its own metrics alone.

    Returns
    -------
    dict
        The columns of `tables.metric_table` with intervals, differences in percent points; behind the label the column
        `MINUS` with the reference's.
    """
    lines: list[tuple[str, Metrics]] = []
    intervals: list[Mapping[str, Interval]] = []
    minus: list[str] = []
    for model, references in rows:
        found = [(model.metrics, model.draws.intervals()), *(difference(model, other) for other in references)]
        lines += [(model.label, figures) for figures, _ in found]
        intervals += [bounds for _, bounds in found]
        minus += ["", *(other.label for other in references)]
    columns = metric_table(lines, intervals)
    return {LABEL: columns.pop(LABEL), MINUS: minus, **columns}

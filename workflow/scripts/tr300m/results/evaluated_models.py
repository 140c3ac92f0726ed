"""Models with their metrics and bootstrap draws, as tables read them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..base.files import read_json
from ..metrics.intervals import Draws
from .metric_table import PERCENT, Metrics, metric_table, unshared_columns


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


def scored_columns(
    models: Sequence[EvaluatedModel],
    unshared: Sequence[EvaluatedModel],
    metrics_in_percent: Mapping[str, str] = PERCENT,
) -> dict[str, list[str]]:
    """Return the columns of a table of scores with intervals.

    Parameters
    ----------
    models
        Models on all pairs, one per row.
    unshared
        The same models on the pairs without shared promoters.
    metrics_in_percent
        See `metric_table.metric_table`.

    Returns
    -------
    dict
        The columns of `metric_table.metric_table`, then those of `metric_table.unshared_columns`.
    """
    intervals = [model.draws.intervals() for model in models]
    columns = metric_table([model[:2] for model in models], intervals, metrics_in_percent)
    alone = unshared_columns([model.metrics for model in unshared], [model.draws.intervals() for model in unshared])
    return columns | alone

"""Rows of forest plots: metrics of models as points with their intervals, one panel a metric."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ...base.files import read_json
from ...base.types import Floats
from ...metrics.intervals import Draws, Interval
from ..metric_table import Metrics, number
from . import style as theme
from .canvas import widened

_LEAST_SPAN = 5.0
"""Smallest width of a panel in percent, so that small differences are not magnified."""
UNDEFINED_INTERVAL = Interval(np.nan, np.nan)


class Row(NamedTuple):
    """One model: its label, its metrics by name (fractions), and their intervals by name."""

    label: str
    metrics: Metrics
    intervals: Mapping[str, Interval]


def read_rows(labels: Sequence[str], metrics: Sequence[Path | str], draws: Sequence[Path | str]) -> list[Row]:
    """Read rows from the files of metrics and of bootstrap draws, in the order of the labels."""
    return [
        Row(label, read_json(path), Draws.read(drawn).intervals())
        for label, path, drawn in zip(labels, metrics, draws, strict=True)
    ]


def draw_rows(
    panel: Axes,
    rows: Sequence[Row],
    heights: Floats,
    key: str,
    color: str,
    label: str = "",
    *,
    hollow: bool = False,
    numbers: bool = True,
) -> Floats:
    """Draw one metric of each row in percent, with its interval and its value; return all drawn values.

    Parameters
    ----------
    panel
        Panel to draw in.
    rows, heights
        Rows, and the height of each [row].
    key
        Name of the metric.
    color, label
        Color, and the label of the points in a legend.
    hollow
        Whether points are hollow and lines thin.
    numbers
        Whether the values are written above the points.
    """
    values = np.array([100 * row.metrics[key] for row in rows], dtype=np.float64)
    bounds = 100 * np.array([row.intervals.get(key, UNDEFINED_INTERVAL) for row in rows], dtype=np.float64).reshape(
        -1, 2
    )
    panel.hlines(heights, bounds[:, 0], bounds[:, 1], color=color, linewidth=1 if hollow else 2, zorder=2)
    face = "white" if hollow else color
    panel.plot(values, heights, "o", color=color, markerfacecolor=face, markersize=6, zorder=4, label=label or None)
    for height, value in zip(heights, values, strict=True) if numbers else ():
        if np.isfinite(value):
            panel.annotate(number(value, 1), (value, height), (0, 4), color=color, **theme.ABOVE)
        else:
            middle = panel.get_yaxis_transform()  # x is a fraction of the panel
            panel.annotate("undefined", (0.5, height), (0, -3), xycoords=middle, color=theme.GREY, **theme.ABOVE)
    return np.concatenate([values, bounds.ravel()])


def head_rows(panel: Axes, text: str, height: float, color: str, *, below: bool = False) -> None:
    """Write a heading left of a panel, at a height or just below it."""
    panel.annotate(
        text,
        (0, height),
        (-6, -2),
        xycoords=panel.get_yaxis_transform(),
        textcoords="offset points",
        ha="right",
        va="top" if below else "center",
        color=color,
        weight="bold",
    )


def finish_panel(panel: Axes, drawn: Floats) -> None:
    """Set the axes of a panel so that all drawn values, in percent, and the text above them fit."""
    seen = drawn[np.isfinite(drawn)]
    low, high = (float(seen.min()), float(seen.max())) if seen.size else (0.0, 100.0)
    low, high = widened(low, high, _LEAST_SPAN)
    margin = 0.12 * (high - low)
    panel.set_xlim(low - margin, high + margin)
    panel.set_xlabel("percent")
    panel.xaxis.set_major_locator(MaxNLocator(nbins=4))
    panel.grid(axis="y", visible=False)
    panel.tick_params(axis="y", length=0)
    if low - margin < 0 < high + margin:
        panel.axvline(0, color=theme.GREY, linewidth=0.8, zorder=1)

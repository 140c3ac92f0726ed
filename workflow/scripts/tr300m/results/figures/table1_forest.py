"""Table 1 as a forest plot: each metric with its interval and the thesis's value, and baselines below."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...base.errors import TR300MError
from ..metric_table import PERCENT, Metrics, check_metrics, percent, range_text
from ..thesis_results import thesis_row
from . import style as theme
from .canvas import new_figure
from .forest_rows import UNDEFINED_INTERVAL, Row, draw_rows, finish_panel, head_rows

GROUP_GAP = 1.0
# Distance of the thesis's marker below ours, in rows, so that neither hides the other.
THESIS_DROP = 0.28


def table1_forest(
    rows: Sequence[Row],
    baselines: Sequence[Row] = (),
    thesis: Mapping[str, Metrics] | None = None,
    *,
    subtitle: str = "",
) -> Figure:
    """Draw Table 1 as dots with 95 % intervals: with one panel per metric and one line per model.

    Parameters
    ----------
    rows
        Rows of Table 1, from top to bottom. The title names the best one.
    baselines
        Rows that are drawn below in grey.
    thesis
        Metrics from `thesis_results.read_thesis`, drawn as hollow markers for the labels that it has.
    subtitle
        Text below the title.

    Raises
    ------
    TR300MError
        If there is no row, or a row lacks a metric.
    """
    if not rows:
        raise TR300MError("the figure of Table 1 has no rows", "name at least one run in the run table")
    for row in (*rows, *baselines):
        check_metrics(row.label, row.metrics, PERCENT)
    ours, below = np.arange(0.0, len(rows)), len(rows) + GROUP_GAP + np.arange(0.0, len(baselines))
    last = float(below[-1] if baselines else ours[-1])
    printed = [thesis_row(row.label, thesis) if thesis else None for row in rows]
    with theme.looks():
        figure = new_figure(13.0, 1.9 + 0.42 * (last + 1), best_of(rows), subtitle)
        panels = figure.subplots(1, len(PERCENT), sharey=True, squeeze=False)[0]
        for panel, (key, name) in zip(panels, PERCENT.items(), strict=True):
            theirs = np.array([100 * row[key] if row else np.nan for row in printed], dtype=np.float64)
            panel.plot(theirs, ours + THESIS_DROP, label="thesis, Table 1", **theme.THESIS)
            drawn = [theirs, draw_rows(panel, rows, ours, key, theme.BLUE, "this workflow, 95 % interval")]
            drawn.append(draw_rows(panel, baselines, below, key, theme.GREY))
            finish_panel(panel, np.concatenate(drawn))
            panel.set_title(name.replace(" Correlation", ""))
        panels[0].set_yticks([*ours, *below], [row.label for row in (*rows, *baselines)])
        panels[0].set_ylim(last + 0.6, -0.6)
        if baselines:
            _head_baselines(panels, len(rows) - 0.5 + GROUP_GAP / 2)
        if any(printed):
            figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower right", ncols=2, frameon=False)
    return figure


def best_of(rows: Sequence[Row]) -> str:
    """Return a title with the row of the highest log Pearson correlation, its value and its interval."""
    defined = [row for row in rows if not np.isnan(row.metrics["log_pearson"])]
    if not defined:
        return "Table 1: no run has a log Pearson correlation"
    best = max(defined, key=lambda row: row.metrics["log_pearson"])
    interval = range_text(best.intervals.get("log_pearson", UNDEFINED_INTERVAL))
    return (
        f"Best log Pearson of {len(rows)}: {best.label}, {percent(best.metrics['log_pearson'])} %, "
        f"95 % interval {interval}"
    )


def _head_baselines(panels: Sequence[Axes], height: float) -> None:
    """Draw a line between Table 1 and the baselines, and a heading for the baselines."""
    for panel in panels:
        panel.axhline(height, color=theme.LIGHT_GREY, linewidth=0.8)
    head_rows(panels[0], "Baselines", height, theme.GREY, below=True)

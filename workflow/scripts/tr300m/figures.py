"""Figures of a run (the four panels of the thesis's Appendix D) and of Table 1, drawn without a display.

Every function returns a `Figure`; `save` writes the same bytes for the same figure.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import isotonic_regression

from . import theme
from .errors import TR300MError
from .io import atomic_path
from .metrics import log_pearson
from .tables import PERCENT, Metrics, number, percent, thesis_row

Vector = NDArray[np.float64]

HISTORY = (
    "step",
    "loss",
    "pearson",
    "log_pearson",
    "accuracy",
    "val_loss",
    "val_pearson",
    "val_log_pearson",
    "val_accuracy",
)
STEP_UNIT = 10_000
# Above this many pairs, points hide each other: bins of equal size with a count show more, and keep the SVG small.
MOST_POINTS = 2_000
HEXAGONS = 60
# Least distance between two labels at the ends of lines, as a fraction of the panel's height.
LABEL_GAP = 0.052
# Least height of a panel of curves and width of a panel of Table 1: one that magnifies a difference of 0.001 misleads.
SPAN = {"Loss (mean NLL, nat)": 0.5, "Correlation": 0.2, "Accuracy (%)": 10.0}
FOREST_SPAN = 5.0


def run_panels(
    truth: ArrayLike,
    median: ArrayLike,
    history: Mapping[str, ArrayLike],
    title: str,
    subtitle: str,
    *,
    part: str = "validation",
) -> Figure:
    """Draw the four panels of one run: its predictions, then loss, correlations and accuracy over the steps.

    Parameters
    ----------
    truth, median
        TPM [pair], true and predicted.
    history
        Columns of the run's `history.tsv`, as numbers or text [epoch]; NaN where nothing was measured.
    title, subtitle
        Text above the panels.
    part
        Which pairs `truth` and `median` are.

    Raises
    ------
    TR300MError
        If the pairs are not fit for a correlation (see `metrics.pearson`), or the history lacks a column or has no row.
    """
    curves = _history(history)
    correlation = log_pearson(truth, median)  # checks both arrays
    x = np.log10(1.0 + np.asarray(truth, dtype=np.float64))
    y = np.log10(1.0 + np.asarray(median, dtype=np.float64))
    with matplotlib.rc_context(theme.RC):
        figure = _figure(10.0, 8.0, title, subtitle)
        (predictions, loss), (correlations, accuracy) = figure.subplots(2, 2)
        _draw_predictions(figure, predictions, x, y)
        predictions.set_title(f"Log Pearson {_shown(correlation)} on {x.size:,} {part} pairs")
        _draw_curves(
            loss,
            curves,
            [("loss", "Training", "val_loss", "Validation", theme.BLUE)],
            "Loss (mean NLL, nat)",
            _lowest(curves),
        )
        _draw_curves(
            correlations,
            curves,
            [
                ("pearson", "Training\nPearson", "val_pearson", "Validation\nPearson", theme.VERMILLION),
                ("log_pearson", "Training\nlog Pearson", "val_log_pearson", "Validation\nlog Pearson", theme.BLUE),
            ],
            "Correlation",
            f"Validation log Pearson {_last(curves, 'val_log_pearson')}",
        )
        _draw_curves(
            accuracy,
            curves | {name: 100 * curves[name] for name in ("accuracy", "val_accuracy")},
            [("accuracy", "Training", "val_accuracy", "Validation", theme.GREEN)],
            "Accuracy (%)",
            f"Validation accuracy {_last(curves, 'val_accuracy', as_percent=True)}",
        )
    return figure


def table1_forest(
    rows: Sequence[tuple[str, Metrics]],
    thesis: Mapping[str, Metrics] | None = None,
    *,
    title: str = "Table 1",
    subtitle: str = "",
) -> Figure:
    """Draw Table 1 as dots: a panel per metric, a line per run.

    Parameters
    ----------
    rows
        Label and metrics (fractions), first row on top.
    thesis
        From `tables.read_thesis`; adds the thesis's figures as hollow markers where the label is in its table.
    title, subtitle
        Text above the panels.

    Raises
    ------
    TR300MError
        If there is no row, or a row lacks a metric.
    """
    if not rows:
        raise TR300MError("the figure of Table 1 has no rows", "name at least one run in the run table")
    for label, metrics in rows:
        missing = [key for key in PERCENT if key not in metrics]
        if missing:
            raise TR300MError(f"row {label!r} lacks {', '.join(missing)}", "make its metrics file again")
    printed = [thesis_row(label, thesis) if thesis else None for label, _ in rows]
    with matplotlib.rc_context(theme.RC):
        figure = _figure(12.0, 1.9 + 0.42 * len(rows), title, subtitle)
        panels = figure.subplots(1, len(PERCENT), sharey=True, squeeze=False)[0]
        for panel, (key, name) in zip(panels, PERCENT.items(), strict=True):
            ours = np.array([100 * metrics[key] for _, metrics in rows], dtype=np.float64)
            theirs = np.array([100 * row[key] if row else np.nan for row in printed], dtype=np.float64)
            _draw_dots(panel, ours, theirs)
            panel.set_title(name.replace(" Correlation", ""))
            panel.set_xlabel("percent")
        panels[0].set_yticks(range(len(rows)), [label for label, _ in rows])
        panels[0].set_ylim(len(rows) - 0.5, -0.6)
        if any(printed):
            handles, labels = panels[0].get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside lower right", ncols=2, frameon=False)
    return figure


def save(figure: Figure, svg: Path | str, png: Path | str) -> None:
    """Write a figure as SVG and PNG, atomically, without dates, so that the same figure gives the same bytes.

    Parameters
    ----------
    figure
        From this module.
    svg, png
        Files to write; their names must end so, as the format follows from it.

    Raises
    ------
    TR300MError
        If a name ends otherwise.
    """
    for path, ending in ((svg, ".svg"), (png, ".png")):
        if Path(path).suffix != ending:
            raise TR300MError(f"{path} does not end in {ending}", "name the SVG first, then the PNG")
    # The version of Matplotlib is left out too: an update that draws the same leaves the file as it was.
    with matplotlib.rc_context(theme.RC):
        with atomic_path(svg) as temporary:
            figure.savefig(temporary, metadata={"Date": None, "Creator": None})
        with atomic_path(png) as temporary:
            figure.savefig(temporary, dpi=theme.DPI, metadata={"Software": None})


def _figure(width: float, height: float, title: str, subtitle: str) -> Figure:
    """Return an empty figure, in inches, with both titles above the space of the panels."""
    figure = Figure(figsize=(width, height))
    top = 0.28 + 0.22 * (1 + subtitle.count("\n")) * bool(subtitle)
    figure.set_layout_engine("constrained", rect=(0, 0, 1, 1 - top / height), w_pad=0.12, h_pad=0.12)
    figure.text(0.12 / width, 1 - 0.1 / height, title, va="top", size=13, weight="bold")
    figure.text(0.12 / width, 1 - 0.36 / height, subtitle, va="top", size=9.5, color=theme.GREY)
    return figure


def _history(history: Mapping[str, ArrayLike]) -> dict[str, Vector]:
    """Return the columns that are drawn, as float64 [epoch]."""
    missing = [name for name in HISTORY if name not in history]
    if missing:
        raise TR300MError(
            f"the training history lacks {', '.join(missing)}", "train the run again to write its history.tsv"
        )
    try:
        curves = {name: np.asarray(history[name]).astype(np.float64) for name in HISTORY}
    except ValueError as error:
        raise TR300MError(
            f"the training history holds text where numbers belong: {error}", "look into history.tsv"
        ) from None
    steps = curves["step"]
    if steps.size == 0:
        raise TR300MError("the training history has no row", "train for at least one epoch")
    if not np.isfinite(steps).all() or any(column.shape != steps.shape for column in curves.values()):
        raise TR300MError("the training history lacks steps or values in some rows", "look into history.tsv")
    return curves


def _draw_predictions(figure: Figure, panel: Axes, x: Vector, y: Vector) -> None:
    """Draw log10(1 + TPM) [pair], true against predicted, with the diagonal."""
    high = max(1.0, float(x.max()), float(y.max())) * 1.03
    # Hexagons are centred on the zeros, often a fifth of all pairs, and half of each lies below.
    low = -0.02 * high
    if x.size > MOST_POINTS:
        bins = panel.hexbin(
            x,
            y,
            gridsize=HEXAGONS,
            extent=(0, high, 0, high),
            mincnt=1,
            cmap=LinearSegmentedColormap.from_list("counts", theme.COUNTS),
            linewidths=0.0,
            zorder=2,
        )
        counts = bins.get_array()
        most = 10 if counts is None or counts.size == 0 else max(10, int(counts.max()))
        bins.set_norm(LogNorm(vmin=1, vmax=most))
        # Inside the panel's own frame: a bar beside it would drift away from a square panel.
        bar = figure.colorbar(bins, cax=panel.inset_axes((1.02, 0.0, 0.03, 1.0)))
        bar.set_label("Pairs per hexagon")
        bar.outline.set_visible(False)
    else:
        panel.scatter(x, y, s=12, color=theme.BLUE, alpha=0.4, linewidths=0, zorder=2)
    panel.plot([0, high], [0, high], color=theme.BLACK, linewidth=1, zorder=3)
    panel.set(xlim=(low, high), ylim=(low, high), aspect="equal", anchor="W")
    panel.set(xlabel="True expression, log$_{10}$(1 + TPM)", ylabel="Predicted median, log$_{10}$(1 + TPM)")


def _draw_curves(
    panel: Axes, curves: Mapping[str, Vector], pairs: Sequence[tuple[str, str, str, str, str]], ylabel: str, title: str
) -> None:
    """Draw columns of the history over the steps, each named at its right end.

    `pairs` holds, per metric: training column and label, validation column and label, colour.
    """
    steps = curves["step"]
    in_units = bool(steps.max() >= STEP_UNIT)
    x = steps / STEP_UNIT if in_units else steps
    ends = []
    for train, train_label, validation, validation_label, color in pairs:
        for name, label, style in (
            (train, train_label, theme.TRAINING),
            (validation, validation_label, theme.VALIDATION),
        ):
            y = curves[name]
            finite = np.flatnonzero(np.isfinite(y))
            if finite.size == 0:
                continue
            # Gaps stay gaps; the markers show single epochs between them.
            panel.plot(x, np.where(np.isfinite(y), y, np.nan), color=color, **style)
            ends.append((float(y[finite[-1]]), label, color))
    panel.set_title(title)
    panel.set_ylabel(ylabel)
    panel.set_xlabel("Optimiser steps ($10^4$)" if in_units else "Optimiser steps")
    if not ends:
        panel.set(xticks=[], yticks=[])
        panel.text(0.5, 0.5, "not recorded", transform=panel.transAxes, ha="center", va="center", color=theme.GREY)
        return
    panel.margins(x=0.04, y=0.1)
    # Steps are whole numbers; a single epoch would otherwise get ticks at fractions around it.
    if steps.size == 1:
        panel.set_xticks(x, [f"{x[0]:g}"])
    else:
        panel.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10], integer=not in_units))
    _label_ends(panel, ends, SPAN[ylabel])


def _label_ends(panel: Axes, ends: Sequence[tuple[float, str, str]], span: float) -> None:
    """Write (value, label, colour) to the right of the panel, each at its value, moved apart where they would touch."""
    low, high = widened(*panel.get_ylim(), span)
    # The axes must not move any more, or the labels would miss their lines.
    panel.set_ylim(low, high)
    order = sorted(range(len(ends)), key=lambda i: ends[i][0])
    gaps = [LABEL_GAP * (1 + ends[i][1].count("\n")) for i in order]
    heights = spread([(ends[i][0] - low) / (high - low) for i in order], gaps)
    for i, height in zip(order, heights, strict=True):
        _, label, color = ends[i]
        panel.text(
            1.015,
            height,
            label,
            transform=panel.transAxes,
            va="center",
            ha="left",
            color=color,
            size=8.5,
            linespacing=1.0,
        )


def spread(wanted: Sequence[float], sizes: Sequence[float]) -> list[float]:
    """Move labels apart.

    Parameters
    ----------
    wanted
        Where each label's middle should be, as a fraction of the panel's height, ascending.
    sizes
        Height of each label.

    Returns
    -------
    list
        Nearest heights at which no two labels overlap; inside [0, 1] if all fit, else starting at 0.
    """
    # Measured from where it would stand if all labels touched, each height may only grow: an isotonic regression.
    touching = np.concatenate([[0.0], np.cumsum([(a + b) / 2 for a, b in pairwise(sizes)])])
    shift = isotonic_regression(np.asarray(wanted) - touching).x
    bottom, top = sizes[0] / 2, 1 - sizes[-1] / 2 - touching[-1]
    return list(map(float, np.maximum(np.minimum(shift, top), bottom) + touching))


def widened(low: float, high: float, span: float) -> tuple[float, float]:
    """Return an interval at least `span` wide with the same middle."""
    missing = max(0.0, span - (high - low)) / 2
    return low - missing, high + missing


def _draw_dots(panel: Axes, ours: Vector, theirs: Vector) -> None:
    """Draw one metric in percent [row]: ours as dots with their numbers, the thesis's as hollow markers."""
    rows = np.arange(ours.size)
    defined = np.isfinite(ours)
    both = defined & np.isfinite(theirs)
    panel.hlines(rows[both], ours[both], theirs[both], color=theme.GREY, linewidth=1, zorder=2)
    panel.plot(
        theirs,
        rows,
        "D",
        color=theme.VERMILLION,
        markerfacecolor="white",
        markersize=7,
        zorder=3,
        label="thesis, Table 1",
    )
    panel.plot(ours, rows, "o", color=theme.BLUE, markersize=6, zorder=4, label="this workflow")
    panel.grid(axis="y", visible=False)
    panel.set_axisbelow(True)
    panel.tick_params(axis="y", length=0)
    for row, value in enumerate(ours):
        if np.isfinite(value):
            panel.annotate(number(value, 1), (value, row), (0, 5), color=theme.BLUE, **theme.ABOVE)
        else:
            middle = panel.get_yaxis_transform()  # x in fractions of the panel
            panel.annotate("undefined", (0.5, row), (0, 5), xycoords=middle, color=theme.GREY, **theme.ABOVE)
    seen = np.concatenate([ours[defined], theirs[np.isfinite(theirs)]])
    low, high = (float(seen.min()), float(seen.max())) if seen.size else (0.0, 100.0)
    low, high = widened(low, high, FOREST_SPAN)
    margin = 0.15 * (high - low)  # keeps the numbers inside
    panel.set_xlim(low - margin, high + margin)
    panel.xaxis.set_major_locator(MaxNLocator(nbins=4))


def _shown(value: float, as_percent: bool = False) -> str:
    if np.isnan(value):
        return "undefined"
    return f"{percent(value)} %" if as_percent else f"{value:z.2f}"


def _last(curves: Mapping[str, Vector], name: str, as_percent: bool = False) -> str:
    """Return the last measured value of a column and its step, for a title."""
    found = np.flatnonzero(np.isfinite(curves[name]))
    if found.size == 0:
        return "not recorded"
    return f"{_shown(float(curves[name][found[-1]]), as_percent)} at step {int(curves['step'][found[-1]]):,}"


def _lowest(curves: Mapping[str, Vector]) -> str:
    """Return a title with the lowest validation loss and its step."""
    found = np.flatnonzero(np.isfinite(curves["val_loss"]))
    if found.size == 0:
        return "Validation loss not recorded"
    best = found[np.argmin(curves["val_loss"][found])]
    return f"Lowest validation loss {_shown(float(curves['val_loss'][best]))} at step {int(curves['step'][best]):,}"

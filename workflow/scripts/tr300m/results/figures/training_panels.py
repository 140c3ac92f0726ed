"""The four panels of the thesis's Appendix D for one run."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike
from scipy.optimize import isotonic_regression

from ...base.errors import TR300MError
from ...base.types import Floats
from ...metrics.point import log_pearson
from ..metric_table import percent
from . import style as theme
from .canvas import new_figure, widened

_DRAWN_COLUMNS = (
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
# With more pairs, points would hide each other; hexagonal bins with counts are drawn, which also keep the SVG small.
MOST_POINTS = 2_000
HEXAGONS = 60
# With more epochs, markers of full size would hide the line.
MOST_MARKERS = 25
# Smallest distance between two labels at the ends of lines, as a fraction of the panel's height.
LABEL_GAP = 0.052
# Smallest range of the y axis of each panel, so that small differences are not magnified.
_LEAST_SPANS = {"Loss (mean NLL, nat)": 0.5, "Correlation": 0.2, "Accuracy (%)": 10.0}


def run_panels(
    observed: ArrayLike,
    median: ArrayLike,
    history: Mapping[str, ArrayLike],
    title: str,
    subtitle: str,
    *,
    part: str = "validation",
    thesis: Mapping[str, Floats] | None = None,
) -> Figure:
    """Draw the four panels of one run: predictions, and loss, correlations and accuracy over the steps.

    Parameters
    ----------
    observed, median
        Observed TPM, and predicted median [pair].
    history
        Columns of the run's `history.tsv`, as numbers or text [epoch]; NaN for missing values.
    title, subtitle
        Text above the panels.
    part
        Part that `observed` and `median` are of.
    thesis
        The thesis's curves of the same architecture, from `thesis_curves.read_thesis_curves`. They are drawn in pale
        colours behind ours, up to our last step.

    Raises
    ------
    TR300MError
        If the pairs are invalid (see `point.pearson`), or the history lacks a column or has no row.
    """
    curves = _history(history)
    theirs = _until(thesis, float(curves["step"].max())) if thesis else {}
    correlation = log_pearson(observed, median)  # also checks both arrays
    x = np.log10(1.0 + np.asarray(observed, dtype=np.float64))
    y = np.log10(1.0 + np.asarray(median, dtype=np.float64))
    with theme.looks():
        figure = new_figure(10.0, 8.0, title, subtitle)
        (predictions, loss), (correlations, accuracy) = figure.subplots(2, 2)
        _draw_predictions(figure, predictions, x, y)
        predictions.set_title(f"Log Pearson {_shown(correlation)} on {x.size:,} {part} pairs")
        _draw_curves(
            loss,
            curves,
            theirs,
            [("loss", "Training", "val_loss", "Validation", theme.BLUE)],
            "Loss (mean NLL, nat)",
            _lowest(curves),
        )
        _draw_curves(
            correlations,
            curves,
            theirs,
            [
                ("pearson", "Training\nPearson", "val_pearson", "Validation\nPearson", theme.VERMILLION),
                ("log_pearson", "Training\nlog Pearson", "val_log_pearson", "Validation\nlog Pearson", theme.BLUE),
            ],
            "Correlation",
            f"Validation log Pearson {_last(curves, 'val_log_pearson')}",
        )
        _draw_curves(
            accuracy,
            _in_percent(curves),
            _in_percent(theirs),
            [("accuracy", "Training", "val_accuracy", "Validation", theme.GREEN)],
            "Accuracy (%)",
            f"Validation accuracy {_last(curves, 'val_accuracy', as_percent=True)}",
        )
        if theirs:
            _explain_pale(figure)
    return figure


def _history(history: Mapping[str, ArrayLike]) -> dict[str, Floats]:
    """Return the drawn columns as float64 [epoch]."""
    missing = [name for name in _DRAWN_COLUMNS if name not in history]
    if missing:
        raise TR300MError(
            f"the training history lacks {', '.join(missing)}", "train the run again to write its history.tsv"
        )
    try:
        curves = {name: np.asarray(history[name]).astype(np.float64) for name in _DRAWN_COLUMNS}
    except ValueError as error:
        raise TR300MError(
            f"the training history has a value that is not a number: {error}",
            "correct history.tsv, or train the run again",
        ) from None
    steps = curves["step"]
    if steps.size == 0:
        raise TR300MError("the training history has no row", "train for at least one epoch")
    if not np.isfinite(steps).all() or any(column.shape != steps.shape for column in curves.values()):
        raise TR300MError("the training history lacks steps or values in some rows", "train the run again")
    return curves


def _until(thesis: Mapping[str, Floats], last: float) -> dict[str, Floats]:
    """Return the rows of the thesis's curves up to the step `last`, or an empty dict if there are none."""
    kept = thesis["step"] <= last
    return {name: column[kept] for name, column in thesis.items()} if kept.any() else {}


def _in_percent(curves: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return the curves with both accuracies in percent."""
    return {name: 100 * column if name.endswith("accuracy") else column for name, column in curves.items()}


def _draw_predictions(figure: Figure, panel: Axes, x: Floats, y: Floats) -> None:
    """Draw log10(1 + TPM) [pair], observed against predicted, with the diagonal."""
    high = max(1.0, float(x.max()), float(y.max())) * 1.03
    # The hexagons of 0 TPM, often a fifth of all pairs, are centred on the axis, so half of each is below it.
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
        # An inset axis stays beside the square panel.
        bar = figure.colorbar(bins, cax=panel.inset_axes((1.02, 0.0, 0.03, 1.0)))
        bar.set_label("Pairs per hexagon")
        bar.outline.set_visible(False)
    else:
        panel.scatter(x, y, s=12, color=theme.BLUE, alpha=0.4, linewidths=0, zorder=2)
    panel.plot([0, high], [0, high], color=theme.BLACK, linewidth=1, zorder=3)
    panel.set(xlim=(low, high), ylim=(low, high), aspect="equal", anchor="W")
    panel.set(xlabel="Observed expression, log$_{10}$(1 + TPM)", ylabel="Predicted median, log$_{10}$(1 + TPM)")


def _draw_curves(
    panel: Axes,
    curves: Mapping[str, Floats],
    theirs: Mapping[str, Floats],
    pairs: Sequence[tuple[str, str, str, str, str]],
    ylabel: str,
    title: str,
) -> None:
    """Draw columns of the history over the steps, each labelled at its right end, and the thesis's in pale behind them.

    Each item of `pairs` has training column and label, validation column and label, and colour of one metric.
    """
    steps = curves["step"]
    in_units = bool(steps.max() >= STEP_UNIT)
    unit = STEP_UNIT if in_units else 1
    x = steps / unit
    smaller = {"markersize": 2} if x.size > MOST_MARKERS else {}
    ends = []
    for train, train_label, validation, validation_label, color in pairs:
        for name, label, style in (
            (train, train_label, theme.TRAINING),
            (validation, validation_label, theme.VALIDATION),
        ):
            if theirs:
                panel.plot(theirs["step"] / unit, theirs[name], color=theme.PALE[color], **theme.behind(style))
            y = curves[name]
            finite = np.flatnonzero(np.isfinite(y))
            if finite.size == 0:
                continue
            # Missing epochs are gaps; markers show single epochs between them.
            panel.plot(x, np.where(np.isfinite(y), y, np.nan), color=color, **(style | smaller))
            ends.append((float(y[finite[-1]]), label, color))
    panel.set_title(title)
    panel.set_ylabel(ylabel)
    panel.set_xlabel("Optimiser steps ($10^4$)" if in_units else "Optimiser steps")
    if not ends:
        panel.set(xticks=[], yticks=[])
        panel.text(0.5, 0.5, "not recorded", transform=panel.transAxes, ha="center", va="center", color=theme.GREY)
        return
    panel.margins(x=0.04, y=0.1)
    # Otherwise a single epoch would get ticks at fractions of a step around it.
    if steps.size == 1:
        panel.set_xticks(x, [f"{x[0]:g}"])
    else:
        panel.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10], integer=not in_units))
    _label_ends(panel, ends, _LEAST_SPANS[ylabel])


def _explain_pale(figure: Figure) -> None:
    """Add a legend for the thesis's curves below the panels."""
    styles = ((theme.TRAINING, "training"), (theme.VALIDATION, "validation"))
    lines = [Line2D([], [], color=theme.PALE[theme.BLUE], **theme.behind(style)) for style, _ in styles]
    labels = [f"the thesis's {which} (pale)" for _, which in styles]
    figure.legend(lines, labels, loc="outside lower right", ncols=2, frameon=False)


def _label_ends(panel: Axes, ends: Sequence[tuple[float, str, str]], span: float) -> None:
    """Write (value, label, colour) to the right of the panel, each at its value, without overlaps."""
    low, high = widened(*panel.get_ylim(), span)
    # Fix the axis, so that the labels stay at the ends of their lines.
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
    """Move labels apart so that they do not overlap.

    Parameters
    ----------
    wanted
        Desired centre of each label, as a fraction of the panel's height, ascending.
    sizes
        Height of each label.

    Returns
    -------
    list
        Nearest centres without overlaps; inside [0, 1] if all labels fit, otherwise starting at 0.
    """
    # Relative to the positions at which all labels touch, the positions must not decrease: an isotonic regression.
    touching = np.concatenate([[0.0], np.cumsum([(a + b) / 2 for a, b in pairwise(sizes)])])
    shift = isotonic_regression(np.asarray(wanted) - touching).x
    bottom, top = sizes[0] / 2, 1 - sizes[-1] / 2 - touching[-1]
    return list(map(float, np.maximum(np.minimum(shift, top), bottom) + touching))


def _shown(value: float, as_percent: bool = False) -> str:
    if np.isnan(value):
        return "undefined"
    return f"{percent(value)} %" if as_percent else f"{value:z.2f}"


def _last(curves: Mapping[str, Floats], name: str, as_percent: bool = False) -> str:
    """Return the last value of a column and its step, for a title."""
    found = np.flatnonzero(np.isfinite(curves[name]))
    if found.size == 0:
        return "not recorded"
    return f"{_shown(float(curves[name][found[-1]]), as_percent)} at step {int(curves['step'][found[-1]]):,}"


def _lowest(curves: Mapping[str, Floats]) -> str:
    """Return a title with the lowest validation loss and its step."""
    found = np.flatnonzero(np.isfinite(curves["val_loss"]))
    if found.size == 0:
        return "Validation loss not recorded"
    best = found[np.argmin(curves["val_loss"][found])]
    return f"Lowest validation loss {_shown(float(curves['val_loss'][best]))} at step {int(curves['step'][best]):,}"

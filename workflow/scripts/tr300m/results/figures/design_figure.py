"""Figure of a design: the gain by run beside random edits, and the predicted expression by context."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from ...use.design_review import Gain
from . import style as theme
from .canvas import new_figure

_MOST_CONTEXTS = 20
"""Contexts that the right panel shows: the target, and those with the highest expression after the design."""


def gain_panels(gains: Sequence[Gain], contexts: Mapping[str, list[Any]]) -> Figure:
    """Draw gains and expression.

    Parameters
    ----------
    gains
        Gains by run.
    contexts
        Columns `context`, `mean_before` and `mean_after`, the target first (TPM).
    """
    after = np.array(contexts["mean_after"])
    shown = [0, *(1 + np.argsort(-after[1:], kind="stable")[: _MOST_CONTEXTS - 1]).tolist()]
    height = 1.6 + 0.26 * max(len(gains), len(shown), 3)
    with theme.looks():
        figure = new_figure(10.0, height, "Predicted gain and expression", "")
        left, right = figure.subplots(1, 2)
        rows = np.arange(len(gains))
        colours = [theme.BLUE if gain.role == "search" else theme.GREEN for gain in gains]
        left.barh(rows, [gain.gain for gain in gains], 0.6, color=colours)
        left.errorbar(
            [gain.random_mean for gain in gains],
            rows,
            xerr=[gain.random_sd for gain in gains],
            fmt="D",
            color=theme.BLACK,
            markersize=4,
            label="random edits",
        )
        left.set_yticks(rows, [f"{gain.run} ({gain.role})" for gain in gains])
        left.invert_yaxis()
        left.axvline(0, color=theme.GREY, linewidth=0.8)
        left.set_xlabel("Gain of the objective, log(1 + TPM)")
        left.set_title("Gain by run")
        left.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8)
        _draw_contexts(right, contexts, shown)
    return figure


def _draw_contexts(panel: Any, contexts: Mapping[str, list[Any]], shown: Sequence[int]) -> None:
    rows = np.arange(len(shown))
    before, after = (np.log1p([contexts[name][row] for row in shown]) for name in ("mean_before", "mean_after"))
    panel.hlines(rows, before, after, color=theme.LIGHT_GREY, linewidth=2, zorder=1)
    panel.plot(before, rows, "o", color=theme.GREY, markerfacecolor="white", label="start")
    panel.plot(after, rows, "o", color=theme.VERMILLION, label="design")
    names = [contexts["context"][row] for row in shown]
    panel.set_yticks(rows, [f"{name} (target)" if row == 0 else name for row, name in enumerate(names)])
    panel.invert_yaxis()
    panel.set_xlabel("log(1 + predicted mean TPM)")
    panel.set_title("By context")
    panel.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), frameon=False, fontsize=8, ncols=2)

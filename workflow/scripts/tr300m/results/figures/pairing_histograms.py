"""Histograms of the correlations of random pairings of motifs and levels, with that of the own pairing as a line."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ...base.types import Floats
from ..random_pairings import PANELS, among_draws
from . import style as theme
from .canvas import new_figure

_BINS = 20
_HEADROOM = 1.35
"""Height of a panel in units of its highest bar: the text at the line must not cover bars."""


def pairing_histograms(pairings: Mapping[str, Floats], *, subtitle: str = "") -> Figure:
    """Draw a histogram of random pairings for each panel, and a line at the own pairing.

    Parameters
    ----------
    pairings
        Correlations of each of `mechanism_table.PANELS`, own first [1 + draw]; empty or undefined ones are not drawn.
    subtitle
        Text below the title.
    """
    with theme.looks():
        figure = new_figure(11.0, 3.6, _title(pairings), subtitle)
        panels = figure.subplots(1, len(PANELS))
        for panel, (name, title) in zip(panels, PANELS.items(), strict=True):
            panel.set_title(f"{title[0].upper()}{title[1:]}")
            _draw(panel, pairings[name])
        panels[0].set_ylabel("Shuffled pairings")
    return figure


def _title(pairings: Mapping[str, Floats]) -> str:
    """Return a title with the place of the own pairing among the random ones."""
    found = []
    for name, title in PANELS.items():
        values = pairings[name]
        if len(values) > 1 and not np.isnan(values).any():
            better = np.count_nonzero(values[0] > values[1:])
            found.append(f"{better} of {len(values) - 1} ({title})")
    return f"Own levels beat shuffled ones in {', '.join(found)}" if found else "The mechanism was not tested"


def _draw(panel: Axes, values: Floats) -> None:
    """Draw one panel."""
    if len(values) < 2 or np.isnan(values).any():
        panel.text(0.5, 0.5, "undefined", transform=panel.transAxes, ha="center", color=theme.GREY)
        return
    own, drawn = float(values[0]), values[1:]
    heights, _, _ = panel.hist(drawn, bins=_BINS, color=theme.LIGHT_GREY, edgecolor=theme.GREY, linewidth=0.6)
    panel.axvline(own, color=theme.BLUE, linewidth=2)
    panel.set_ylim(0, _HEADROOM * float(np.max(heights)))
    _, _, z, p = among_draws(own, drawn)
    right = own > drawn.mean()
    panel.annotate(
        f"own {own:.3f}\nz {z:.1f}, p {p:.2g}",
        (own, 0.97),
        (-4 if right else 4, 0),
        xycoords=panel.get_xaxis_transform(),
        textcoords="offset points",
        ha="right" if right else "left",
        va="top",
        color=theme.BLUE,
    )
    panel.set_xlabel("Correlation")
    panel.xaxis.set_major_locator(MaxNLocator(nbins=5))
    panel.yaxis.set_major_locator(MaxNLocator(nbins=4, integer=True))

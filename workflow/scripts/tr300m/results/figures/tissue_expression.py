"""Figure of a gene's expression by tissue: predicted and observed, side by side."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from . import style as theme
from .canvas import new_figure

if TYPE_CHECKING:
    from ...use.gene_view import TissueExpression

_TICKS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
_DISTANCE = 0.17
"""Distance of predicted and observed values from the middle of a tissue's line."""


def tissue_figure(rows: "TissueExpression", name: str, runs: str) -> Figure:
    """Draw the median of a gene in each tissue, predicted and observed, each with its range over 90 % of the samples.

    Parameters
    ----------
    rows
        Expression by tissue (TPM), drawn on the scale of log(1 + TPM).
    name
        Name of the gene.
    runs
        Names of the runs, for the title.
    """
    places = np.arange(len(rows.tissue))
    kinds = (
        ("predicted", theme.BLUE, -_DISTANCE, rows.median, rows.q05, rows.q95),
        ("observed", theme.VERMILLION, _DISTANCE, rows.observed, rows.low, rows.high),
    )
    with theme.looks():
        title = f"{name}: predicted and observed expression"
        figure = new_figure(8.0, 1.5 + 0.38 * len(places), title, f"{runs}; medians, and ranges of 90 % of the samples")
        axis = figure.subplots()
        for label, colour, shift, middle, low, high in kinds:
            axis.hlines(places + shift, np.log1p(low), np.log1p(high), color=colour, linewidth=2, alpha=0.5)
            axis.plot(np.log1p(middle), places + shift, "o", color=colour, markersize=5, label=label)
        axis.set_yticks(places, list(rows.tissue))
        axis.invert_yaxis()
        axis.xaxis.set_major_locator(FixedLocator(np.log1p(_TICKS).tolist()))
        axis.xaxis.set_minor_locator(NullLocator())
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{np.expm1(value):,.0f}"))
        axis.set_xlim(left=-0.05)
        axis.set_xlabel("TPM, on the scale of log(1 + TPM)")
        axis.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), frameon=False, ncols=2)
    return figure

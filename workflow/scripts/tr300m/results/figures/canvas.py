"""Functions for all figures: the empty figure with its titles, minimal ranges of axes, reproducible files."""

import io
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from ...base.errors import TR300MError
from ...base.files import atomic_path
from . import style as theme

_TITLE_SIZE = 13.0

METADATA: dict[str, dict[str, Any]] = {".svg": {"Date": None, "Creator": None}, ".png": {"Software": None}}
"""By ending of a file: no date and no version of Matplotlib in it, so that neither changes its bytes."""


def new_figure(width: float, height: float, title: str, subtitle: str) -> Figure:
    """Return an empty figure, in inches, with both titles above the panels."""
    figure = Figure(figsize=(width, height))
    top = 0.28 + 0.22 * (1 + subtitle.count("\n")) * bool(subtitle)
    figure.set_layout_engine("constrained", rect=(0, 0, 1, 1 - top / height), w_pad=0.12, h_pad=0.12)
    heading = figure.text(0.12 / width, 1 - 0.1 / height, title, va="top", size=_TITLE_SIZE, weight="bold")
    # A run may have a long name. The width differs a little at another resolution, where letters are rounded to pixels.
    fits = 0.97 * (figure.bbox.width - 2 * 0.12 * figure.dpi) / heading.get_window_extent().width
    heading.set_fontsize(_TITLE_SIZE * min(1.0, fits))
    figure.text(0.12 / width, 1 - 0.36 / height, subtitle, va="top", size=9.5, color=theme.GREY)
    return figure


def widened(low: float, high: float, span: float) -> tuple[float, float]:
    """Return an interval with the same centre that is at least `span` wide."""
    missing = max(0.0, span - (high - low)) / 2
    return low - missing, high + missing


def png_of(figure: Figure) -> bytes:
    """Return a figure as the bytes of a PNG: for pages that include it, and for notebooks."""
    picture = io.BytesIO()
    with theme.looks():
        figure.savefig(picture, format="png", dpi=theme.DPI, metadata=METADATA[".png"])
    return picture.getvalue()


def save(figure: Figure, svg: Path | str, png: Path | str) -> None:
    """Write a figure as SVG and PNG, atomically and without dates, so that the same figure gives the same bytes.

    Parameters
    ----------
    figure
        Figure to write.
    svg, png
        Files to write; their names must end in .svg and .png, because the format follows from the name.

    Raises
    ------
    TR300MError
        If a name has another ending.
    """
    for path, ending in ((svg, ".svg"), (png, ".png")):
        if Path(path).suffix != ending:
            raise TR300MError(f"{path} does not end in {ending}", "name the SVG first, then the PNG")
    with theme.looks():
        with atomic_path(svg) as temporary:
            figure.savefig(temporary, metadata=METADATA[".svg"])
        with atomic_path(png) as temporary:
            figure.savefig(temporary, dpi=theme.DPI, metadata=METADATA[".png"])

"""Figure of an in-silico mutagenesis: heat map, sequence logo, names of motifs, in lines of the promoter."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.image import AxesImage
from matplotlib.patches import PathPatch
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D

from ...base.files import atomic_path
from ...base.types import Floats
from . import style as theme
from .canvas import METADATA, new_figure

if TYPE_CHECKING:
    from ...use.motif_sites import NamedSite
    from ...use.mutagenesis import Mutagenesis

LINE_BP = 110
"""Base pairs in a line of the figure."""
BASE_COLOURS = {"A": theme.GREEN, "C": theme.BLUE, "G": "#E69F00", "T": theme.VERMILLION}
_MOST_ROWS = 60
_SHADE, _SHADE_TEXT = "#FBE7B2", "#8A6100"
_WIDTH, _LINE_HEIGHT, _ROW_HEIGHT, _GAPS = 13.0, 0.9, 0.1, 0.55


def draw_mutagenesis(found: "Mutagenesis", sites: "Sequence[NamedSite]", runs: str, path: Path) -> None:
    """Draw a figure and write it as .png or .svg; see `mutagenesis_figure`."""
    figure = mutagenesis_figure(found, sites, runs)
    with theme.looks(), atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=theme.DPI, metadata=METADATA[path.suffix])


def mutagenesis_figure(
    found: "Mutagenesis", sites: "Sequence[NamedSite]", runs: str, shaded: "Sequence[NamedSite]" = ()
) -> Figure:
    """Draw a figure.

    In one context the heat map shows the change of each base, and the logo the importance. In several, the heat map
    shows the importance in each, and the logo its size, averaged over contexts. Names of motifs are below the logo.

    Parameters
    ----------
    found
        Changes.
    sites
        Motifs to name.
    runs
        Names of the runs, for the title.
    shaded
        Places to shade, with their names above the logo, such as planted sites.
    """
    several = len(found.contexts) > 1
    table = found.importance[:_MOST_ROWS] if several else found.single.mean[0].T
    names = list(found.contexts[:_MOST_ROWS]) if several else list("ACGT")
    logo = np.abs(found.importance).mean(axis=0) if several else found.importance[0]
    label = "mean size" if several else "importance"
    lines = -(-len(logo) // LINE_BP)
    rows_height = _ROW_HEIGHT * max(len(names), 5)
    what = "importance of each base" if several else f"log2 fold change of the predicted mean in {found.contexts[0]}"
    with theme.looks():
        height = 0.8 + (_LINE_HEIGHT + rows_height + _GAPS) * lines
        figure = new_figure(_WIDTH, height, f"{found.name}: what each base is worth", f"{runs}; colours: {what}")
        heights = [rows_height, _LINE_HEIGHT] * lines
        axes = figure.subplots(2 * lines, 1, height_ratios=heights, squeeze=False)[:, 0]
        limit = float(np.nanmax(np.abs(table), initial=0)) or 1.0
        span = (min(float(logo.min()), 0.0), max(float(logo.max()), 0.0))
        for line in range(lines):
            start, end = line * LINE_BP, min((line + 1) * LINE_BP, len(logo))
            heat, letters = axes[2 * line], axes[2 * line + 1]
            image = _heat(heat, table[:, start:end], names, int(found.distance[start]), limit)
            if line == 0:
                figure.colorbar(image, ax=axes.tolist(), shrink=0.3, aspect=40, label="log2 fold change")
            _logo(letters, logo[start:end], found.bases[start:end], int(found.distance[start]), span, label)
            _names(letters, sites, start, end, int(found.distance[0]))
            _shades(letters, shaded, start, end, int(found.distance[0]))
            for axis in (heat, letters):
                axis.set_xlim(found.distance[start] - 0.5, found.distance[start] + LINE_BP - 0.5)
        axes[-1].set_xlabel("distance from the TSS (bp)")
    return figure


def _heat(axis: Axes, table: Floats, names: list[str], first: int, limit: float) -> AxesImage:
    extent = (first - 0.5, first + table.shape[1] - 0.5, len(names) - 0.5, -0.5)
    image = axis.imshow(
        table, cmap="RdBu_r", vmin=-limit, vmax=limit, aspect="auto", extent=extent, interpolation="nearest"
    )
    axis.set_yticks(range(len(names)), names, size=7 if len(names) <= 4 else 5)
    axis.set_xticks([])
    axis.grid(visible=False)
    return image


def _logo(axis: Axes, heights: Floats, bases: list[str], first: int, span: tuple[float, float], label: str) -> None:
    """Draw each base as a letter as high as its importance, below zero if that is negative."""
    for place, (height, base) in enumerate(zip(heights, bases, strict=True)):
        if base in BASE_COLOURS and height:
            axis.add_patch(_letter(base, first + place, float(height), axis))
    room = span[1] - span[0] or 1.0
    axis.set_ylim(span[0] - 0.45 * room, span[1] + 0.05 * room)
    axis.axhline(0, color=theme.GREY, linewidth=0.5)
    axis.set_ylabel(label, size=7)
    axis.tick_params(labelsize=7)
    axis.grid(visible=False)


def _letter(base: str, centre: float, height: float, axis: Axes) -> PathPatch:
    shape = TextPath((0, 0), base, size=1, prop=FontProperties(family="DejaVu Sans", weight="bold"))
    box = shape.get_extents()
    place = (
        Affine2D().translate(-box.x0, -box.y0).scale(0.94 / box.width, height / box.height).translate(centre - 0.47, 0)
    )
    return PathPatch(shape, transform=place + axis.transData, color=BASE_COLOURS[base], linewidth=0)


def _shades(axis: Axes, shaded: "Sequence[NamedSite]", start: int, end: int, first: int) -> None:
    """Shade places behind the logo, each with its name at the top."""
    for site in shaded:
        left, right = max(site.start, start), min(site.end, end)
        if left >= right:
            continue
        axis.axvspan(first + left - 0.5, first + right - 0.5, color=_SHADE, linewidth=0, zorder=0)
        place = (first + (left + right - 1) / 2, 1.0)
        across = axis.get_xaxis_transform()
        axis.annotate(site.name, place, xycoords=across, ha="center", va="bottom", size=6.5, color=_SHADE_TEXT)


def _names(axis: Axes, sites: "Sequence[NamedSite]", start: int, end: int, first: int) -> None:
    """Write names of motifs below the logo, each under a line as long as its site."""
    bottom, top = axis.get_ylim()
    shown = [site for site in sites if start <= site.start < end]
    for number, site in enumerate(shown):
        height = bottom + (top - bottom) * (0.25 - 0.12 * (number % 2))
        axis.plot([first + site.start - 0.4, first + site.end - 0.6], [height] * 2, color=theme.BLACK, linewidth=1.5)
        axis.annotate(
            site.name,
            (first + (site.start + site.end - 1) / 2, height),
            (0, -1.5),
            textcoords="offset points",
            ha="center",
            va="top",
            size=6.5,
            clip_on=False,
        )

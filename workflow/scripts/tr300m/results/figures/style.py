"""How the figures look: colours that colour-blind readers can tell apart, sizes, line styles."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from matplotlib import style
from matplotlib.patheffects import withStroke

# Okabe and Ito's palette, less its yellow and orange, which are too pale for text and thin lines on white.
BLUE: Final = "#0072B2"
VERMILLION: Final = "#D55E00"
GREEN: Final = "#009E73"
PURPLE: Final = "#CC79A7"
BLACK: Final = "#000000"
GREY: Final = "#767676"
LIGHT_GREY: Final = "#D9D9D9"

# Tints for what stands behind: of another source, or of the runs that a panel is not about.
PALE: Final = {BLUE: "#A6CCE3", VERMILLION: "#F0C1A0", GREEN: "#A3D9C7"}

# Counts from one to many: lightness alone tells them apart.
COUNTS: Final = ["#C6DDEE", BLUE, "#00182B"]

DPI: Final = 160

# Colour says which metric, the line's style which pairs: both survive grey printing.
VALIDATION: Final[dict[str, Any]] = {"linestyle": "-", "marker": "o", "markersize": 4}
TRAINING: Final[dict[str, Any]] = {"linestyle": "--", "marker": "o", "markersize": 4, "markerfacecolor": "white"}


def behind(style: dict[str, Any]) -> dict[str, Any]:
    """Return the style of a line behind others: thin, without points."""
    return {"linestyle": style["linestyle"], "linewidth": 1.2, "zorder": 1.5}


# The thesis's own figure beside ours.
THESIS: Final[dict[str, Any]] = {
    "linestyle": "none",
    "marker": "D",
    "color": VERMILLION,
    "markerfacecolor": "white",
    "markersize": 5.5,
    "zorder": 3,
}

# On a predicted density, as in the thesis's Figure 15: its mean, and the observed value.
MEAN: Final[dict[str, Any]] = {
    "linestyle": "none",
    "color": "red",
    "markersize": 10,
    "markeredgewidth": 2.2,
    "zorder": 5,
    "clip_on": False,
}
OBSERVED: Final[dict[str, Any]] = {
    "linestyle": "none",
    "color": BLACK,
    "markersize": 7,
    "zorder": 4,
    "clip_on": False,
}

# Text a few points above a marker; the white edge keeps lines behind it from crossing it out.
ABOVE: Final[dict[str, Any]] = {
    "textcoords": "offset points",
    "ha": "center",
    "va": "bottom",
    "size": 7.5,
    "path_effects": [withStroke(linewidth=2, foreground="white")],
}

# On top of Matplotlib's own defaults, while drawing and saving (`looks`); never set globally.
# Any: the keys are literal types in some versions of Matplotlib, plain text in others.
RC: Final[Any] = {
    "font.family": "DejaVu Sans",  # comes with Matplotlib, so figures are the same on every machine
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 8,
    "axes.labelsize": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LIGHT_GREY,
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.5,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "axes.unicode_minus": True,
    # Identifiers inside an SVG are random without a salt.
    "svg.hashsalt": "tr300m",
    "path.simplify": True,
}


@contextmanager
def looks() -> Iterator[None]:
    """Draw and save with Matplotlib's defaults and `RC`, whatever a matplotlibrc or a notebook has set."""
    with style.context(["default", RC]):
        yield

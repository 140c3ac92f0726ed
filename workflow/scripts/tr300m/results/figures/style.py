"""Style of the figures: colours that colour-blind readers can distinguish, sizes, line styles."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from matplotlib import style
from matplotlib.patheffects import withStroke

# The palette of Okabe and Ito without yellow and orange, which are too pale for text and thin lines on white.
BLUE: Final = "#0072B2"
VERMILLION: Final = "#D55E00"
GREEN: Final = "#009E73"
PURPLE: Final = "#CC79A7"
BLACK: Final = "#000000"
GREY: Final = "#767676"
LIGHT_GREY: Final = "#D9D9D9"

# Tints for lines in the background: those of another source or of other runs.
PALE: Final = {BLUE: "#A6CCE3", VERMILLION: "#F0C1A0", GREEN: "#A3D9C7"}

# Colours of counts, from low to high; they differ in lightness only.
COUNTS: Final = ["#C6DDEE", BLUE, "#00182B"]

DPI: Final = 160

# The colour shows the metric, the line style the pairs, so that both are visible in grey print.
VALIDATION: Final[dict[str, Any]] = {"linestyle": "-", "marker": "o", "markersize": 4}
TRAINING: Final[dict[str, Any]] = {"linestyle": "--", "marker": "o", "markersize": 4, "markerfacecolor": "white"}


def behind(style: dict[str, Any]) -> dict[str, Any]:
    """Return the style of a line in the background: thin and without points."""
    return {"linestyle": style["linestyle"], "linewidth": 1.2, "zorder": 1.5}


# The thesis's value beside ours.
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

# Text above a marker, with a white edge so that lines behind it do not make it unreadable.
ABOVE: Final[dict[str, Any]] = {
    "textcoords": "offset points",
    "ha": "center",
    "va": "bottom",
    "size": 7.5,
    "path_effects": [withStroke(linewidth=2, foreground="white")],
}

# Changes to Matplotlib's defaults while drawing and saving (`looks`); they are never set globally.
# The type is Any because the keys are literal types in some versions of Matplotlib and text in others.
RC: Final[Any] = {
    "font.family": "DejaVu Sans",  # part of Matplotlib, so that figures are the same on all machines
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
    """Draw and save with Matplotlib's defaults and `RC`, independent of a matplotlibrc or a notebook."""
    with style.context(["default", RC]):
        yield

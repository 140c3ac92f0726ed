"""Figures of the motif detection: the panels of the thesis's Appendix B, and the learnt kernel as a sequence logo."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.textpath import TextPath
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray
from scipy.stats import nbinom

from ..arrays.sequence import BASES
from ..base.types import Floats
from ..results.figures import style as theme
from .kernel import Match, information

COLORS: Final = dict(zip(BASES, (theme.GREEN, theme.BLUE, theme.PURPLE, theme.VERMILLION), strict=True))
LETTER_WIDTH: Final = 0.9
"""Width of a letter as a fraction of a position."""
CORRELATIONS: Final = ("pearson", "val_pearson", "log_pearson", "val_log_pearson")
# Smallest half-width of the axis of counts, and largest start of the axis of correlations, so that noise is not
# magnified.
LEAST_COUNTS, LEAST_CORRELATION = 10, 0.8
# Largest horizontal shift of points, which would otherwise coincide.
JITTER: Final = 4.0


def detection_panels(
    history: Mapping[str, Floats],
    target: Floats,
    count: Floats,
    success: Floats,
    probability: Floats,
    motif: str,
    match: Match,
) -> Figure:
    """Draw the six panels of one motif detection.

    Parameters
    ----------
    history
        Columns `detector.DETECTION_COLUMNS`, each [epoch].
    target
        Target counts [promoter].
    count, success
        Parameters n and p of SciPy's negative binomial [promoter].
    probability
        Base probabilities of the learnt kernel [position, base].
    motif, match
        The planted motif, and its position in the kernel.
    """
    median, mean = (np.asarray(of(count, success)) for of in (nbinom.median, nbinom.mean))
    with theme.looks():
        figure = Figure(figsize=(10.0, 11.0), layout="constrained")
        figure.get_layout_engine().set(w_pad=0.12, h_pad=0.12)  # type: ignore[union-attr, call-arg]
        (loss, correlation), (without, carrying), (medians, logo) = figure.subplots(3, 2)
        _draw_losses(loss, history)
        _draw_correlations(correlation, history)
        for panel, kind, members in ((without, "without", target == 0), (carrying, "with", target > 0)):
            typical = most_typical(mean, members)
            _draw_counts(panel, count[typical], success[typical])
            panel.set_title(f"Typical promoter {kind} the motif: mean {mean[typical]:.3g}")
        _draw_medians(medians, target, median)
        draw_logo(logo, probability)
        _frame_motif(logo, motif, match)
        logo.set_title(f"Learnt kernel: {match.letters} of {len(motif)} letters of {motif}")
    return figure


def most_typical(mean: Floats, members: NDArray[np.bool_]) -> int:
    """Return the index of the member whose predicted mean [promoter] is nearest to the median of all members."""
    distance = np.abs(mean - np.median(mean[members]))
    return int(np.argmin(np.where(members, distance, np.inf)))


def draw_logo(panel: Axes, probability: Floats) -> None:
    """Draw base probabilities [position, base] as a sequence logo.

    The letters of a position are stacked, the most probable on top; their total height is its information in bits.
    """
    bits = information(probability)
    for position, (row, height) in enumerate(zip(probability, bits, strict=True)):
        bottom = 0.0
        for index in np.argsort(row, kind="stable"):
            _draw_letter(panel, BASES[index], position + 1, bottom, row[index] * height)
            bottom += row[index] * height
    panel.set(xlim=(0.4, len(bits) + 0.6), ylim=(0, 1.15 * float(bits.max())))
    panel.set(xlabel="Position in the kernel", ylabel="Information (bits)")
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.grid(axis="x", visible=False)


def _draw_letter(panel: Axes, letter: str, middle: float, bottom: float, height: float) -> None:
    # Create it here, because it takes defaults from the current settings of Matplotlib.
    font = FontProperties(family="DejaVu Sans", weight="bold")
    outline = TextPath((0, 0), letter, size=1, prop=font)
    box = outline.get_extents()
    place = Affine2D().translate(-box.x0 - box.width / 2, -box.y0)
    place = place.scale(LETTER_WIDTH / box.width, height / box.height).translate(middle, bottom)
    panel.add_patch(PathPatch(place.transform_path(outline), facecolor=COLORS[letter], linewidth=0))


def _frame_motif(panel: Axes, motif: str, match: Match) -> None:
    """Write the planted motif above the positions of the kernel that it is aligned with."""
    top = panel.get_ylim()[1]
    for index, letter in enumerate(motif):
        panel.text(match.offset + index + 1, 0.95 * top, letter, ha="center", va="center", weight="bold", clip_on=True)


def _draw_losses(panel: Axes, history: Mapping[str, Floats]) -> None:
    panel.plot(history["epoch"], history["loss"], color=theme.BLUE, label="Training", **theme.TRAINING)
    panel.plot(history["epoch"], history["val_loss"], color=theme.BLUE, label="Validation", **theme.VALIDATION)
    panel.set_title(f"Validation loss {history['val_loss'][-1]:.3f} after the last epoch")
    _finish_curves(panel, "Loss (mean NLL, nat)")
    # On a linear axis the first epoch would hide the others.
    panel.set_yscale("log")


def _draw_correlations(panel: Axes, history: Mapping[str, Floats]) -> None:
    for name, label, color in (("pearson", "Pearson", theme.VERMILLION), ("log_pearson", "log Pearson", theme.BLUE)):
        panel.plot(history["epoch"], history[name], color=color, label=f"Training {label}", **theme.TRAINING)
        panel.plot(
            history["epoch"], history[f"val_{name}"], color=color, label=f"Validation {label}", **theme.VALIDATION
        )
    panel.set_title(f"Validation Pearson {history['val_pearson'][-1]:.3f} after the last epoch")
    _finish_curves(panel, "Correlation")
    lowest = min(float(np.nanmin(history[name])) for name in CORRELATIONS)
    panel.set_ylim(min(LEAST_CORRELATION, lowest - 0.05), 1.02)


def _finish_curves(panel: Axes, ylabel: str) -> None:
    panel.set(xlabel="Epoch", ylabel=ylabel)
    panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    panel.legend(frameon=False)


def _draw_counts(panel: Axes, count: float, success: float) -> None:
    """Draw one predicted distribution over the counts, with a cross at its mean."""
    predicted = nbinom(count, success)
    mean = float(predicted.mean())
    reach = max(float(LEAST_COUNTS), 4 * float(predicted.std()))
    counts = np.arange(max(0, int(mean - reach)), int(mean + reach) + 1)
    panel.vlines(counts, 0, predicted.pmf(counts), color=theme.BLUE, linewidth=1.5)
    panel.plot([mean], [predicted.pmf(round(mean))], "x", color="red", markersize=9, markeredgewidth=2, label="mean")
    panel.set(xlabel="Count", ylabel="Predicted probability")
    panel.set_ylim(bottom=0)
    panel.legend(frameon=False)


def _draw_medians(panel: Axes, target: Floats, median: Floats) -> None:
    """Draw predicted medians against the targets; points are shifted sideways so that they do not coincide."""
    shift = np.random.default_rng(0).uniform(-JITTER, JITTER, target.size)
    high = 1.1 * max(float(target.max()), float(median.max()))
    panel.plot([0, high], [0, high], color=theme.BLACK, linewidth=1)
    panel.scatter(target + shift, median, s=14, color=theme.BLUE, alpha=0.4, linewidths=0, zorder=3)
    share = float(np.mean(np.abs(median - target) <= 1))
    panel.set_title(f"{100 * share:.1f} % of {target.size:,} medians within 1 of the target")
    panel.set(xlabel="Target count (shifted sideways)", ylabel="Predicted median")

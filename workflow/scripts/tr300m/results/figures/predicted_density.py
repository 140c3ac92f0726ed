"""One predicted distribution over TPM, as in the thesis's Figure 15."""

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from ...base.errors import TR300MError
from ...base.types import Floats
from ..metric_table import percent
from . import style as theme
from .canvas import new_figure

if TYPE_CHECKING:
    from ...model.likelihood.distributions import Likelihood

POINTS = 1_000
CLOSEST = 1e-6
"""Start of the curve, in log10(1 + TPM)."""
_AXIS_QUANTILE = 0.995
"""The axis includes this quantile of the prediction."""
# A density may rise steeply towards 0. If a peak within NEAR_ZERO of 0, in log10(1 + TPM), is more than CUT times as
# high as the rest, it is cut, so that the rest is visible.
NEAR_ZERO = 0.05
CUT = 4.0
TICKS = (0, 1, 3, 10, 30, 100, 300, *(10.0**power for power in range(3, 16)))


def typical_pair(observed: ArrayLike, nll: ArrayLike) -> int:
    """Return the index of the pair with the median NLL among the pairs above 0 TPM.

    For an even number of pairs it is the lower of the two in the middle; if several are equal, the first. At 0 TPM an
    output with an atom has a probability and not a density, which are not comparable, so pairs at 0 TPM are only used
    if there are no others.

    Parameters
    ----------
    observed
        Observed TPM [pair].
    nll
        Negative log likelihood, nat [pair].

    Raises
    ------
    TR300MError
        If there is no pair, the lengths differ, or an NLL is NaN.
    """
    y, scores = np.asarray(observed, dtype=np.float64), np.asarray(nll, dtype=np.float64)
    if y.ndim != 1 or y.shape != scores.shape or y.size == 0:
        raise TR300MError(f"{y.size} observed values for {scores.size} values of NLL", "give one of each per pair")
    if np.isnan(scores).any():
        raise TR300MError(f"{np.isnan(scores).sum()} of {scores.size} values of NLL are NaN", "predict again")
    members = np.flatnonzero(y > 0) if (y > 0).any() else np.arange(y.size)
    return int(members[np.argsort(scores[members], kind="stable")[(members.size - 1) // 2]])


def on_log_axis(likelihood: "Likelihood", position: Floats, raw: ArrayLike) -> Floats:
    """Return the density per unit of x = log10(1 + TPM) [point]: the density per TPM times (1 + TPM) ln 10.

    On an axis of log10(1 + TPM) areas are then probabilities.

    Parameters
    ----------
    likelihood
        Output distribution of the model.
    position
        Values of x, above 0 [point].
    raw
        Model output of one pair [n_outputs].
    """
    y = np.expm1(np.log(10.0) * position)
    outputs = np.broadcast_to(np.asarray(raw, dtype=np.float64), (y.size, np.size(raw)))
    return np.asarray(likelihood.density(y, outputs) * (1.0 + y) * np.log(10.0), dtype=np.float64)


def density_figure(
    likelihood: "Likelihood", raw: ArrayLike, observed: float, name: str, *, subtitle: str = ""
) -> Figure:
    """Draw one predicted density over TPM, with a red x at its mean and a black dot at the observed value.

    A probability of exactly 0 TPM is drawn as a stem at 0, whose value is in the legend.

    Parameters
    ----------
    likelihood
        Output distribution of the model.
    raw
        Model output of the pair [n_outputs].
    observed
        Observed TPM.
    name
        Name of run and pair, for the title.
    subtitle
        Text below the title.

    Raises
    ------
    TR300MError
        If an output is not finite.
    """
    outputs = np.asarray(raw, dtype=np.float64).reshape(1, -1)
    if not np.isfinite(outputs).all():
        raise TR300MError("the model's output of the pair is not finite", "train with a lower learning rate")
    mean, far = float(likelihood.mean(outputs)[0]), float(likelihood.quantile(_AXIS_QUANTILE, outputs)[0])
    high = 1.05 * float(np.log10(1.0 + max(mean, far, observed, 1.0)))
    # The exponential component can be a peak of only 0.001 TPM in width.
    x = np.union1d(np.geomspace(CLOSEST, high, POINTS), np.linspace(0, high, POINTS)[1:])
    curve = on_log_axis(likelihood, x, outputs)
    with theme.looks():
        figure = new_figure(8.0, 4.8, f"{name}: observed value {observed:.4g} TPM", subtitle)
        panel = figure.subplots()
        panel.plot(x, curve, color=theme.BLUE, zorder=2, label="predicted density")
        peak, rest = float(curve.max()), float(curve[x >= NEAR_ZERO].max())
        top = 1.1 * peak if peak <= CUT * rest else 1.3 * rest
        atom = float(likelihood.atom(outputs)[0])
        places = np.log10(1.0 + np.array([mean, observed]))
        heights = np.minimum(on_log_axis(likelihood, np.maximum(places, x[0]), outputs), top)
        if atom > 0:
            _draw_atom(panel, atom, top / 2)
            heights[places == 0] = top / 2
        panel.plot(places[:1], heights[:1], "x", label=f"mean, {mean:.4g} TPM", **theme.MEAN)
        panel.plot(places[1:], heights[1:], "o", label=f"observed value, {observed:.4g} TPM", **theme.OBSERVED)
        _finish(panel, high, top)
        if peak > top:
            leaves = float(x[curve > top].max())
            panel.annotate(f"rises to {peak:.3g} at 0", (leaves, top), (5, 0), textcoords="offset points", va="top")
    return figure


def _draw_atom(panel: Axes, probability: float, height: float) -> None:
    """Draw the probability of exactly 0 TPM as a stem; its height has no meaning, its value is in the legend."""
    panel.plot(
        [0, 0],
        [0, height],
        color=theme.PURPLE,
        linewidth=4,
        solid_capstyle="butt",
        clip_on=False,
        zorder=3,
        label=f"exactly 0 TPM, {percent(probability)} %",
    )


def _finish(panel: Axes, high: float, top: float) -> None:
    """Set the axes, with TPM on a logarithmic axis, and the legend."""
    ticks = [tick for tick in TICKS if np.log10(1.0 + tick) <= high]
    panel.set_xticks(np.log10(1.0 + np.array(ticks)), [f"{tick:,.0f}" for tick in ticks])
    panel.set(xlim=(0, high), ylim=(0, top))
    panel.set_xlabel("TPM, on an axis of log$_{10}$(1 + TPM)")
    panel.set_ylabel("Density per unit of log$_{10}$(1 + TPM)")
    panel.legend(frameon=False)

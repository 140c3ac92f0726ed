"""Calibration of the predicted distributions: PIT, coverage of central intervals, CRPS.

All functions use the CDF (`Likelihood.cdf`), which has an atom at 0 TPM and is continuous above, and not the density.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from ..base.errors import TR300MError
from ..base.types import Bools, Floats

if TYPE_CHECKING:
    from ..model.likelihood.distributions import Likelihood

COVERAGES = (0.5, 0.9)
"""Probabilities of the central intervals whose coverage is reported."""
CURVE_COVERAGES = tuple(step / 20 for step in range(1, 20))
"""Probabilities of the central intervals of the coverage curve; they include `COVERAGES`."""
# Quantiles that divide the range of the CRPS. They extend far into the tail, which may have its own scale.
_CRPS_QUANTILES = (1e-3, 0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.96, 0.985, 0.995, 0.999, 1 - 1e-4, 1 - 1e-6, 1 - 1e-8)
NODES = 10
PAIRS_PER_BLOCK = 8192


def randomised_pit(likelihood: "Likelihood", observed: ArrayLike, raw: ArrayLike, seed: int) -> Floats:
    """Return the probability integral transform [pair], uniform on [0, 1] if the model is calibrated.

    It is the CDF at the observed TPM. For an observed 0 TPM it is drawn uniformly between 0 and the probability of 0.

    Parameters
    ----------
    likelihood
        Output distribution of the model.
    observed
        Observed TPM [pair].
    raw
        Model output [pair, n_outputs].
    seed
        Seed of the random numbers for 0 TPM.
    """
    y = np.asarray(observed, dtype=np.float64)
    pit = np.asarray(likelihood.cdf(y, raw), dtype=np.float64)
    return np.where(y == 0, pit * np.random.default_rng(seed).random(y.size), pit)


def pit_histogram(pit: Floats, bins: int) -> dict[str, list[str]]:
    """Return a histogram of PIT values [pair]: bounds, count and share of each bin, and the share if calibrated."""
    counts, edges = np.histogram(pit, bins=bins, range=(0.0, 1.0))
    return {
        "from": [f"{edge:.6g}" for edge in edges[:-1]],
        "to": [f"{edge:.6g}" for edge in edges[1:]],
        "pairs": [str(count) for count in counts],
        "share": [f"{count / pit.size:.6g}" for count in counts],
        "share_if_calibrated": [f"{1 / bins:.6g}"] * bins,
    }


def pit_coverage(pit: Floats, probability: float) -> float:
    """Return the share of PIT values [pair] in the closed central interval of a probability."""
    return float(np.mean(np.abs(pit - 0.5) <= probability / 2))


def coverage_curve(pit: Floats) -> dict[str, list[str]]:
    """Return the probabilities `CURVE_COVERAGES`, and the share of PIT values [pair] in each central interval."""
    return {
        "probability": [f"{probability:g}" for probability in CURVE_COVERAGES],
        "coverage": [f"{pit_coverage(pit, probability):.6g}" for probability in CURVE_COVERAGES],
    }


def central_interval(likelihood: "Likelihood", raw: ArrayLike, probability: float) -> tuple[Floats, Floats]:
    """Return the bounds of the closed central interval of a probability in TPM, each [pair]."""
    low, high = (likelihood.quantile((1 + side * probability) / 2, raw) for side in (-1, 1))
    return low, high


def inside_interval(likelihood: "Likelihood", observed: ArrayLike, raw: ArrayLike, probability: float) -> Bools:
    """Return whether each observed TPM is in the closed central interval of a probability [pair]; see `coverage`."""
    low, high = central_interval(likelihood, raw, probability)
    y = np.asarray(observed, dtype=np.float64)
    return (low <= y) & (y <= high)


def coverage(likelihood: "Likelihood", observed: ArrayLike, raw: ArrayLike, probability: float) -> tuple[float, float]:
    """Return the share of observed TPM in the closed central interval of a probability, and its mean width in TPM.

    An interval that includes the atom at 0 contains more than this probability even if the model is calibrated.
    """
    y = np.asarray(observed, dtype=np.float64)
    low, high = central_interval(likelihood, raw, probability)
    return float(np.mean((low <= y) & (y <= high))), float(np.mean(high - low))


def crps(likelihood: "Likelihood", observed: ArrayLike, raw: ArrayLike) -> Floats:
    """Return the continuous ranked probability score [pair] in TPM.

    It is the integral of (F(x) - 1{observed <= x})^2 over x >= 0. The range is divided at quantiles of F, at the
    observed value, and at the geometric mean of each two neighbouring points; each interval is integrated by
    Gauss-Legendre quadrature. Beyond the last quantile the integrand is below 1e-16.

    Parameters
    ----------
    likelihood
        Output distribution of the model.
    observed
        Observed TPM [pair].
    raw
        Model output [pair, n_outputs].

    Raises
    ------
    TR300MError
        If the numbers of observed values and outputs differ, or are 0.

    References
    ----------
    T. Gneiting and A. Raftery, J. Am. Stat. Assoc. 102 (2007), section 4.2.
    """
    y, outputs = np.asarray(observed, dtype=np.float64), np.asarray(raw, dtype=np.float64)
    if y.ndim != 1 or len(y) != len(outputs) or not len(y):
        raise TR300MError(
            f"{len(y)} observed values for {len(outputs)} predicted distributions", "give one of each per pair"
        )
    blocks = [slice(start, start + PAIRS_PER_BLOCK) for start in range(0, len(y), PAIRS_PER_BLOCK)]
    return np.concatenate([_crps(likelihood, y[block], outputs[block]) for block in blocks])


def _crps(likelihood: "Likelihood", y: Floats, raw: Floats) -> Floats:
    cuts = np.stack(
        [np.zeros_like(y), *(likelihood.quantile(probability, raw) for probability in _CRPS_QUANTILES), y], axis=1
    )
    cuts.sort(axis=1)
    between = np.where(cuts[:, :-1] > 0, np.sqrt(cuts[:, :-1]) * np.sqrt(cuts[:, 1:]), cuts[:, 1:] / 16)
    cuts = np.sort(np.concatenate([cuts, between], axis=1), axis=1)
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    total = np.zeros_like(y)
    for start, end in zip(cuts.T[:-1], cuts.T[1:], strict=True):
        half = (end - start) / 2
        # The observed value is one of the points, so each interval is on one side of it.
        passed = np.where(start >= y, 1.0, 0.0)
        for node, weight in zip(nodes, weights, strict=True):
            total += weight * half * (likelihood.cdf(start + half * (1 + node), raw) - passed) ** 2
    return total


def calibration_table(
    likelihood: "Likelihood", observed: ArrayLike, raw: ArrayLike, pit: Floats
) -> dict[str, list[str]]:
    """Return one row per quantity: its name, its value, and the value of a calibrated model.

    The quantities are ``crps_mean`` and ``crps_median`` in TPM (smaller is better, without a reference value); for each
    interval its coverage, the share of randomised PIT values in it, which the atom does not affect, and its mean width
    in TPM; and the mean PIT.
    """
    scores = crps(likelihood, observed, raw)
    rows = [("crps_mean", float(scores.mean()), "-"), ("crps_median", float(np.median(scores)), "-")]
    for probability in COVERAGES:
        inside, width = coverage(likelihood, observed, raw, probability)
        name = f"{100 * probability:.0f}"
        rows += [
            (f"coverage_{name}", inside, f">= {probability:g}"),
            (f"pit_coverage_{name}", pit_coverage(pit, probability), f"{probability:g}"),
            (f"width_{name}", width, "-"),
        ]
    rows.append(("pit_mean", float(pit.mean()), "0.5"))
    return {
        "quantity": [name for name, _, _ in rows],
        "value": [f"{value:z.6g}" for _, value, _ in rows],
        "if_calibrated": [expected for _, _, expected in rows],
    }

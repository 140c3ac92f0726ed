"""A proper density of TPM: an atom at zero and, above it, a mixture of log-normal distributions."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import special as scipy_special

from ...base.errors import TR300MError
from ...base.types import Floats, Tensor

_LOGIT_LIMIT = 1e4
LOCATION_LIMIT = 30.0
"""Limit of the mean of log TPM: from 1e-13 to 1e13 TPM."""
LARGEST_SCALE = 10.0
"""Limit of the scales, so that the mean of a component, exp(location + scale^2 / 2), does not overflow."""
SMALLEST_TPM = 1e-30
"""The loss replaces smaller positive TPM by this value, because float32 has few digits there."""
BISECTIONS = 70
"""They reduce the widest interval of log TPM, about 800, to less than the spacing of float64 numbers."""


@dataclass(frozen=True)
class ZeroLognormalMixture:
    """A distribution of TPM: an atom at 0, and a mixture of log-normal distributions above it.

    It has 1 + 3 K raw numbers (a; w_1 .. w_K; m_1 .. m_K; s_1 .. s_K). P(0) is sigmoid(a), and the weights are
    softmax(w). Log TPM of component k is normal with mean m_k and standard deviation `smallest_scale` + softplus(s_k).

    The raw numbers a and w are clipped to [-1e4, 1e4], m to [-30, 30], and the scales to at most 10. This keeps all
    results and gradients finite; training does not reach these limits. Because the scales have a positive lower bound,
    the loss of a data set is bounded from below.

    The likelihood is a probability at 0 and a density per TPM above it, so its logarithm is only comparable between
    models with this distribution.

    Parameters
    ----------
    components
        K, the number of log-normal distributions.
    smallest_scale
        Smallest standard deviation of log TPM in a component.

    Raises
    ------
    TR300MError
        If there is no component, or `smallest_scale` is not between 0 and 10.
    """

    components: int = 3
    smallest_scale: float = 0.05

    name: ClassVar[str] = "zero_lognormal_mixture"

    def __post_init__(self) -> None:
        if self.components < 1:
            raise TR300MError(f"{self.name}: {self.components} components", "give at least 1")
        if not 0 < self.smallest_scale < LARGEST_SCALE:
            raise TR300MError(
                f"{self.name}: smallest_scale is {self.smallest_scale}", f"give a number between 0 and {LARGEST_SCALE}"
            )

    @property
    def n_outputs(self) -> int:
        """Number of raw outputs per pair: 1 + 3 K."""
        return 1 + 3 * self.components

    def nll(self, y: Tensor, raw: Tensor) -> Tensor:
        """Return the negative log likelihood, in nat, float32: of the atom if TPM is 0, of the density otherwise.

        Parameters
        ----------
        y
            Observed TPM [pair], at least 0.
        raw
            Model output [pair, 1 + 3 K].

        Returns
        -------
        tensor
            Finite [pair]; within 1e-4 max(1, abs(nll)) of the exact value for y from 1e-6 to 1e6.
        """
        # Only the loss needs Keras; it is imported here because importing it takes seconds.
        from ..devices import ops
        from .special import LOG_2PI, log_sigmoid

        raw = ops.cast(raw, "float32")
        y = ops.cast(y, "float32")[:, None]
        atom = ops.clip(raw[:, :1], -_LOGIT_LIMIT, _LOGIT_LIMIT)
        weights, locations, scales = ops.split(raw[:, 1:], 3, axis=1)
        log_weights = ops.log_softmax(ops.clip(weights, -_LOGIT_LIMIT, _LOGIT_LIMIT), axis=1)
        locations = ops.clip(locations, -LOCATION_LIMIT, LOCATION_LIMIT)
        scales = ops.minimum(self.smallest_scale + ops.softplus(scales), LARGEST_SCALE)
        # The logarithm is finite at 0 too, so that the unused branch does not make the gradient NaN.
        log_y = ops.log(ops.where(y > 0, ops.maximum(y, SMALLEST_TPM), 1.0))
        z = (log_y - locations) / scales
        normals = log_weights - 0.5 * z * z - ops.log(scales)
        log_density = ops.logsumexp(normals, axis=1, keepdims=True) - 0.5 * LOG_2PI - log_y
        return -ops.where(y > 0, log_sigmoid(-atom) + log_density, log_sigmoid(atom))[:, 0]

    def parameters(self, raw: ArrayLike) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the logit of the atom [pair], and the weights, locations and scales [pair, K] of log TPM, float64."""
        # Column by column: sums over few components are several times as fast.
        values = np.asfortranarray(np.asarray(raw, dtype=np.float64).reshape(-1, self.n_outputs))
        weights, locations, scales = np.split(values[:, 1:], 3, axis=1)
        return (
            np.clip(values[:, 0], -_LOGIT_LIMIT, _LOGIT_LIMIT),
            scipy_special.softmax(np.clip(weights, -_LOGIT_LIMIT, _LOGIT_LIMIT), axis=1),
            np.clip(locations, -LOCATION_LIMIT, LOCATION_LIMIT),
            np.minimum(self.smallest_scale + np.logaddexp(0.0, scales), LARGEST_SCALE),
        )

    def density(self, y: ArrayLike, raw: ArrayLike) -> Floats:
        """Return the likelihood [pair] at `y` (a number or [pair], TPM), float64: a probability at 0, else per TPM."""
        atom, weights, locations, scales = self.parameters(raw)
        y, log_y = _logarithm(y)
        z = (log_y - locations) / scales
        above = (weights * np.exp(-0.5 * z * z - log_y) / scales).sum(axis=1) / np.sqrt(2.0 * np.pi)
        return np.where(y > 0, scipy_special.expit(-atom) * above, scipy_special.expit(atom))

    def cdf(self, y: ArrayLike, raw: ArrayLike) -> Floats:
        """Return the probability [pair] of at most `y` (a number or [pair], TPM, at least 0), float64."""
        atom, weights, locations, scales = self.parameters(raw)
        y, log_y = _logarithm(y)
        above = np.where(y > 0, _mixture_cdf(log_y, weights, locations, scales), 0.0)
        return np.asarray(scipy_special.expit(atom) + scipy_special.expit(-atom) * above)

    def atom(self, raw: ArrayLike) -> Floats:
        """Return the probability [pair] of exactly 0 TPM, float64."""
        return np.asarray(scipy_special.expit(self.parameters(raw)[0]))

    def median(self, raw: ArrayLike) -> Floats:
        """Return the median [pair] in TPM, float64: the `quantile` of 1/2."""
        return self.quantile(0.5, raw)

    def quantile(self, probability: float, raw: ArrayLike) -> Floats:
        """Return the quantile [pair] in TPM, float64: 0 if P(0) is `probability` or more, else where the CDF is it.

        Raises
        ------
        TR300MError
            If the probability is not strictly between 0 and 1.
        """
        if not 0 < probability < 1:
            raise TR300MError(f"there is no quantile of {probability}", "give a probability between 0 and 1")
        atom, *mixture = self.parameters(raw)
        quantiles = np.zeros(len(atom))
        positive = np.flatnonzero(scipy_special.expit(atom) < probability)
        weights, locations, scales = (values[positive] for values in mixture)
        rest = (probability - scipy_special.expit(atom[positive])) / scipy_special.expit(-atom[positive])
        # The quantile of a mixture is between those of its components.
        of_components = locations + scales * scipy_special.ndtri(rest)[:, None]
        low, high = of_components.min(axis=1), of_components.max(axis=1)
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            above = _mixture_cdf(middle[:, None], weights, locations, scales) >= rest
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        quantiles[positive] = np.exp(high)
        return quantiles

    def mean(self, raw: ArrayLike) -> Floats:
        """Return the mean [pair] in TPM, float64."""
        atom, weights, locations, scales = self.parameters(raw)
        means = np.exp(locations + 0.5 * scales**2)
        return np.asarray(scipy_special.expit(-atom) * (weights * means).sum(axis=1))


def _logarithm(y: ArrayLike) -> tuple[Floats, Floats]:
    """Return TPM as an array, and its logarithm [pair or 1, 1]; the logarithm of 0 is set to 0 and not used."""
    y = np.asarray(y, dtype=np.float64)
    return y, np.log(np.where(y > 0, y, 1.0)).reshape(-1, 1)


def _mixture_cdf(log_y: Floats, weights: Floats, locations: Floats, scales: Floats) -> Floats:
    """Return the probability [pair] of at most `log_y` [pair, 1] in a mixture of normal distributions [pair, K]."""
    return np.asarray((weights * scipy_special.ndtr((log_y - locations) / scales)).sum(axis=1))

"""The thesis's output: a mixture of a negative binomial over real TPM and an exponential."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import special as scipy_special

from ...base.errors import TR300MError
from ...base.types import Floats, Tensor

_TINY = 1e-24
"""Added to the total count and to the rate, as in the thesis."""
LOG_COUNT_RANGE = (-60.0, 23.0)
"""Where `a` is clipped: below, 1e-24 outweighs exp(a); above (r = 1e10), the NB is a Poisson distribution."""
NB_LOGIT_LIMIT = 1e4
_LARGEST_TPM = 1e300
"""Upper end of the search for a median, TPM."""


@dataclass(frozen=True)
class NbExponential:
    """Density ``s NB(y) + (1 - s) Exp(y)`` of TPM y >= 0, from four raw numbers (a, b, c, d).

    Total count r = exp(a) + 1e-24; p = sigmoid(b); NB(y) = gamma(y+r) / (gamma(r) gamma(y+1)) (1-p)^r p^y, of mean
    r exp(b); weight s = sigmoid(2c); rate of the exponential = softplus(d) + 1e-24.

    The NB is no density on the real line (its mass is anywhere in (0, 1]); `cdf` and `median` use, as the thesis does,
    the distribution whose NB part is the regularised incomplete beta function with an atom (1-p)^r at 0.

    `a` is clipped to [-60, 23] and `b` to [-1e4, 1e4], which changes no value that training meets and keeps every
    result and gradient finite.

    Parameters
    ----------
    rate_cap
        Largest rate of the exponential, per TPM; None for no limit. Without one the likelihood of a TPM of exactly 0
        grows without bound.
    """

    rate_cap: float | None = 1000.0

    name: ClassVar[str] = "nb_exponential"
    n_outputs: ClassVar[int] = 4

    def nll(self, y: Tensor, raw: Tensor) -> Tensor:
        """Negative log of the density, in nat, float32.

        Parameters
        ----------
        y
            TPM [pair], at least 0.
        raw
            Model output [pair, 4].

        Returns
        -------
        tensor
            [pair], finite; within 1e-4 max(1, abs(nll)) of the exact value for y to 1e6 and r from 1e-3 to 1e4. So is
            each derivative by `raw`, in its own size, but where larger terms cancel: at the NB's mode float32 rounds
            it by up to 4e-3 at r = 1e4, and at an NLL in the thousands it rounds which part of the mixture is likelier.
        """
        # Keras is needed for the loss alone; whoever evaluates predictions need not wait for it.
        from ..devices import ops
        from .negative_binomial import log_nb
        from .special import log_sigmoid, logaddexp

        raw = ops.cast(raw, "float32")
        y = ops.cast(y, "float32")
        r = ops.exp(ops.clip(raw[:, 0], *LOG_COUNT_RANGE)) + _TINY
        b = ops.clip(raw[:, 1], -NB_LOGIT_LIMIT, NB_LOGIT_LIMIT)
        c = 2.0 * raw[:, 2]
        rate = ops.softplus(raw[:, 3]) + _TINY
        if self.rate_cap is not None:
            rate = ops.minimum(rate, self.rate_cap)
        exponential = ops.log(rate) - rate * y
        return -logaddexp(log_sigmoid(c) + log_nb(y, r, b), log_sigmoid(-c) + exponential)

    def parameters(self, raw: ArrayLike) -> tuple[Floats, Floats, Floats, Floats]:
        """Return total count, NB logit, weight of the NB and rate of the exponential, float64 [pair] each."""
        a, b, c, d = np.asarray(raw, dtype=np.float64).reshape(-1, 4).T
        rate = np.logaddexp(0.0, d) + _TINY
        if self.rate_cap is not None:
            rate = np.minimum(rate, self.rate_cap)
        count = np.exp(np.clip(a, *LOG_COUNT_RANGE)) + _TINY
        # At 500 the odds are 1e217: a mean beyond any TPM that still multiplies without overflow.
        return count, np.clip(b, -500.0, 500.0), scipy_special.expit(2.0 * c), rate

    def density(self, y: ArrayLike, raw: ArrayLike) -> Floats:
        """Density [pair] at `y` (a number or [pair], TPM), float64; the exponential of minus `nll`."""
        r, b, s, rate = self.parameters(raw)
        y = np.asarray(y, dtype=np.float64)
        gammas = scipy_special.gammaln(y + r) - scipy_special.gammaln(r) - scipy_special.gammaln(y + 1.0)
        log_nb = gammas + r * scipy_special.log_expit(-b) + y * scipy_special.log_expit(b)
        return np.asarray(s * np.exp(log_nb) + (1.0 - s) * rate * np.exp(-rate * y))

    def cdf(self, y: ArrayLike, raw: ArrayLike) -> Floats:
        """Probability [pair] of at most `y` (a number or [pair], TPM, at least 0), float64."""
        return _cdf(np.asarray(y, dtype=np.float64), *self.parameters(raw))

    def atom(self, raw: ArrayLike) -> Floats:
        """Return zeros [pair]: `cdf` has an atom at 0 TPM, `density` has none."""
        return np.zeros(len(self.parameters(raw)[0]))

    def median(self, raw: ArrayLike) -> Floats:
        """Median [pair] in TPM, float64: `quantile` at 1/2."""
        return self.quantile(0.5, raw)

    def quantile(self, level: float, raw: ArrayLike) -> Floats:
        """Quantile [pair] in TPM, float64: 0 where the mass at 0 is `level` or more, else where the CDF crosses it.

        The search halves the range of float64 numbers itself, so that it ends at neighbouring numbers.

        Raises
        ------
        TR300MError
            If the level is not strictly between 0 and 1.
        """
        if not 0 < level < 1:
            raise TR300MError(f"there is no quantile of level {level}", "levels lie between 0 and 1")
        parameters = self.parameters(raw)
        quantiles = np.zeros(len(parameters[0]))
        positive = np.flatnonzero(_cdf(quantiles, *parameters) < level)
        # Markov: at most 1 - level of the mass lies above mean / (1 - level), and the NB over real y lies below that
        # over integers.
        upper = np.minimum(self.mean(raw)[positive] / (1.0 - level), _LARGEST_TPM)
        chosen = [values[positive] for values in parameters]
        quantiles[positive] = _crossing(lambda y: _cdf(y, *chosen), level, upper)
        return quantiles

    def mean(self, raw: ArrayLike) -> Floats:
        """Mean [pair] in TPM, float64, of the distribution of `cdf` with the NB's mean taken as r exp(b)."""
        r, b, s, rate = self.parameters(raw)
        return np.asarray(s * r * np.exp(b) + (1.0 - s) / rate)


def _cdf(y: Floats, r: Floats, b: Floats, s: Floats, rate: Floats) -> Floats:
    # The incomplete beta function of the smaller of p and 1-p, so that neither rounds to 1.
    rare = b < 0
    first, second = np.where(rare, y + 1.0, r), np.where(rare, r, y + 1.0)
    beta = scipy_special.betainc(first, second, scipy_special.expit(-np.abs(b)))
    return np.asarray(s * np.where(rare, 1.0 - beta, beta) - (1.0 - s) * np.expm1(-rate * y))


def _crossing(cdf: Callable[[Floats], Floats], level: float, upper: Floats) -> Floats:
    """Find where a rising function of y >= 0 [pair] reaches `level`, at most at `upper` [pair]."""
    # The bits of non-negative float64 numbers, read as integers, rise with the numbers.
    low = np.zeros(len(upper), np.int64)
    high = upper.view(np.int64)
    while np.any(high - low > 1):
        middle = low + (high - low) // 2
        above = cdf(middle.view(np.float64)) >= level
        high = np.where(above, middle, high)
        low = np.where(above, low, middle)
    return high.view(np.float64)

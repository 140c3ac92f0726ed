"""The output distribution of the thesis: a mixture of a negative binomial over real TPM and an exponential."""

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
"""Range that `a` is clipped to: below it, exp(a) is less than 1e-24; above it (r = 1e10), the NB equals a Poisson."""
NB_LOGIT_LIMIT = 1e4
_LARGEST_TPM = 1e300
"""Upper limit of quantiles in TPM."""


@dataclass(frozen=True)
class NbExponential:
    """Density ``s NB(y) + (1 - s) Exp(y)`` of TPM y >= 0, from four raw numbers (a, b, c, d).

    The total count is r = exp(a) + 1e-24, and p = sigmoid(b). NB(y) = gamma(y+r) / (gamma(r) gamma(y+1)) (1-p)^r p^y
    has the mean r exp(b). Its weight is s = sigmoid(2c). The rate of the exponential is softplus(d) + 1e-24.

    The NB is not a density on the real line (its integral can be anywhere in (0, 1]). As in the thesis, `cdf` and
    `median` replace it by a distribution whose CDF is the regularised incomplete beta function, with an atom (1-p)^r
    at 0.

    `a` is clipped to [-60, 23] and `b` to [-1e4, 1e4]. This keeps all results and gradients finite; training does not
    reach these limits.

    Parameters
    ----------
    rate_cap
        Largest rate of the exponential, per TPM; None for no limit. Without a limit the likelihood of exactly 0 TPM is
        unbounded.
    """

    rate_cap: float | None = 1000.0

    name: ClassVar[str] = "nb_exponential"
    n_outputs: ClassVar[int] = 4

    def nll(self, y: Tensor, raw: Tensor) -> Tensor:
        """Return the negative log of the density, in nat, float32.

        Parameters
        ----------
        y
            Observed TPM [pair], at least 0.
        raw
            Model output [pair, 4].

        Returns
        -------
        tensor
            Finite [pair]; within 1e-4 max(1, abs(nll)) of the exact value for y to 1e6 and r from 1e-3 to 1e4. The
            derivatives by `raw` have the same relative accuracy, except where larger terms cancel: at the NB's mode
            float32 rounds them by up to 4e-3 at r = 1e4, and at an NLL in the thousands rounding can decide which
            component of the mixture is more likely.
        """
        # Only the loss needs Keras; it is imported here because importing it takes seconds.
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
        """Return total count, NB logit, weight of the NB and rate of the exponential, each float64 [pair]."""
        a, b, c, d = np.asarray(raw, dtype=np.float64).reshape(-1, 4).T
        rate = np.logaddexp(0.0, d) + _TINY
        if self.rate_cap is not None:
            rate = np.minimum(rate, self.rate_cap)
        count = np.exp(np.clip(a, *LOG_COUNT_RANGE)) + _TINY
        # At 500 the odds are 1e217; larger odds would overflow in products.
        return count, np.clip(b, -500.0, 500.0), scipy_special.expit(2.0 * c), rate

    def density(self, y: ArrayLike, raw: ArrayLike) -> Floats:
        """Return the density [pair] at `y` (a number or [pair], TPM), float64: the exponential of minus `nll`."""
        r, b, s, rate = self.parameters(raw)
        y = np.asarray(y, dtype=np.float64)
        gammas = scipy_special.gammaln(y + r) - scipy_special.gammaln(r) - scipy_special.gammaln(y + 1.0)
        log_nb = gammas + r * scipy_special.log_expit(-b) + y * scipy_special.log_expit(b)
        return np.asarray(s * np.exp(log_nb) + (1.0 - s) * rate * np.exp(-rate * y))

    def cdf(self, y: ArrayLike, raw: ArrayLike) -> Floats:
        """Return the probability [pair] of at most `y` (a number or [pair], TPM, at least 0), float64."""
        return _cdf(np.asarray(y, dtype=np.float64), *self.parameters(raw))

    def atom(self, raw: ArrayLike) -> Floats:
        """Return zeros [pair]: `cdf` has an atom at 0 TPM, but `density` has none."""
        return np.zeros(len(self.parameters(raw)[0]))

    def median(self, raw: ArrayLike) -> Floats:
        """Return the median [pair] in TPM, float64: the `quantile` of 1/2."""
        return self.quantile(0.5, raw)

    def quantile(self, probability: float, raw: ArrayLike) -> Floats:
        """Return the quantile [pair] in TPM, float64: 0 if P(0) is `probability` or more, else where the CDF is it.

        The search bisects the float64 numbers by their bits, so it ends at neighbouring numbers.

        Raises
        ------
        TR300MError
            If the probability is not strictly between 0 and 1.
        """
        if not 0 < probability < 1:
            raise TR300MError(f"there is no quantile of {probability}", "give a probability between 0 and 1")
        parameters = self.parameters(raw)
        quantiles = np.zeros(len(parameters[0]))
        positive = np.flatnonzero(_cdf(quantiles, *parameters) < probability)
        # By Markov's inequality at most 1 - probability of the mass is above mean / (1 - probability). This also holds
        # for the NB over real y, whose CDF is at least that over integers.
        upper = np.minimum(self.mean(raw)[positive] / (1.0 - probability), _LARGEST_TPM)
        chosen = [values[positive] for values in parameters]
        quantiles[positive] = _crossing(lambda y: _cdf(y, *chosen), probability, upper)
        return quantiles

    def mean(self, raw: ArrayLike) -> Floats:
        """Return the mean [pair] in TPM, float64, of the distribution of `cdf`, with r exp(b) as the mean of the NB."""
        r, b, s, rate = self.parameters(raw)
        return np.asarray(s * r * np.exp(b) + (1.0 - s) / rate)


def _cdf(y: Floats, r: Floats, b: Floats, s: Floats, rate: Floats) -> Floats:
    # Use the incomplete beta function of the smaller of p and 1-p, so that neither rounds to 1.
    rare = b < 0
    first, second = np.where(rare, y + 1.0, r), np.where(rare, r, y + 1.0)
    beta = scipy_special.betainc(first, second, scipy_special.expit(-np.abs(b)))
    return np.asarray(s * np.where(rare, 1.0 - beta, beta) - (1.0 - s) * np.expm1(-rate * y))


def _crossing(cdf: Callable[[Floats], Floats], probability: float, upper: Floats) -> Floats:
    """Return where an increasing function of y >= 0 [pair] reaches `probability`, at most `upper` [pair]."""
    # The bits of non-negative float64 numbers, read as integers, have the same order as the numbers.
    low = np.zeros(len(upper), np.int64)
    high = upper.view(np.int64)
    while np.any(high - low > 1):
        middle = low + (high - low) // 2
        above = cdf(middle.view(np.float64)) >= probability
        high = np.where(above, middle, high)
        low = np.where(above, low, middle)
    return high.view(np.float64)

"""The distribution around a predicted mean: raw numbers of `zero_lognormal_mixture` as functions of the mean."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy import sparse, special
from scipy.optimize import minimize

from ..base.types import Floats
from ..model.likelihood.zero_lognormal_mixture import ZeroLognormalMixture

KNOTS = 7
RIDGE = 1e-5
"""Weight of the squared coefficients beside the mean NLL: it keeps the atom finite where no observed value is 0."""


@dataclass(frozen=True)
class Spread:
    """Raw numbers of the mixture as piecewise linear functions of the predicted mean of log(1 + TPM).

    Attributes
    ----------
    likelihood
        The output distribution.
    knots
        Predicted means at which the functions bend, increasing [knot].
    values
        Raw numbers at the knots [knot, n_outputs].
    """

    likelihood: ZeroLognormalMixture
    knots: Floats
    values: Floats

    def raw(self, mean: Floats) -> Floats:
        """Return the raw numbers [pair, n_outputs] of predicted means [pair]; beyond the knots they are constant."""
        return np.stack([np.interp(mean, self.knots, column) for column in self.values.T], axis=1)

    @classmethod
    def fit(cls, likelihood: ZeroLognormalMixture, mean: Floats, observed: Floats) -> Self:
        """Fit to pairs by maximum likelihood.

        Parameters
        ----------
        likelihood
            The output distribution.
        mean
            Predicted mean of log(1 + TPM) [pair], of models that were not fitted to these pairs.
        observed
            TPM [pair].
        """
        knots = np.unique(np.quantile(mean, np.linspace(0, 1, KNOTS)))
        basis = _hats(mean, knots)
        start = _start(likelihood, basis, observed)
        # With a memory as long as the parameters the search converges; with the usual 10 vectors it goes on for
        # hundreds of steps, and where it is stopped follows rounding.
        found = minimize(
            _objective, start.ravel(), args=(likelihood, sparse.csr_array(basis), observed), jac=True,
            method="L-BFGS-B", options={"maxcor": start.size, "gtol": 1e-6, "ftol": 0.0, "maxiter": 2_000},
        )  # fmt: skip
        return cls(likelihood, knots, found.x.reshape(start.shape))


def _hats(mean: Floats, knots: Floats) -> Floats:
    """Return the weights of the knots in linear interpolation [pair, knot]."""
    return np.stack([np.interp(mean, knots, unit) for unit in np.eye(len(knots))], axis=1)


def _start(likelihood: ZeroLognormalMixture, basis: Floats, observed: Floats) -> Floats:
    """Return raw numbers at the knots [knot, n_outputs] from the zeros and the moments of log TPM near them."""
    positive = observed > 0
    weight = basis.sum(axis=0) + 1e-9
    zero = np.clip((basis[~positive].sum(axis=0) + 0.5) / (weight + 1), 1e-4, 1 - 1e-4)
    log_y = np.log(observed[positive])
    near = basis[positive] + 1e-9
    # The smallest number keeps the moments finite where all pairs are 0 TPM.
    total = near.sum(axis=0) + np.finfo(np.float64).tiny
    centre = near.T @ log_y / total
    scale = np.sqrt((near * np.square(log_y[:, None] - centre)).sum(axis=0) / total) + 0.1
    count = likelihood.components
    offsets = np.linspace(-1, 1, count) if count > 1 else np.zeros(1)
    return np.concatenate(
        [
            special.logit(zero)[:, None],
            np.zeros((len(zero), count)),
            centre[:, None] + scale[:, None] * offsets,
            np.repeat(np.log(np.expm1(np.maximum(0.7 * scale, 0.1)))[:, None], count, axis=1),
        ],
        axis=1,
    )


def _objective(
    flat: Floats, likelihood: ZeroLognormalMixture, basis: sparse.csr_array, observed: Floats
) -> tuple[float, Floats]:
    """Return the mean NLL plus the ridge, and its gradient."""
    values = flat.reshape(basis.shape[1], -1)
    nll, slope = nll_and_slope(likelihood, observed, basis @ values)
    gradient = basis.T @ slope / len(observed) + 2 * RIDGE * values
    return float(nll.mean() + RIDGE * np.square(values).sum()), gradient.ravel()


def nll_and_slope(likelihood: ZeroLognormalMixture, observed: Floats, raw: Floats) -> tuple[Floats, Floats]:
    """Return the NLL [pair] of the mixture, in nat, and its derivative by the raw numbers [pair, n_outputs].

    Parameters
    ----------
    likelihood
        The output distribution.
    observed
        TPM [pair].
    raw
        Raw numbers [pair, n_outputs] inside the limits of the distribution.
    """
    _, weights, locations, scales = likelihood.parameters(raw)
    atom, positive = raw[:, 0], observed > 0
    log_y = np.log(np.where(positive, observed, 1.0))[:, None]
    z = (log_y - locations) / scales
    with np.errstate(divide="ignore"):
        logs = np.log(weights) - 0.5 * z * z - np.log(scales)
    total = special.logsumexp(logs, axis=1)
    share = np.exp(logs - total[:, None])
    above = -special.log_expit(-atom) - total + 0.5 * np.log(2 * np.pi) + log_y[:, 0]
    nll = np.where(positive, above, -special.log_expit(atom))
    by_scale = share * (1 - z * z) / scales * special.expit(raw[:, 1 + 2 * likelihood.components :])
    by_mixture = np.concatenate([weights - share, -share * z / scales, by_scale], axis=1) * positive[:, None]
    by_atom = np.where(positive, special.expit(atom), -special.expit(-atom))
    return nll, np.concatenate([by_atom[:, None], by_mixture], axis=1)

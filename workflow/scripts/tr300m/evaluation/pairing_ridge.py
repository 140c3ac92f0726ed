"""Ridge regression of expression on products of one gene feature with one sample feature each, in closed form.

The design has a row for each gene and sample and a column x[g, a] * u[s, b] for each pair (a, b) of a gene feature and
a sample feature: the Khatri-Rao product of X and U. Its normal matrix is the elementwise product (X'X) o (U'U), its
right side the diagonal of X' Y U (Rao and Mitra 1971), so that a fit costs the same for any number of genes and
samples.
"""

from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from ..base.types import Floats, Ints
from .interaction_sums import InteractionSums

PAIRING_PENALTIES = tuple(10.0**power for power in range(-2, 3))
"""Penalties tried, in units of the mean of the normal matrix's diagonal."""


class SampleMoments(NamedTuple):
    """Some groups of samples: their numbers, the mean of u over them [u], and centred products U'U [u, u]."""

    groups: Ints
    centre: Floats
    uu: Floats

    @classmethod
    def of(cls, sums: InteractionSums, groups: Ints) -> Self:
        """Add up the groups."""
        size = sums.samples[groups].sum()
        centre = sums.u[groups].sum(axis=0) / size
        return cls(groups, centre, sums.uu[groups].sum(axis=0) - size * np.outer(centre, centre))


class Moments(NamedTuple):
    """Sums over some folds of genes and some samples: X'X, U'U, X' Y U, and the sum of Y squared over all samples."""

    xx: Floats
    uu: Floats
    xyu: Floats
    yy: float

    @classmethod
    def of(cls, sums: InteractionSums, folds: Ints, samples: SampleMoments) -> Self:
        """Add up folds of genes."""
        block = np.ix_(folds, samples.groups)
        xyu = sums.xyu[block].sum(axis=(0, 1)) - np.outer(sums.xy[block].sum(axis=(0, 1)), samples.centre)
        return cls(sums.xx[folds].sum(axis=0), samples.uu, xyu, float(sums.yy[folds].sum()))


class Pairing(NamedTuple):
    """Gene features, and the sample feature that each is multiplied with: column numbers [pair]."""

    x: Ints
    u: Ints


NO_PAIRING = Pairing(np.empty(0, np.int64), np.empty(0, np.int64))


class Agreement(NamedTuple):
    """Sums of predicted times observed, predicted squared and observed squared values; they add up over folds."""

    cross: float = 0.0
    predicted: float = 0.0
    observed: float = 0.0

    @property
    def r(self) -> float:
        """Correlation; NaN if the predictions or the observed values are constant."""
        scale = np.sqrt(max(self.predicted, 0.0) * self.observed)
        return float(self.cross / scale) if scale > 0 else float("nan")

    def plus(self, other: "Agreement") -> "Agreement":
        """Add the sums of another fold."""
        return Agreement(self.cross + other.cross, self.predicted + other.predicted, self.observed + other.observed)


@dataclass(frozen=True)
class Identity:
    """The interaction of every gene feature with every tissue, by ridge regression on some moments.

    Attributes
    ----------
    fitted
        The moments.
    columns
        Columns of u that are tissues, one-hot and divided by the root of the number of samples.
    inverse
        (X'X + penalty)^-1 [x, x].
    """

    fitted: Moments
    columns: Ints
    inverse: Floats

    @classmethod
    def of(cls, fitted: Moments, columns: Ints, penalty: float) -> Self:
        """Invert; `penalty` is in units of the mean of the diagonal of X'X."""
        xx = fitted.xx
        inverse = np.linalg.inv(xx + penalty * np.mean(np.diag(xx)) * np.eye(len(xx)))
        return cls(fitted, columns, np.asarray(inverse, np.float64))

    def coefficients(self, pairing: Pairing, weights: Floats) -> Floats:
        """Return the coefficients [x, tissue], given the weights [pair] of a pairing that is in the model too."""
        right = self.fitted.xyu[:, self.columns]
        by_tissue = weights[:, None] * self.fitted.uu[np.ix_(pairing.u, self.columns)]
        return np.asarray(self.inverse @ (right - self.fitted.xx[:, pairing.x] @ by_tissue))


class Normal(NamedTuple):
    """Normal matrix [pair, pair] and right side [pair] of a pairing."""

    matrix: Floats
    right: Floats

    def weights(self, penalty: float) -> Floats:
        """Return the ridge solution [pair]; `penalty` is in units of the mean of the diagonal."""
        loaded = self.matrix.copy()
        loaded.flat[:: len(loaded) + 1] += penalty * np.trace(loaded) / len(loaded)
        factor = cho_factor(loaded, overwrite_a=True, check_finite=False)
        return np.asarray(cho_solve(factor, self.right, check_finite=False))


class Equations(NamedTuple):
    """What the normal equations of any pairing are taken from.

    With tissue identity in the model its coefficients are eliminated. The matrix is then (X'X) o (U'U) minus
    (X'X (X'X + penalty)^-1 X'X) o (U'TT'U), and the right side loses what identity explains of it.

    Attributes
    ----------
    xx, uu, right
        Elementwise factors of the matrix [x, x] and [u, u], and the right sides [x, u].
    xx_identity, u_tissue
        Factors of what is subtracted: [x, x], and U'T [u, tissue].
    """

    xx: Floats
    uu: Floats
    right: Floats
    xx_identity: Floats | None = None
    u_tissue: Floats | None = None

    @classmethod
    def of(cls, fitted: Moments, identity: Identity | None = None) -> Self:
        """Take the moments of what is fitted, without or with tissue identity."""
        if identity is None:
            return cls(fitted.xx, fitted.uu, fitted.xyu)
        shrunk, u_tissue = fitted.xx @ identity.inverse, fitted.uu[:, identity.columns]
        right = fitted.xyu - shrunk @ fitted.xyu[:, identity.columns] @ u_tissue.T
        return cls(fitted.xx, fitted.uu, right, shrunk @ fitted.xx, u_tissue)

    def normal(self, pairing: Pairing) -> Normal:
        """Return the normal equations of a pairing."""
        x, u = np.ix_(pairing.x, pairing.x), np.ix_(pairing.u, pairing.u)
        matrix = self.xx[x] * self.uu[u]
        if self.xx_identity is not None and self.u_tissue is not None:
            tissue = self.u_tissue[pairing.u]
            matrix -= self.xx_identity[x] * (tissue @ tissue.T)
        return Normal(matrix, self.right[pairing.x, pairing.u])


def agreement(tested: Moments, pairing: Pairing, weights: Floats, identity: Identity | None = None) -> Agreement:
    """Return how predictions for other genes agree with what was observed, in all samples.

    Parameters
    ----------
    tested
        Moments of these genes.
    pairing, weights
        Pairs and their weights [pair]; there may be none.
    identity
        Tissue identity, if it is in the model.
    """
    cross = float(weights @ tested.xyu[pairing.x, pairing.u])
    gram = tested.xx[np.ix_(pairing.x, pairing.x)] * tested.uu[np.ix_(pairing.u, pairing.u)]
    predicted = float(weights @ gram @ weights)
    if identity is not None:
        coefficients, columns = identity.coefficients(pairing, weights), identity.columns
        projected = tested.xx @ coefficients
        cross += float(np.sum(coefficients * tested.xyu[:, columns]))
        predicted += 2 * float(weights @ np.sum(projected[pairing.x] * tested.uu[np.ix_(pairing.u, columns)], axis=1))
        predicted += float(np.sum((coefficients.T @ projected) * tested.uu[np.ix_(columns, columns)]))
    return Agreement(cross, predicted, tested.yy)


def held_out_groups_agreement(
    sums: InteractionSums, fold: int, pairing: Pairing, weights: Floats, centres: Floats
) -> Agreement:
    """Return how predictions for a fold of genes agree if each group of samples was predicted from the others.

    Predictions are deviations from what was fitted, so that they are zero where u is at its mean over the samples of
    the fit. Those of all groups together have the mean of each gene removed, like what is observed.

    Parameters
    ----------
    sums, fold, pairing
        The sums, the fold of genes, and the pairs.
    weights
        Weights fitted without the group [group, pair].
    centres
        Mean of u over the samples of the fit [group, u].
    """
    x, u = pairing
    xx, size = sums.xx[fold][np.ix_(x, x)], sums.samples
    cross = predicted = 0.0
    mean = np.zeros(len(x))
    for group, weight in enumerate(weights):
        centre, total = centres[group, u], sums.u[group, u]
        off = total - size[group] * centre
        cross += float(weight @ (sums.xyu[fold, group, x, u] - sums.xy[fold, group, x] * centre))
        gram = sums.uu[group][np.ix_(u, u)] - np.outer(total, centre) - np.outer(centre, off)
        predicted += float(weight @ (xx * gram) @ weight)
        mean += weight * off / size.sum()
    return Agreement(cross, predicted - size.sum() * float(mean @ xx @ mean), float(sums.yy[fold]))

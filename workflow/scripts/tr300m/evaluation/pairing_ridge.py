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

PAIRING_PENALTIES = tuple(10.0**power for power in range(-1, 3))
"""Penalties tried, in units of the mean of the normal matrix's diagonal."""


class SampleMoments(NamedTuple):
    """Some groups of samples: their numbers, how many samples they have, and the mean of u over them [u]."""

    groups: Ints
    size: int
    centre: Floats

    @classmethod
    def of(cls, sums: InteractionSums, groups: Ints) -> Self:
        """Add up the groups."""
        size = int(sums.samples[groups].sum())
        return cls(groups, size, sums.u[groups].sum(axis=0) / size)

    def products(self, sums: InteractionSums, u: Ints) -> Floats:
        """Return the centred products of some columns of u, U'U [pair, pair]."""
        return self.centred(np.sum([sums.uu[group][u][:, u] for group in self.groups], axis=0), u)

    def centred(self, products: Floats, u: Ints) -> Floats:
        """Return the products [pair, pair] of some columns of u, not centred, without the means over the samples."""
        return np.asarray(products - self.size * np.outer(self.centre[u], self.centre[u]))


class Moments(NamedTuple):
    """Sums over some folds of genes and some samples, u centred: X'X [x, x] and X' Y U [x, u]; see `kept`."""

    xx: Floats
    xyu: Floats

    @classmethod
    def of(cls, sums: InteractionSums, folds: Ints, samples: SampleMoments) -> Self:
        """Add up folds of genes."""
        chosen = np.zeros(sums.xyu.shape[:2])
        chosen[np.ix_(folds, samples.groups)] = 1.0
        # Products with 0 and 1: blocks taken by index would be copied, hundreds of MB at full size.
        xyu, xy = (np.tensordot(chosen, blocks, axes=2) for blocks in (sums.xyu, sums.xy))
        xyu -= np.outer(xy, samples.centre)
        return cls(sums.xx[folds].sum(axis=0), xyu)

    def kept(self, x: Ints) -> "Moments":
        """Return the sums of some gene features."""
        return Moments(self.xx[x][:, x], self.xyu[x])


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


class Normal(NamedTuple):
    """Normal matrix [pair, pair] and right side [pair] of a pairing."""

    matrix: Floats
    right: Floats

    @classmethod
    def of(cls, fitted: Moments, u: Ints, uu: Floats) -> Self:
        """Return the equations of all gene features of some moments.

        Parameters
        ----------
        fitted
            Sums over the genes and samples of the fit.
        u
            Column of u that each gene feature is multiplied with [pair].
        uu
            Centred products of these columns [pair, pair].
        """
        return cls(fitted.xx * uu, fitted.xyu[np.arange(len(u)), u])

    def weights(self, penalty: float) -> Floats:
        """Return the ridge solution [pair]; `penalty` is in units of the mean of the diagonal."""
        # float32 takes half the time, and the penalty keeps the matrix far from singular.
        loaded = self.matrix.astype(np.float32)
        loaded.flat[:: len(loaded) + 1] += penalty * np.trace(loaded) / len(loaded)
        factor = cho_factor(loaded, lower=True, overwrite_a=True, check_finite=False)
        solved = cho_solve(factor, self.right.astype(np.float32), check_finite=False)
        return np.asarray(solved, dtype=np.float64)


@dataclass(frozen=True)
class Identity:
    """The interaction of every gene feature with every tissue, by ridge regression, and what it leaves to a pairing.

    Attributes
    ----------
    alone
        Coefficients of a model without a pairing [x, tissue].
    mixed
        (X'X + penalty)^-1 X'X of the gene features of the pairing [x, pair].
    explained
        What the elimination of the coefficients takes from X'X of the normal matrix [pair, pair].
    right
        Right sides of the pairing, without what identity explains of them [pair, u].
    u_tissue
        Centred products of u with the tissues [u, tissue].
    """

    alone: Floats
    mixed: Floats
    explained: Floats
    right: Floats
    u_tissue: Floats

    @classmethod
    def of(cls, fitted: Moments, kept: Ints, columns: Ints, u_tissue: Floats, penalty: float) -> Self:
        """Fit.

        Parameters
        ----------
        fitted
            Sums over the genes and samples of the fit.
        kept
            Gene features of the pairing.
        columns
            Columns of u that are tissues: one-hot, divided by the root of the number of samples.
        u_tissue
            Centred products of u with them [u, tissue].
        penalty
            In units of the mean of the diagonal of X'X.
        """
        xx = fitted.xx
        inverse = np.linalg.inv(xx + penalty * np.mean(np.diag(xx)) * np.eye(len(xx)))
        alone, mixed = inverse @ fitted.xyu[:, columns], inverse @ xx[:, kept]
        right = fitted.xyu[kept] - xx[kept] @ alone @ u_tissue.T
        return cls(alone, mixed, xx[kept] @ mixed, right, u_tissue)

    def normal(self, fitted: Moments, u: Ints, uu: Floats) -> Normal:
        """Return the normal equations of a pairing beside identity, whose coefficients are eliminated."""
        tissue = self.u_tissue[u]
        return Normal(fitted.xx * uu - self.explained * (tissue @ tissue.T), self.right[np.arange(len(u)), u])

    def coefficients(self, u: Ints, weights: Floats) -> Floats:
        """Return the coefficients [x, tissue] beside a pairing with weights [pair]."""
        return np.asarray(self.alone - self.mixed @ (weights[:, None] * self.u_tissue[u]))


class Tested(NamedTuple):
    """Genes that are predicted, in all samples.

    Attributes
    ----------
    whole
        Their sums.
    kept
        The gene features of the pairing.
    tissues
        Columns of u that are tissues.
    u_tissue
        Centred products of u with them [u, tissue].
    yy
        Sum of their squared observed values.
    """

    whole: Moments
    kept: Ints
    tissues: Ints
    u_tissue: Floats
    yy: float

    def pairing(self, u: Ints, gram: Floats, weights: Floats) -> Agreement:
        """Return the score of a pairing with weights [pair]; `gram` is (X'X) o (U'U) of these genes [pair, pair]."""
        return Agreement(float(weights @ self.whole.xyu[self.kept, u]), float(weights @ gram @ weights), self.yy)

    def identity(self, coefficients: Floats) -> Agreement:
        """Return the score of tissue identity with coefficients [x, tissue]."""
        cross = float(np.sum(coefficients * self.whole.xyu[:, self.tissues]))
        projected = coefficients.T @ self.whole.xx @ coefficients
        return Agreement(cross, float(np.sum(projected * self.u_tissue[self.tissues])), self.yy)

    def both(self, u: Ints, gram: Floats, weights: Floats, coefficients: Floats) -> Agreement:
        """Return the score of a pairing beside tissue identity."""
        one, other = self.pairing(u, gram, weights), self.identity(coefficients)
        projected = self.whole.xx[self.kept] @ coefficients
        mixed = float(weights @ np.sum(projected * self.u_tissue[u], axis=1))
        return Agreement(one.cross + other.cross, one.predicted + other.predicted + 2 * mixed, self.yy)

"""Ridge regression on both sides: gene part, sample part and interaction in closed form, for any penalties."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..base.types import Floats
from .products import Corner


class Penalties(NamedTuple):
    """Ridge penalties of the gene part, the sample part and the two sides of the interaction."""

    gene_part: float
    sample_part: float
    gene_side: float
    sample_side: float


class Decomposition(NamedTuple):
    """Eigenvalues [feature] and eigenvectors [feature, feature] of x'x; they serve all penalties."""

    values: Floats
    vectors: Floats

    @classmethod
    def of(cls, x: Floats) -> "Decomposition":
        """Decompose centred features [row, feature]."""
        values, vectors = np.linalg.eigh(x.T @ x)
        return cls(np.maximum(values, 0.0), vectors)


@dataclass(frozen=True)
class Coefficients:
    """A fitted factorised model: log(1 + TPM) as gene part + sample part + gene vector . sample vector.

    Attributes
    ----------
    constant
        Mean log(1 + TPM) of the training pairs.
    x_mean, z_mean
        Mean features of the training genes and samples.
    gene_map
        Map from centred gene features to the gene part, then to the gene vector [feature, 1 + k].
    sample_map
        Map from centred sample features to the sample part, then to the sample vector [feature, 1 + k].
    """

    constant: float
    x_mean: Floats
    z_mean: Floats
    gene_map: Floats
    sample_map: Floats

    def genes(self, x: Floats) -> Floats:
        """Return gene part and gene vector [gene, 1 + k] from gene features [gene, feature]."""
        return np.asarray((x - self.x_mean) @ self.gene_map)

    def samples(self, z: Floats) -> Floats:
        """Return sample part and sample vector [sample, 1 + k] from sample features [sample, feature]."""
        return np.asarray((z - self.z_mean) @ self.sample_map)

    def table(self, of_genes: Floats, of_samples: Floats) -> Floats:
        """Return log(1 + TPM) [gene, sample] of all pairs from the rows of `genes` and `samples`."""
        both = of_genes[:, 1:] @ of_samples[:, 1:].T
        return np.asarray(self.constant + of_genes[:, :1] + of_samples[:, 0] + both)

    def pairs(self, of_genes: Floats, of_samples: Floats) -> Floats:
        """Return log(1 + TPM) [pair] from the rows of `genes` and `samples` of each pair."""
        both = np.einsum("ij,ij->i", of_genes[:, 1:], of_samples[:, 1:])
        return np.asarray(self.constant + of_genes[:, 0] + of_samples[:, 0] + both)


def fit_coefficients(
    corner: Corner, genes: Decomposition, samples: Decomposition, penalties: Penalties
) -> Coefficients:
    """Fit all parts to a corner in closed form.

    The interaction is two-step kernel ridge regression (Stock et al. 2018): the least squares of the doubly centred y
    on all products of a gene and a sample feature, with each side's ridge. Motif activity regression (Bussemaker et al.
    2001; Suzuki et al. 2009) is the case of motif counts and one indicator per sample.

    Parameters
    ----------
    corner
        Training pairs.
    genes, samples
        Decompositions of `corner.x` and `corner.z`.
    penalties
        Penalties.
    """
    constant = float(corner.gene_means.mean())
    gene_part = _ridge(corner.x, corner.gene_means - constant, genes, penalties.gene_part)
    sample_part = _ridge(corner.z, corner.sample_means - constant, samples, penalties.sample_part)
    root = np.sqrt(samples.values + penalties.sample_side)
    inner = genes.vectors.T @ (corner.x.T @ (corner.product @ samples.vectors))
    inner /= (genes.values + penalties.gene_side)[:, None] * root
    return Coefficients(
        constant,
        corner.x_mean,
        corner.z_mean,
        np.concatenate([gene_part[:, None], genes.vectors @ inner], axis=1),
        np.concatenate([sample_part[:, None], samples.vectors / root], axis=1),
    )


def gene_targets(corner: Corner, coefficients: Coefficients) -> Floats:
    """Return what the gene side is fitted to: gene part and gene vector [gene, 1 + k] without shrinkage."""
    part = corner.gene_means - coefficients.constant
    return np.concatenate([part[:, None], corner.product @ coefficients.sample_map[:, 1:]], axis=1)


def _ridge(x: Floats, y: Floats, of: Decomposition, penalty: float) -> Floats:
    """Return the coefficients [feature] of y [row] on centred features."""
    return np.asarray(of.vectors @ ((of.vectors.T @ (x.T @ y)) / (of.values + penalty)))


class Rotated:
    """A training corner and a held-out corner in the eigenvectors of the training corner.

    The error of the interaction on the held-out corner is then cheap for any two penalties.

    Parameters
    ----------
    fitted, held
        Corner to fit to, and corner to predict; they share no gene.
    held_sample_means
        Mean y of the held-out samples over the fitted genes [sample].
    """

    def __init__(self, fitted: Corner, held: Corner, held_sample_means: Floats) -> None:
        self.genes, self.samples = Decomposition.of(fitted.x), Decomposition.of(fitted.z)
        g, s = self.genes.vectors, self.samples.vectors
        held_x, held_z = held.x @ g, held.z @ s
        # float32: these products take most of the time, and only choose between penalties.
        self._fitted, self._held, self._gene_gram, self._sample_gram = (
            array.astype(np.float32)
            for array in (
                g.T @ (fitted.x.T @ (fitted.product @ s)),
                held_x.T @ (held.product @ s),
                held_x.T @ held_x,
                held_z.T @ held_z,
            )
        )
        constant = float(fitted.gene_means.mean())
        self._parts = (
            (
                (held.x + held.x_mean - fitted.x_mean) @ g,
                g.T @ (fitted.x.T @ (fitted.gene_means - constant)),
                held.gene_means - constant,
                self.genes.values,
            ),
            (
                (held.z + held.z_mean - fitted.z_mean) @ s,
                s.T @ (fitted.z.T @ (fitted.sample_means - constant)),
                held_sample_means - constant,
                self.samples.values,
            ),
        )

    def interaction_error(self, gene_side: float, sample_side: float) -> float:
        """Return the squared error of the held-out interaction, minus its sum of squares."""
        shrunk = ((self.genes.values + gene_side)[:, None] * (self.samples.values + sample_side)).astype(np.float32)
        fitted = self._fitted / shrunk
        error = fitted * (self._gene_gram @ fitted @ self._sample_gram) - 2 * fitted * self._held
        return float(error.sum(dtype=np.float64))

    def part_error(self, side: int, penalty: float) -> float:
        """Return the squared error of the held-out gene part (side 0) or sample part (side 1)."""
        rotated, products, target, values = self._parts[side]
        residual = target - rotated @ (products / (values + penalty))
        # Without its mean: no penalty removes a shift between chromosomes, but a large one hides it.
        return float(np.square(residual - residual.mean()).sum())

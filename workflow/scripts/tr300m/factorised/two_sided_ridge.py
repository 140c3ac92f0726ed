"""Ridge regression on both sides: gene part, sample part and interaction in closed form, for any penalties."""

from copy import copy
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

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
    def of(cls, gram: Floats) -> Self:
        """Decompose the products x'x of centred features [feature, feature]."""
        values, vectors = np.linalg.eigh(gram)
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

    def table(self, of_genes: NDArray[Any], of_samples: NDArray[Any]) -> NDArray[Any]:
        """Return log(1 + TPM) [gene, sample] of all pairs from the rows of `genes` and `samples`."""
        both = of_genes[:, 1:] @ of_samples[:, 1:].T
        return np.asarray(self.constant + of_genes[:, :1] + of_samples[:, 0] + both)

    def pairs(self, of_genes: Floats, of_samples: Floats) -> Floats:
        """Return log(1 + TPM) [pair] from the rows of `genes` and `samples` of each pair."""
        both = np.einsum("ij,ij->i", of_genes[:, 1:], of_samples[:, 1:])
        return np.asarray(self.constant + of_genes[:, 0] + of_samples[:, 0] + both)


@dataclass(frozen=True)
class RotatedCorner:
    """A training corner in the eigenvectors of its features, from which coefficients for any penalties follow.

    Attributes
    ----------
    constant
        Mean y.
    x_mean, z_mean
        Mean features of the genes and samples.
    genes, samples
        Decompositions of the centred features.
    gene_part, sample_part
        Products of the features with the mean y of genes and samples, rotated [feature].
    interaction
        Products of both sides' features with the doubly centred y, rotated [feature, feature].
    """

    constant: float
    x_mean: Floats
    z_mean: Floats
    genes: Decomposition
    samples: Decomposition
    gene_part: Floats
    sample_part: Floats
    interaction: Floats

    @classmethod
    def of(cls, corner: Corner, genes: Decomposition | None = None, samples: Decomposition | None = None) -> Self:
        """Rotate a corner; decompositions of its features that are known already are not computed again."""
        genes = Decomposition.of(corner.x.T @ corner.x) if genes is None else genes
        samples = Decomposition.of(corner.z.T @ corner.z) if samples is None else samples
        g, s, constant = genes.vectors, samples.vectors, float(corner.gene_means.mean())
        return cls(
            constant,
            corner.x_mean,
            corner.z_mean,
            genes,
            samples,
            g.T @ (corner.x.T @ (corner.gene_means - constant)),
            s.T @ (corner.z.T @ (corner.sample_means - constant)),
            g.T @ ((corner.x.T @ corner.product) @ s),
        )

    def coefficients(self, penalties: Penalties) -> Coefficients:
        """Fit all parts in closed form.

        The interaction is two-step kernel ridge regression (Stock et al. 2018): the least squares of the doubly centred
        y on all products of a gene and a sample feature, with each side's ridge. Motif activity regression (Bussemaker
        et al. 2001; Suzuki et al. 2009) is the case of motif counts and one indicator per sample.
        """
        genes, samples = self.genes, self.samples
        gene_part = genes.vectors @ (self.gene_part / (genes.values + penalties.gene_part))
        sample_part = samples.vectors @ (self.sample_part / (samples.values + penalties.sample_part))
        root = np.sqrt(samples.values + penalties.sample_side)
        inner = self.interaction / ((genes.values + penalties.gene_side)[:, None] * root)
        return Coefficients(
            self.constant,
            self.x_mean,
            self.z_mean,
            np.concatenate([gene_part[:, None], genes.vectors @ inner], axis=1),
            np.concatenate([sample_part[:, None], samples.vectors / root], axis=1),
        )


def gene_targets(corner: Corner, coefficients: Coefficients) -> Floats:
    """Return what the gene side is fitted to: gene part and gene vector [gene, 1 + k] without shrinkage."""
    part = corner.gene_means - coefficients.constant
    return np.concatenate([part[:, None], corner.product @ coefficients.sample_map[:, 1:]], axis=1)


class HeldOutPart(NamedTuple):
    """What the error of one part on a held-out corner follows from, for any penalty of one side, rotated.

    Attributes
    ----------
    values
        Eigenvalues of the fitted features [feature].
    fitted, held
        Products of the features with the means of the fitted and of the held-out rows [feature].
    gram
        Products of the held-out features [feature, feature].
    squares
        Sum of squares of the held-out means, minus their mean.
    """

    values: Floats
    fitted: Floats
    held: Floats
    gram: Floats
    squares: float

    def error(self, penalty: float) -> float:
        """Return the squared error of the held-out rows, without its mean.

        No penalty removes a shift between chromosomes, but a large one hides it.
        """
        rotated = self.fitted / (self.values + penalty)
        return float(self.squares - 2 * rotated @ self.held + rotated @ self.gram @ rotated)


class Rotated:
    """A training corner and a held-out corner in the eigenvectors of the training corner.

    The error on the held-out corner is then cheap for any penalties.

    Parameters
    ----------
    fitted, held
        Corner to fit to, and corner to predict; they share no gene.
    held_sample_means
        Mean y of the held-out samples over the fitted genes [sample].
    genes, samples
        Decompositions of the features of the training corner, if they are known already.

    Attributes
    ----------
    fitted
        The training corner, rotated.
    gene_part, sample_part
        The two parts on the held-out corner; `gene_side` and `sample_side` are the third, by each side's penalty.
    held
        Products of both sides' features with the doubly centred y of the held-out corner, rotated [feature, feature],
        float32.
    """

    def __init__(
        self,
        fitted: Corner,
        held: Corner,
        held_sample_means: Floats,
        genes: Decomposition | None = None,
        samples: Decomposition | None = None,
    ) -> None:
        self.fitted = RotatedCorner.of(fitted, genes, samples)
        held_x, held_z = held.x @ self.fitted.genes.vectors, held.z @ self.fitted.samples.vectors
        self.gene_part = HeldOutPart(
            self.fitted.genes.values,
            self.fitted.gene_part,
            held_x.T @ held.gene_means,
            held_x.T @ held_x,
            _centred_squares(held.gene_means),
        )
        self.sample_part = HeldOutPart(
            self.fitted.samples.values,
            self.fitted.sample_part,
            held_z.T @ held_sample_means,
            held_z.T @ held_z,
            _centred_squares(held_sample_means),
        )
        # float32: products with it take most of the time, and only choose between penalties.
        self.held = ((held_x.T @ held.product) @ self.fitted.samples.vectors).astype(np.float32)

    def without(self, fitted: Floats, held: Floats) -> Self:
        """Return the same without what another term explains of the two interactions, rotated [feature, feature]."""
        rest = copy(self)
        rest.fitted = replace(self.fitted, interaction=self.fitted.interaction - fitted)
        rest.held = (self.held - held).astype(np.float32)
        return rest

    def gene_side(self, sample_side: float) -> HeldOutPart:
        """Return the error of the held-out interaction by the penalty of the gene side, minus its sum of squares."""
        by_sample = 1 / (self.sample_part.values + sample_side)
        return _side(self.gene_part, self.sample_part, self.fitted.interaction, self.held, by_sample)

    def sample_side(self, gene_side: float) -> HeldOutPart:
        """Return the error of the held-out interaction by the penalty of the sample side, minus its sum of squares."""
        by_gene = 1 / (self.gene_part.values + gene_side)
        return _side(self.sample_part, self.gene_part, self.fitted.interaction.T, self.held.T, by_gene)


def _side(
    one: HeldOutPart, other: HeldOutPart, interaction: Floats, held: NDArray[Any], by_other: Floats
) -> HeldOutPart:
    """Return the error by the penalty of one side, with the products [feature, feature of the other] already shrunk.

    The squared error is a quadratic function of what each feature of the side is multiplied with, 1 / (eigenvalue +
    penalty).
    """
    shrunk = (interaction * by_other).astype(np.float32)
    gram = one.gram.astype(np.float32) * (shrunk @ other.gram.astype(np.float32) @ shrunk.T)
    right = np.einsum("ij,ij->i", shrunk, held, dtype=np.float64)
    return HeldOutPart(one.values, np.ones(len(right)), right, gram, 0.0)


def _centred_squares(values: Floats) -> float:
    return float(np.square(values - values.mean()).sum())

"""The fit of the own-level term beside the interaction, in closed form, and the choice of its penalty on inner folds.

The doubly centred y is fitted by M C L' + X W Z', where M are occupancies [gene, motif], L levels [sample, motif] and C
is diagonal. For any C the interaction is the two-sided ridge of y - M C L', which leaves y - M C L' - A (y - M C L') B
of it, with the smoothers A = X (X'X + p)^-1 X' and B likewise. C minimises the penalised sum of squares of both; its
normal matrix is (M'M) o (L'L) - (M'A M) o (L'B L), where o multiplies element by element, and its right side the
diagonal of M'y L - M'A y B L.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from ..base.types import Bools, Floats, Ints
from .choose import choose_penalties, inner_masks
from .own_levels import LevelColumns, OwnLevelTerm, occupancies
from .products import Corner, Products
from .two_sided_ridge import Penalties, Rotated, RotatedCorner

HALF_OCCUPIED = (0.5, 0.7, 0.9)
"""Shares of the training genes whose best site is occupied less than half of the time, to choose from."""
OWN_PENALTIES = tuple(10.0 ** (power / 2) for power in range(-10, 5))
"""Penalties of the term to choose from, in units of the mean of the normal matrix's diagonal."""


class FoldProducts(NamedTuple):
    """Sums of products of two matrices over the rows of each fold.

    Attributes
    ----------
    products
        left' right [fold, column of left, column of right].
    left, right
        Sums of the rows [fold, column].
    rows
        Number of rows [fold].
    """

    products: Floats
    left: Floats
    right: Floats
    rows: Ints

    @classmethod
    def of(cls, left: Floats, right: Floats, fold: Ints) -> Self:
        """Sum up matrices of the same rows."""
        parts = [(left[fold == one], right[fold == one]) for one in range(int(fold.max()) + 1)]
        return cls(
            np.stack([a.T @ b for a, b in parts]),
            np.stack([a.sum(axis=0) for a, _ in parts]),
            np.stack([b.sum(axis=0) for _, b in parts]),
            np.bincount(fold),
        )

    def centred(self, folds: Ints) -> Floats:
        """Return the products over some folds, of columns without their means over them."""
        means = np.outer(self.left[folds].sum(axis=0), self.right[folds].sum(axis=0)) / self.rows[folds].sum()
        return np.asarray(self.products[folds].sum(axis=0) - means)


@dataclass(frozen=True)
class OwnInputs:
    """What the term reads of the training pairs.

    Attributes
    ----------
    scores
        Best score of each motif, in bits [gene, motif].
    levels, level_mean
        Levels minus their means [sample, level], and these means [level].
    columns
        Levels of the motifs.
    sums
        Sums of y times the levels.
    gene_fold, sample_fold
        Inner fold of each training gene and sample.
    """

    scores: NDArray[Any]
    levels: Floats
    level_mean: Floats
    columns: LevelColumns
    sums: Products
    gene_fold: Ints
    sample_fold: Ints

    def term(self, threshold: Floats, weight: Floats, rows: Bools, columns: Bools) -> OwnLevelTerm:
        """Return the term with coefficients [motif] that were fitted to some genes and samples."""
        mean = occupancies(self.scores[rows], threshold).mean(axis=0)
        level_mean = self.level_mean + self.levels[columns].mean(axis=0)
        return OwnLevelTerm(threshold, mean, weight, level_mean, self.columns)

    def product(self, rows: Bools, columns: Bools) -> Floats:
        """Return the doubly centred y of whole folds of genes and samples, times the levels [gene, level]."""
        no_features = np.empty((len(rows), 0))
        corner = Corner.of(self.sums, no_features, self.levels, self.gene_fold, self.sample_fold, rows, columns)
        return corner.product


@dataclass(frozen=True)
class OwnSums:
    """Products of occupancies and levels over a corner, with features in the eigenvectors of a fit.

    Attributes
    ----------
    occupancies
        M'M [motif, motif].
    levels
        L'L [level, level].
    genes, samples
        Rotated X'M [feature, motif] and Z'L [feature, level].
    right
        Diagonal of M'y L, of the doubly centred y [motif].
    of_motif
        Level of each motif [motif].
    """

    occupancies: Floats
    levels: Floats
    genes: Floats
    samples: Floats
    right: Floats
    of_motif: Ints

    def by_motif(self, levels: Floats) -> Floats:
        """Return products of levels [level, level] as those of the motifs' levels [motif, motif]."""
        return levels[self.of_motif][:, self.of_motif]

    def interaction(self, weight: Floats) -> Floats:
        """Return the rotated X' (M C L') Z [feature, feature] for coefficients C [motif]."""
        return np.asarray((self.genes * weight) @ self.samples[:, self.of_motif].T)

    def diagonal(self, middle: Floats) -> Floats:
        """Return the diagonal [motif] of genes' middle samples for a matrix [feature, feature]."""
        return np.einsum("fm,fm->m", self.genes, (middle @ self.samples)[:, self.of_motif])


class Quadratic(NamedTuple):
    """The function c' matrix c - 2 right' c of coefficients c [motif]."""

    matrix: Floats
    right: Floats

    def __call__(self, weight: Floats) -> float:
        """Return its value."""
        return float(weight @ self.matrix @ weight - 2 * self.right @ weight)

    def lowest(self, penalty: float) -> Floats:
        """Return the coefficients with the lowest value, with a ridge in units of the mean of the diagonal."""
        loaded = np.array(self.matrix, dtype=np.float64)
        loaded.flat[:: len(loaded) + 1] += max(penalty * np.trace(loaded) / len(loaded), np.finfo(np.float64).tiny)
        return np.asarray(cho_solve(cho_factor(loaded, lower=True, overwrite_a=True), self.right))


def fitted_squares(fit: RotatedCorner, own: OwnSums, penalties: Penalties) -> Quadratic:
    """Return the penalised sum of squares of a fit, beside that without the term."""
    by_gene, by_sample = _shrinkage(fit, penalties)
    smooth = (own.genes.T * by_gene) @ own.genes
    levels = (own.samples.T * by_sample) @ own.samples
    matrix = own.occupancies * own.by_motif(own.levels) - smooth * own.by_motif(levels)
    return Quadratic(matrix, own.right - own.diagonal(by_gene[:, None] * fit.interaction * by_sample))


def held_out_squares(fold: Rotated, own: OwnSums, held: OwnSums, penalties: Penalties) -> Quadratic:
    """Return the sum of squares on the held-out corner of an inner fold, beside that without the term."""
    by_gene, by_sample = _shrinkage(fold.fitted, penalties)
    in_genes, in_samples = fold.gene_part.gram, fold.sample_part.gram
    interaction = by_gene[:, None] * fold.fitted.interaction * by_sample
    # What a unit of each coefficient takes away from the interaction.
    taken = replace(own, genes=by_gene[:, None] * own.genes, samples=by_sample[:, None] * own.samples)
    mixed = (held.genes.T @ taken.genes) * own.by_motif(held.samples.T @ taken.samples)
    square = (taken.genes.T @ in_genes @ taken.genes) * own.by_motif(taken.samples.T @ in_samples @ taken.samples)
    left = fold.held - in_genes @ interaction @ in_samples
    return Quadratic(
        held.occupancies * own.by_motif(held.levels) - mixed - mixed.T + square,
        held.right - held.diagonal(interaction) - taken.diagonal(left),
    )


def _shrinkage(fit: RotatedCorner, penalties: Penalties) -> tuple[Floats, Floats]:
    return 1 / (fit.genes.values + penalties.gene_side), 1 / (fit.samples.values + penalties.sample_side)


class OwnSettings(NamedTuple):
    """What is chosen of a term: the score of half occupancy, in bits [motif], and the penalty of the coefficients."""

    threshold: Floats
    penalty: float


class OwnFolds(NamedTuple):
    """A term that lowers the error on inner folds.

    Attributes
    ----------
    settings
        What was chosen of it.
    penalties
        Penalties of the other parts beside it.
    folds
        The inner folds of what it leaves to the interaction.
    terms
        The term of each inner fold.
    """

    settings: OwnSettings
    penalties: Penalties
    folds: list[Rotated]
    terms: list[OwnLevelTerm]

    def pairs(self, fold: int, inputs: OwnInputs, pairs: Ints) -> Floats:
        """Return the term of an inner fold for pairs [pair, 2] of training genes and samples [pair]."""
        term = self.terms[fold]
        genes = term.genes(inputs.scores)[pairs[:, 0]]
        levels = inputs.levels + (inputs.level_mean - term.level_mean)
        return np.einsum("ij,ij->i", genes, levels[pairs[:, 1]])


def choose_own(
    folds: Sequence[Rotated], x: Floats, z: Floats, inputs: OwnInputs, penalties: Penalties
) -> OwnFolds | None:
    """Choose the score of half occupancy and the penalty on inner folds, then the other penalties once more.

    Parameters
    ----------
    folds
        The inner folds.
    x, z
        Features of the training genes [gene, feature] and samples [sample, feature].
    inputs
        What the term reads.
    penalties
        Penalties that were chosen without the term.

    Returns
    -------
    OwnFolds or None
        None if the term does not lower the error.
    """
    thresholds = np.quantile(inputs.scores, HALF_OCCUPIED, axis=0)
    chosen, lowest = None, 0.0
    for threshold, sums in zip(thresholds, own_sums_of_folds(folds, x, z, inputs, thresholds), strict=True):
        squares = [
            (fitted_squares(fold.fitted, fitted, penalties), held_out_squares(fold, fitted, held, penalties))
            for fold, (fitted, held) in zip(folds, sums, strict=True)
        ]
        for penalty in OWN_PENALTIES:
            error = sum(held(fitted.lowest(penalty)) for fitted, held in squares)
            if error < lowest:
                chosen, lowest = (OwnSettings(threshold, penalty), sums), error
    if chosen is None:
        return None
    settings, sums = chosen
    _, first = _residuals(folds, sums, settings.penalty, penalties)
    penalties = choose_penalties(first)
    weights, rest = _residuals(folds, sums, settings.penalty, penalties)
    masks = (inner_masks(fold, inputs.gene_fold, inputs.sample_fold) for fold in range(len(folds)))
    terms = [
        inputs.term(settings.threshold, weight, ~held_rows, columns)
        for weight, (held_rows, _, columns) in zip(weights, masks, strict=True)
    ]
    return OwnFolds(settings, penalties, rest, terms)


def _residuals(
    folds: Sequence[Rotated], sums: Sequence[tuple[OwnSums, OwnSums]], penalty: float, penalties: Penalties
) -> tuple[list[Floats], list[Rotated]]:
    """Return the coefficients [motif] of each inner fold, and the folds of what the terms leave to the interaction."""
    weights = [
        fitted_squares(fold.fitted, fitted, penalties).lowest(penalty)
        for fold, (fitted, _) in zip(folds, sums, strict=True)
    ]
    rest = [
        fold.without(fitted.interaction(weight), held.interaction(weight))
        for fold, weight, (fitted, held) in zip(folds, weights, sums, strict=True)
    ]
    return weights, rest


def own_sums_of_folds(
    folds: Sequence[Rotated], x: Floats, z: Floats, inputs: OwnInputs, thresholds: Floats
) -> list[list[tuple[OwnSums, OwnSums]]]:
    """Return the sums of the fitted and the held-out corner [threshold][fold]."""
    gene_fold, sample_fold, of_motif = inputs.gene_fold, inputs.sample_fold, inputs.columns.of_motif
    zl, ll = (FoldProducts.of(left, inputs.levels, sample_fold) for left in (z, inputs.levels))
    of_genes = []
    for threshold in thresholds:
        occupied = occupancies(inputs.scores, threshold)
        of_genes.append([FoldProducts.of(left, occupied, gene_fold) for left in (x, occupied)])
    found: list[list[tuple[OwnSums, OwnSums]]] = [[] for _ in thresholds]
    for number, fold in enumerate(folds):
        held_rows, held_columns, columns = inner_masks(number, gene_fold, sample_fold)
        corners = [
            (rows, np.unique(gene_fold[rows]), np.unique(sample_fold[chosen]), inputs.product(rows, chosen))
            for rows, chosen in ((~held_rows, columns), (held_rows, held_columns))
        ]
        for threshold, (xm, mm), sums in zip(thresholds, of_genes, found, strict=True):
            occupied = occupancies(inputs.scores, threshold)
            fitted, held = (
                OwnSums(
                    mm.centred(in_genes),
                    ll.centred(in_samples),
                    fold.fitted.genes.vectors.T @ xm.centred(in_genes),
                    fold.fitted.samples.vectors.T @ zl.centred(in_samples),
                    np.einsum("gm,gm->m", occupied[rows], product[:, of_motif]),
                    of_motif,
                )
                for rows, in_genes, in_samples, product in corners
            )
            sums.append((fitted, held))
    return found


def fit_own(
    whole: RotatedCorner, corner: Corner, inputs: OwnInputs, settings: OwnSettings, penalties: Penalties
) -> OwnLevelTerm:
    """Fit a chosen term to all training pairs, beside an interaction with these penalties.

    Parameters
    ----------
    whole, corner
        The corner of all training pairs, rotated and as it is.
    inputs
        What the term reads.
    settings
        What was chosen.
    penalties
        Penalties of the interaction.
    """
    everywhere = np.ones(len(inputs.scores), bool), np.ones(len(inputs.levels), bool)
    product = inputs.product(*everywhere)
    occupied = occupancies(inputs.scores, settings.threshold)
    occupied -= occupied.mean(axis=0)
    sums = OwnSums(
        occupied.T @ occupied,
        inputs.levels.T @ inputs.levels,
        whole.genes.vectors.T @ (corner.x.T @ occupied),
        whole.samples.vectors.T @ (corner.z.T @ inputs.levels),
        np.einsum("gm,gm->m", occupied, product[:, inputs.columns.of_motif]),
        inputs.columns.of_motif,
    )
    weight = fitted_squares(whole, sums, penalties).lowest(settings.penalty)
    return inputs.term(settings.threshold, weight, *everywhere)

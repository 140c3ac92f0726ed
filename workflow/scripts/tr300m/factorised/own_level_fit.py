"""The fit of the own-level term beside the interaction, in closed form, and the choice of its penalty on inner folds.

The doubly centred y is fitted by M C L' + X W Z', where M are occupancies [gene, motif], L levels [sample, motif] and C
is diagonal. For any C the interaction is the two-sided ridge of y - M C L', which leaves y - M C L' - A (y - M C L') B
of it, with the smoothers A = X (X'X + p)^-1 X' and B likewise. C minimises the penalised sum of squares of both; its
normal matrix is (M'M) o (L'L) - (M'A M) o (L'B L), where o multiplies element by element, and its right side the
diagonal of M'y L - M'A y B L.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from ..base.types import Floats, Ints
from .choose import choose_penalties
from .own_level_sums import OwnInputs, OwnSums, inner_corners, level_sums, own_rights, own_sums
from .own_levels import OwnLevelTerm, occupancies
from .products import Corner
from .two_sided_ridge import Penalties, Rotated, RotatedCorner

HALF_OCCUPIED = (0.5, 0.7, 0.9)
"""Shares of the training genes whose best site is occupied less than half of the time, to choose from."""
OWN_PENALTIES = tuple(10.0 ** (power / 2) for power in range(-5, 5))
"""Penalties of the term to choose from, in units of the mean of the normal matrix's diagonal."""


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
    # Products of a matrix with itself take half of the time.
    genes, samples = np.sqrt(by_gene)[:, None] * own.genes, np.sqrt(by_sample)[:, None] * own.samples
    matrix = own.occupancies * own.by_motif(own.levels) - (genes.T @ genes) * own.by_motif(samples.T @ samples)
    return Quadratic(matrix, own.right - own.diagonal(by_gene[:, None] * fit.interaction * by_sample))


def held_out_squares(fold: Rotated, own: OwnSums, held: OwnSums, penalties: Penalties) -> Quadratic:
    """Return the sum of squares on the held-out corner of an inner fold, beside that without the term."""
    by_gene, by_sample = _shrinkage(fold.fitted, penalties)
    in_genes, in_samples = _single(fold.gene_part.gram), _single(fold.sample_part.gram)
    interaction = _single(by_gene[:, None] * fold.fitted.interaction * by_sample)
    # What a unit of each coefficient takes away from the interaction.
    genes, samples = _single(by_gene[:, None] * own.genes), _single(by_sample[:, None] * own.samples)
    taken = replace(own, genes=genes, samples=samples)
    mixed = (held.genes.T @ taken.genes) * own.by_motif(held.samples.T @ taken.samples)
    square = (taken.genes.T @ in_genes @ taken.genes) * own.by_motif(taken.samples.T @ in_samples @ taken.samples)
    left: NDArray[Any] = fold.held - in_genes @ interaction @ in_samples
    return Quadratic(
        held.occupancies * own.by_motif(held.levels) - mixed - mixed.T + square,
        held.right - held.diagonal(interaction) - taken.diagonal(left),
    )


def _single(values: NDArray[Any]) -> NDArray[np.float32]:
    """Return float32, for products that only choose between penalties."""
    return values.astype(np.float32)


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
        genes, of_gene = np.unique(pairs[:, 0], return_inverse=True)
        levels = inputs.levels[pairs[:, 1]] + (inputs.level_mean - term.level_mean)
        return np.einsum("ij,ij->i", term.genes(inputs.scores[genes])[of_gene], levels)


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
    thresholds = np.quantile(inputs.scores, HALF_OCCUPIED, axis=0).astype(np.float64)
    occupied = [occupancies(inputs.scores, threshold).astype(np.float32) for threshold in thresholds]
    rights, of_samples = own_rights(inputs, occupied), level_sums(folds, z, inputs)
    chosen, lowest = None, 0.0
    for number, (one, right) in enumerate(zip(occupied, rights, strict=True)):
        sums = own_sums(folds, x, inputs, of_samples, one, right)
        squares = [
            (fitted_squares(fold.fitted, fitted, penalties), held_out_squares(fold, fitted, held, penalties))
            for fold, (fitted, held) in zip(folds, sums, strict=True)
        ]
        # Memory for the sums of one threshold at a time.
        del sums
        for penalty in OWN_PENALTIES:
            error = sum(held(fitted.lowest(penalty)) for fitted, held in squares)
            if error < lowest:
                chosen, lowest = (number, penalty), error
    if chosen is None:
        return None
    number, settings = chosen[0], OwnSettings(thresholds[chosen[0]], chosen[1])
    sums = own_sums(folds, x, inputs, of_samples, occupied[number], rights[number])
    _, first = _residuals(folds, sums, settings.penalty, penalties)
    penalties = choose_penalties(first)
    weights, rest = _residuals(folds, sums, settings.penalty, penalties)
    terms = [
        inputs.term(settings.threshold, weight, *fitted)
        for weight, (_, fitted, _) in zip(weights, inner_corners(inputs), strict=True)
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

"""Sums over genes and samples from which the own-level term is fitted, for all training pairs and for inner folds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ..base.types import Bools, Floats, Ints
from .choose import inner_masks
from .own_levels import LevelColumns, OwnLevelTerm, occupancies
from .products import Corner, Products
from .two_sided_ridge import Rotated


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
        # float32: products over all genes take most of the time, and only choose the penalty.
        left, right = left.astype(np.float32), right.astype(np.float32)
        parts = [(left[fold == one], right[fold == one]) for one in range(int(fold.max()) + 1)]
        return cls(
            np.stack([a.T @ b for a, b in parts]).astype(np.float64),
            np.stack([a.sum(axis=0, dtype=np.float64) for a, _ in parts]),
            np.stack([b.sum(axis=0, dtype=np.float64) for _, b in parts]),
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


def own_rights(inputs: OwnInputs, thresholds: Floats) -> list[list[tuple[Floats, Floats]]]:
    """Return `OwnSums.right` of the fitted and the held-out corner [threshold][inner fold]."""
    found: list[list[tuple[Floats, Floats]]] = [[] for _ in thresholds]
    for _, *corners in inner_corners(inputs):
        products = [(rows, inputs.product(rows, columns)[:, inputs.columns.of_motif]) for rows, columns in corners]
        for threshold, rights in zip(thresholds, found, strict=True):
            fitted, held = (
                np.einsum("gm,gm->m", occupancies(inputs.scores[rows], threshold), product)
                for rows, product in products
            )
            rights.append((fitted, held))
    return found


def own_sums(
    folds: Sequence[Rotated],
    x: Floats,
    z: Floats,
    inputs: OwnInputs,
    threshold: Floats,
    rights: Sequence[tuple[Floats, Floats]],
) -> list[tuple[OwnSums, OwnSums]]:
    """Return the sums of the fitted and the held-out corner of each inner fold."""
    occupied = occupancies(inputs.scores, threshold)
    xm, mm = (FoldProducts.of(left, occupied, inputs.gene_fold) for left in (x, occupied))
    zl, ll = (FoldProducts.of(left, inputs.levels, inputs.sample_fold) for left in (z, inputs.levels))
    found = []
    for number, *corners in inner_corners(inputs):
        fit = folds[number].fitted
        both = []
        for (rows, columns), right in zip(corners, rights[number], strict=True):
            genes, samples = np.unique(inputs.gene_fold[rows]), np.unique(inputs.sample_fold[columns])
            rotated = fit.genes.vectors.T @ xm.centred(genes), fit.samples.vectors.T @ zl.centred(samples)
            of_motif = inputs.columns.of_motif
            both.append(OwnSums(mm.centred(genes), ll.centred(samples), *rotated, right, of_motif))
        found.append((both[0], both[1]))
    return found


def inner_corners(inputs: OwnInputs) -> Iterator[tuple[int, tuple[Bools, Bools], tuple[Bools, Bools]]]:
    """Yield the number of each inner fold, and genes and samples that are fitted and that are held out."""
    for fold in range(int(inputs.gene_fold.max()) + 1):
        held_rows, held_columns, columns = inner_masks(fold, inputs.gene_fold, inputs.sample_fold)
        yield fold, (~held_rows, columns), (held_rows, held_columns)

"""Sums over genes and samples from which the own-level term is fitted, for all training pairs and for inner folds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from ..base.types import Bools, Floats, Ints
from .choose import inner_masks
from .fold_products import FoldProducts
from .own_levels import LevelColumns, OwnLevelTerm, occupancies
from .products import Corner, Products
from .two_sided_ridge import Rotated


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
    genes: NDArray[Any]
    samples: NDArray[Any]
    right: Floats
    of_motif: Ints

    def by_motif(self, levels: Floats) -> Floats:
        """Return products of levels [level, level] as those of the motifs' levels [motif, motif]."""
        return levels[self.of_motif][:, self.of_motif]

    def interaction(self, weight: Floats) -> Floats:
        """Return the rotated X' (M C L') Z [feature, feature] for coefficients C [motif]."""
        return np.asarray((self.genes * weight) @ self.samples[:, self.of_motif].T)

    def diagonal(self, middle: NDArray[Any]) -> Floats:
        """Return the diagonal [motif] of genes' middle samples for a matrix [feature, feature]."""
        by_level = np.take(middle @ self.samples, self.of_motif, axis=1)
        return np.einsum("fm,fm->m", self.genes, by_level, dtype=np.float64)


def own_rights(inputs: OwnInputs, occupied: Sequence[NDArray[Any]]) -> list[list[tuple[Floats, Floats]]]:
    """Return `OwnSums.right` of the fitted and the held-out corner [threshold][inner fold]."""
    found: list[list[tuple[Floats, Floats]]] = [[] for _ in occupied]
    for _, *corners in inner_corners(inputs):
        products = [
            (rows, np.take(inputs.product(rows, columns), inputs.columns.of_motif, axis=1)) for rows, columns in corners
        ]
        for one, rights in zip(occupied, found, strict=True):
            fitted, held = (
                np.einsum("gm,gm->m", np.compress(rows, one, axis=0), product) for rows, product in products
            )
            rights.append((fitted, held))
    return found


_DTYPES = np.float64, np.float32
"""Precision of the fitted and of the held-out corner, which only chooses between penalties."""


def _product(left: Floats, right: Floats, dtype: DTypeLike) -> NDArray[Any]:
    return np.asarray(left.astype(dtype, copy=False) @ right.astype(dtype, copy=False))


class LevelSums(NamedTuple):
    """What `OwnSums` have of the samples of a corner: it does not depend on the occupancies."""

    levels: Floats
    samples: NDArray[Any]


def level_sums(folds: Sequence[Rotated], z: Floats, inputs: OwnInputs) -> list[tuple[LevelSums, LevelSums]]:
    """Return the sums of the fitted and, in float32, of the held-out samples of each inner fold."""
    zl, ll = (FoldProducts.of(left, inputs.levels, inputs.sample_fold) for left in (z, inputs.levels))
    found = []
    for number, *corners in inner_corners(inputs):
        vectors, both = folds[number].fitted.samples.vectors, []
        for (_, columns), dtype in zip(corners, _DTYPES, strict=True):
            inside = np.unique(inputs.sample_fold[columns])
            both.append(LevelSums(ll.centred(inside), _product(vectors.T, zl.centred(inside), dtype)))
        found.append((both[0], both[1]))
    return found


def own_sums(
    folds: Sequence[Rotated],
    x: Floats,
    inputs: OwnInputs,
    of_samples: Sequence[tuple[LevelSums, LevelSums]],
    occupied: NDArray[Any],
    rights: Sequence[tuple[Floats, Floats]],
) -> list[tuple[OwnSums, OwnSums]]:
    """Return the sums of the fitted and, in float32, of the held-out corner of each inner fold.

    The occupancies are of all training genes [gene, motif].
    """
    xm, mm = (FoldProducts.of(left, occupied, inputs.gene_fold) for left in (x, occupied))
    found = []
    for number, *corners in inner_corners(inputs):
        vectors, both = folds[number].fitted.genes.vectors, []
        corner_sums = zip(corners, of_samples[number], rights[number], _DTYPES, strict=True)
        for (rows, _), (levels, samples), right, dtype in corner_sums:
            inside = np.unique(inputs.gene_fold[rows])
            genes = _product(vectors.T, xm.centred(inside), dtype)
            both.append(OwnSums(mm.centred(inside), levels, genes, samples, right, inputs.columns.of_motif))
        found.append((both[0], both[1]))
    return found


def inner_corners(inputs: OwnInputs) -> Iterator[tuple[int, tuple[Bools, Bools], tuple[Bools, Bools]]]:
    """Yield the number of each inner fold, and genes and samples that are fitted and that are held out."""
    for fold in range(int(inputs.gene_fold.max()) + 1):
        held_rows, held_columns, columns = inner_masks(fold, inputs.gene_fold, inputs.sample_fold)
        yield fold, (~held_rows, columns), (held_rows, held_columns)

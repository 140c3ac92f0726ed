"""The choice of the penalties on inner folds of the training pairs."""

from collections.abc import Callable, Sequence
from functools import cache, partial

import numpy as np

from ..base.progress import bar
from ..base.types import Bools, Floats, Ints
from .fold_products import FoldProducts
from .products import Corner, Products
from .two_sided_ridge import Decomposition, HeldOutPart, Penalties, Rotated

GRID = tuple(10.0 ** (power / 2) for power in range(-6, 11))
"""Penalties to choose from, from 0.001 to 100,000."""
START = GRID[8]


def inner_masks(fold: int, gene_fold: Ints, sample_fold: Ints) -> tuple[Bools, Bools, Bools]:
    """Return the held-out genes, held-out samples and fitted samples of an inner fold.

    A fold of genes is held out together with a fold of samples. If there is one fold of samples, no sample is held out.
    """
    folds = int(sample_fold.max()) + 1
    held = sample_fold == fold % folds
    return gene_fold == fold, held, ~held if folds > 1 else held


def inner_fits(sums: Products, x: Floats, z: Floats, gene_fold: Ints, sample_fold: Ints) -> list[Rotated]:
    """Return each inner fold as a fit to the other folds and the corner that it predicts.

    Parameters
    ----------
    sums
        Sums over the training pairs.
    x, z
        Features of the training genes [gene, feature] and samples [sample, feature].
    gene_fold, sample_fold
        Inner fold of each; one fold of samples if all samples are seen in training.
    """
    # Means taken off afterwards cost no digits: those of a feature map are small beside the features.
    grams = FoldProducts.of(x, x, gene_fold, np.float64), FoldProducts.of(z, z, sample_fold, np.float64)
    folds = []
    with bar(int(gene_fold.max()) + 1, "inner folds", "fold") as meter:
        for fold in range(int(gene_fold.max()) + 1):
            held_rows, held_columns, columns = inner_masks(fold, gene_fold, sample_fold)
            fitted = Corner.of(sums, x, z, gene_fold, sample_fold, ~held_rows, columns)
            held = Corner.of(sums, x, z, gene_fold, sample_fold, held_rows, held_columns)
            others = np.unique(gene_fold[~held_rows])
            means = sums.by_sample[others][:, held_columns].sum(axis=0) / int((~held_rows).sum())
            inside = others, np.unique(sample_fold[columns])
            sides = (Decomposition.of(gram.centred(of_side)) for gram, of_side in zip(grams, inside, strict=True))
            folds.append(Rotated(fitted, held, means, *sides))
            meter.update(1)
    return folds


def choose_penalties(folds: Sequence[Rotated]) -> Penalties:
    """Choose the penalties with the smallest squared error on inner folds; nothing else than training pairs is read."""
    gene_part = _lowest(partial(_part_error, [fold.gene_part for fold in folds]), START)
    sample_part = _lowest(partial(_part_error, [fold.sample_part for fold in folds]), START)
    gene_side = sample_side = START
    # One side after the other, twice: the two hardly depend on each other.
    for _ in range(2):
        gene_side = _lowest(partial(_part_error, [fold.gene_side(sample_side) for fold in folds]), gene_side)
        sample_side = _lowest(partial(_part_error, [fold.sample_side(gene_side) for fold in folds]), sample_side)
    return Penalties(gene_part, sample_part, gene_side, sample_side)


def _part_error(parts: Sequence[HeldOutPart], penalty: float) -> float:
    return sum(part.error(penalty) for part in parts)


def _lowest(error: Callable[[float], float], start: float) -> float:
    """Return the penalty of `GRID` with the lowest error, downhill from `start`: the error has one minimum."""
    cached = cache(error)
    at = GRID.index(start)
    while True:
        best = min(range(max(at - 1, 0), min(at + 2, len(GRID))), key=lambda index: cached(GRID[index]))
        if best == at:
            return GRID[at]
        at = best

"""Sums over genes and samples from which interactions of gene features with sample features are fitted and scored.

Log expression of gene g in sample s, doubly centred, is predicted as the sum over features of (coefficient) * x[g] *
u[s]. Everything that least squares, ridge and the correlation need of 344 million pairs is in products of the form
X' Y U, which one pass over the expression gives. Any pairing of gene features with sample features is then a choice of
their entries.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..base.types import Floats, Ints

SUMMED_GENES_PER_BLOCK = 256


@dataclass(frozen=True)
class InteractionSums:
    """Products of gene features x, sample features u and doubly centred log expression y, by blocks.

    Genes are in folds (f), samples in groups (j). In each fold of genes y has its sample means and its gene means
    removed, so that x need not be centred where it meets y.

    Attributes
    ----------
    xx
        Covariances of gene features within a fold, times its genes [f, x, x].
    xy
        Sum over genes of x times the sum of y over the samples of a group [f, j, x].
    xyu
        Sum over genes and samples of x y u [f, j, x, u].
    yy
        Sum of the squares of y [f].
    samples, u, uu
        Number of samples [j], sum of u [j, u] and products [j, u, u] over the samples of a group.
    gene_yu
        Sum over all samples of y times u, of each gene, for the first `kept` columns of u [gene, kept], float32.
    gene_yy
        Sum of the squares of y of each gene [gene].
    """

    xx: Floats
    xy: Floats
    xyu: Floats
    yy: Floats
    samples: Ints
    u: Floats
    uu: Floats
    gene_yu: NDArray[np.float32]
    gene_yy: Floats


def interaction_sums(
    expression: NDArray[np.float32], x: Floats, u: Floats, gene_fold: Ints, sample_group: Ints, kept: int
) -> InteractionSums:
    """Read the expression twice, block by block, and sum up; a block of genes is all that is in memory of it.

    Parameters
    ----------
    expression
        TPM [gene, sample].
    x, u
        Features of genes [gene, x] and of samples [sample, u].
    gene_fold, sample_group
        Fold of each gene [gene] and group of each sample [sample], counted from 0 without gaps.
    kept
        Number of columns of u for which the products with y of each gene are kept.
    """
    folds, groups = int(gene_fold.max()) + 1, int(sample_group.max()) + 1
    members = [np.flatnonzero(sample_group == group) for group in range(groups)]
    sample_means = _sample_means(expression, gene_fold, folds)
    xy, xyu = np.zeros((folds, groups, x.shape[1])), np.zeros((folds, groups, x.shape[1], u.shape[1]))
    gene_yu, gene_yy = np.zeros((len(x), kept), np.float32), np.zeros(len(x))
    for fold, genes in _blocks(gene_fold, folds):
        y = _logs(expression, genes) - sample_means[fold]
        y -= y.mean(axis=1, keepdims=True)
        gene_yy[genes] = np.einsum("gs,gs->g", y, y)
        for group, chosen in enumerate(members):
            part = y[:, chosen]
            yu = part @ u[chosen]
            xyu[fold, group] += x[genes].T @ yu
            xy[fold, group] += x[genes].T @ part.sum(axis=1)
            gene_yu[genes] += yu[:, :kept].astype(np.float32)
    centred = [x[gene_fold == fold] - x[gene_fold == fold].mean(axis=0) for fold in range(folds)]
    return InteractionSums(
        xx=np.stack([part.T @ part for part in centred]),
        xy=xy,
        xyu=xyu,
        yy=np.array([gene_yy[gene_fold == fold].sum() for fold in range(folds)]),
        samples=np.bincount(sample_group, minlength=groups),
        u=np.stack([u[chosen].sum(axis=0) for chosen in members]),
        uu=np.stack([u[chosen].T @ u[chosen] for chosen in members]),
        gene_yu=gene_yu,
        gene_yy=gene_yy,
    )


def _sample_means(expression: NDArray[np.float32], gene_fold: Ints, folds: int) -> Floats:
    """Return the mean log(1 + TPM) of each sample over the genes of each fold [fold, sample]."""
    totals = np.zeros((folds, expression.shape[1]))
    for fold, genes in _blocks(gene_fold, folds):
        totals[fold] += _logs(expression, genes).sum(axis=0)
    return np.asarray(totals / np.bincount(gene_fold, minlength=folds)[:, None])


def _blocks(gene_fold: Ints, folds: int) -> list[tuple[int, Ints]]:
    """Return fold and genes of each block; a block has genes of one fold."""
    return [
        (fold, genes[start : start + SUMMED_GENES_PER_BLOCK])
        for fold in range(folds)
        for genes in [np.flatnonzero(gene_fold == fold)]
        for start in range(0, len(genes), SUMMED_GENES_PER_BLOCK)
    ]


def _logs(expression: NDArray[np.float32], genes: Ints) -> Floats:
    return np.log1p(expression[genes].astype(np.float64))

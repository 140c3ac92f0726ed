"""Correlations that each ask for one contrast of expression: between genes, between tissues, and between both at once.

The correlation over all pairs of a part can be high because a model tells genes apart, although it tells no tissue from
another. All three metrics here are correlations of x = log(1 + observed TPM) and y = log(1 + predicted TPM):

``across_genes``
    The correlation over the genes of one sample, averaged over samples.
``within_gene``
    The correlation over tissues of one gene, averaged over genes. The value of a tissue is the mean over the part's
    samples of it.
``doubly_centred``
    The correlation over all genes and tissues of the same means, after the best-fitting sum of one number a gene and
    one number a tissue is subtracted from both. With a value for each gene and tissue these are
    x_gt - x_g - x_t + x_mean.

Whether a group, such as a gene, counts is decided by its observed values alone: it needs three values or more that are
not all equal. A prediction that is constant there counts as a correlation of 0. Two models are therefore averaged over
the same groups of the same pairs, and tissue means alone have a doubly centred correlation of 0.

In a bootstrap draw, genes and samples have weights (`cluster_bootstrap.Weights`). A gene's weight counts in its
correlation with the others and in the average over genes. A sample's weight counts in the mean of its tissue and in the
average over samples. A tissue has as weight the mean weight of its samples: 1 in the part itself, 0 if none of its
donors was drawn, 2 if its only donor was drawn twice.

Samples that were drawn several times make the mean of a tissue noisier in a draw than it is in the part. This lowers
the two metrics of tissue means, and most those of a model whose predictions differ within a tissue. Their draws are
therefore shifted, so that their mean is the value in the part.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

from ..base.types import Floats, Ints
from .cluster_bootstrap import ROUNDING, PairIndex, Weights
from .point import UNDEFINED

CONTRASTS = ("across_genes", "within_gene", "doubly_centred")
"""Names of the metrics of this module."""
LEAST_VALUES = 3
"""Fewest genes of a sample and fewest tissues of a gene with a correlation: two values correlate perfectly."""
_VALUES_PER_BLOCK = 2**21
# Eigenvalues below this share of the largest are 0: the mean of all tissues, which the genes have already explained.
_SINGULAR = 1e-10


class TableSums(NamedTuple):
    """Weighted sums of two variables, from which a correlation follows; all arrays have one shape.

    Attributes
    ----------
    xx, yy, xy
        Sums of squares and of products of the variables minus their means.
    x_square, y_square
        Sums of squares of the variables themselves.
    """

    xx: Floats
    yy: Floats
    xy: Floats
    x_square: Floats
    y_square: Floats

    def correlations(self) -> Floats:
        """Return the correlations: undefined where x is constant, 0 where only y is."""
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.clip(self.xy / np.sqrt(self.xx * self.yy), -1.0, 1.0)
        found = np.where(self.yy > ROUNDING * self.y_square, found, 0.0)
        return np.where(self.xx > ROUNDING * self.x_square, found, UNDEFINED)


@dataclass(frozen=True)
class ContrastTable:
    """Sums over the pairs of each gene and sample, from which the contrasts of any draw follow.

    Memory: five tables [gene, sample] of float64, twice that while they are made, and for each block of draws about
    ten arrays of 16 MB, or of [tissue, gene] if that is more. 1,000 draws of 2,000 genes and 1,700 samples of 54
    tissues take 4 s on one core.

    Attributes
    ----------
    number
        Number of pairs [gene, sample], or [1, sample] if all genes have the same samples.
    x, y, xx, yy, xy
        Sums of log(1 + TPM), observed and predicted, and of their products [gene, sample].
    samples
        Sample code of each column of the tables [sample]; the samples of a tissue are neighbours.
    tissues
        Columns of each tissue.
    """

    number: Floats
    x: Floats
    y: Floats
    xx: Floats
    yy: Floats
    xy: Floats
    samples: Ints
    tissues: list[slice]

    @classmethod
    def of(cls, observed: ArrayLike, prediction: ArrayLike, tissue: ArrayLike, index: PairIndex) -> Self:
        """Sum pairs by gene and sample.

        Parameters
        ----------
        observed, prediction
            TPM [pair], finite and not negative.
        tissue
            Tissue of each pair's sample [pair], by name or number.
        index
            Genes and samples of the pairs.
        """
        x, y = (np.log1p(np.asarray(values, dtype=np.float64)) for values in (observed, prediction))
        of_sample = np.zeros(index.n_samples, dtype=np.int64)
        of_sample[index.sample] = np.unique(np.asarray(tissue), return_inverse=True)[1]
        samples = np.argsort(of_sample, kind="stable")
        starts = np.flatnonzero(np.diff(of_sample[samples], prepend=-1)).tolist()
        tissues = [slice(*ends) for ends in zip(starts, [*starts[1:], len(samples)], strict=True)]
        cell = index.gene * index.n_samples + np.argsort(samples)[index.sample]

        def table(values: Floats | None) -> Floats:
            sums = np.bincount(cell, values, index.n_genes * index.n_samples)
            return sums.reshape(index.n_genes, index.n_samples).astype(np.float64, copy=False)

        number = table(None)
        shared = bool((number == number[0]).all())
        xx, yy, xy = (table(values) for values in (x * x, y * y, x * y))
        return cls(number[:1] if shared else number, table(x), table(y), xx, yy, xy, samples, tissues)

    def metrics(self) -> dict[str, float]:
        """Return the contrasts of the pairs, each in [-1, 1]; NaN where undefined."""
        once = Weights(np.ones((1, len(self.x))), np.ones((1, len(self.samples))))
        return {name: float(values[0]) for name, values in self._weighted(once).items()}

    def draws(self, weights: Weights) -> dict[str, Floats]:
        """Return the contrasts of each draw [draw]; NaN where undefined."""
        found, values = self._weighted(weights), self.metrics()
        return {name: found[name] if name == "across_genes" else _shifted(found[name], values[name]) for name in found}

    def _weighted(self, weights: Weights) -> dict[str, Floats]:
        """Return the contrasts of weighted pairs [draw]."""
        samples = weights.samples[:, self.samples]
        across_genes = self._across_genes(weights.genes, samples)
        return dict(zip(CONTRASTS, (across_genes, *self._across_tissues(weights.genes, samples)), strict=True))

    def _across_genes(self, genes: Floats, samples: Floats) -> Floats:
        """Return ``across_genes`` of weights of genes [draw, gene] and of samples [draw, sample]."""
        drawn = _distinct(genes)
        found = [self._of_samples(block) for block in _blocks(drawn, len(self.samples))]
        return _averages(np.concatenate(found), samples)

    def _of_samples(self, genes: Floats) -> Floats:
        """Return the correlation over genes in each sample [draw, sample] for weights of genes [draw, gene]."""
        n, values = (
            weight.sum(axis=1, keepdims=True) * number if len(number) == 1 else weight @ number
            for weight, number in ((genes, self.number), (_positive(genes), _positive(self.number)))
        )
        x, y, xx, yy, xy = (genes @ sums for sums in (self.x, self.y, self.xx, self.yy, self.xy))
        with np.errstate(divide="ignore", invalid="ignore"):
            found = TableSums(xx - x * x / n, yy - y * y / n, xy - x * y / n, xx, yy).correlations()
        return np.where(values >= LEAST_VALUES, found, UNDEFINED)

    def _across_tissues(self, genes: Floats, samples: Floats) -> tuple[Floats, Floats]:
        """Return ``within_gene`` and ``doubly_centred`` of weights of genes and of samples."""
        drawn = _distinct(samples)
        size = len(self.tissues) * len(self.x)
        means = (one for block in _blocks(drawn, size) for one in zip(*self._tissue_means(block), strict=True))
        # If all draws have the same samples, so that there is one table of means, its genes are weighted for all draws.
        weights = [genes] if len(drawn) == 1 else genes[:, None]
        found = [_of_tissues(*table, of_genes) for table, of_genes in zip(means, weights, strict=True)]
        within, centred = (np.concatenate(values) for values in zip(*found, strict=True))
        return within, centred

    def _tissue_means(self, samples: Floats) -> tuple[Floats, Floats, Floats]:
        """Return weight, observed and predicted mean of each tissue [draw, tissue, gene].

        The weight is [draw, tissue, 1] if all genes have the same samples. A mean of weight 0 is 0.
        """
        number, x, y = (
            np.stack([samples[:, columns] @ sums[:, columns].T for columns in self.tissues], axis=1)
            for sums in (self.number, self.x, self.y)
        )
        size = np.stack([self.number[:, columns].sum(axis=1) for columns in self.tissues])
        return _quotient(number, size), _quotient(x, number), _quotient(y, number)


def _of_tissues(weight: Floats, x: Floats, y: Floats, genes: Floats) -> tuple[Floats, Floats]:
    """Return ``within_gene`` and ``doubly_centred`` of one table of means, for each draw of genes [draw].

    Parameters
    ----------
    weight
        Weight of each mean within its gene [tissue, gene], or [tissue, 1] if it is the same for all genes.
    x, y
        Mean log(1 + TPM), observed and predicted [tissue, gene].
    genes
        Weights of genes [draw, gene].
    """
    total = weight.sum(axis=0)
    x_mean, y_mean = (_quotient(_dot(weight, values), total) for values in (x, y))
    x, y = x - x_mean, y - y_mean
    weighted_x, weighted_y = weight * x, weight * y
    xx, yy, xy = _dot(weighted_x, x), _dot(weighted_y, y), _dot(weighted_x, y)
    of_gene = TableSums(xx, yy, xy, xx + total * x_mean**2, yy + total * y_mean**2)
    enough = (weight > 0).sum(axis=0) >= LEAST_VALUES
    within = _averages(np.where(enough, of_gene.correlations(), UNDEFINED)[None], genes)
    # What numbers for tissues explain by least squares is subtracted from the sums over genes and tissues.
    x_sums, y_sums = genes @ weighted_x.T, genes @ weighted_y.T
    x_fit, y_fit = (_tissue_effects(sums, weight, genes) for sums in (x_sums, y_sums))
    explained = [(sums * fit).sum(axis=1) for sums, fit in ((x_sums, x_fit), (y_sums, y_fit), (x_sums, y_fit))]
    xx, yy, xy, *squares = (genes @ values for values in of_gene)
    return within, TableSums(xx - explained[0], yy - explained[1], xy - explained[2], *squares).correlations()


def _tissue_effects(sums: Floats, weight: Floats, genes: Floats) -> Floats:
    """Return the numbers for tissues [draw, tissue] that fit values best, beside numbers for genes.

    They solve the normal equations of the two-way fit, from which the numbers for genes are eliminated.

    Parameters
    ----------
    sums
        Weighted sums over genes of the values minus the mean of their gene [draw, tissue].
    weight, genes
        See `_of_tissues`.
    """
    if weight.shape[1] == 1:
        return _quotient(sums, weight[:, 0] * genes.sum(axis=1, keepdims=True))
    share = _quotient(weight, weight.sum(axis=0))
    solved = []
    for of_genes, right_side in zip(genes, sums, strict=True):
        weighted = weight * of_genes
        equations = np.diag(weighted.sum(axis=1)) - weighted @ share.T
        solved.append(np.linalg.pinv(equations, rcond=_SINGULAR, hermitian=True) @ right_side)
    return np.stack(solved)


def _blocks(weights: Floats, size: int) -> Iterator[Floats]:
    """Yield the weights [draw, item] in blocks of draws, each with results of `size` numbers a draw."""
    draws = max(1, _VALUES_PER_BLOCK // size)
    return (weights[start : start + draws] for start in range(0, len(weights), draws))


def _distinct(weights: Floats) -> Floats:
    """Return the weights [draw, item], or only those of one draw if all draws have the same."""
    return weights[:1] if (weights == weights[0]).all() else weights


def _dot(first: Floats, second: Floats) -> Floats:
    """Return the sum over tissues of the product of two arrays [tissue, gene]; the first may be [tissue, 1]."""
    return np.einsum("tg,tg->g", np.broadcast_to(first, second.shape), second)


def _positive(weights: Floats) -> Floats:
    """Return 1 where a weight is above 0, and 0 elsewhere."""
    return (weights > 0).astype(np.float64)


def _quotient(numerator: Floats, denominator: Floats) -> Floats:
    """Return the quotient, 0 where the denominator is 0."""
    return np.divide(
        numerator,
        denominator,
        out=np.zeros(np.broadcast_shapes(numerator.shape, denominator.shape)),
        where=denominator > 0,
    )


def _shifted(draws: Floats, value: float) -> Floats:
    """Return correlations of draws [draw], shifted so that the mean of those that are defined is `value`."""
    defined = draws[~np.isnan(draws)]
    return np.clip(draws + (value - defined.mean()), -1.0, 1.0) if len(defined) else draws


def _averages(values: Floats, weights: Floats) -> Floats:
    """Return the weighted mean of the defined values [draw, group] of each draw [draw]; NaN if there is none."""
    weights = np.where(np.isnan(values), 0.0, weights)
    total = weights.sum(axis=1)
    return np.where(total > 0, _quotient((weights * np.nan_to_num(values)).sum(axis=1), total), UNDEFINED)

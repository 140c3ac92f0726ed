"""Sums over the training pairs in one pass of the expression; every fit for any penalty follows from them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.array_files import release_pages
from ..base.progress import bar
from ..base.types import Bools, Floats, Ints

_GENES_PER_BLOCK = 256


@dataclass(frozen=True)
class Products:
    """Sums of y = log(1 + TPM) over the training samples of each fold, and over the training genes of each fold.

    Attributes
    ----------
    by_feature
        Sum of y times sample features, over the samples of a fold [sample fold, gene, feature], float32.
    by_gene
        Sum of y over the samples of a fold [sample fold, gene].
    by_sample
        Sum of y over the genes of a fold [gene fold, sample].
    largest
        Largest y.
    """

    by_feature: NDArray[np.float32]
    by_gene: Floats
    by_sample: Floats
    largest: float

    @classmethod
    def of(
        cls,
        expression: NDArray[Any],
        genes: Ints,
        samples: Ints,
        features: Floats,
        gene_fold: Ints,
        sample_fold: Ints,
    ) -> "Products":
        """Read the expression of training genes and samples once, block by block.

        Parameters
        ----------
        expression
            TPM [gene, sample] of the dataset.
        genes, samples
            Training genes and samples.
        features
            Features of the training samples [sample, feature].
        gene_fold, sample_fold
            Inner fold of each training gene and sample.
        """
        order = np.argsort(sample_fold, kind="stable")
        ends = np.cumsum(np.bincount(sample_fold))
        parts = [slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
        columns, sorted_features = samples[order], np.asarray(features[order], dtype=np.float32)
        by_feature = np.empty((len(parts), len(genes), features.shape[1]), np.float32)
        by_gene = np.empty((len(parts), len(genes)))
        by_sample = np.zeros((int(gene_fold.max()) + 1, len(samples)))
        largest = 0.0
        with bar(len(genes), "sums over all training pairs", "gene") as meter:
            for start in range(0, len(genes), _GENES_PER_BLOCK):
                block = slice(start, start + _GENES_PER_BLOCK)
                y = np.take(np.asarray(expression[genes[block]], dtype=np.float32), columns, axis=1)
                np.log1p(y, out=y)
                largest = max(largest, float(y.max(initial=0.0)))
                for number, part in enumerate(parts):
                    by_feature[number, block] = y[:, part] @ sorted_features[part]
                    by_gene[number, block] = y[:, part].sum(axis=1, dtype=np.float64)
                for fold in np.unique(gene_fold[block]):
                    by_sample[fold, order] += y[gene_fold[block] == fold].sum(axis=0, dtype=np.float64)
                release_pages(expression)
                meter.update(len(y))
        return cls(by_feature, by_gene, by_sample, largest)

    def split(self, at: int) -> tuple["Products", "Products"]:
        """Return the sums of the first `at` sample features, and those of the others; nothing is copied."""
        first, rest = self.by_feature[:, :, :at], self.by_feature[:, :, at:]
        return replace(self, by_feature=first), replace(self, by_feature=rest)


@dataclass(frozen=True)
class Corner:
    """The pairs of some training genes and samples: centred sums and features.

    Attributes
    ----------
    x, z
        Features [gene, feature] and [sample, feature], each minus `x_mean` and `z_mean`.
    gene_means, sample_means
        Mean y of each gene over the samples [gene], and of each sample over the genes [sample].
    product
        Doubly centred y times z [gene, feature of the sample].
    """

    x: Floats
    z: Floats
    x_mean: Floats
    z_mean: Floats
    gene_means: Floats
    sample_means: Floats
    product: Floats

    @classmethod
    def of(
        cls, sums: Products, x: Floats, z: Floats, gene_fold: Ints, sample_fold: Ints, rows: Bools, columns: Bools
    ) -> "Corner":
        """Take whole folds of genes and samples.

        Parameters
        ----------
        sums
            Sums over all training pairs.
        x, z
            Features of all training genes and samples.
        gene_fold, sample_fold
            Inner fold of each.
        rows, columns
            Masks of the genes and samples to take; each fold is taken as a whole or not at all.
        """
        in_rows = np.unique(gene_fold[rows])
        in_columns = np.unique(sample_fold[columns])
        count = int(columns.sum())
        gene_means = sums.by_gene[in_columns][:, rows].sum(axis=0) / count
        sample_means = sums.by_sample[in_rows][:, columns].sum(axis=0) / int(rows.sum())
        # np.compress and np.take copy several times as fast as an index.
        x, z = np.compress(rows, x, axis=0), np.compress(columns, z, axis=0)
        x_mean, z_mean = x.mean(axis=0), z.mean(axis=0)
        x -= x_mean
        z -= z_mean
        product = np.zeros((len(x), z.shape[1]))
        for fold in in_columns:
            product += sums.by_feature[fold, rows]
        product -= gene_means[:, None] * count * z_mean
        product -= product.mean(axis=0)
        return cls(x, z, x_mean, z_mean, gene_means, sample_means, product)

    def without(self, of_genes: Floats, of_samples: Floats) -> "Corner":
        """Return the corner of y minus another interaction of the same genes and samples.

        Parameters
        ----------
        of_genes, of_samples
            Factors [gene, k] and [sample, k] whose products are the interaction; they need not be centred.
        """
        mean = of_genes.mean(axis=0)
        return replace(
            self,
            gene_means=self.gene_means - of_genes @ of_samples.mean(axis=0),
            sample_means=self.sample_means - of_samples @ mean,
            product=self.product - (of_genes - mean) @ (of_samples.T @ self.z),
        )

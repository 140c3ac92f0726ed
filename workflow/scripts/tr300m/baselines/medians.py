"""Baselines that read only expression."""

import numpy as np

from ..base.types import Floats, Ints
from .data import Data, tissue_means


def global_median(data: Data, pairs: Ints) -> Floats:
    """Predict the median TPM of the training genes in at most 1,000 of the training samples, evenly spaced."""
    columns = data.train_samples[:: -(-len(data.train_samples) // 1000)]
    return np.full(len(pairs), np.median(np.asarray(data.expression[:, columns])[data.train_genes]), dtype=np.float64)


def sample_median(data: Data, pairs: Ints) -> Floats:
    """Predict the median TPM of the training genes in the same sample."""
    samples, code = np.unique(pairs[:, 1], return_inverse=True)
    medians = np.median(np.asarray(data.expression[:, samples])[data.train_genes], axis=0)
    return np.asarray(medians[code], dtype=np.float64)


def gene_tissue_mean(data: Data, pairs: Ints) -> Floats:
    """Predict the gene's own mean of log(1 + TPM) over the tissue's training samples.

    It reads the expression of held-out genes, which no model reads. It is not an upper bound, because it does not
    distinguish the samples of a tissue.
    """
    return np.expm1(tissue_means(data)[pairs[:, 0], data.tissue[pairs[:, 1]]])

"""Families of motifs that look alike, so that one site of the sequence cannot tell their regulators apart."""

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from ..base.types import Floats, Ints
from ..features.motif_scan import reverse_complement

MOST_DISTANT = 0.35
"""Largest distance (1 - similarity) within a family, averaged over its pairs."""


def motif_similarity(kernels: Floats) -> Floats:
    """Return how alike motifs are, from 0 to 1 [motif, motif].

    It is the largest cosine of the angle between the base probabilities of two motifs, in excess of 0.25, over all
    shifts and both strands. Positions that only one motif has count as background.

    Parameters
    ----------
    kernels
        Motifs in bits [width, base, motif]; positions around a motif are 0.
    """
    width, _, count = kernels.shape
    excess = 0.25 * np.exp2(kernels) - 0.25
    excess /= np.maximum(np.sqrt(np.square(excess).sum(axis=(0, 1))), 1e-12)
    padded = np.pad(excess, ((width, width), (0, 0), (0, 0)))
    best = np.zeros((count, count))
    for other in (excess, reverse_complement(excess)):
        flat = other.reshape(-1, count)
        for shift in range(2 * width + 1):
            best = np.maximum(best, padded[shift : shift + width].reshape(-1, count).T @ flat)
    return np.clip(np.maximum(best, best.T), 0.0, 1.0)


def motif_families(kernels: Floats) -> Ints:
    """Return the number of the family of each motif [motif], by average linkage of `motif_similarity`."""
    if kernels.shape[2] < 2:
        return np.ones(kernels.shape[2], np.int64)
    distance = 1 - motif_similarity(kernels)
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), "average")
    return np.asarray(fcluster(tree, MOST_DISTANT, "distance"), np.int64)

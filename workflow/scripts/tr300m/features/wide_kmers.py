"""k-mers of the transcribed strand upstream and downstream of the TSS, from the array wide_bases."""

import numpy as np
from numpy.typing import NDArray

WIDE_K = 5
KMER_RANGES = ((-1000, 0), (0, 3000))
"""Ranges around the TSS (0) that are counted separately, in base pairs; they end where wide_bases ends."""
_BASES = 4


def wide_kmers(bases: NDArray[np.uint8], k: int = WIDE_K) -> NDArray[np.float32]:
    """Return the square root of the share of each k-mer in each of `KMER_RANGES`.

    The strand counts: downstream of the TSS lie exons and introns of the gene. The square root makes the distance of
    two genes that of Hellinger, which rare k-mers and frequent ones share evenly.

    Parameters
    ----------
    bases
        Codes of bases [gene, position], 5' to 3', with the TSS in the middle (`Dataset.wide_bases`).
    k
        Length of the k-mers.

    Returns
    -------
    ndarray
        Features [gene, range * k-mer], with A, C, G, T as the digits 0-3 of a k-mer's number. k-mers with an unknown
        base or beyond the chromosome are not counted; 0 if a range has none.
    """
    tss = bases.shape[1] // 2
    return np.concatenate([_shares(bases[:, max(tss + start, 0) : tss + end], k) for start, end in KMER_RANGES], axis=1)


def _shares(bases: NDArray[np.uint8], k: int) -> NDArray[np.float32]:
    genes, length = bases.shape
    positions = max(length - k + 1, 0)
    numbers, whole = np.zeros((genes, positions), np.int64), np.ones((genes, positions), bool)
    for offset in range(k):
        base = bases[:, offset : offset + positions]
        numbers = _BASES * numbers + base
        whole &= base < _BASES
    cell = np.arange(genes)[:, None] * _BASES**k + numbers
    counts = np.bincount(cell[whole], minlength=genes * _BASES**k).reshape(genes, -1)
    return np.sqrt(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)).astype(np.float32)

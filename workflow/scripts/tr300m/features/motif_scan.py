"""The motif scan in NumPy: the score of each motif at each position, max-pooled by segment."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.types import Floats
from .pooling import SCHEDULE, Schedule, max_pool, padding, pooled_length

UNKNOWN_BASE = 0.25
"""Value of each of the four entries of an unknown base: N, padding, or dropped."""


def scan(onehot: NDArray[Any], kernels: NDArray[Any]) -> Floats:
    """Score every motif at every position, one position at a time; the reference for faster scans.

    Parameters
    ----------
    onehot
        Sequence [position, base].
    kernels
        Motifs [width, base, motif] in bits.

    Returns
    -------
    ndarray
        Scores [position, motif], float64; bases beyond the ends count as unknown.
    """
    width = kernels.shape[0]
    padded = np.pad(onehot.astype(np.float64), (padding(width), (0, 0)), constant_values=UNKNOWN_BASE)
    scores = np.empty((onehot.shape[0], kernels.shape[2]))
    for position in range(onehot.shape[0]):
        scores[position] = np.einsum("wb,wbm->m", padded[position : position + width], kernels)
    return scores


def pooled_scan(
    onehot: NDArray[Any], kernels: NDArray[Any], schedule: Schedule = SCHEDULE, out: NDArray[Any] | None = None
) -> NDArray[Any]:
    """Scan and pool a block of genes by matrix products; equal to ``max_pool(scan(...))`` of each gene.

    Parameters
    ----------
    onehot
        Sequences [gene, position, base].
    kernels
        Motifs [width, base, motif].
    schedule
        Pooling schedule.
    out
        Array [gene, pooled position, motif] to fill; if None, a new float32 array.

    Returns
    -------
    ndarray
        Pooled scores [gene, pooled position, motif].
    """
    genes, _, bases = onehot.shape
    width, _, motifs = kernels.shape
    matrix = np.ascontiguousarray(kernels.reshape(width * bases, motifs), dtype=np.float32)
    if out is None:
        out = np.empty((genes, pooled_length(schedule), motifs), np.float32)
    # One gene at a time: at full size its scores take 12 MB, and those of a block would not fit in the cache.
    for gene in range(genes):
        padded = np.pad(onehot[gene].astype(np.float32), (padding(width), (0, 0)), constant_values=UNKNOWN_BASE)
        windows = np.lib.stride_tricks.sliding_window_view(padded.ravel(), width * bases)[::bases]
        out[gene] = max_pool(np.ascontiguousarray(windows) @ matrix, schedule)
    return out


def reverse_complement(kernels: NDArray[Any]) -> NDArray[Any]:
    """Return motifs [width, base, motif] as they read on the other strand."""
    # Both axes reversed: A, C, G, T reversed is T, G, C, A.
    return kernels[::-1, ::-1]


def pooled_scan_of_both_strands(
    onehot: NDArray[Any], kernels: NDArray[Any], schedule: Schedule = SCHEDULE, out: NDArray[Any] | None = None
) -> NDArray[Any]:
    """Return the larger of the two strands' scores; see `pooled_scan`."""
    forward = pooled_scan(onehot, kernels, schedule)
    return np.maximum(
        forward, pooled_scan(onehot, reverse_complement(kernels), schedule), out=forward if out is None else out
    )

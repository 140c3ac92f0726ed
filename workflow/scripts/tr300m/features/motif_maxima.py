"""The best score of each motif on either strand of a promoter, in the whole window or in segments of it."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from ..base.axes import Genes
from ..base.errors import TR300MError
from ..base.types import Ints
from ..dataset.tss_index import tss_index
from .motif_scan import UNKNOWN_BASE
from .pooling import padding

SEGMENT_EDGES = (-1000, -300, -50, 51, 301, 1001)
"""First position of each segment but the first, relative to the TSS (0), in base pairs."""
SHORTEST_SEGMENT = 20
"""Base pairs of which a segment at an end of the window has at least as many."""
MOTIFS_PER_PRODUCT = 64
"""Their scores in a promoter of the release, 0.7 MB, stay in the cache until their maxima are taken."""


def segment_bounds(genes: Genes, length: int) -> Ints:
    """Return the bounds of the segments of promoter windows in which `motif_segments` takes maxima.

    Parameters
    ----------
    genes
        Target genes of the dataset.
    length
        Base pairs of a window.

    Returns
    -------
    array [segment + 1]
        Indices into a window, from 0 to `length`. The edges are those of `SEGMENT_EDGES` that lie in the window and not
        within `SHORTEST_SEGMENT` of its ends. They are counted from the genes' median index of the TSS: the release has
        it one base further in the windows of - genes.
    """
    edges = int(np.median(tss_index(genes))) + np.array(SEGMENT_EDGES, np.int64)
    inner = (edges >= SHORTEST_SEGMENT) & (edges <= length - SHORTEST_SEGMENT)
    return np.array([0, *edges[inner], length], np.int64)


def motif_maxima(onehot: NDArray[Any], pssm: NDArray[Any]) -> NDArray[np.float32]:
    """Return the best score of each motif on either strand: `motif_segments` with one segment."""
    return motif_segments(onehot, pssm, (0, onehot.shape[1]))


def motif_segments(onehot: NDArray[Any], pssm: NDArray[Any], bounds: Sequence[int] | Ints) -> NDArray[np.float32]:
    """Return the best score of each motif on either strand in each segment of the window.

    A score belongs to the segment of the base below the middle of the kernel, on either strand. The scores are those of
    `motif_scan.scan` of the sequence and of its reverse complement.

    Parameters
    ----------
    onehot
        Sequences [gene, position, base].
    pssm
        Motifs [width, base, motif] in bits.
    bounds
        Indices [segment + 1] that ascend from 0 to the number of positions.

    Returns
    -------
    array [gene, segment * motif]
        Scores in bits, at least 0: no evidence is none, however bad the best place. The motifs of a segment stand
        together. A sequence and its reverse complement have the same scores, in the opposite order of segments.

    Raises
    ------
    TR300MError
        If the bounds are others.
    """
    onehot, bounds = np.asarray(onehot), np.asarray(bounds)
    if bounds[0] != 0 or bounds[-1] != onehot.shape[1] or (np.diff(bounds) < 1).any():
        raise TR300MError(
            f"the bounds {bounds.tolist()} do not divide a window of {onehot.shape[1]} bp",
            "give ascending bounds from 0 to the length of the window",
        )
    result = np.zeros((len(onehot), len(bounds) - 1, pssm.shape[2]), np.float32)
    blocks = _by_width(pssm)
    # A thread takes a range of genes and BLAS one thread in each: the products of one gene are too small to share.
    blas = ThreadpoolController().select(user_api="blas")
    threads = max((library.num_threads for library in blas.lib_controllers), default=1)
    shares = zip(np.array_split(onehot, threads), np.array_split(result, threads), strict=True)
    with blas.limit(limits=1), ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda share: _fill(share[0], blocks, len(pssm), bounds, share[1]), shares))
    return result.reshape(len(onehot), (len(bounds) - 1) * pssm.shape[2])


_Block = tuple[Ints, slice, NDArray[np.float32]]


def _by_width(pssm: NDArray[Any]) -> list[_Block]:
    """Return blocks of motifs of similar width: their numbers, their columns of the kernel, values [motif, column].

    Kernels are zero around their motifs, which fill a third of the columns of a JASPAR kernel on average. Zero columns
    add nothing, whatever the base, and are left out of the products.
    """
    filled = (pssm != 0).any(axis=1)
    first, end = filled.argmax(axis=0), len(pssm) - filled[::-1].argmax(axis=0)
    motifs = np.flatnonzero(filled.any(axis=0))
    motifs = motifs[np.lexsort((first[motifs], (end - first)[motifs]))]
    blocks = []
    for start in range(0, len(motifs), MOTIFS_PER_PRODUCT):
        some = motifs[start : start + MOTIFS_PER_PRODUCT]
        columns = slice(int(first[some].min()), int(end[some].max()))
        values = pssm[columns][:, :, some].reshape(-1, len(some)).T
        blocks.append((some, columns, np.ascontiguousarray(values, np.float32)))
    return blocks


def _fill(onehot: NDArray[Any], blocks: list[_Block], width: int, bounds: Ints, result: NDArray[np.float32]) -> None:
    """Write the maxima of genes into `result` [gene, segment, motif], which holds zeros."""
    _, length, bases = onehot.shape
    left, right = padding(width)
    # Allocated once: fresh memory for every gene would take longer than what is written to it.
    padded = np.full((bases, left + length + right), UNKNOWN_BASE, np.float32)
    # What each column of a kernel sees when the kernel is at each position.
    seen = np.empty((width, bases, length), np.float32)
    scores = np.empty((MOTIFS_PER_PRODUCT, length), np.float32)
    for gene, best in zip(onehot, result, strict=True):
        # Both axes reversed are the reverse complement: A, C, G, T reversed is T, G, C, A.
        for strand, starts, order in (
            (gene, bounds[:-1], slice(None)),
            (gene[::-1, ::-1], length - bounds[:0:-1], slice(None, None, -1)),
        ):
            padded[:, left : left + length] = strand.T
            for column in range(width):
                seen[column] = padded[:, column : column + length]
            for motifs, columns, kernels in blocks:
                found = np.matmul(kernels, seen[columns].reshape(-1, length), out=scores[: len(motifs)])
                maxima = np.maximum.reduceat(found, starts, axis=1)[:, order].T
                best[:, motifs] = np.maximum(best[:, motifs], maxima)

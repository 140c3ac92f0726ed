"""Base composition of sequences, and of the bins around the TSS that the array wide_bases covers."""

import numpy as np
from numpy.typing import NDArray

from ..base.axes import Bins
from ..base.types import Bools

WIDE_EDGES = (-20_000, -10_000, -5000, -2000, -1000, -500, 0, 500, 1000, 2000, 5000, 10_000, 20_000)
"""Bounds of the bins where the dataset has none of its own, in base pairs from the TSS (0)."""
_C, _G, _BASES = 1, 2, 4


def gc_and_cpg(c: Bools, g: Bools, known: Bools) -> NDArray[np.float32]:
    """Return the share of G and C, and the ratio of observed to expected CpG.

    Parameters
    ----------
    c, g, known
        Whether there is a C, a G, or any of the four bases [gene, position].

    Returns
    -------
    ndarray
        Features [gene, 2]. The ratio is n(CG) length / (n(C) n(G)) (Gardiner-Garden and Frommer 1987), and 0 if there
        is no C or no G.
    """
    n, n_c, n_g = known.sum(axis=1), c.sum(axis=1), g.sum(axis=1)
    pairs = (c[:, :-1] & g[:, 1:]).sum(axis=1)
    ratio = pairs * n / np.maximum(n_c * n_g, 1)
    return np.stack([(n_c + n_g) / np.maximum(n, 1), ratio], axis=1).astype(np.float32)


def composition_bins(bins: Bins, flank: int) -> Bins:
    """Return the bins of wide_composition.

    Parameters
    ----------
    bins
        Bins of the array wide_marks; those between `WIDE_EDGES` stand in if there are none.
    flank
        Base pairs on each side of the TSS that wide_bases covers.

    Returns
    -------
    Bins
        The bins clipped to the range from `-flank` to `flank`, without those that lie beyond it.
    """
    start, end = (bins.start, bins.end) if len(bins) else (np.array(WIDE_EDGES[:-1]), np.array(WIDE_EDGES[1:]))
    start, end = np.maximum(start, -flank), np.minimum(end, flank)
    return Bins(start, end).take(start < end)


def wide_composition(bases: NDArray[np.uint8], bins: Bins) -> NDArray[np.float32]:
    """Return the share of G and C, and the ratio of observed to expected CpG, in bins around the TSS.

    Parameters
    ----------
    bases
        Codes of bases [gene, position], 5' to 3', with the TSS in the middle (`Dataset.wide_bases`).
    bins
        Bins within the sequences.

    Returns
    -------
    array [gene, bin * 2]
        `gc_and_cpg` of each bin; a CpG across two bins is in neither.
    """
    tss = bases.shape[1] // 2
    parts = [bases[:, tss + start : tss + end] for start, end in zip(bins.start, bins.end, strict=True)]
    return np.concatenate([gc_and_cpg(part == _C, part == _G, part < _BASES) for part in parts], axis=1)

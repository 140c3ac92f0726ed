"""Sites of motifs in a promoter: where each motif scores best, and which sites explain the important bases."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..base.types import Floats, Ints
from ..features.motif_scan import reverse_complement
from ..features.pooling import padding
from .patched_scan import PatchedScan

if TYPE_CHECKING:
    from ..base.axes import Motifs

LEAST_SHARE = 0.02
"""Share of all importance that must lie in a site for its motif to be named."""


class BestSites(NamedTuple):
    """The best site of each motif in a window, on either strand.

    Attributes
    ----------
    motif
        Number of the motif; spare motifs have no site [site].
    score
        Its score, in bits [site].
    start, end
        First index in the window and the one after the last; sites that reach beyond it are cut [site].
    forward
        Whether the motif reads as the window does [site].
    """

    motif: Ints
    score: Floats
    start: Ints
    end: Ints
    forward: NDArray[np.bool_]


class NamedSite(NamedTuple):
    """A site with the name of its motif; `start` and `end` are indices into the region."""

    name: str
    start: int
    end: int


def best_sites(window: NDArray[Any], pssm: Floats) -> BestSites:
    """Return the best site of each motif.

    Parameters
    ----------
    window
        Promoter [position, base].
    pssm
        Motifs [width, base, motif] in bits; positions around a motif are 0.
    """
    used = (pssm != 0).any(axis=1)
    motifs = np.flatnonzero(used.any(axis=0))
    used, kernels = used[:, motifs], pssm[:, :, motifs]
    whole = ((len(window), len(window)),)
    strands = [PatchedScan.of(window, kernel, whole).scores for kernel in (kernels, reverse_complement(kernels))]
    columns = np.arange(len(motifs))
    places = [scores.argmax(axis=0) for scores in strands]
    best = np.stack([scores[place, columns] for scores, place in zip(strands, places, strict=True)])
    forward = best[0] >= best[1]
    place = np.where(forward, *places)
    lead, trail = used.argmax(axis=0), used[::-1].argmax(axis=0)
    origin = place - padding(len(pssm))[0]
    start = origin + np.where(forward, lead, trail)
    end = origin + len(pssm) - np.where(forward, trail, lead)
    return BestSites(
        motifs, best.max(axis=0).astype(np.float64), np.maximum(start, 0), np.minimum(end, len(window)), forward
    )


def named_sites(
    window: NDArray[Any], pssm: Floats, motifs: "Motifs", importance: Floats, first: int, most: int = 12
) -> list[NamedSite]:
    """Return the motifs whose best site explains important bases, one for each place, from left to right.

    A motif explains a place as well as the size of the importance follows the bits of the motif there.

    Parameters
    ----------
    window
        Promoter [position, base].
    pssm, motifs
        The dataset's motifs [width, base, motif].
    importance
        Importance of the positions of a region [position]; only its size counts.
    first
        Index of the region in the window.
    most
        Most sites to name.
    """
    size, sites = np.abs(importance), best_sites(window, pssm)
    if not size.sum() > 0:
        return []
    inside = np.flatnonzero((sites.score > 0) & (sites.start >= first) & (sites.end <= first + len(size)))
    fit = np.zeros(len(inside))
    for number, site in enumerate(inside):
        start, end = sites.start[site], sites.end[site]
        weight = size[start - first : end - first]
        if weight.sum() < LEAST_SHARE * size.sum():
            continue
        kernel = pssm[:, :, sites.motif[site]]
        bits = _used_rows(kernel if sites.forward[site] else reverse_complement(kernel))
        if len(bits) != end - start:
            continue
        score = (bits * window[start:end]).sum(axis=1)
        fit[number] = float(weight @ score / np.sqrt(np.square(score).sum()))
    free = np.ones(len(size), bool)
    found: list[NamedSite] = []
    for number in np.argsort(-fit, kind="stable"):
        start, end = sites.start[inside[number]] - first, sites.end[inside[number]] - first
        if fit[number] > 0 and free[start:end].all() and len(found) < most:
            free[start:end] = False
            found.append(NamedSite(str(motifs.name[sites.motif[inside[number]]]), int(start), int(end)))
    return sorted(found, key=lambda site: site.start)


def _used_rows(kernel: Floats) -> Floats:
    """Return a kernel [position, base] without the rows around the motif."""
    rows = np.flatnonzero((kernel != 0).any(axis=1))
    return kernel[rows[0] : rows[-1] + 1]

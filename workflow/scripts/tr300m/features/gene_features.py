"""Features of genes by name: base composition, k-mers, motif maxima, histone means, marks and bases in bins."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.progress import bar
from ..base.types import Ints
from .motif_maxima import motif_maxima, motif_segments, segment_bounds
from .wide_composition import composition_bins, gc_and_cpg, wide_composition
from .wide_kmers import wide_kmers

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset

Array = NDArray[np.float32]

K = 6
FEATURE_GENES_PER_BLOCK = 256


def composition(onehot: NDArray[Any]) -> Array:
    """Return the share of G and C, and the ratio of observed to expected CpG.

    Parameters
    ----------
    onehot
        Sequences [gene, position, base]; unknown bases are ignored.

    Returns
    -------
    ndarray
        Features [gene, 2]: `gc_and_cpg`.
    """
    known = onehot == 1
    return gc_and_cpg(known[:, :, 1], known[:, :, 2], known.any(axis=2))


def kmers(onehot: NDArray[Any], k: int = K) -> Array:
    """Return the share of each k-mer; a k-mer and its reverse complement are counted as one.

    Parameters
    ----------
    onehot
        Sequences [gene, position, base]; k-mers with an unknown base are ignored.
    k
        Length of the k-mers.

    Returns
    -------
    ndarray
        Shares [gene, k-mer], 2,080 for k = 6. The order is that of the smaller of the two k-mers, with A, C, G, T as
        the digits 0-3.
    """
    n_positions = onehot.shape[1] - k + 1
    base, known = onehot.argmax(axis=2), (onehot == 1).any(axis=2)
    numbers, whole = np.zeros((len(onehot), n_positions), np.int64), np.ones((len(onehot), n_positions), bool)
    for offset in range(k):
        numbers = 4 * numbers + base[:, offset : offset + n_positions]
        whole &= known[:, offset : offset + n_positions]
    column = _columns(k)
    width = int(column.max()) + 1
    cell = np.arange(len(onehot))[:, None] * width + column[numbers]
    counts = np.bincount(cell[whole], minlength=len(onehot) * width).reshape(len(onehot), width)
    return (counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)).astype(np.float32)


def _columns(k: int) -> Ints:
    """Return the column of each k-mer [4**k], which is the same for its reverse complement."""
    numbers = np.arange(4**k)
    complement, rest = np.zeros_like(numbers), numbers.copy()
    for _ in range(k):
        complement = 4 * complement + 3 - rest % 4
        rest //= 4
    return np.unique(np.minimum(numbers, complement), return_inverse=True)[1]


def histone_means(histones: NDArray[Any]) -> Array:
    """Return log(1 + mean signal) of each track [gene, track] over the window."""
    return np.log1p(histones.mean(axis=1, dtype=np.float64)).astype(np.float32)


def binned_marks(wide_marks: NDArray[Any]) -> Array:
    """Return log(1 + mean signal) of each track in each bin [gene, bin * track] of the wide window."""
    return np.log1p(wide_marks.reshape(len(wide_marks), -1)).astype(np.float32)


def _binned(dataset: "Dataset", genes: slice) -> NDArray[np.float32]:
    if dataset.wide_marks is None:
        raise TR300MError("the dataset has no array wide_marks", "set `wide: mark_edges` in the config")
    return dataset.wide_marks[genes]


def smoothed(marks: NDArray[Any]) -> Array:
    """Return log(1 + mean signal) averaged over each bin and its neighbours [gene, bin * track].

    Bins widen with the distance from the TSS, so this smooths less near it.

    Parameters
    ----------
    marks
        Mean signal in bins [gene, bin, track].
    """
    logs = np.log1p(marks.astype(np.float64))
    total = np.pad(np.cumsum(logs, axis=1), ((0, 0), (1, 0), (0, 0)))
    bins = np.arange(logs.shape[1])
    first, last = np.maximum(bins - 1, 0), np.minimum(bins + 2, logs.shape[1])
    means = (total[:, last] - total[:, first]) / (last - first)[:, None]
    return means.reshape(len(logs), -1).astype(np.float32)


def _body_marks(dataset: "Dataset", genes: slice) -> Array:
    if dataset.body_marks is None:
        raise TR300MError("the dataset has no array body_marks", "set `wide: gene_body` in the config")
    return binned_marks(dataset.body_marks[genes])


def _wide_bases(dataset: "Dataset", genes: slice) -> NDArray[np.uint8]:
    if dataset.wide_bases is None:
        raise TR300MError("the dataset has no array wide_bases", "set `wide: sequence` in the config")
    return np.asarray(dataset.wide_bases[genes])


def _wide_composition(dataset: "Dataset", genes: slice) -> Array:
    bases = _wide_bases(dataset, genes)
    return wide_composition(bases, composition_bins(dataset.bins, bases.shape[1] // 2))


def _motif_segments(dataset: "Dataset", genes: slice) -> Array:
    bounds = segment_bounds(dataset.genes, dataset.onehot.shape[1])
    return motif_segments(dataset.onehot[genes], dataset.pssm, bounds)


FEATURES: dict[str, Callable[["Dataset", slice], Array]] = {
    "composition": lambda dataset, genes: composition(dataset.onehot[genes]),
    "kmers": lambda dataset, genes: kmers(dataset.onehot[genes]),
    "motif_maxima": lambda dataset, genes: motif_maxima(dataset.onehot[genes], dataset.pssm),
    "motif_segments": _motif_segments,
    "histone_means": lambda dataset, genes: histone_means(dataset.histones[genes]),
    "wide_marks": lambda dataset, genes: binned_marks(_binned(dataset, genes)),
    "smooth_marks": lambda dataset, genes: smoothed(_binned(dataset, genes)),
    "body_marks": _body_marks,
    "wide_composition": _wide_composition,
    "wide_kmers": lambda dataset, genes: wide_kmers(_wide_bases(dataset, genes)),
}
"""Functions of a dataset and a range of genes that return features [gene, feature], by name."""


def gene_features(dataset: "Dataset", name: str) -> Array:
    """Return one of `FEATURES` for all genes of a dataset [gene, feature], float32, block by block."""
    genes = len(dataset.genes)
    result = np.empty((genes, 0), np.float32)
    with bar(genes, f"{name.replace('_', ' ')}", "gene") as meter:
        for start in range(0, genes, FEATURE_GENES_PER_BLOCK):
            block = FEATURES[name](dataset, slice(start, start + FEATURE_GENES_PER_BLOCK))
            if not start:
                result = np.empty((genes, block.shape[1]), np.float32)
            result[start : start + len(block)] = block
            meter.update(len(block))
    return result

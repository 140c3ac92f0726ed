"""The inputs of a model: the arrays of a dataset that it reads, and their rows for pairs of genes and samples."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.types import Ints
from ..config.architectures import Architecture
from ..dataset.tf_levels import own_regulators, tf_levels
from ..features.scan_cache import ScanTable

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset

_SCAN_INPUTS = ("motif_scores", "core_scores")
IN_HISTONE_UNITS = ("histones", "wide_marks")
"""Inputs that are divided by `Units.histone_mean`."""


class Units(NamedTuple):
    """The values that inputs are divided by: constants of the dataset that the model was trained on, from `run.json`.

    Attributes
    ----------
    histone_mean
        Mean of the histone signal.
    tss_mean
        Mean distance between a gene and a regulator, in base pairs.
    """

    histone_mean: float
    tss_mean: float


def gene_arrays(dataset: "Dataset", architecture: Architecture, scan: ScanTable | None) -> dict[str, NDArray[Any]]:
    """Return the inputs that belong to genes as whole arrays [gene, ...], as stored; without `distance`."""
    arrays: dict[str, NDArray[Any]] = {"sequence": dataset.onehot} if scan is None else {"motif_scores": scan.pooled}
    if scan is not None and architecture.core:
        arrays["core_scores"] = scan.core
    if architecture.hm:
        arrays["histones"] = dataset.histones
    if architecture.wide_marks:
        arrays["wide_marks"] = _wide_marks(dataset)
    return arrays


def _wide_marks(dataset: "Dataset") -> NDArray[Any]:
    if dataset.wide_marks is None:
        raise TR300MError(
            "the model reads wide_marks, and the dataset has no such array",
            "set `wide: mark_edges` in the config, or leave out the option wide_marks",
        )
    return dataset.wide_marks


def sample_arrays(dataset: "Dataset", architecture: Architecture) -> dict[str, NDArray[Any]]:
    """Return the inputs that belong to samples as whole arrays [sample, ...], as stored."""
    arrays: dict[str, NDArray[Any]] = {}
    if architecture.distance:
        arrays["regulator_levels"] = dataset.regulator_levels
    elif architecture.tf:
        arrays["levels"] = dataset.tf_levels
    if architecture.hm:
        arrays["tissue"] = dataset.tissue
    return arrays


def own_units(dataset: "Dataset", architecture: Architecture) -> Units:
    """Return the units of a model that is trained on a dataset: the dataset's own means.

    A trained model keeps these units (`predict.load_run`), whatever dataset it predicts on.

    Raises
    ------
    TR300MError
        If the architecture reads histones and they are all zero, or wide marks that the dataset lacks.
    """
    if architecture.wide_marks:
        _wide_marks(dataset)
    if architecture.hm and not dataset.histone_mean > 0:
        raise TR300MError(
            "the dataset's histone marks are all zero",
            "check the histone tracks among the sources, or choose an architecture without hm",
        )
    return Units(dataset.histone_mean, dataset.tss_mean)


def model_inputs(
    dataset: "Dataset",
    architecture: Architecture,
    genes: Ints,
    samples: Ints,
    units: Units,
    scanned: ScanTable | None = None,
    scan_rows: Ints | None = None,
    *,
    zero_own_level: bool = False,
) -> dict[str, NDArray[np.float32]]:
    """Gather the inputs of a model for pairs of genes and samples.

    Parameters
    ----------
    dataset
        Dataset that holds the arrays.
    architecture
        Architecture, which says which arrays are read.
    genes, samples
        Indices [pair].
    units
        Units that the model was trained with.
    scanned
        Cached scan, for a model built with ``scanned=True``; None gathers the sequence.
    scan_rows
        Rows of `scanned` [pair], if it does not hold all genes of the dataset.
    zero_own_level
        Whether the TPM of each pair's gene is set to 0 among the levels of the regulators.

    Returns
    -------
    dict
        Input name to float32 array [pair, ...].

    Raises
    ------
    TR300MError
        If `zero_own_level` is set and the architecture reads no levels.
    """
    inputs = {}
    # Rows taken by indices are copies already.
    for name, array in gene_arrays(dataset, architecture, scanned).items():
        rows = scan_rows if scan_rows is not None and name in _SCAN_INPUTS else genes
        inputs[name] = array[rows].astype(np.float32, copy=False)
    for name, array in sample_arrays(dataset, architecture).items():
        inputs[name] = array[samples].astype(np.float32, copy=False)
    for name in inputs.keys() & set(IN_HISTONE_UNITS):
        inputs[name] /= np.float32(units.histone_mean)
    if architecture.distance:
        inputs["distance"] = dataset.distance(genes, units.tss_mean)
    if zero_own_level:
        inputs |= _levels_without_own(dataset, architecture, genes, samples)
    return inputs


def _levels_without_own(
    dataset: "Dataset", architecture: Architecture, genes: Ints, samples: Ints
) -> dict[str, NDArray[np.float32]]:
    """Return the input of levels for pairs, with the TPM of each pair's gene set to 0 among the regulators.

    The motif columns are summed again: subtracting the gene's TPM from a float32 sum would leave a rounding error.
    """
    if not architecture.reads_levels:
        raise TR300MError(
            f"architecture {architecture.key} reads no TF levels: there is none to set to 0", "choose one with `tf`"
        )
    own = own_regulators(
        dataset.genes.gene_id[genes].tolist(), dataset.genes.merged[genes].tolist(), dataset.regulators.gene_id.tolist()
    )
    levels = np.where(own, np.float32(0), dataset.regulator_levels[samples])
    return {"regulator_levels": levels} if architecture.distance else {"levels": tf_levels(levels, dataset.motif_map)}

"""What a model reads of a dataset: which arrays, and their rows for pairs of genes and samples."""

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..config.architectures import Architecture
from ..dataset.tf_levels import own_regulators, tf_levels
from ..features.scan_cache import ScanTable

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset

_SCAN_INPUTS = ("motif_scores", "core_scores")


class Units(NamedTuple):
    """What a model's inputs are divided by: constants of the dataset that it was trained on, kept in `run.json`.

    Attributes
    ----------
    histone_mean
        Of the histone signal.
    tss_mean
        Of the distance between a gene and a regulator, base pairs.
    """

    histone_mean: float
    tss_mean: float


class Gather(Protocol):
    """What gathers a model's inputs for pairs: `model_inputs`, or the same with something changed."""

    def __call__(
        self,
        dataset: "Dataset",
        architecture: Architecture,
        genes: NDArray[np.int64],
        samples: NDArray[np.int64],
        units: Units,
        scanned: ScanTable | None,
        scan_rows: NDArray[np.int64] | None,
        /,
    ) -> dict[str, NDArray[np.float32]]:
        """Return input name to float32 array [pair, ...]."""


def gene_arrays(dataset: "Dataset", architecture: Architecture, scan: ScanTable | None) -> dict[str, NDArray[Any]]:
    """Return the inputs that belong to genes as whole arrays [gene, ...], as stored; `distance` is not among them."""
    arrays: dict[str, NDArray[Any]] = {"sequence": dataset.onehot} if scan is None else {"motif_scores": scan.pooled}
    if scan is not None and architecture.core:
        arrays["core_scores"] = scan.core
    if architecture.hm:
        arrays["histones"] = dataset.histones
    return arrays


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

    A trained model keeps the units that it was trained with (`predict.load_run`), whatever dataset it predicts on.

    Raises
    ------
    TR300MError
        If the architecture reads histones and they are all zero.
    """
    if architecture.hm and not dataset.histone_mean > 0:
        raise TR300MError(
            "the dataset's histone marks are all zero",
            "check the histone tracks among the sources, or choose an architecture without hm",
        )
    return Units(dataset.histone_mean, dataset.tss_mean)


def model_inputs(
    dataset: "Dataset",
    architecture: Architecture,
    genes: NDArray[np.int64],
    samples: NDArray[np.int64],
    units: Units,
    scanned: ScanTable | None = None,
    scan_rows: NDArray[np.int64] | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Gather what a model reads for pairs of genes and samples.

    Parameters
    ----------
    dataset
        Where the arrays are.
    architecture
        Which of them it reads.
    genes, samples
        Indices [pair].
    units
        Of the model: those that it was trained with.
    scanned
        Cached scan, for the variant built with ``scanned=True``; None gives the sequence.
    scan_rows
        Rows of `scanned` [pair] where it does not hold all genes of the dataset.

    Returns
    -------
    dict
        Input name to float32 array [pair, ...].
    """
    inputs = {}
    for name, array in gene_arrays(dataset, architecture, scanned).items():
        rows = scan_rows if scan_rows is not None and name in _SCAN_INPUTS else genes
        inputs[name] = array[rows].astype(np.float32)
    for name, array in sample_arrays(dataset, architecture).items():
        inputs[name] = array[samples].astype(np.float32)
    if architecture.hm:
        inputs["histones"] /= np.float32(units.histone_mean)
    if architecture.distance:
        inputs["distance"] = dataset.distance(genes, units.tss_mean)
    return inputs


def inputs_without_own_level(
    dataset: "Dataset",
    architecture: Architecture,
    genes: NDArray[np.int64],
    samples: NDArray[np.int64],
    units: Units,
    scanned: ScanTable | None = None,
    scan_rows: NDArray[np.int64] | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Gather what `model_inputs` does, with the TPM of each pair's gene set to 0 among the regulators' levels.

    The motif columns are summed anew: taking the gene's TPM off a float32 sum would leave its rounding behind.

    Raises
    ------
    TR300MError
        If the architecture reads no levels.
    """
    if not architecture.reads_levels:
        raise TR300MError(
            f"architecture {architecture.key} reads no TF levels: there is none to set to 0", "choose one with `tf`"
        )
    inputs = model_inputs(dataset, architecture, genes, samples, units, scanned, scan_rows)
    own = own_regulators(
        dataset.genes.gene_id[genes].tolist(), dataset.genes.merged[genes].tolist(), dataset.regulators.gene_id.tolist()
    )
    levels = np.where(own, np.float32(0), dataset.regulator_levels[samples])
    if architecture.distance:
        inputs["regulator_levels"] = levels
    else:
        inputs["levels"] = tf_levels(levels, dataset.motif_map)
    return inputs

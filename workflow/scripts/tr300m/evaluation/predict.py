"""Predict expression of pairs of genes and samples with a trained model."""

import warnings
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.progress import bar, log
from ..base.types import Ints
from ..config.architectures import Architecture
from ..dataset.tf_levels import regulator_genes
from ..features.pooling import SCHEDULE, Schedule
from ..features.scan_cache import ScanTable, check_scan, scan_genes
from ..model import devices
from ..model.devices import keras
from ..model.gene_stem import GeneStem
from ..model.inputs import Units, model_inputs
from ..model.likelihood.distributions import Likelihood, make_likelihood
from ..model.likelihood.loss import pair_nll
from ..model.network import NetworkConfig, build_model
from ..training.run_record import differences, read_record

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset


class TrainedRun(NamedTuple):
    """A trained model, with what is needed to use it.

    Attributes
    ----------
    model
        Keras model, the variant that takes pooled scores.
    architecture
        Architecture, which says what the model reads.
    config
        Sizes of the network.
    likelihood
        Output distribution.
    units
        Values that its inputs are divided by: constants of the dataset that it was trained on.
    """

    model: keras.Model
    architecture: Architecture
    config: NetworkConfig
    likelihood: Likelihood
    units: Units


def load_run(folder: Path | str, dataset: "Dataset") -> TrainedRun:
    """Rebuild a trained model from a run's folder.

    Parameters
    ----------
    folder
        Folder with `model.weights.h5` and `run.json`.
    dataset
        The dataset it was trained on, or one of the same motifs, tissues and regulators.

    Raises
    ------
    TR300MError
        If a file is missing, the weights do not fit the dataset, or Keras has other settings than for training.
    """
    devices.numerics()
    weights, run = Path(folder) / "model.weights.h5", read_record(folder)
    if found := differences(run, dataset.manifest):
        raise TR300MError(
            f"{folder} was trained with other {', '.join(found)} than those of {dataset.folder}",
            "predict on a dataset of the same edition, motifs, tissues and regulators",
        )
    architecture = Architecture(**run["architecture"])
    config = NetworkConfig.from_dict(run["network"])
    likelihood = make_likelihood(**run["likelihood"])
    model = build_model(architecture, dataset, config=config, scanned=True, n_outputs=likelihood.n_outputs)
    try:
        with warnings.catch_warnings():
            # Keras only warns if the file lacks the weights of a layer.
            warnings.simplefilter("error", UserWarning)
            model.load_weights(weights)
    except (ValueError, UserWarning) as error:
        raise TR300MError(
            f"{weights} does not fit this dataset: {str(error).splitlines()[0]}",
            "predict on the dataset it was trained on",
        ) from None
    return TrainedRun(model, architecture, config, likelihood, Units(**run["units"]))


def predict_raw(
    model: keras.Model,
    dataset: "Dataset",
    architecture: Architecture,
    pairs: Ints,
    *,
    units: Units,
    schedule: Schedule = SCHEDULE,
    scan: ScanTable | None = None,
    batch_size: int = 64,
    genes_per_block: int = 64,
    zero_own_level: bool = False,
    title: str = "",
) -> NDArray[np.float32]:
    """Return the raw outputs of a model for pairs; each gene is scanned once.

    Parameters
    ----------
    model
        Model built with ``scanned=True``.
    dataset, architecture
        Dataset that holds the inputs, and the inputs that the model reads.
    pairs
        Gene and sample indices [pair, 2], in any order.
    units
        Units that the model was trained with.
    schedule
        Pooling schedule of the model.
    scan
        Cached scan; None scans the genes now, block by block.
    batch_size, genes_per_block
        Pairs per call, and genes that are scanned at once; they bound the memory.
    zero_own_level
        Whether the TPM of each pair's gene is set to 0 among the levels of the regulators.
    title
        Title of a progress bar; without a title none is shown.

    Returns
    -------
    ndarray
        Raw outputs [pair, n_outputs], float32.
    """
    genes, gene_of_pair = np.unique(pairs[:, 0], return_inverse=True)
    raw = np.empty((len(pairs), model.output_shape[-1]), np.float32)
    batch_size = min(batch_size, len(pairs))
    stem = GeneStem.of(model, architecture)
    with bar(len(pairs), title, "pair") if title else nullcontext() as meter:
        for first in range(0, len(genes), genes_per_block):
            block = genes[first : first + genes_per_block]
            if scan is None:
                core = dataset.core if architecture.core else None
                strands = architecture.both_strands
                table = scan_genes(dataset.onehot[block], dataset.pssm, core, schedule, both_strands=strands)
            else:
                # Once for all samples: conversion from float16 takes as long as the network.
                table = scan.of_genes(block)
            if stem is not None:
                table = stem.features(table)
            rows = np.flatnonzero((gene_of_pair >= first) & (gene_of_pair < first + len(block)))
            for start in range(0, len(rows), batch_size):
                batch = rows[start : start + batch_size]
                # The last batch is padded with its first pairs, because another size would be compiled again.
                full = np.resize(batch, batch_size)
                inputs = model_inputs(
                    dataset,
                    architecture,
                    pairs[full, 0],
                    pairs[full, 1],
                    units,
                    table,
                    gene_of_pair[full] - first,
                    zero_own_level=zero_own_level,
                )
                of_pairs = model.predict_on_batch(inputs) if stem is None else stem.predict(inputs)
                raw[batch] = of_pairs[: len(batch)]
                if meter is not None:
                    meter.update(len(batch))
    return raw


def pairs_of_regulators(dataset: "Dataset", pairs: Ints) -> Ints:
    """Return the pairs [pair, 2] whose gene is a regulator with a motif, so that its own TPM is an input."""
    genes = dataset.genes
    ids = (genes.gene_id.tolist(), genes.merged.tolist(), dataset.regulators.gene_id.tolist())
    own = regulator_genes(*ids, dataset.motif_map)
    return np.asarray(pairs[own[pairs[:, 0]]])


def predict(
    dataset: "Dataset",
    pairs: Ints,
    run_folder: Path | str,
    *,
    scan: ScanTable | None = None,
    threads: int = 0,
    batch_size: int = 64,
    zero_own_level: bool = False,
) -> dict[str, NDArray[Any]]:
    """Predict expression of pairs with a trained run; each gene is scanned once.

    Parameters
    ----------
    dataset
        Dataset that the pairs index.
    pairs
        Gene and sample indices [pair, 2].
    run_folder
        Folder of the trained run.
    scan
        Cached scan, for runs that were trained on it; None scans now.
    threads
        CPU threads; 0 for one per core.
    batch_size
        Pairs per call of the model.
    zero_own_level
        Whether the TPM of each pair's gene is set to 0 among the levels of the regulators.

    Returns
    -------
    dict
        `gene` and `sample` (int64 indices), `observed` (float32, TPM), `raw` (float32 [pair, n_outputs]), `median` and
        `mean` (float64, TPM), `nll` (float64, nat), each [pair] in the given order.

    Raises
    ------
    TR300MError
        If the run is incomplete or does not fit the dataset, or `zero_own_level` is set and it reads no levels.
    """
    threads = devices.set_threads(threads)
    model, architecture, config, likelihood, units = load_run(run_folder, dataset)
    check_scan(scan, dataset, config.schedule, architecture.both_strands)
    title = f"predicting with {Path(run_folder).name}"
    log(f"{title}: {len(pairs):,} pairs of {len(np.unique(pairs[:, 0])):,} genes, on {devices.device_name(threads)}")
    raw = predict_raw(
        model,
        dataset,
        architecture,
        pairs,
        units=units,
        schedule=config.schedule,
        scan=scan,
        batch_size=batch_size,
        zero_own_level=zero_own_level,
        title=title,
    )
    observed = np.asarray(dataset.expression[pairs[:, 0], pairs[:, 1]], dtype=np.float32)
    return {
        "gene": pairs[:, 0],
        "sample": pairs[:, 1],
        "observed": observed,
        "raw": raw,
        "median": likelihood.median(raw),
        "mean": likelihood.mean(raw),
        "nll": pair_nll(likelihood, observed, raw),
    }

"""Prediction: run a trained model over pairs of genes and samples."""

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.progress import bar
from ..config.architectures import Architecture
from ..features.scan_cache import ScanTable, check_scan
from ..model import devices
from ..model.inputs import Gather, Units, model_inputs
from ..model.likelihood.distributions import Likelihood, make_likelihood
from ..model.likelihood.loss import pair_nll
from ..model.network import NetworkConfig, build_model
from ..training.run_record import differences, read_record
from .inference import predict_raw

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset


class TrainedRun(NamedTuple):
    """A trained model, and what is needed to use it.

    Attributes
    ----------
    model
        The variant that takes pooled scores.
    architecture
        Its inputs.
    config
        Its sizes.
    likelihood
        Its output distribution.
    units
        What its inputs are divided by: constants of the dataset that it was trained on.
    """

    model: devices.keras.Model
    architecture: Architecture
    config: NetworkConfig
    likelihood: Likelihood
    units: Units


def load_run(folder: Path | str, dataset: "Dataset") -> TrainedRun:
    """Rebuild a trained model from a run's folder.

    Parameters
    ----------
    folder
        Holds `model.weights.h5` and `run.json`.
    dataset
        The dataset it was trained on, or one of the same motifs, tissues and regulators.

    Raises
    ------
    TR300MError
        If a file is missing, the weights do not fit the dataset, or Keras is set otherwise than for training.
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
            # Keras only warns where it leaves a layer untrained.
            warnings.simplefilter("error", UserWarning)
            model.load_weights(weights)
    except (ValueError, UserWarning) as error:
        raise TR300MError(
            f"{weights} does not fit this dataset: {str(error).splitlines()[0]}",
            "predict on the dataset it was trained on",
        ) from None
    return TrainedRun(model, architecture, config, likelihood, Units(**run["units"]))


def predict(
    dataset: "Dataset",
    pairs: NDArray[np.int64],
    run_folder: Path | str,
    *,
    scan: ScanTable | None = None,
    threads: int = 0,
    batch_size: int = 64,
    gather: Gather = model_inputs,
    log: Callable[[str], object] = lambda line: print(line, file=sys.stderr, flush=True),
) -> dict[str, NDArray[Any]]:
    """Predict expression of pairs with a trained run; each gene is scanned once.

    Parameters
    ----------
    dataset
        What the pairs index.
    pairs
        Gene and sample indices [pair, 2].
    run_folder
        Folder of the trained run.
    scan
        Cached scan, for runs that were trained on it; None scans now.
    threads
        CPU threads, 0 for one per core.
    batch_size
        Pairs at once.
    gather
        What gathers the inputs of pairs: `inputs.inputs_without_own_level` leaves something out.
    log
        Takes the line of text about the start.

    Returns
    -------
    dict
        `gene` and `sample` (int64 indices), `observed` (float32, TPM), `raw` (float32 [pair, n_outputs]), `median` and
        `mean` (float64, TPM), `nll` (float64, nat), each [pair] in the order given.

    Raises
    ------
    TR300MError
        If the run is not complete or does not fit the dataset.
    """
    threads = devices.set_threads(threads)
    model, architecture, config, likelihood, units = load_run(run_folder, dataset)
    check_scan(scan, dataset, config.schedule)
    name = f"predicting with {Path(run_folder).name}"
    log(f"{name}: {len(pairs):,} pairs of {len(np.unique(pairs[:, 0])):,} genes, on {devices.device_name(threads)}")
    with bar(len(pairs), name, "pair") as meter:
        raw = predict_raw(
            model,
            dataset,
            architecture,
            pairs,
            units=units,
            schedule=config.schedule,
            scan=scan,
            batch_size=batch_size,
            gather=gather,
            done=meter.update,
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

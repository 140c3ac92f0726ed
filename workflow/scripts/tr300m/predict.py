"""Prediction: run a trained model over the pairs of a split's part."""

# isort: off
from . import devices  # first: it sets the backend before Keras is imported

# isort: on
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .architectures import Architecture
from .errors import TR300MError
from .io import atomic_path, read_json
from .likelihood import Likelihood, make_likelihood
from .network import NetworkConfig, build_model, predict_raw
from .progress import bar
from .scan import ScanTable
from .training import pair_nll

if TYPE_CHECKING:
    import keras

    from .dataset import Dataset
    from .splits import Part, Split


def load_run(folder: Path | str, dataset: "Dataset") -> "tuple[keras.Model, Architecture, NetworkConfig, Likelihood]":
    """Rebuild a trained model from a run's folder.

    Parameters
    ----------
    folder
        Holds `model.weights.h5` and `run.json`.
    dataset
        The dataset it was trained on, or one of the same motifs, tissues and regulators.

    Returns
    -------
    tuple
        The model as the variant that takes pooled scores, its architecture, its sizes and its output distribution.

    Raises
    ------
    TR300MError
        If a file is missing, or the weights do not fit the dataset.
    """
    weights, record = Path(folder) / "model.weights.h5", Path(folder) / "run.json"
    for path in (weights, record):
        if not path.is_file():
            raise TR300MError(f"{path} is missing", "train the run first")
    run = read_json(record)
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
    return model, architecture, config, likelihood


def predict(
    dataset: "Dataset",
    split: "Split",
    part: "Part",
    run_folder: Path | str,
    out: Path | str | None = None,
    *,
    scan: ScanTable | None = None,
    threads: int = 0,
    batch_size: int = 64,
    log: Callable[[str], object] = lambda line: print(line, file=sys.stderr, flush=True),
) -> dict[str, NDArray[Any]]:
    """Predict all pairs of a part; each gene is scanned once.

    Parameters
    ----------
    dataset, split, part
        What to predict: ``validation`` or ``test``.
    run_folder
        Folder of the trained run.
    out
        Where to write the result as `.npz`; not written where None.
    scan
        Cached scan, for runs that were trained on it; None scans now.
    threads
        CPU threads, 0 for one per core.
    batch_size
        Pairs at once.
    log
        Takes the line of text about the start.

    Returns
    -------
    dict
        `gene` and `sample` (int64 indices), `truth` (float32, TPM), `raw` (float32 [pair, 4]), `median` (float64, TPM),
        `nll` (float64, nat), each [pair] in the split's order.

    Raises
    ------
    TR300MError
        If the run is not complete or does not fit the dataset.
    """
    threads = devices.set_threads(threads)
    model, architecture, config, likelihood = load_run(run_folder, dataset)
    pairs = split.pairs(part)
    name = f"{architecture.key}: predicting {part}"
    log(f"{name}, {len(pairs):,} pairs of {len(np.unique(pairs[:, 0])):,} genes, on {devices.describe(threads)}")
    with bar(len(pairs), name, "pair") as meter:
        raw = predict_raw(
            model,
            dataset,
            architecture,
            pairs,
            schedule=config.schedule,
            scan=scan,
            batch_size=batch_size,
            done=meter.update,
        )
    truth = np.asarray(dataset.expression[pairs[:, 0], pairs[:, 1]], dtype=np.float32)
    result: dict[str, NDArray[Any]] = {
        "gene": pairs[:, 0],
        "sample": pairs[:, 1],
        "truth": truth,
        "raw": raw,
        "median": likelihood.median(raw),
        "nll": pair_nll(likelihood, truth, raw),
    }
    if out is not None:
        with atomic_path(out) as temporary, open(temporary, "wb") as handle:
            np.savez_compressed(handle, **result)  # type: ignore[arg-type]
    return result

"""Training: a compiled loop over the pair order, and what it leaves behind."""

# isort: off
from . import devices  # first: it sets the backend before Keras is imported

# isort: on
import dataclasses
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from .architectures import Architecture
from .errors import TR300MError
from .io import atomic_path, write_json, write_tsv
from .likelihood import LIKELIHOODS, Likelihood
from .network import (
    NetworkConfig,
    build_model,
    gene_arrays,
    histone_unit,
    predict_raw,
    sample_arrays,
)
from .pairs import PairOrder
from .progress import bar
from .run_record import checksums, peak_memory_mb, versions
from .scan import ScanTable

if TYPE_CHECKING:
    from .dataset import Dataset
    from .splits import Split

Pairs = NDArray[np.int64]
Score = Callable[[NDArray[np.float64], NDArray[np.float64]], Mapping[str, float]]
"""From true and predicted TPM [pair] to named figures."""

CURVES = ("pearson", "log_pearson", "accuracy")
SECONDS_PER_CALL = 4.0
"""Calls of the compiled loop are cut so that progress shows this often."""


@dataclass(frozen=True)
class TrainingConfig:
    """How a model is trained; the defaults are the thesis's.

    Parameters
    ----------
    batch_size
        Pairs a step.
    learning_rate, beta_1, beta_2, epsilon
        Adam's.
    epoch_steps
        Steps between two rows of the history.
    curve_pairs
        Validation pairs, and as many training pairs, behind each row.
    steps_per_call
        Most steps in one call of the compiled loop; it changes no result.
    threads
        CPU threads, 0 for one per core.
    """

    batch_size: int = 128
    learning_rate: float = 1e-4
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    epoch_steps: int = 10_000
    curve_pairs: int = 4096
    steps_per_call: int = 200
    threads: int = 0

    def __post_init__(self) -> None:
        for name in ("batch_size", "epoch_steps", "curve_pairs", "steps_per_call"):
            if getattr(self, name) < 1:
                raise TR300MError(f"training: {name} is {getattr(self, name)}", "give at least 1")
        if not self.learning_rate > 0:
            raise TR300MError(f"training: learning_rate is {self.learning_rate}", "give a positive number")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from plain values; absent keys keep their defaults.

        Raises
        ------
        TR300MError
            If a key is unknown or a value impossible.
        """
        known = [field.name for field in dataclasses.fields(cls)]
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise TR300MError(f"training: unknown setting {', '.join(unknown)}", f"known are {', '.join(known)}")
        return cls(**values)


def train(
    dataset: "Dataset",
    split: "Split",
    architecture: Architecture | str,
    likelihood: Likelihood | str,
    network_config: NetworkConfig,
    training_config: TrainingConfig,
    *,
    seed: int,
    steps: int,
    out: Path | str,
    score: Score,
    scan: ScanTable | None = None,
    control: str = "none",
    run: str | None = None,
    code: str = "",
    gpu: bool = False,
    log: Callable[[str], object] = lambda line: print(line, file=sys.stderr, flush=True),
) -> dict[str, list[float]]:
    """Train one model and write `model.weights.h5`, `history.tsv` and `run.json` into `out`.

    The same seed, thread count and device give the same weights, bit for bit.

    Parameters
    ----------
    dataset, split
        What to train on and what to hold out.
    architecture, likelihood
        Objects or their keys.
    network_config, training_config
        Sizes and optimiser.
    seed
        Of weights, dropout and pair order.
    steps
        Optimiser steps.
    out
        Folder for the three files; each appears only when complete.
    score
        Figures of predicted medians (TPM): must give `pearson`, `log_pearson` and `accuracy`.
    scan
        Cached scan; None scans on the fly, with base dropout.
    control
        What is permuted first; only ``none`` is known.
    run
        Name in messages and in the record; the architecture's key where None.
    code
        Hash of the code, for the record.
    gpu
        Whether a GPU was asked for: its absence is then an error.
    log
        Takes each line of text about the start and the epochs.

    Returns
    -------
    dict
        The history: column name to one number per epoch.

    Raises
    ------
    TR300MError
        If the loss is not finite, the control is unknown, steps < 1, the GPU is missing, or dataset and scan disagree.
    """
    if isinstance(architecture, str):
        architecture = Architecture.from_key(architecture)
    name = run or architecture.key
    if control != "none":
        raise TR300MError(f"run {name}: control {control!r} is not known", "write none")
    if steps < 1:
        raise TR300MError(f"run {name}: {steps} steps", "train for at least 1")
    started = time.monotonic()
    threads = devices.set_threads(training_config.threads)
    if gpu:
        devices.require_gpu()
    device = devices.describe(threads)
    likelihood_key = likelihood if isinstance(likelihood, str) else type(likelihood).__name__
    if isinstance(likelihood, str):
        likelihood = likelihood_of(likelihood)

    keras.utils.set_random_seed(seed)
    sizes = {"config": network_config, "n_outputs": likelihood.n_outputs}
    model = build_model(architecture, dataset, scanned=scan is not None, **sizes)
    twin = build_model(architecture, dataset, scanned=True, **sizes)
    order = PairOrder(seed, len(dataset.genes), len(dataset.samples), split)
    curves = _curve_pairs(dataset, split, training_config.curve_pairs, seed)
    loop = _Loop(model, likelihood, dataset, architecture, scan, training_config)
    log(
        f"{name}: training {architecture.label} ({model.count_params():,} parameters), {steps:,} steps of "
        f"{training_config.batch_size} pairs, scan {'on the fly' if scan is None else 'cached'}, on {device}"
        + (f", {threads} threads" if device.startswith("GPU") else "")
    )

    history: dict[str, list[float]] = {}
    epoch_start, losses, pace = time.monotonic(), [], _Pace(training_config.steps_per_call)
    with bar(steps, name, "step") as meter:
        for step in _calls(steps, training_config.epoch_steps, pace):
            ...
    return history

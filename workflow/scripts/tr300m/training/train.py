"""Train one model: from settings and a dataset to weights, history and record."""

import dataclasses
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..base.disk import check_room
from ..base.files import atomic_path, write_json, write_tsv
from ..base.progress import log
from ..base.types import Ints
from ..config.architectures import Architecture
from ..dataset.pair_order import ORDERS
from ..dataset.permutations import apply_control
from ..features.scan_cache import ScanTable
from ..model import devices
from ..model.devices import keras
from ..model.likelihood.distributions import Likelihood, make_likelihood
from ..model.network import NetworkConfig
from .checkpoints import Checkpoints
from .config import ComputeConfig, TrainingConfig
from .early_stopping import INNER_PREFIX, inner_pairs, set_aside
from .history import curve_figures, curve_pairs, history_columns
from .loop import TrainingLoop, predict_pairs
from .run_record import peak_memory_mb, versions

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset
    from ..dataset.splits import Split
from .plan import Plan

BAD_BATCH = "bad_batch.tsv"
"""File in the run's folder with the pairs of a step whose loss was not finite."""


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
    compute: ComputeConfig | None = None,
    scan: ScanTable | None = None,
    control: str = "none",
    run: str | None = None,
    code: str = "",
    checkpoints: Path | str | None = None,
) -> dict[str, list[float]]:
    """Train one model and write `model.weights.h5`, `history.tsv` and `run.json` into `out`.

    On a CPU the same seed, backend and thread count give the same weights, bit for bit, also if a run was killed and
    resumed from a checkpoint. Messages about the start and the epochs go to stderr.

    Parameters
    ----------
    dataset, split
        The data, and the genes and samples to hold out.
    architecture, likelihood
        Objects or their keys.
    network_config, training_config
        Settings of the network and of the optimisation.
    seed
        Seed of the initial weights, the dropout and the pair order.
    steps
        Number of optimiser steps.
    out
        Folder for the three files; each appears only when it is complete.
    compute
        Settings of devices, memory and checkpoints; None takes the defaults.
    scan
        Cached scan; None scans in each step, with base dropout.
    control
        Which input is permuted before training (`permutations.CONTROLS`), with the run's seed, or ``none``.
    run
        Name of the run in messages and in the record; None takes the key of the architecture.
    code
        Hash of the code, for the record.
    checkpoints
        Folder of the run's checkpoints, deleted when the run is complete; None writes none.

    Returns
    -------
    dict
        The history: column name to one number per epoch.

    Raises
    ------
    TR300MError
        If the loss is not finite, the control cannot be trained, steps < 1, a device is missing or too small, or the
        scan is of another dataset.
    """
    dataset = apply_control(dataset, control, seed)
    plan = Plan(
        dataset,
        split,
        Architecture.from_key(architecture) if isinstance(architecture, str) else architecture,
        make_likelihood(likelihood) if isinstance(likelihood, str) else likelihood,
        network_config,
        training_config,
        ComputeConfig() if compute is None else compute,
        scan,
        control,
        seed,
        steps,
        code,
    )
    name, folder = run or plan.architecture.key, Path(out)
    started = time.monotonic()
    plan.check(name)
    threads = devices.set_threads(training_config.threads)
    device = plan.device(threads)
    trained_on, pairs = _training_part(dataset, split, training_config, seed)
    kept = None if checkpoints is None else Checkpoints(checkpoints, plan.key())

    model = plan.model()
    log(
        f"{name}: training {plan.architecture.label}, {model.count_params():,} parameters, {steps:,} steps of "
        f"{training_config.batch_size} pairs, scan {plan.scanned.replace('_', ' ')}, on {device}, {devices.label()}"
        + (f", {threads} CPU threads" if device.startswith("GPU") else "")
    )
    feed, steps_per_call = plan.feed()
    stepper = plan.stepper(model, feed, steps_per_call)
    (folder / BAD_BATCH).unlink(missing_ok=True)
    loop = TrainingLoop(
        name,
        stepper,
        feed,
        ORDERS[training_config.pair_order](seed, len(dataset.genes), len(dataset.samples), trained_on),
        training_config,
        plan.compute,
        device=device,
        steps_per_call=steps_per_call,
        checkpoints=kept,
        describe_batch=partial(_write_batch, dataset, folder / BAD_BATCH),
    )
    loop.resume()
    predict = partial(predict_pairs, stepper, feed, batch_size=training_config.batch_size)
    median = dataset.expression_median
    rows = loop.run(steps, partial(curve_figures, pairs, predict, dataset.expression, plan.likelihood, median))

    stepper.update_model()
    with atomic_path(folder / "model.weights.h5") as temporary:
        check_room(temporary, _weights_bytes(model))
        model.save_weights(temporary)
    history = {column: [row[column] for row in rows] for column in history_columns(training_config.early_stopping)}
    write_tsv(folder / "history.tsv", history)
    end = {
        "parameters": int(sum(np.prod(w.shape, dtype=np.int64) for w in model.trainable_variables)),
        "compute": dataclasses.asdict(plan.compute),
        "arrays_on_device": feed.on_device,
        "device": device,
        "threads": threads,
        "versions": versions(),
        "pair_state": loop.position.pair_state,
        "kept_step": loop.kept_step(),
        "resumed_at": loop.position.resumed,
        "train_seconds": round(loop.position.seconds, 1),
        "wall_seconds": round(time.monotonic() - started, 1),
        "peak_memory_mb": round(peak_memory_mb()),
        "peak_device_memory_mb": devices.peak_device_memory_mb(),
    }
    write_json(folder / "run.json", {"run": name, **plan.inputs(), **end})
    if kept is not None:
        kept.delete()
    return history


def _weights_bytes(model: keras.Model) -> int:
    """Return an upper limit of the size of the weights' file: the arrays, and some KB of HDF5 around each."""
    return int(sum(np.prod(weight.shape, dtype=np.int64) * 4 + 8192 for weight in model.weights)) + (1 << 16)


def _training_part(
    dataset: "Dataset", split: "Split", config: TrainingConfig, seed: int
) -> tuple["Split", dict[str, Ints]]:
    """Return the split whose held-out genes and samples do not train, and the pairs of the history by their prefix."""
    if not config.early_stopping:
        return split, curve_pairs(dataset, split, config.curve_pairs, seed)
    trained_on, inner = set_aside(dataset, split)
    _, samples = split.training_axes(len(dataset.genes), len(dataset.samples))
    pairs = curve_pairs(dataset, trained_on, config.curve_pairs, seed)
    return trained_on, pairs | {INNER_PREFIX: inner_pairs(inner, samples, config.curve_pairs, seed)}


def _write_batch(dataset: "Dataset", path: Path, pairs: Ints) -> Path:
    """Write pairs [batch, 2] with their IDs and TPM; return the file."""
    genes, samples = pairs.T
    columns = {
        "gene": genes,
        "sample": samples,
        "gene_id": dataset.genes.gene_id[genes],
        "sample_id": dataset.samples.sample_id[samples],
        "tpm": dataset.expression[genes, samples],
    }
    write_tsv(path, columns)
    return path

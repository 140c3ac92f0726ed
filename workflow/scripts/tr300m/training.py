"""Training: from a dataset and settings to weights, history and record."""

import dataclasses
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import devices
from .architectures import Architecture
from .checkpoints import Checkpoints, inputs_key
from .curves import COLUMNS as COLUMNS
from .curves import Score, curve_figures, curve_pairs
from .devices import BACKEND, keras
from .errors import TR300MError
from .feed import Feed, Pairs, make_feed, place_arrays
from .io import atomic_path, write_json, write_tsv
from .likelihood import Likelihood, make_likelihood, settings_of
from .loop import TrainingLoop, predict_pairs
from .network import NetworkConfig, build_model
from .pairs import ORDERS
from .run_record import checksums, peak_memory_mb, versions
from .scan import ScanTable, check_scan, pooled_length
from .steps import make_stepper
from .training_config import ComputeConfig as ComputeConfig
from .training_config import TrainingConfig as TrainingConfig

if TYPE_CHECKING:
    from .dataset import Dataset
    from .splits import Split

HOST_BYTES_PER_CALL = 1 << 28
"""With the host's arrays, the rows of so many bytes at most travel in one call."""
BAD_BATCH = "bad_batch.tsv"
"""In the run's folder: the pairs of a step whose loss was not finite."""


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
    compute: ComputeConfig | None = None,
    scan: ScanTable | None = None,
    control: str = "none",
    run: str | None = None,
    code: str = "",
    checkpoints: Path | str | None = None,
    log: Callable[[str], object] = lambda line: print(line, file=sys.stderr, flush=True),
) -> dict[str, list[float]]:
    """Train one model and write `model.weights.h5`, `history.tsv` and `run.json` into `out`.

    On a CPU the same seed, backend and thread count give the same weights, bit for bit, also when a run was killed and
    went on from a checkpoint.

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
    compute
        Devices, memory and checkpoints; the defaults where None.
    scan
        Cached scan; None scans on the fly, with base dropout.
    control
        What is permuted first; only ``none`` is known.
    run
        Name in messages and in the record; the architecture's key where None.
    code
        Hash of the code, for the record.
    checkpoints
        Folder of the run's checkpoints, deleted when the run is complete; None writes none.
    log
        Takes each line of text about the start and the epochs.

    Returns
    -------
    dict
        The history: column name to one number per epoch.

    Raises
    ------
    TR300MError
        If the loss is not finite, the control is unknown, steps < 1, a device is missing or too small, or dataset and
        scan disagree.
    """
    if isinstance(architecture, str):
        architecture = Architecture.from_key(architecture)
    if isinstance(likelihood, str):
        likelihood = make_likelihood(likelihood)
    compute = ComputeConfig() if compute is None else compute
    name, folder = run or architecture.key, Path(out)
    if control != "none":
        raise TR300MError(f"run {name}: control {control!r} is not known", "write none")
    if steps < 1:
        raise TR300MError(f"run {name}: {steps} steps", "train for at least 1")
    started = time.monotonic()
    check_scan(scan, dataset, network_config.schedule)
    threads = devices.set_threads(training_config.threads)
    if compute.gpu:
        devices.require_gpu()
    devices.require_devices(compute.devices, training_config.batch_size)
    device = devices.describe(threads, compute.devices)
    scanned = "on_the_fly" if scan is None else "cached"
    inputs = {
        "architecture": dataclasses.asdict(architecture),
        "likelihood": settings_of(likelihood),
        "control": control,
        "split": split.name,
        "scan": scanned,
        "seed": seed,
        "steps": steps,
        "network": dataclasses.asdict(network_config),
        "training": dataclasses.asdict(training_config),
        "backend": BACKEND,
        # It draws other dropout from the same seed.
        "xla": compute.xla,
        "code": code,
        "arrays": checksums(dataset.manifest),
    }
    kept = None if checkpoints is None else Checkpoints(checkpoints, _key(inputs, split, scan))
    model = build_model(
        architecture,
        dataset,
        scanned=scan is not None,
        config=network_config,
        n_outputs=likelihood.n_outputs,
        seed=seed,
    )
    log(
        f"{name}: training {architecture.label}, {model.count_params():,} parameters, {steps:,} steps of "
        f"{training_config.batch_size} pairs, scan {scanned.replace('_', ' ')}, on {device}, {devices.label()}"
        + (f", {threads} CPU threads" if device.startswith("GPU") else "")
    )
    feed, steps_per_call = _feed(dataset, architecture, scan, network_config, training_config, compute, log)
    stepper = make_stepper(
        model,
        likelihood,
        keras.optimizers.Adam(
            training_config.learning_rate,
            beta_1=training_config.beta_1,
            beta_2=training_config.beta_2,
            epsilon=training_config.epsilon,
        ),
        feed,
        batch_size=training_config.batch_size,
        steps_per_call=steps_per_call,
        devices=compute.devices,
        xla=compute.xla,
    )
    (folder / BAD_BATCH).unlink(missing_ok=True)
    loop = TrainingLoop(
        name,
        stepper,
        feed,
        ORDERS[training_config.pair_order](seed, len(dataset.genes), len(dataset.samples), split),
        training_config,
        compute,
        steps_per_call=steps_per_call,
        checkpoints=kept,
        describe_batch=partial(_write_batch, dataset, folder / BAD_BATCH),
        log=log,
    )
    loop.resume()
    rows = loop.run(
        steps,
        partial(
            curve_figures,
            curve_pairs(dataset, split, training_config.curve_pairs, seed),
            partial(predict_pairs, stepper, feed, batch_size=training_config.batch_size),
            dataset.expression,
            likelihood,
            score,
        ),
    )
    stepper.update_model()
    with atomic_path(folder / "model.weights.h5") as temporary:
        model.save_weights(temporary)
    history = {column: [row[column] for row in rows] for column in COLUMNS}
    write_tsv(folder / "history.tsv", history)
    end = {
        "parameters": int(sum(np.prod(w.shape, dtype=np.int64) for w in model.trainable_variables)),
        "compute": dataclasses.asdict(compute),
        "arrays_on_device": feed.on_device,
        "device": device,
        "threads": threads,
        "versions": versions(),
        "pair_state": loop.position.pair_state,
        "resumed_at": loop.position.resumed,
        "train_seconds": round(loop.position.seconds, 1),
        "wall_seconds": round(time.monotonic() - started, 1),
        "peak_memory_mb": round(peak_memory_mb()),
        "peak_device_memory_mb": devices.peak_device_memory_mb(),
    }
    write_json(folder / "run.json", {"run": name, **inputs, **end})
    if kept is not None:
        kept.delete()
    return history


def _key(inputs: Mapping[str, Any], split: "Split", scan: ScanTable | None) -> str:
    """Return the key of a training's checkpoints: all that its result depends on, to the last digits on a GPU."""
    # Neither changes what a step computes, but for rounding in the case of threads.
    training = {name: value for name, value in inputs["training"].items() if name not in ("threads", "steps_per_call")}
    held_out = [part.tolist() for part in (*split.axes("validation"), *split.axes("test"))]
    return inputs_key({**inputs, "training": training, "held_out": held_out, "scan_key": scan.key if scan else ""})


def _feed(
    dataset: "Dataset",
    architecture: Architecture,
    scan: ScanTable | None,
    network: NetworkConfig,
    training: TrainingConfig,
    compute: ComputeConfig,
    log: Callable[[str], object],
) -> tuple[Feed, int]:
    """Collect the arrays where the memory wants them; return them and the most steps a call."""
    feed = make_feed(dataset, architecture, scan)
    travelling = feed.gathered_bytes(training.batch_size)
    working = working_bytes(network, training.batch_size, dataset.pssm.shape[2], scan is None)
    # Three batches of rows: one in use, one ahead, one being gathered.
    on_device = place_arrays(compute.arrays, feed.nbytes, working + 3 * travelling, log)
    steps = training.steps_per_call
    if not on_device:
        steps = min(steps, max(1, HOST_BYTES_PER_CALL // travelling))
    return dataclasses.replace(feed, on_device=on_device), steps


def working_bytes(network: NetworkConfig, batch_size: int, motifs: int, on_the_fly: bool) -> int:
    """Return roughly how many bytes a step needs beside the arrays: what it keeps for the gradients, and its scan.

    Counted are ten arrays of pooled scores, ten of each block's channels, and the scores of the longest segment
    before pooling.
    """
    blocks = sum(network.trunk_lengths()) * (network.width + network.bottleneck)
    scan = max(length for length, _ in network.schedule) * motifs if on_the_fly else 0
    return 4 * batch_size * (10 * pooled_length(network.schedule) * motifs + 10 * blocks + scan)


def _write_batch(dataset: "Dataset", path: Path, pairs: Pairs) -> Path:
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

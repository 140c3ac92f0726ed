"""Training: from a dataset and settings to weights, history and record."""

import dataclasses
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import devices
from .architectures import Architecture
from .checkpoints import Checkpoints, inputs_key
from .controls import AT_EVALUATION, SHUFFLE, apply_control
from .curves import COLUMNS as COLUMNS
from .curves import Score, curve_figures, curve_pairs
from .devices import BACKEND, keras
from .errors import TR300MError
from .feed import Feed, Pairs, make_feed, place_arrays
from .inputs import own_units
from .io import atomic_path, write_json, write_tsv
from .likelihood import Likelihood, make_likelihood, settings_of
from .loop import TrainingLoop, predict_pairs
from .network import NetworkConfig, build_model
from .pairs import ORDERS
from .run_record import checksums, edition, peak_memory_mb, versions
from .scan import ScanTable, check_scan, pooled_length
from .steps import Stepper, make_stepper
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
        What is permuted first (`controls.CONTROLS`), or ``none``; the seed is the run's.
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
        If the loss is not finite, the control does not fit, steps < 1, a device is missing or too small, or dataset and
        scan disagree.
    """
    dataset = apply_control(dataset, control, seed)
    asked = _Run(
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
    name, folder = run or asked.architecture.key, Path(out)
    started = time.monotonic()
    asked.check(name)
    threads = devices.set_threads(training_config.threads)
    device = asked.device(threads)
    kept = None if checkpoints is None else Checkpoints(checkpoints, asked.key())

    model = asked.model()
    log(
        f"{name}: training {asked.architecture.label}, {model.count_params():,} parameters, {steps:,} steps of "
        f"{training_config.batch_size} pairs, scan {asked.scanned.replace('_', ' ')}, on {device}, {devices.label()}"
        + (f", {threads} CPU threads" if device.startswith("GPU") else "")
    )
    feed, steps_per_call = asked.feed(log)
    stepper = asked.stepper(model, feed, steps_per_call)
    (folder / BAD_BATCH).unlink(missing_ok=True)
    loop = TrainingLoop(
        name,
        stepper,
        feed,
        ORDERS[training_config.pair_order](seed, len(dataset.genes), len(dataset.samples), split),
        training_config,
        asked.compute,
        device=device,
        steps_per_call=steps_per_call,
        checkpoints=kept,
        describe_batch=partial(_write_batch, dataset, folder / BAD_BATCH),
        log=log,
    )
    loop.resume()
    predict = partial(predict_pairs, stepper, feed, batch_size=training_config.batch_size)
    pairs = curve_pairs(dataset, split, training_config.curve_pairs, seed)
    rows = loop.run(steps, partial(curve_figures, pairs, predict, dataset.expression, asked.likelihood, score))

    stepper.update_model()
    with atomic_path(folder / "model.weights.h5") as temporary:
        model.save_weights(temporary)
    history = {column: [row[column] for row in rows] for column in COLUMNS}
    write_tsv(folder / "history.tsv", history)
    end = {
        "parameters": int(sum(np.prod(w.shape, dtype=np.int64) for w in model.trainable_variables)),
        "compute": dataclasses.asdict(asked.compute),
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
    write_json(folder / "run.json", {"run": name, **asked.inputs(), **end})
    if kept is not None:
        kept.delete()
    return history


@dataclass(frozen=True)
class _Run:
    """A training as it was asked for: the arguments of `train`."""

    dataset: "Dataset"
    split: "Split"
    architecture: Architecture
    likelihood: Likelihood
    network: NetworkConfig
    training: TrainingConfig
    compute: ComputeConfig
    scan: ScanTable | None
    control: str
    seed: int
    steps: int
    code: str

    @property
    def scanned(self) -> str:
        """The scan's name in the run table."""
        return "on_the_fly" if self.scan is None else "cached"

    def check(self, name: str) -> None:
        """Refuse what cannot be trained."""
        if self.control.endswith(AT_EVALUATION):
            raise TR300MError(
                f"run {name}: under control {self.control} nothing is trained", "predict with a trained run"
            )
        if self.control == SHUFFLE and self.scan is not None:
            raise TR300MError(f"run {name}: the cached scan is of the real sequence", "scan on the fly")
        if self.steps < 1:
            raise TR300MError(f"run {name}: {self.steps} steps", "train for at least 1")
        check_scan(self.scan, self.dataset, self.network.schedule)

    def device(self, threads: int) -> str:
        """Name what it will run on; refuse if that is not there."""
        if self.compute.gpu:
            devices.require_gpu()
        devices.require_devices(self.compute.devices, self.training.batch_size)
        return devices.describe(threads, self.compute.devices)

    def inputs(self) -> dict[str, Any]:
        """Return all that the result depends on, as it is recorded."""
        return {
            "architecture": dataclasses.asdict(self.architecture),
            "likelihood": settings_of(self.likelihood),
            "control": self.control,
            "split": self.split.name,
            "scan": self.scanned,
            "seed": self.seed,
            "steps": self.steps,
            "network": dataclasses.asdict(self.network),
            "training": dataclasses.asdict(self.training),
            "backend": BACKEND,
            "numerics": devices.numerics(),
            # It draws other dropout from the same seed.
            "xla": self.compute.xla,
            "code": self.code,
            "edition": edition(self.dataset.manifest),
            "units": own_units(self.dataset, self.architecture)._asdict(),
            "arrays": checksums(self.dataset.manifest),
        }

    def key(self) -> str:
        """Return the key of its checkpoints: a hash of its inputs, with the split and the scan by content."""
        inputs = self.inputs()
        # Neither changes what a step computes, but for rounding in the case of threads.
        for name in ("threads", "steps_per_call"):
            del inputs["training"][name]
        inputs["held_out"] = [part.tolist() for part in (*self.split.axes("validation"), *self.split.axes("test"))]
        inputs["scan_key"] = "" if self.scan is None else self.scan.key
        return inputs_key(inputs)

    def model(self) -> keras.Model:
        """Build the model, untrained."""
        return build_model(
            self.architecture,
            self.dataset,
            scanned=self.scan is not None,
            config=self.network,
            n_outputs=self.likelihood.n_outputs,
            seed=self.seed,
        )

    def feed(self, log: Callable[[str], object]) -> tuple[Feed, int]:
        """Collect the arrays where the memory wants them; return them and the most steps a call."""
        feed = make_feed(self.dataset, self.architecture, self.scan)
        travelling = feed.gathered_bytes(self.training.batch_size)
        motifs = self.dataset.pssm.shape[2]
        working = working_bytes(self.network, self.training.batch_size, motifs, on_the_fly=self.scan is None)
        # Three batches of rows: one in use, one ahead, one being gathered.
        on_device = place_arrays(self.compute.arrays, feed.nbytes, working + 3 * travelling, log)
        steps = self.training.steps_per_call
        if not on_device:
            steps = min(steps, max(1, HOST_BYTES_PER_CALL // travelling))
        return dataclasses.replace(feed, on_device=on_device), steps

    def stepper(self, model: keras.Model, feed: Feed, steps_per_call: int) -> Stepper:
        """Compile the steps, with Adam."""
        config = self.training
        return make_stepper(
            model,
            self.likelihood,
            keras.optimizers.Adam(
                config.learning_rate, beta_1=config.beta_1, beta_2=config.beta_2, epsilon=config.epsilon
            ),
            feed,
            batch_size=config.batch_size,
            steps_per_call=steps_per_call,
            devices=self.compute.devices,
            xla=self.compute.xla,
        )


def working_bytes(network: NetworkConfig, batch_size: int, motifs: int, *, on_the_fly: bool) -> int:
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

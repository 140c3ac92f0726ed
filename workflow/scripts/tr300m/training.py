"""Training: a compiled loop over the pair order, and what it leaves behind."""

import dataclasses
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from . import devices
from .architectures import Architecture
from .devices import keras, ops
from .errors import TR300MError
from .io import atomic_path, write_json, write_tsv
from .likelihood import Likelihood, make_likelihood, settings_of
from .network import NetworkConfig, build_model, gene_arrays, histone_unit, predict_raw, sample_arrays
from .pairs import PairOrder
from .progress import bar
from .run_record import checksums, peak_memory_mb, versions
from .scan import ScanTable, check_scan
from .sections import check_keys

if TYPE_CHECKING:
    from .dataset import Dataset
    from .splits import Split

Pairs = NDArray[np.int64]
Score = Callable[[NDArray[np.float64], NDArray[np.float64]], Mapping[str, float]]
"""From true and predicted TPM [pair] to named figures."""

CURVES = ("pearson", "log_pearson", "accuracy")
VALIDATION = "val_"
"""Prefix of the history's columns on validation pairs; those on training pairs have none."""
COLUMNS = (
    *("epoch", "step", "seconds", "loss", *CURVES),
    *(f"{VALIDATION}{figure}" for figure in ("loss", *CURVES)),
    "pairs_per_second",
)
"""Of history.tsv. `seconds` counts from the start of training; `loss` is the mean of the epoch's steps, dropout on."""
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
        check_keys("training", values, cls)
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

    On a CPU the same seed and thread count give the same weights, bit for bit.

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
    check_scan(scan, dataset)
    threads = devices.set_threads(training_config.threads)
    if gpu:
        devices.require_gpu()
    device = devices.describe(threads)
    if isinstance(likelihood, str):
        likelihood = make_likelihood(likelihood)

    keras.utils.set_random_seed(seed)
    model, twin = (
        build_model(architecture, dataset, scanned=scanned, config=network_config, n_outputs=likelihood.n_outputs)
        for scanned in (scan is not None, True)
    )
    order = PairOrder(seed, len(dataset.genes), len(dataset.samples), split)
    log(
        f"{name}: training {architecture.label}, {model.count_params():,} parameters, {steps:,} steps of "
        f"{training_config.batch_size} pairs, scan {'on the fly' if scan is None else 'cached'}, on {device}"
        + (f", {threads} CPU threads" if device.startswith("GPU") else "")
    )
    runner = _Runner(
        name, _compile(model, likelihood, dataset, architecture, scan, training_config), order, training_config, log
    )
    curves = _curve_pairs(dataset, split, training_config.curve_pairs, seed)
    rows: list[dict[str, float]] = []
    begun = time.monotonic()
    with bar(steps, name, "step") as meter:
        for first in range(0, steps, training_config.epoch_steps):
            last = min(first + training_config.epoch_steps, steps)
            losses, seconds = runner.run(first, last, steps, meter)
            twin.set_weights(model.get_weights())
            row = {"epoch": len(rows) + 1, "step": last, "loss": float(losses.mean())}
            with bar(sum(map(len, curves.values())), f"{name}: curves", "pair") as curve_meter:
                for prefix, pairs in curves.items():
                    raw = predict_raw(
                        twin,
                        dataset,
                        architecture,
                        pairs,
                        schedule=network_config.schedule,
                        scan=scan,
                        done=curve_meter.update,
                    )
                    truth = dataset.expression[pairs[:, 0], pairs[:, 1]]
                    figures = score(truth.astype(np.float64), likelihood.median(raw))
                    row |= {prefix + figure: float(figures[figure]) for figure in CURVES}
                    if prefix == VALIDATION:
                        row[f"{VALIDATION}loss"] = float(pair_nll(likelihood, truth, raw).mean())
            row["pairs_per_second"] = round((last - first) * training_config.batch_size / seconds, 1)
            row["seconds"] = round(time.monotonic() - begun, 1)
            rows.append(row)
            log(
                f"{name}: step {last:,}, loss {row['loss']:.4f}, validation loss {row['val_loss']:.4f}, validation log "
                f"Pearson {row['val_log_pearson']:.3f}"
            )
    folder = Path(out)
    with atomic_path(folder / "model.weights.h5") as temporary:
        model.save_weights(temporary)
    history = {column: [row[column] for row in rows] for column in COLUMNS}
    write_tsv(folder / "history.tsv", history)
    write_json(
        folder / "run.json",
        {
            "run": name,
            "architecture": dataclasses.asdict(architecture),
            "likelihood": settings_of(likelihood),
            "control": control,
            "split": split.name,
            "scan": "on_the_fly" if scan is None else "cached",
            "seed": seed,
            "steps": steps,
            "network": dataclasses.asdict(network_config),
            "training": dataclasses.asdict(training_config),
            "parameters": int(sum(np.prod(w.shape, dtype=np.int64) for w in model.trainable_variables)),
            "backend": keras.backend.backend(),
            "device": device,
            "threads": threads,
            "versions": versions(),
            "code": code,
            "arrays": checksums(dataset.manifest),
            "pair_state": order.state,
            "wall_seconds": round(time.monotonic() - started, 1),
            "peak_memory_mb": round(peak_memory_mb()),
        },
    )
    return history


class _Runner:
    """Feeds the compiled loop with pairs, shows progress and stops on a loss that is not finite."""

    def __init__(
        self,
        name: str,
        loop: Callable[[Pairs], NDArray[np.float32]],
        order: PairOrder,
        config: TrainingConfig,
        log: Callable[[str], object],
    ) -> None:
        self.name, self.loop, self.order, self.config, self.log = name, loop, order, config, log
        self.calls = 0
        self.steps_now = 1
        # No step: compiles, so that the first call's time is that of its step.
        loop(np.empty((0, config.batch_size, 2), np.int64))

    def run(self, first: int, last: int, total: int, meter: Any) -> tuple[NDArray[np.float32], float]:
        """Run the steps from `first` to `last` of `total`; return their losses [step] and the seconds they took."""
        size = self.config.batch_size
        losses: list[NDArray[np.float32]] = []
        begun = time.monotonic()
        while first < last:
            count = min(self.steps_now, last - first)
            call_begun = time.monotonic()
            losses.append(self.loop(self.order.take(count * size).reshape(count, size, 2)))
            seconds = (time.monotonic() - call_begun) / count
            bad = np.flatnonzero(~np.isfinite(losses[-1]))
            if len(bad):
                raise TR300MError(
                    f"run {self.name}: the loss of step {first + bad[0] + 1:,} is {losses[-1][bad[0]]}",
                    "lower the learning rate; check the expression and level arrays for values that are not finite",
                )
            first += count
            self.calls += 1
            if self.calls == 2:
                # The first call holds one step and pays for memory that later ones reuse.
                self.log(f"{self.name}: {seconds:.3g} s a step, about {_duration(seconds * (total - first))} to go")
            self.steps_now = int(np.clip(SECONDS_PER_CALL / seconds, 1, self.config.steps_per_call))
            meter.set_description_str(
                f"{self.name}: loss {losses[-1].mean():.4f}, {size / seconds:,.0f} pairs/s", refresh=False
            )
            meter.update(count)
        return np.concatenate(losses), time.monotonic() - begun


def _compile(
    model: keras.Model,
    likelihood: Likelihood,
    dataset: "Dataset",
    architecture: Architecture,
    scan: ScanTable | None,
    config: TrainingConfig,
) -> Callable[[Pairs], NDArray[np.float32]]:
    """Build the loop: pairs [step, batch, 2] in, losses [step] out, weights updated in between.

    Arrays become tensors of the device once, in the type they are stored in; each step gathers its rows from them.
    """
    tf = devices.tensorflow()
    optimizer = keras.optimizers.Adam(
        config.learning_rate, beta_1=config.beta_1, beta_2=config.beta_2, epsilon=config.epsilon
    )
    optimizer.build(model.trainable_variables)
    by_gene = {name: tf.convert_to_tensor(x) for name, x in gene_arrays(dataset, architecture, scan).items()}
    by_sample = {name: tf.convert_to_tensor(x) for name, x in sample_arrays(dataset, architecture).items()}
    if architecture.distance:
        blocks = np.array_split(np.arange(len(dataset.genes)), -(-len(dataset.genes) // 256))
        by_gene["distance"] = tf.convert_to_tensor(np.concatenate([dataset.distance(block) for block in blocks]))
    expression = tf.convert_to_tensor(dataset.expression)
    unit = histone_unit(dataset) if architecture.hm else 1.0

    def rows(tables: Mapping[str, Any], index: Any) -> dict[str, Any]:
        return {name: ops.cast(ops.take(table, index, axis=0), "float32") for name, table in tables.items()}

    def step(pairs: Any) -> Any:
        inputs = rows(by_gene, pairs[:, 0]) | rows(by_sample, pairs[:, 1])
        if "histones" in inputs:
            inputs["histones"] = inputs["histones"] / unit
        truth = tf.gather_nd(expression, pairs)
        with tf.GradientTape() as tape:
            loss = ops.mean(likelihood.nll(truth, model(inputs, training=True)))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss

    @tf.function(input_signature=[tf.TensorSpec((None, config.batch_size, 2), tf.int64)], autograph=False)  # type: ignore[untyped-decorator]
    def loop(pairs: Any) -> Any:
        count = tf.shape(pairs)[0]
        losses = tf.TensorArray(tf.float32, size=count, element_shape=())
        _, losses = tf.while_loop(
            lambda k, _: k < count,
            lambda k, losses: (k + 1, losses.write(k, step(pairs[k]))),
            (0, losses),
            # Steps depend on each other; more at once would only cost memory.
            parallel_iterations=1,
        )
        return losses.stack()

    return lambda pairs: np.asarray(loop(tf.constant(pairs, tf.int64)))


def _curve_pairs(dataset: "Dataset", split: "Split", count: int, seed: int) -> dict[str, Pairs]:
    """Choose the training (prefix '') and validation pairs of the curves, the same for every row.

    Training pairs share as many genes as the validation part has, because each gene costs a scan.
    """
    validation = split.pairs("validation")
    if len(validation) == 0:
        raise TR300MError("the split's validation part holds no pair", "hold out at least one gene and one sample")
    chance = np.random.default_rng(seed)
    count = min(count, len(validation))
    genes = np.setdiff1d(np.arange(len(dataset.genes)), split.held_out_genes)
    samples = np.setdiff1d(np.arange(len(dataset.samples)), split.held_out_samples)
    genes = chance.permutation(genes)[: len(split.validation_genes)]
    training = np.stack([chance.choice(genes, count), chance.choice(samples, count)], axis=1)
    return {"": training, VALIDATION: validation[np.sort(chance.choice(len(validation), count, replace=False))]}


def pair_nll(likelihood: Likelihood, truth: NDArray[Any], raw: NDArray[np.float32]) -> NDArray[np.float64]:
    """Negative log likelihood (nat) [pair] of TPM [pair] under raw outputs [pair, n_outputs]."""
    return np.asarray(ops.convert_to_numpy(likelihood.nll(truth, raw)), dtype=np.float64)


def _duration(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"

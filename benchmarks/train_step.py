"""Seconds per training step, beside the thesis's way in the same run, and how far each is from the device's floor.

    python benchmarks/train_step.py                                  # TensorFlow, full width, the rows below
    python benchmarks/train_step.py --backend jax --genes 19786      # all genes: 18 GB of cached scores
    python benchmarks/train_step.py --architectures all --rows cached on_the_fly

No input file is needed: arrays are random (a block that is repeated), or zeros in sparse files where they are too large
for memory. Every row runs in a process of its own and prints when it is done. Columns:

- s/step: of the timed calls, after compilation and a first call;
- compile: seconds until the first step can start; memory: peak of the process, and of the GPU where there is one;
- floor: the longer of FLOP over the speed of a large matrix product, and bytes over the speed of a large copy, both
  measured in the same process, and the ratio of s/step to it. Counted are products and convolutions (three times for
  trained layers: forward, and two gradients), the gathered rows, and weights and moments read and written.
"""

import argparse
import itertools
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))
MOTIFS, ELEMENTS, REGULATORS, TISSUES, TRACKS = 1072, 13, 2753, 54, 21
LENGTH, POSITIONS = 2823, 430
PARAMETERS_READ_AND_WRITTEN = 7
"""Times: weight, gradient and two moments are read, weight and two moments written."""
ROWS = ("thesis", "on_the_fly", "cached")
BIG = 2 << 30
MATRIX, COPIED = {"cpu": 2048, "gpu": 8192}, {"cpu": 1 << 26, "gpu": 1 << 30}


def table(shape: tuple[int, ...], dtype: Any, folder: Path, gpu: bool) -> NDArray[Any]:
    """Return an array of random numbers; on a CPU a large one is a mapped sparse file of zeros."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if size > BIG and not gpu:
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".npy", delete=False) as file:
            return np.lib.format.open_memmap(file.name, mode="w+", dtype=dtype, shape=shape)
    block = np.random.default_rng(0).gamma(0.5, 2.0, size=(min(64, shape[0]), *shape[1:])).astype(dtype)
    return np.resize(block, shape)


def make_feed(row: dict[str, Any], folder: Path, gpu: bool) -> Any:
    """Return the tables of an architecture as a `Feed`, where `compute: arrays: auto` would put them."""
    from tr300m.config.architectures import Architecture
    from tr300m.training.batches import Feed, place_arrays

    architecture, genes, samples = Architecture.from_key(row["architecture"]), row["genes"], row["samples"]

    def random(*shape: int, dtype: Any = np.float32) -> NDArray[Any]:
        return table(shape, dtype, folder, gpu)

    by_gene, by_sample = {}, {}
    if row["row"] == "cached":
        by_gene["motif_scores"] = random(genes, POSITIONS, MOTIFS, dtype=np.float16)
        if architecture.core:
            by_gene["core_scores"] = random(genes, POSITIONS, ELEMENTS, dtype=np.float16)
    else:
        bases = np.random.default_rng(1).integers(4, size=(64, LENGTH))
        by_gene["sequence"] = np.resize(np.eye(4, dtype=np.float16)[bases], (genes, LENGTH, 4))
    if architecture.hm:
        by_gene["histones"] = random(genes, LENGTH, TRACKS)
        by_sample["tissue"] = random(samples, TISSUES)
    if architecture.distance:
        by_gene["distance"] = random(genes, REGULATORS)
        by_sample["regulator_levels"] = random(samples, REGULATORS)
    elif architecture.tf:
        by_sample["levels"] = random(samples, MOTIFS)
    feed = Feed(by_gene, by_sample, random(genes, samples), 1.0)
    on_device = row["row"] != "thesis" and place_arrays("auto", feed.nbytes)
    return Feed(by_gene, by_sample, feed.expression, 1.0, on_device)


def flop(row: dict[str, Any]) -> float:
    """Count floating-point operations of a step's products and convolutions."""
    from tr300m.config.architectures import Architecture
    from tr300m.model.network import NetworkConfig

    architecture, config = Architecture.from_key(row["architecture"]), NetworkConfig()
    elements, marks = ELEMENTS * architecture.core, 12 * architecture.hm
    count = 3 * POSITIONS * MOTIFS * (config.width - elements - marks)
    lengths = config.trunk_lengths()
    for length, kernel in zip(lengths, config.kernel_sizes, strict=False):
        count += 3 * length * config.width * config.bottleneck * (2 + kernel)
    count += 3 * lengths[-1] * config.width * 4 + 2 * LENGTH * TRACKS * 4 * architecture.hm
    count += 3 * REGULATORS * MOTIFS * architecture.distance
    if row["row"] != "cached":
        count += LENGTH * 4 * (35 * MOTIFS + 19 * elements)
    return 2.0 * row["batch"] * count


def best_of(work: Callable[[], Any], times: int = 5) -> float:
    """Return the least seconds of several calls."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        found.append(time.perf_counter() - begun)
    return min(found)


def device_speed(gpu: bool, precision: str) -> tuple[float, float]:
    """Measure FLOP/s of a large matrix product and bytes/s of a large copy (read and written)."""
    from tr300m.model.devices import BACKEND, ops

    size, floats = MATRIX["gpu" if gpu else "cpu"], COPIED["gpu" if gpu else "cpu"]
    matrix = ops.ones((size, size), dtype=precision)
    vector = ops.ones((floats,), dtype="float32")
    if BACKEND == "jax":
        import jax

        product, copy = jax.jit(lambda x: x @ x), jax.jit(lambda x: x + 1)
    else:
        import tensorflow as tf

        product, copy = (tf.function(work, autograph=False) for work in (lambda x: x @ x, lambda x: x + 1))

    # One number is read back: it cannot come before the work is done.
    def wait(x: Any) -> None:
        float(ops.cast(x[(0,) * len(x.shape)], "float32"))

    for work, x in ((product, matrix), (copy, vector)):
        wait(work(x))
    return (
        2 * size**3 / best_of(lambda: wait(product(matrix))),
        2 * 4 * floats / best_of(lambda: wait(copy(vector))),
    )


def run_row(row: dict[str, Any]) -> dict[str, Any]:
    """Measure one row in this process."""
    from tr300m.model.backend import use_backend

    use_backend(row["backend"])
    from tr300m.base.axes import RELEASE_TRACKS, Tracks
    from tr300m.model import devices
    from tr300m.model.likelihood.distributions import make_likelihood
    from tr300m.model.network import NetworkConfig, build_model
    from tr300m.training.backends.stepper import make_stepper
    from tr300m.training.run_record import peak_memory_mb

    gpu = bool(devices.gpu_names())
    chance = np.random.default_rng(3)
    motifs = chance.normal(-4, 4, (35, 4, MOTIFS)).astype(np.float32)
    core = chance.normal(-1, 2, (19, 4, ELEMENTS)).astype(np.float32)
    with tempfile.TemporaryDirectory() as name:
        feed = make_feed(row, Path(name), gpu)
        model = build_model(
            row["architecture"],
            pssm=motifs,
            core=core,
            n_tissues=TISSUES,
            tracks=Tracks.of(RELEASE_TRACKS),
            n_regulators=REGULATORS,
            motif_map=chance.random((REGULATORS, MOTIFS)) < 1e-3,
            config=NetworkConfig(precision=row["precision"]),
            scanned=row["row"] != "on_the_fly",
        )
        likelihood, optimizer = make_likelihood("nb_exponential"), devices.keras.optimizers.Adam(1e-4)
        shape = (row["steps"] + row["steps_per_call"], row["batch"])
        pairs = np.stack(
            [chance.integers(row["genes"], size=shape), chance.integers(row["samples"], size=shape)], axis=-1
        )
        begun = time.perf_counter()
        if row["row"] == "thesis":
            model = whole_scan(model, motifs, core)
            calls = thesis_calls(model, likelihood, optimizer, feed, pairs, row["xla"])
        else:
            stepper = make_stepper(
                model,
                likelihood,
                optimizer,
                feed,
                batch_size=row["batch"],
                steps_per_call=row["steps_per_call"],
                xla=row["xla"],
            )
            stepper.compile(feed.rows(pairs[:0]))
            size = row["steps_per_call"]
            starts = range(0, len(pairs), size)
            calls = (lambda k=k: stepper.run(stepper.upload(feed.rows(pairs[k : k + size]))) for k in starts)
        compiled = time.perf_counter() - begun
        begun = time.perf_counter()
        next(calls)()
        first = time.perf_counter() - begun
        begun = time.perf_counter()
        for call in calls:
            call()
        seconds = (time.perf_counter() - begun) / row["steps"]
    memory = peak_memory_mb()
    products, copies = device_speed(gpu, row["precision"])
    rows = feed.gathered_bytes(row["batch"])
    weights = PARAMETERS_READ_AND_WRITTEN * 4 * sum(int(np.prod(x.shape)) for x in model.trainable_variables)
    floor = max(flop(row) / products, (rows + weights) / copies)
    return row | {
        "seconds": seconds,
        "compile": compiled + (first if row["row"] == "thesis" else 0),
        "memory_gb": memory / 1e3,
        "gpu_gb": (devices.peak_device_memory_mb() or 0) / 1e3,
        "gflop": flop(row) / 1e9,
        "floor": floor,
        "arrays": "device" if feed.on_device else "host",
        "device": devices.device_name(devices.cores()),
    }


def whole_scan(model: Any, motifs: NDArray[np.float32], core: NDArray[np.float32]) -> Any:
    """Put the thesis's scan in front of a model of scores: all scores of the window first, then the pooling."""
    from tr300m.features.motif_scan import UNKNOWN_BASE
    from tr300m.features.pooling import padding
    from tr300m.model.devices import keras, ops
    from tr300m.model.layers import BaseDropout, PoolSegments
    from tr300m.model.network import NetworkConfig

    config = NetworkConfig()
    sequence = keras.Input((config.length, 4), name="sequence")
    dropped = BaseDropout(config.base_dropout)(sequence)

    def scan(kernels: NDArray[np.float32]) -> Any:
        width, _, count = kernels.shape
        padded = ops.pad(dropped, ((0, 0), padding(width), (0, 0)), constant_values=UNKNOWN_BASE)
        convolution = keras.layers.Conv1D(count, width, use_bias=False, trainable=False)
        scores = convolution(padded)
        convolution.set_weights([kernels])
        return PoolSegments(config.schedule)(scores)

    inputs = {x.name: x for x in model.inputs}
    scores = {"motif_scores": scan(motifs)}
    if "core_scores" in inputs:
        scores["core_scores"] = scan(core)
    others = {name: x for name, x in inputs.items() if name not in scores}
    return keras.Model({"sequence": sequence, **others}, model({**others, **scores}))


def thesis_calls(
    model: Any, likelihood: Any, optimizer: Any, feed: Any, pairs: NDArray[np.int64], xla: bool
) -> Iterator[Callable[[], Any]]:
    """Yield steps as the thesis took them: a Python generator of batches, one call of the training function each."""
    model.compile(optimizer, loss=lambda observed, raw: likelihood.nll(observed[:, 0], raw), jit_compile=xla)

    def step(batch: NDArray[np.int64]) -> None:
        rows = feed.rows(batch)
        observed = rows.pop("expression")
        inputs = {name: x.astype(np.float32) for name, x in rows.items()}
        model.train_on_batch(inputs, observed.astype(np.float32)[:, None])

    return ((lambda batch=batch: step(batch)) for batch in pairs)


def rows_of(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Yield the rows to measure."""
    from tr300m.config.architectures import read_architectures

    known = read_architectures(ROOT / "config" / "architectures.tsv")
    keys = list(known) if options.architectures == ["all"] else options.architectures
    base = {name: getattr(options, name) for name in ("backend", "genes", "samples", "batch", "steps")}
    for key, row in itertools.product(keys, options.rows):
        for precision, xla in itertools.product(options.precision, options.xla):
            for size in [1] if row == "thesis" else options.steps_per_call:
                if options.backend == "jax" and not xla:
                    continue
                yield base | {
                    **{"architecture": key, "row": row, "precision": precision},
                    **{"xla": xla, "steps_per_call": size, "steps": max(base["steps"], size)},
                }


def main() -> None:
    """Measure all rows, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backend", choices=("tensorflow", "jax"), default="tensorflow")
    parser.add_argument("--architectures", nargs="+", default=["seq_tf_core_hm"], help="keys, or all")
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=list(ROWS))
    parser.add_argument("--precision", nargs="+", choices=("float32", "bfloat16"), default=["float32"])
    parser.add_argument("--xla", nargs="+", type=int, choices=(0, 1), help="default 0; 1 on JAX, which knows no other")
    parser.add_argument("--steps-per-call", nargs="+", type=int, default=[1, 100])
    parser.add_argument("--steps", type=int, default=20, help="timed steps, at least one call")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--genes", type=int, default=1000)
    parser.add_argument("--samples", type=int, default=17_382)
    parser.add_argument("--row", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.row:
        print(json.dumps(run_row(json.loads(options.row))))
        return
    options.xla = options.xla or [int(options.backend == "jax")]
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {options.backend}\n")
    thesis: dict[str, float] = {}
    total: dict[str, float] = {}
    for number, row in enumerate(rows_of(options)):
        done = subprocess.run([sys.executable, __file__, "--row", json.dumps(row)], stdout=subprocess.PIPE, text=True)
        if done.returncode:
            print(f"| {row['architecture']} | {row['row']} | failed |", flush=True)
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        if not number:
            head = "architecture|row|precision|XLA|steps a call|arrays|s/step|pairs/s|thesis row over it|compile, s"
            head = f"|{head}|memory, GB|GPU, GB|GFLOP|floor, s|over floor|"
            print(f"{found['device']}\n\n{head}\n|{'---|' * (head.count('|') - 1)}")
        if row["row"] == "thesis":
            thesis[row["architecture"]] = found["seconds"]
        elif row["steps_per_call"] == max(options.steps_per_call):
            total[row["row"]] = total.get(row["row"], 0) + found["seconds"]
        ratio = thesis[row["architecture"]] / found["seconds"] if row["architecture"] in thesis else float("nan")
        cells = [
            *(row["architecture"], row["row"], row["precision"], "yes" if row["xla"] else "no", row["steps_per_call"]),
            *(found["arrays"], f"{found['seconds']:.4g}", f"{row['batch'] / found['seconds']:,.0f}", f"{ratio:.1f}"),
            *(f"{found['compile']:.1f}", f"{found['memory_gb']:.1f}", f"{found['gpu_gb']:.1f}"),
            *(f"{found['gflop']:.1f}", f"{found['floor']:.3g}", f"{found['seconds'] / found['floor']:.1f}"),
        ]
        print("|" + "|".join(map(str, cells)) + "|", flush=True)
    if options.architectures == ["all"]:
        for name, seconds in total.items():
            print(f"\n{name}: all seven, 100,000 steps each, extrapolated: {seconds * 1e5 / 3600:.2f} h")


if __name__ == "__main__":
    main()

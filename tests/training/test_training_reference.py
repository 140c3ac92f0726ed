"""Training against a slow reference, dropout layer by layer, and the thesis's numbers."""

# isort: off
from tr300m.model import devices  # noqa: F401 (sets the backend)

# isort: on
import csv
import dataclasses
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from helpers.child import run_child
from helpers.toy_training import NETWORK, SAMPLES, SPLIT, STILL, make_dataset
from numpy.typing import NDArray
from tr300m.base.files import read_tsv
from tr300m.config.architectures import Architecture
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.pair_order import PairOrder
from tr300m.evaluation.predict import load_run
from tr300m.features.motif_scan import pooled_scan
from tr300m.features.scan_cache import ScanTable, write_scan_table
from tr300m.model.inputs import model_inputs, own_units
from tr300m.model.likelihood.distributions import LIKELIHOODS
from tr300m.model.network import NetworkConfig, build_model
from tr300m.training.config import TrainingConfig
from tr300m.training.train import train

Arrays = list[NDArray[Any]]

SEED, STEPS, EPOCH, BATCH = 3, 8, 4, 16
RATE, BETA_1, BETA_2, EPSILON = 3e-3, 0.8, 0.95, 1e-3
"""Far from Keras's own betas and epsilon: a loop that forgets to pass one of them must end elsewhere."""
CASES = (
    ("seq_tf_core_hm", False),
    ("seq_tf_df", False),
    ("seq_core_hm", False),
    ("seq_tf_core_hm", True),
)
"""Architecture, and whether the scan is cached."""
DROPPING = dataclasses.replace(NETWORK, base_dropout=0.15, histone_dropout=0.3, branch_dropout=0.45)
"""Three different rates, so that one layer cannot pass with another's."""
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def toy() -> Dataset:
    """Make the toy dataset with histones of mean 4: around 1, dividing and multiplying by it look alike."""
    dataset = make_dataset()
    histones = 4 * dataset.histones
    constants = dataset.manifest["constants"] | {"histone_mean": float(histones.mean(dtype=np.float64))}
    return dataclasses.replace(dataset, histones=histones, manifest=dataset.manifest | {"constants": constants})


def run_name(key: str, cached: bool) -> str:
    return f"{key}_cached" if cached else key


def train_all(path: str) -> None:
    """Train every case with the package's loop; the folder holds the cached scan."""
    folder = Path(path)
    training = TrainingConfig(
        batch_size=BATCH,
        learning_rate=RATE,
        beta_1=BETA_1,
        beta_2=BETA_2,
        epsilon=EPSILON,
        epoch_steps=EPOCH,
        curve_pairs=20,
        threads=1,
    )
    for key, cached in CASES:
        train(
            toy(),
            SPLIT,
            key,
            "nb_exponential",
            STILL,
            training,
            seed=SEED,
            steps=STEPS,
            out=folder / run_name(key, cached),
            scan=ScanTable.open(folder / "scan") if cached else None,
        )


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train all cases in a process of their own: where TensorFlow already runs, it cannot go to one thread."""
    folder = tmp_path_factory.mktemp("reference")
    write_scan_table(toy(), folder / "scan", STILL.schedule)
    run_child(train_all, folder)
    return folder


def inputs_of(dataset: Dataset, key: str, pairs: NDArray[np.int64], scan: ScanTable | None) -> dict[str, Any]:
    """Gather a batch pair by pair, each alone, so that no pair can see another's row."""
    architecture = Architecture.from_key(key)
    units = own_units(dataset, architecture)
    rows = []
    for gene, sample in pairs:
        row = model_inputs(dataset, architecture, np.array([gene]), np.array([sample]), units, scan)
        # model_inputs and the loop share own_units: only numbers of the test's own see an error in that.
        if architecture.hm:
            own = dataset.histones[gene] / dataset.histones.mean(dtype=np.float64)
            np.testing.assert_allclose(row["histones"][0], own, rtol=1e-5)
        rows.append(row)
    return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}


def reference(dataset: Dataset, key: str, scan: ScanTable | None) -> tuple[Arrays, Arrays, list[float]]:
    """Train eagerly, with an Adam in NumPy; return the weights before, those after, and the loss of each step."""
    import tensorflow as tf

    likelihood = LIKELIHOODS["nb_exponential"]
    model = build_model(key, dataset, config=STILL, scanned=scan is not None, seed=SEED)
    start = model.get_weights()
    weights = [np.asarray(x, dtype=np.float64) for x in start]
    first, second = ([np.zeros_like(x) for x in weights] for _ in range(2))
    order = PairOrder(SEED, len(dataset.genes), len(dataset.samples), SPLIT)
    losses = []
    for step in range(1, STEPS + 1):
        pairs = order.take(BATCH)
        inputs = inputs_of(dataset, key, pairs, scan)
        observed = np.array([dataset.expression[gene, sample] for gene, sample in pairs])
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(likelihood.nll(observed, model(inputs, training=True)))
        gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
        # Keras's convention: both corrections go into the rate, epsilon is added to the uncorrected root.
        rate = RATE * np.sqrt(1 - BETA_2**step) / (1 - BETA_1**step)
        for k, gradient in enumerate(gradients):
            g = np.asarray(gradient, dtype=np.float64)
            first[k] = BETA_1 * first[k] + (1 - BETA_1) * g
            second[k] = BETA_2 * second[k] + (1 - BETA_2) * g**2
            weights[k] = weights[k] - rate * first[k] / (np.sqrt(second[k]) + EPSILON)
        model.set_weights([x.astype(np.float32) for x in weights])
        losses.append(float(loss))
    return start, weights, losses


@pytest.mark.slow
@pytest.mark.parametrize(("key", "cached"), CASES, ids=[run_name(*case) for case in CASES])
def test_the_compiled_loop_equals_a_slow_reference(key: str, cached: bool, trained: Path) -> None:
    dataset = toy()
    folder = trained / run_name(key, cached)
    scan = ScanTable.open(trained / "scan") if cached else None
    start, expected, losses = reference(dataset, key, scan)
    found = load_run(folder, dataset)[0].get_weights()
    assert [x.shape for x in found] == [x.shape for x in expected]
    for k in range(len(expected)):
        np.testing.assert_allclose(found[k], expected[k], rtol=0, atol=1e-4, err_msg=f"weight {k}")
    # Agreement would mean little had nothing moved.
    assert max(np.abs(a - b).max() for a, b in zip(start, expected, strict=True)) > 3 * RATE
    history = read_tsv(folder / "history.tsv")
    assert history["step"].tolist() == [str(EPOCH), str(STEPS)]
    means = np.reshape(losses, (-1, EPOCH)).mean(axis=1)
    np.testing.assert_allclose(history["loss"].astype(float), means, rtol=0, atol=1e-3)


@pytest.mark.slow
def test_both_scans_take_the_same_path_without_dropout(trained: Path) -> None:
    keys = [run_name("seq_tf_core_hm", cached) for cached in (False, True)]
    otf, cached = (load_run(trained / key, toy())[0].get_weights() for key in keys)
    # Scores of float16 have 11 bits: the paths part by less than one step of eight.
    for k in range(len(otf)):
        np.testing.assert_allclose(cached[k], otf[k], rtol=0, atol=RATE, err_msg=f"weight {k}")
    assert not all(np.array_equal(a, b) for a, b in zip(otf, cached, strict=True))
    histories = [read_tsv(trained / key / "history.tsv") for key in keys]
    for column in ("loss", "val_loss"):
        first, second = (history[column].astype(float) for history in histories)
        np.testing.assert_allclose(second, first, rtol=1e-3)


def outputs_of(key: str, *layers: str, training: bool) -> tuple[dict[str, NDArray[Any]], Arrays]:
    """Run an untrained model that drops on one pair of every gene; return its inputs and the layers' outputs."""
    dataset = toy()
    model = build_model(key, dataset, config=DROPPING, seed=SEED)
    genes = np.arange(len(dataset.genes))
    architecture = Architecture.from_key(key)
    inputs = model_inputs(dataset, architecture, genes, genes % SAMPLES, own_units(dataset, architecture))
    inside = keras.Model(model.input, [model.get_layer(name).output for name in layers])
    return inputs, [keras.ops.convert_to_numpy(x) for x in inside(inputs, training=training)]


def test_branch_dropout_drops_whole_channels() -> None:
    _, (before, after) = outputs_of("seq_tf_core_hm", "motif_dense", "branch_dropout", training=True)
    # A position without a motif is 0 of itself, in all channels; every channel has others.
    alive = before != 0
    assert alive.mean() > 0.5 and alive.any(axis=1).all()
    dropped = (after == 0).all(axis=1)
    assert np.array_equal(dropped, ((after == 0) & alive).any(axis=1))
    assert dropped.mean() == pytest.approx(0.45, abs=0.05)
    # Each pair drops channels of its own, and each channel is dropped somewhere.
    assert len(np.unique(dropped, axis=0)) > 50
    assert dropped.any(axis=0).all() and not dropped.all(axis=0).any()
    kept = np.broadcast_to(~dropped[:, None], after.shape)
    np.testing.assert_allclose(after[kept], before[kept] / (1 - 0.45), rtol=1e-5)


def test_histone_dropout_drops_single_values_before_the_cells_are_mixed() -> None:
    names = ("histone_dropout", "cells", "mix_cells")
    inputs, (after, cells, mixed) = outputs_of("seq_core_hm", *names, training=True)
    before = inputs["histones"]
    dropped = (after == 0) & (before != 0)
    assert dropped.mean() == pytest.approx(0.3, abs=0.01)
    # Neighbours along any axis are dropped independently: both with the square of the rate.
    for axis in range(3):
        both = dropped.take(range(1, dropped.shape[axis]), axis) & dropped.take(range(dropped.shape[axis] - 1), axis)
        assert both.mean() == pytest.approx(0.3**2, abs=0.01)
    np.testing.assert_allclose(after[~dropped], before[~dropped] / (1 - 0.3), rtol=1e-5)
    for mark in range(3):
        own = np.einsum("plc,pcm->plm", after[:, :, 7 * mark : 7 * mark + 7], cells)
        np.testing.assert_allclose(mixed[:, :, 4 * mark : 4 * mark + 4], own, rtol=1e-4, atol=1e-4)


def test_base_dropout_drops_whole_bases_before_the_scans() -> None:
    dataset = toy()
    inputs, (after, scores, core) = outputs_of("seq_core_hm", "base_dropout", "scan", "core_scan", training=True)
    dropped = (after == 0.25).all(axis=2)
    assert np.array_equal(dropped, (after == 0.25).any(axis=2))
    assert dropped.mean() == pytest.approx(0.15, abs=0.02)
    assert (dropped[:, 1:] & dropped[:, :-1]).mean() == pytest.approx(0.15**2, abs=0.01)
    assert len(np.unique(dropped, axis=0)) == len(dropped)
    # What is kept is the sequence itself: nothing is rescaled.
    np.testing.assert_array_equal(after[~dropped], inputs["sequence"][~dropped])
    for found, kernels in ((scores, dataset.pssm), (core, dataset.core)):
        np.testing.assert_allclose(found, pooled_scan(after, kernels, DROPPING.schedule), rtol=1e-4, atol=1e-4)


def test_nothing_is_dropped_outside_training() -> None:
    names = ("motif_dense", "branch_dropout", "histone_dropout", "base_dropout")
    inputs, (dense, branch, histones, sequence) = outputs_of("seq_tf_core_hm", *names, training=False)
    np.testing.assert_array_equal(branch, dense)
    np.testing.assert_array_equal(histones, inputs["histones"])
    np.testing.assert_array_equal(sequence, inputs["sequence"])


def test_the_network_is_the_thesis_s() -> None:
    assert dataclasses.asdict(NetworkConfig()) == {
        "length": 2823,
        "schedule": ((1983, 18), (480, 6), (240, 2), (120, 1)),
        "width": 128,
        "bottleneck": 32,
        "kernel_sizes": (7, 7, 5, 5, 3, 3, 3, 3, 3, 3, 3, 3),
        "pool_blocks": (0, 2, 4, 6, 8, 10),
        "base_dropout": 0.1,
        "histone_dropout": 0.1,
        "branch_dropout": 0.2,
        "trunk_dropout": 0.2,
        "precision": "float32",
    }


def test_the_optimiser_is_the_thesis_s() -> None:
    thesis = {
        "batch_size": 128,
        "learning_rate": 1e-4,
        "beta_1": 0.9,
        "beta_2": 0.999,
        "epsilon": 1e-7,
        "epoch_steps": 10_000,
        "pair_order": "xorshift",
    }
    assert thesis.items() <= dataclasses.asdict(TrainingConfig()).items()


def test_the_runs_are_the_thesis_s() -> None:
    with open(Path(__file__).parents[2] / "config" / "runs.tsv", newline="") as file:
        runs = list(csv.DictReader(file, delimiter="\t"))
    # The rows of Table 1, top to bottom, then Table 2.
    keys = ["seq", "seq_tf", "seq_tf_df", "seq_tf_core", "seq_tf_core_hm", "seq_core_hm", "seq_tf_hm"]
    common = {
        "split": "thesis",
        "likelihood": "nb_exponential",
        "control": "none",
        "scan": "on_the_fly",
        "seed": "3",
        "steps": "100000",
        "options": "-",
    }
    table1 = [{"run": key, "architecture": key, **common} for key in keys]
    final = {"run": "final", "architecture": "seq_tf_core_hm", **common, "steps": "500000"}
    # Controls, seeds and another distribution stand below.
    assert runs[:8] == [*table1, final]

"""Options of a network: log levels, both strands, wide marks, weight decay; each against the same by hand."""

# isort: off
from tr300m.model import devices

# isort: on
import dataclasses
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.child import run_child
from helpers.fixtures import Refuses
from helpers.forward import randomise
from helpers.toy_dataset import toy_dataset
from helpers.toy_training import GENES, NETWORK, SIZES, SPLIT, fit, make_dataset
from tr300m.arrays.wide import mark_bins
from tr300m.base.files import read_json
from tr300m.config.architectures import Architecture
from tr300m.dataset.dataset import Dataset
from tr300m.evaluation.predict import load_run, predict
from tr300m.features.motif_scan import pooled_scan, scan
from tr300m.features.pooling import max_pool
from tr300m.features.scan_cache import ScanTable, scan_genes, write_scan_table
from tr300m.model.inputs import model_inputs, own_units
from tr300m.model.layers import MotifScan
from tr300m.model.network import build_model
from tr300m.model.pair_batches import PairBatches
from tr300m.model.wide_branch import WIDE_UNITS
from tr300m.training.batches import make_feed
from tr300m.training.config import TrainingConfig

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
PAIRS = np.array([[0, 1], [7, 3], [7, 0], [20, 19]])
WIDE = {"key": "seq_core_hm", "wide_marks": True}


def reading(key: str, **options: bool) -> Architecture:
    return dataclasses.replace(Architecture.from_key(key), **options)


@cache
def wide_dataset() -> Dataset:
    """Make the toy with marks in six bins, whose mean in the promoter window is not 1."""
    bins = mark_bins([10, 100, 1000])
    marks = np.random.default_rng(5).gamma(0.5, 3.0, (GENES, len(bins), 21)).astype(np.float32)
    toy = make_dataset()
    tables = {name: getattr(toy, name) for name in ("onehot", "expression", "pssm", "core")}
    return toy_dataset(SIZES, **tables, histones=2 * toy.histones, wide_marks=marks, bins=bins)


def outputs(model: Any, data: Dataset, architecture: Architecture) -> np.ndarray[Any, Any]:
    inputs = model_inputs(data, architecture, PAIRS[:, 0], PAIRS[:, 1], own_units(data, architecture))
    return np.asarray(devices.keras.ops.convert_to_numpy(model(inputs)))


@pytest.mark.parametrize("key", ["seq_tf", "seq_tf_df"])
def test_log_levels_are_the_logarithm_of_each_column(key: str) -> None:
    toy, taken = make_dataset(), reading(key, log_levels=True)
    model, plain = (build_model(x, toy, config=NETWORK) for x in (taken, key))
    randomise(plain)
    model.set_weights(plain.get_weights())
    if key == "seq_tf":
        logs = dataclasses.replace(toy, tf_levels=np.log1p(toy.tf_levels))
        np.testing.assert_allclose(outputs(model, toy, taken), outputs(plain, logs, taken), rtol=1e-5, atol=1e-5)
    layer = devices.keras.Model(
        model.input, [model.get_layer("log_levels").input, model.get_layer("log_levels").output]
    )
    units = own_units(toy, taken)
    before, after = layer(model_inputs(toy, taken, PAIRS[:, 0], PAIRS[:, 1], units))
    np.testing.assert_allclose(after, np.log1p(np.asarray(before)), rtol=1e-6)
    assert before.shape == (len(PAIRS), SIZES.motifs)


def test_both_strands_by_hand() -> None:
    """A motif that is there in reverse complement alone is found, where the slow scan of the other strand finds it."""
    toy = make_dataset()
    found = scan_genes(toy.onehot[:5], toy.pssm, toy.core, NETWORK.schedule, both_strands=True)
    for gene, onehot in enumerate(toy.onehot[:5]):
        forward = scan(onehot, toy.pssm)
        # The other strand read 5' to 3', and its scores put back in the order of this one.
        reverse = scan(onehot[::-1, ::-1], toy.pssm)[::-1]
        expected = max_pool(np.maximum(forward, reverse), NETWORK.schedule)
        np.testing.assert_allclose(found.pooled[gene], expected, atol=1e-4)
        assert (reverse > forward).mean() > 0.2
    # Core promoter elements have a direction.
    np.testing.assert_array_equal(found.core, pooled_scan(toy.onehot[:5], toy.core, NETWORK.schedule))
    layer = MotifScan(toy.pssm, NETWORK.schedule, both_strands=True)
    again = MotifScan.from_config(layer.get_config())
    np.testing.assert_allclose(again(toy.onehot[:5].astype(np.float32)), found.pooled, atol=1e-4)


@pytest.mark.slow
def test_both_strands_cached_and_on_the_fly(tmp_path: Path, refuses: Refuses) -> None:
    toy, taken = make_dataset(), reading("seq_core_hm", both_strands=True)
    for name, both in (("one", False), ("two", True)):
        write_scan_table(toy, tmp_path / name, NETWORK.schedule, both_strands=both)
    one, two = (ScanTable.open(tmp_path / name) for name in ("one", "two"))
    expected = scan_genes(toy.onehot, toy.pssm, toy.core, NETWORK.schedule, both_strands=True)
    np.testing.assert_allclose(two.pooled, expected.pooled, rtol=2**-11, atol=1e-6)
    assert np.array_equal(two.core, one.core)
    fit(tmp_path / "run", taken, steps=2, scan=two)
    assert read_json(tmp_path / "run" / "run.json")["architecture"]["both_strands"]
    cached, scanned = (predict(toy, PAIRS, tmp_path / "run", scan=table)["raw"] for table in (two, None))
    np.testing.assert_allclose(cached, scanned, rtol=1e-2, atol=1e-2)
    on_the_fly = build_model(taken, toy, config=NETWORK)
    on_the_fly.load_weights(tmp_path / "run" / "model.weights.h5")
    np.testing.assert_allclose(outputs(on_the_fly, toy, taken), scanned, rtol=1e-4, atol=1e-4)
    for table, architecture in ((one, taken), (two, "seq_core_hm")):
        with refuses("strands"):
            fit(tmp_path / "other", architecture, steps=2, scan=table)
    with refuses("strands"):
        predict(toy, PAIRS, tmp_path / "run", scan=one)


def test_wide_marks_add_a_branch_and_change_nothing_else() -> None:
    data, taken = wide_dataset(), reading(**WIDE)
    model, plain = (build_model(x, data, config=NETWORK, seed=3) for x in (taken, "seq_core_hm"))
    names = [[weight.path for weight in x.weights] for x in (model, plain)]
    own = set(names[0]) - set(names[1])
    assert {name.split("/")[0] for name in own} == {"wide_tissue_cells", "wide_dense"} and set(names[1]) < set(names[0])
    for weight in plain.weights:
        if weight.path != "raw/kernel":
            (twin,) = (x for x in model.weights if x.path == weight.path)
            assert np.array_equal(twin, weight), weight.path
    w = randomise(model)
    for weight in plain.weights:
        weight.assign(w[weight.path][: weight.shape[0]] if weight.path == "raw/kernel" else w[weight.path])
    wide = np.array([branch(w, data, gene, sample) for gene, sample in PAIRS.tolist()])
    assert wide.shape == (len(PAIRS), WIDE_UNITS) and (wide > 0).any()
    expected = outputs(plain, data, reading("seq_core_hm")) + wide @ w["raw/kernel"][-WIDE_UNITS:]
    np.testing.assert_allclose(outputs(model, data, taken), expected, rtol=1e-4, atol=1e-4)


def branch(w: dict[str, Any], data: Dataset, gene: int, sample: int) -> np.ndarray[Any, Any]:
    """Return the outputs of the wide branch of one pair, bin by bin and mark by mark."""
    assert data.wide_marks is not None
    cells = data.tissue[sample] @ w["wide_tissue_cells/kernel"] + w["wide_tissue_cells/bias"]
    cells = cells.reshape(7, 4)
    logs = np.log1p(data.wide_marks[gene].astype(np.float64) / data.histones.mean(dtype=np.float64))
    mixed = [logs[bin_, 7 * mark : 7 * mark + 7] @ cells for bin_ in range(len(data.bins)) for mark in range(3)]
    return np.maximum(np.concatenate(mixed) @ w["wide_dense/kernel"] + w["wide_dense/bias"], 0)


def test_a_training_feeds_what_a_prediction_reads() -> None:
    data, taken = wide_dataset(), reading(**WIDE)
    expected = model_inputs(data, taken, PAIRS[:, 0], PAIRS[:, 1], own_units(data, taken))
    assert expected["wide_marks"].shape == (len(PAIRS), 6, 21)
    np.testing.assert_allclose(PairBatches(data, taken, PAIRS, 4)[0][0]["wide_marks"], expected["wide_marks"])
    for on_device in (True, False):
        feed = make_feed(data, taken, None, on_device=on_device)
        tables = {name: devices.ops.convert_to_tensor(table) for name, table in feed.tables.items()}
        inputs, _ = feed.batch(tables, {name: devices.ops.convert_to_tensor(x) for name, x in feed.rows(PAIRS).items()})
        assert inputs.keys() == expected.keys()
        for name, values in expected.items():
            np.testing.assert_allclose(inputs[name], values, rtol=1e-6, err_msg=name)


@pytest.mark.slow
def test_weight_decay_takes_its_share_of_the_kernels_alone(tmp_path: Path) -> None:
    rate, decay = 1e-3, 5.0
    start = build_model("seq", make_dataset(), config=NETWORK, seed=3)
    for name, value in (("adam", 0.0), ("adamw", decay)):
        fit(tmp_path / name, "seq", steps=1, learning_rate=rate, weight_decay=value)
    adam, adamw = (load_run(tmp_path / name, make_dataset())[0].weights for name in ("adam", "adamw"))
    decayed = 0
    for before, without, found in zip(start.weights, adam, adamw, strict=True):
        share = rate * decay * np.asarray(before) if before.name == "kernel" else 0
        np.testing.assert_allclose(found, np.asarray(without) - share, rtol=1e-4, atol=1e-7, err_msg=before.path)
        decayed += before.name == "kernel"
    assert 0 < decayed < len(adam)


ALL: dict[str, Any] = {"wide_marks": True, "log_levels": True, "both_strands": True}
STEPS: dict[str, Any] = {"steps": 12, "epoch_steps": 4, "early_stopping": 2, "weight_decay": 0.01, "threads": 1}


def train_all(path: str) -> None:
    """Train with all options at once, in a process of its own."""
    folder, data = Path(path), wide_dataset()
    backend = devices.BACKEND
    fit(folder / backend, reading("seq_tf_core_hm", **ALL), dataset=data, **STEPS)
    np.save(folder / f"{backend}.npy", predict(data, SPLIT.pairs("test"), folder / backend)["raw"])


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["tensorflow", "jax"])
def test_all_options_train_together_and_another_process_predicts_the_same(backend: str, tmp_path: Path) -> None:
    pytest.importorskip(backend)
    run_child(train_all, tmp_path, KERAS_BACKEND=backend)
    raw = predict(wide_dataset(), SPLIT.pairs("test"), tmp_path / backend)["raw"]
    np.testing.assert_allclose(np.load(tmp_path / f"{backend}.npy"), raw, rtol=1e-3, atol=1e-3)
    record = read_json(tmp_path / backend / "run.json")
    assert ALL.items() <= record["architecture"].items()
    assert record["training"]["weight_decay"] == 0.01 and record["backend"] == backend


def test_options_that_do_not_fit_are_refused(tmp_path: Path, refuses: Refuses) -> None:
    with refuses("seq_tf", "wide_marks", "hm"):
        reading("seq_tf", wide_marks=True)
    with refuses("seq_core_hm", "log_levels", "tf"):
        reading("seq_core_hm", log_levels=True)
    with refuses("wide_marks", "mark_edges"):
        fit(tmp_path, reading(**WIDE), steps=1)
    with refuses("seq_core_hm", "n_bins"):
        build_model(reading(**WIDE), make_dataset(), config=NETWORK)
    with refuses("weight_decay", "-1"):
        TrainingConfig(weight_decay=-1)


@pytest.mark.slow
def test_a_model_of_other_bins_is_refused(tmp_path: Path, refuses: Refuses) -> None:
    fit(tmp_path / "run", reading(**WIDE), dataset=wide_dataset(), steps=1)
    tables = dict(wide_dataset().manifest["tables"])
    tables["bins.tsv"] = {"sha256": "0" * 64}
    other = dataclasses.replace(wide_dataset(), manifest=wide_dataset().manifest | {"tables": tables})
    with refuses("bins.tsv"):
        load_run(tmp_path / "run", other)

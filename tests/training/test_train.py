"""Training and prediction: repeatable, learning, complete records, clear refusals."""

# isort: off
from tr300m.model import devices

# isort: on
import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.child import run_child
from helpers.fixtures import Refuses, says
from helpers.toy_dataset import toy_dataset
from helpers.toy_training import GENES, NETWORK, SAMPLES, SIZES, SPLIT, TRAINING, fit, make_dataset, same, weights
from tr300m.base.axes import Tracks
from tr300m.base.errors import TR300MError
from tr300m.base.files import read_json, read_tsv
from tr300m.dataset.pair_order import PairOrder
from tr300m.dataset.permutations import apply_control
from tr300m.dataset.tf_levels import tf_levels
from tr300m.evaluation.predict import load_run, predict
from tr300m.features import scan_cache
from tr300m.metrics import point as metrics
from tr300m.model.likelihood.distributions import LIKELIHOODS, make_likelihood
from tr300m.model.network import NetworkConfig, build_model
from tr300m.training.config import ComputeConfig, TrainingConfig
from tr300m.training.history import HISTORY_COLUMNS
from tr300m.training.run_record import reuse_run

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.mark.slow
def test_one_seed_gives_one_result(tmp_path: Path) -> None:
    variants: dict[str, dict[str, Any]] = {"a": {}, "b": {"steps_per_call": 3}, "c": {"seed": 4}}
    for name, changes in variants.items():
        fit(tmp_path / name, steps=15, **changes)
    assert same(tmp_path / "a", tmp_path / "b")
    assert not same(tmp_path / "a", tmp_path / "c")
    tables = {name: read_tsv(tmp_path / name / "history.tsv") for name in "abc"}
    for column in set(HISTORY_COLUMNS) - {"seconds", "pairs_per_second"}:
        assert np.array_equal(tables["a"][column], tables["b"][column])
    assert not np.array_equal(tables["a"]["loss"], tables["c"]["loss"])


@pytest.mark.slow
@pytest.mark.parametrize("cached", [False, True])
def test_the_model_learns_what_is_planted(cached: bool, tmp_path: Path) -> None:
    dataset, table = make_dataset(), None
    if cached:
        scan_cache.write_scan_table(dataset, tmp_path / "scan", NETWORK.schedule)
        table = scan_cache.ScanTable.open(tmp_path / "scan")
    history = fit(tmp_path / "run", "seq", steps=100, scan=table)
    assert history["loss"][-1] < history["loss"][0] - 0.5
    assert history["val_loss"][-1] < history["val_loss"][0]
    assert history["log_pearson"][-1] > 0.8
    # Unseen genes and samples.
    found = predict(dataset, SPLIT.pairs("test"), tmp_path / "run", scan=table)
    assert found["gene"].tolist() == [3, 4]
    assert found["median"][0] > 5 * found["median"][1]


@pytest.mark.slow
def test_dropout_is_on_while_training(tmp_path: Path) -> None:
    # So slow that the weights stay put: what differs is the dropout alone.
    losses = [
        fit(tmp_path, "seq", steps=2, learning_rate=1e-12, network=dataclasses.replace(NETWORK, trunk_dropout=rate))
        for rate in (0.2, 0.9)
    ]
    assert losses[0]["val_loss"] == losses[1]["val_loss"]
    assert losses[0]["loss"] != losses[1]["loss"]


def test_the_first_step_of_adam_is_the_learning_rate(tmp_path: Path) -> None:
    start = build_model("seq", make_dataset(), config=NETWORK, seed=3).get_weights()
    fit(tmp_path, "seq", steps=1, learning_rate=1e-3)
    moved = np.concatenate([np.abs(a - b).ravel() for a, b in zip(weights(tmp_path), start, strict=True)])
    assert moved.max() == pytest.approx(1e-3, rel=1e-3)
    assert np.median(moved) > 9e-4


@pytest.mark.parametrize("key", ["seq_tf_df", "seq_tf_hm"])
def test_other_architectures_train(key: str, tmp_path: Path) -> None:
    history = fit(tmp_path, key, steps=10)
    assert np.isfinite(history["val_loss"]).all()


@pytest.mark.slow
def test_another_output_distribution_trains(tmp_path: Path) -> None:
    likelihood = make_likelihood("zero_lognormal_mixture", components=2)
    history = fit(tmp_path, "seq", steps=100, likelihood=likelihood)
    assert history["val_loss"][-1] < history["val_loss"][0] - 0.5
    assert history["log_pearson"][-1] > 0.8
    record = read_json(tmp_path / "run.json")
    assert record["likelihood"] == {"name": "zero_lognormal_mixture", "components": 2, "smallest_scale": 0.05}
    found = predict(make_dataset(), SPLIT.pairs("test"), tmp_path)
    assert found["raw"].shape == (2, 7)
    assert found["median"][0] > 5 * found["median"][1]
    np.testing.assert_allclose(np.exp(-found["nll"]), likelihood.density(found["observed"], found["raw"]), rtol=1e-3)


@pytest.mark.slow
def test_arrays_with_the_host_change_nothing(tmp_path: Path) -> None:
    histories = {}
    for arrays in ("device", "host"):
        histories[arrays] = fit(tmp_path / arrays, compute=ComputeConfig(arrays=arrays))
        assert read_json(tmp_path / arrays / "run.json")["arrays_on_device"] == (arrays == "device")
    for column in ("loss", "val_loss", "log_pearson"):
        assert histories["host"][column] == pytest.approx(histories["device"][column], rel=1e-5)


@pytest.mark.slow
def test_pairs_may_come_in_plain_uniform_order(tmp_path: Path) -> None:
    fit(tmp_path / "uniform", steps=10, pair_order="uniform")
    fit(tmp_path / "thesis", steps=10)
    assert not same(tmp_path / "uniform", tmp_path / "thesis")
    assert read_json(tmp_path / "uniform" / "run.json")["pair_state"] == 10 * TRAINING.batch_size


def test_the_files_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history = fit(tmp_path, steps=25, run="mine", code="c0de", steps_per_call=7)
    lines = capsys.readouterr().err.splitlines()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["history.tsv", "model.weights.h5", "run.json"]
    table = read_tsv(tmp_path / "history.tsv")
    assert tuple(table) == HISTORY_COLUMNS == tuple(history)
    assert table["epoch"].tolist() == ["1", "2", "3"]
    assert table["step"].tolist() == ["10", "20", "25"]
    assert all(np.isfinite(column.astype(float)).all() for column in table.values())
    record = read_json(tmp_path / "run.json")
    expected = {
        "run": "mine",
        "code": "c0de",
        "seed": 3,
        "steps": 25,
        "kept_step": 25,
        "split": "toy",
        "scan": "on_the_fly",
    }
    assert expected.items() <= record.items()
    arrays = make_dataset().manifest["arrays"]
    assert {name: entry["sha256"] for name, entry in arrays.items()}.items() <= record["arrays"].items()
    assert record["likelihood"] == {"name": "nb_exponential", "rate_cap": 1000.0}
    assert NetworkConfig.from_dict(record["network"]) == NETWORK
    assert TrainingConfig.from_dict(record["training"]) == dataclasses.replace(TRAINING, steps_per_call=7)
    assert record["parameters"] == sum(x.size for x in weights(tmp_path))
    assert record["device"].startswith(("CPU, ", "GPU "))
    assert {"python", "keras", "numpy", "tensorflow"} <= set(record["versions"])
    assert record["peak_memory_mb"] > 100
    assert says(lines[0], "mine", "Seq + TF + Core + HM", "25", "16", record["device"])
    assert " MB, " in lines[1]
    assert re.search(r"mine: [\d.]+ s ", lines[2])


@pytest.mark.slow
def test_the_history_shows_the_model_that_was_saved(tmp_path: Path) -> None:
    history = fit(tmp_path)  # curve_pairs exceeds the 6 validation pairs
    found = predict(make_dataset(), SPLIT.pairs("validation"), tmp_path)
    assert history["val_loss"][-1] == pytest.approx(found["nll"].mean(), rel=1e-5)
    assert history["val_pearson"][-1] == pytest.approx(metrics.pearson(found["observed"], found["median"]), rel=1e-4)


def save_predictions(run: str, path: str) -> None:
    found = predict(make_dataset(), SPLIT.pairs("validation"), run, threads=1)
    np.savez(path, allow_pickle=False, **found)


@pytest.mark.slow
def test_a_new_process_predicts_the_same(tmp_path: Path) -> None:
    dataset = make_dataset()
    fit(tmp_path / "run")
    here = predict(dataset, SPLIT.pairs("validation"), tmp_path / "run")
    assert np.array_equal(np.stack([here["gene"], here["sample"]], axis=1), SPLIT.pairs("validation"))
    np.testing.assert_array_equal(here["observed"], dataset.expression[here["gene"], here["sample"]])
    likelihood = LIKELIHOODS["nb_exponential"]
    np.testing.assert_array_equal(here["median"], likelihood.median(here["raw"]))
    np.testing.assert_allclose(np.exp(-here["nll"]), likelihood.density(here["observed"], here["raw"]), rtol=1e-3)

    path = tmp_path / "predictions.npz"
    (line,) = run_child(save_predictions, tmp_path / "run", path).splitlines()  # none of TensorFlow's start-up messages
    assert says(line, "run", "6")
    with np.load(path) as there:
        assert set(there) == set(here)
        assert {name: x.dtype for name, x in there.items()} == {name: x.dtype for name, x in here.items()}
        for name in ("gene", "sample", "observed"):
            np.testing.assert_array_equal(there[name], here[name])
        for name in ("raw", "median", "nll"):
            np.testing.assert_allclose(there[name], here[name], rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("checkpoint_steps", [0, 2])
def test_a_loss_that_is_not_finite_stops_the_run(checkpoint_steps: int, tmp_path: Path) -> None:
    dataset = make_dataset()
    # The gene of a pair of step 6 that no earlier step has seen: it is the only one that can spoil a loss.
    pairs = PairOrder(3, GENES, SAMPLES, SPLIT).take(6 * TRAINING.batch_size)
    early, late = pairs[: 5 * TRAINING.batch_size], pairs[5 * TRAINING.batch_size :]
    gene, sample = next(pair for pair in late if not (early == pair).all(axis=1).any())
    expression = np.array(dataset.expression)
    expression[gene, sample] = np.nan
    dataset = dataclasses.replace(dataset, expression=expression)
    compute = ComputeConfig(checkpoint_steps=checkpoint_steps)
    with pytest.raises(TR300MError) as caught:
        fit(tmp_path / "run", dataset=dataset, run="mine", checkpoints=tmp_path / "kept", compute=compute)
    assert says(caught.value.message, "mine", "6", "nan")
    batch = read_tsv(tmp_path / "run" / "bad_batch.tsv")
    assert str(tmp_path / "run" / "bad_batch.tsv") in caught.value.message
    assert np.array_equal(np.stack([batch["gene"], batch["sample"]], axis=1), late.astype(str))
    assert set(batch["gene_id"][batch["tpm"] == "nan"]) == {f"G{gene}"}
    assert set(batch["sample_id"][batch["tpm"] == "nan"]) == {f"S{sample}"}
    named = re.search(r"step_0+4-[0-9a-f]{16}.npz", caught.value.message)
    assert bool(named) == bool(checkpoint_steps)
    # Put right, the run goes through and the file of the batch is gone.
    fit(tmp_path / "run", run="mine")
    assert not (tmp_path / "run" / "bad_batch.tsv").exists()


def test_bad_requests_are_refused(tmp_path: Path, refuses: Refuses) -> None:
    with refuses("'levels'", "none"):
        fit(tmp_path, control="levels")
    with refuses("0"):
        fit(tmp_path, steps=0)
    with refuses("batch_size", "0"):
        TrainingConfig(batch_size=0)
    with refuses("pair_order", "random", "xorshift, uniform"):
        TrainingConfig(pair_order="random")
    with refuses("learning_rate", "0"):
        TrainingConfig(learning_rate=0)
    with refuses("lr", "learning_rate"):
        TrainingConfig.from_dict({"lr": 1})
    with refuses("seq_rna"):
        fit(tmp_path, "seq_rna")
    with refuses("model.weights.h5"):
        load_run(tmp_path, make_dataset())


@pytest.mark.slow
def test_without_its_levels_the_model_learns_from_those_of_others(tmp_path: Path) -> None:
    """A run under a control equals a plain run on the permuted arrays, and says so in its record."""
    toy = make_dataset()
    fit(tmp_path / "control", "seq_tf", steps=10, dataset=toy, control="permute_levels")
    fit(tmp_path / "by_hand", "seq_tf", steps=10, dataset=apply_control(toy, "permute_levels", 3))
    fit(tmp_path / "plain", "seq_tf", steps=10, dataset=toy)
    assert same(tmp_path / "control", tmp_path / "by_hand")
    assert not same(tmp_path / "control", tmp_path / "plain")
    assert read_json(tmp_path / "control/run.json")["control"] == "permute_levels"


@pytest.mark.slow
def test_a_shuffled_promoter_says_nothing(tmp_path: Path) -> None:
    """The motif that the toy's expression hangs on is there in the real sequence alone."""
    toy = make_dataset()
    fit(tmp_path, "seq", steps=100, dataset=toy)
    pairs = np.stack([np.arange(100), np.zeros(100, np.int64)], axis=1)
    for control, low, high in (("none", 0.8, 1.0), ("shuffle_sequence_at_evaluation", -0.4, 0.4)):
        found = predict(apply_control(toy, control, 3), pairs, tmp_path)
        assert low <= metrics.log_pearson(found["observed"], found["median"]) <= high


@pytest.mark.slow
@pytest.mark.parametrize("key", ["seq_tf", "seq_tf_df"])
def test_predictions_without_the_own_level_are_those_of_a_dataset_without_it(key: str, tmp_path: Path) -> None:
    toy = make_dataset()
    regulators = dataclasses.replace(toy.regulators, gene_id=np.array(["G1", "x", "G0", "y", "z", "u"]))
    toy = dataclasses.replace(toy, regulators=regulators)
    fit(tmp_path, key, dataset=toy)
    pairs = SPLIT.pairs("validation")
    found = predict(toy, pairs, tmp_path, zero_own_level=True)
    plain = predict(toy, pairs, tmp_path)
    for gene, regulator in ((0, 2), (1, 0), (2, None)):
        levels = toy.regulator_levels.copy()
        if regulator is not None:
            levels[:, regulator] = 0
        without = dataclasses.replace(toy, regulator_levels=levels, tf_levels=tf_levels(levels, toy.motif_map))
        mine = pairs[:, 0] == gene
        assert np.array_equal(found["raw"][mine], predict(without, pairs, tmp_path)["raw"][mine])
        assert np.array_equal(found["raw"][mine], plain["raw"][mine]) == (regulator is None)
    assert np.array_equal(found["observed"], plain["observed"])
    nothing = predict(toy, pairs[:0], tmp_path, zero_own_level=True)
    assert {name: (x.shape, x.dtype) for name, x in nothing.items()} == {
        name: (x[:0].shape, x.dtype) for name, x in found.items()
    }


def test_a_run_is_taken_over_under_another_name(tmp_path: Path) -> None:
    fit(tmp_path / "plain", "seq_tf", steps=1)
    reuse_run(tmp_path / "plain", tmp_path / "late", "late", "permute_levels_at_evaluation")
    assert same(tmp_path / "plain", tmp_path / "late")
    plain, late = (read_json(tmp_path / name / "run.json") for name in ("plain", "late"))
    changed = {"run": "late", "control": "permute_levels_at_evaluation", "weights_of": "seq_tf"}
    assert late == {**plain, **changed}
    history = [(tmp_path / name / "history.tsv").read_bytes() for name in ("plain", "late")]
    assert history[0] == history[1]


def test_controls_that_cannot_be_trained(tmp_path: Path, refuses: Refuses) -> None:
    toy = make_dataset()
    scan_cache.write_scan_table(toy, tmp_path / "scan", NETWORK.schedule)
    table = scan_cache.ScanTable.open(tmp_path / "scan")
    with refuses("permute_levels_at_evaluation"):
        fit(tmp_path, dataset=toy, control="permute_levels_at_evaluation")
    with refuses("seq_tf_core_hm"):
        fit(tmp_path, dataset=toy, control="shuffle_sequence", scan=table)


def test_weights_of_another_dataset_are_refused(tmp_path: Path, refuses: Refuses) -> None:
    fit(tmp_path, steps=1)
    other = dataclasses.replace(make_dataset(), tissues=("a", "b", "c"))
    with refuses("model.weights.h5"):
        load_run(tmp_path, other)


def test_a_missing_gpu_is_told(tmp_path: Path, refuses: Refuses) -> None:
    if devices.gpu_names():
        pytest.skip("a GPU is there")
    with refuses("nvidia-smi"):
        fit(tmp_path, compute=ComputeConfig(gpu=True))


def test_threads_cannot_change_once_tensorflow_runs(refuses: Refuses) -> None:
    devices.ops.ones(1)
    with refuses("77"):
        devices.set_threads(77)


def test_a_run_on_own_tracks(tmp_path: Path, refuses: Refuses) -> None:
    """Two marks, of which one has a cell that the other lacks; other tracks than its own are refused by name."""
    tracks = Tracks.of([("ATAC", "liver"), ("ATAC", "heart"), ("me3", "heart")])
    signal = np.random.default_rng(0).gamma(1.0, 1.0, (GENES, NETWORK.length, 3)).astype(np.float32)
    dataset = toy_dataset(SIZES, tracks=tracks, histones=signal)
    history = fit(tmp_path / "run", "seq_core_hm", dataset=dataset, steps=2, epoch_steps=2)
    assert np.isfinite(history["loss"]).all()
    assert np.isfinite(predict(dataset, SPLIT.pairs("validation"), tmp_path / "run")["raw"]).all()
    with refuses("tracks.tsv"):
        predict(make_dataset(), SPLIT.pairs("validation"), tmp_path / "run")

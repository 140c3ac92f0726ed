"""The seven models: sizes, a slow forward pass of their definition, dropout, inputs."""

# isort: off
from tr300m.model import devices  # noqa: F401 (sets the backend)

# isort: on
import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from helpers.child import run_child
from helpers.fixtures import Refuses
from helpers.forward import PARAMETERS, forward, pooled_scores, random_dataset, randomise
from helpers.toy_dataset import Sizes, toy_dataset
from numpy.typing import NDArray
from tr300m.base.axes import RELEASE_TRACKS, Tracks
from tr300m.config.architectures import Architecture
from tr300m.dataset.dataset import Dataset
from tr300m.evaluation.predict import predict_raw
from tr300m.features import scan_cache
from tr300m.model.gene_stem import GeneStem
from tr300m.model.inputs import model_inputs, own_units
from tr300m.model.layers import BaseDropout, MixCells
from tr300m.model.likelihood.distributions import LIKELIHOODS
from tr300m.model.network import NetworkConfig, build_model

Array = NDArray[Any]
SMALL = NetworkConfig(
    length=100,
    schedule=((50, 6), (30, 3), (20, 1)),
    width=30,
    bottleneck=8,
    kernel_sizes=(7, 5, 3, 3),
    pool_blocks=(0, 2),
)
SIZES = Sizes()
GENES, SAMPLES = SIZES.genes, SIZES.samples
assert keras.backend.backend() == os.environ["KERAS_BACKEND"]


def make_dataset() -> Dataset:
    return random_dataset(SIZES)


def all_pairs() -> Array:
    return np.stack(np.meshgrid(np.arange(GENES), np.arange(SAMPLES)), axis=-1).reshape(-1, 2)


def inputs_of(data: Dataset, key: str, genes: Array, samples: Array, table: scan_cache.ScanTable | None = None) -> Any:
    architecture = Architecture.from_key(key)
    return model_inputs(data, architecture, genes, samples, own_units(data, architecture), table)


def run(model: keras.Model, inputs: dict[str, Array], training: bool = False) -> Array:
    return np.asarray(keras.ops.convert_to_numpy(model(inputs, training=training)))


@pytest.mark.parametrize("key", PARAMETERS)
def test_parameters_at_full_size(key: str) -> None:
    model = build_model(
        key,
        pssm=np.zeros((35, 4, 1072)),
        core=np.zeros((19, 4, 13)),
        n_tissues=54,
        tracks=Tracks.of(RELEASE_TRACKS),
        n_regulators=2753,
        motif_map=np.zeros((2753, 1072)),
    )
    assert sum(int(np.prod(v.shape)) for v in model.trainable_variables) == PARAMETERS[key]
    assert len(model.trainable_variables) == len(model.weights)  # motifs are no weights
    assert model.output_shape == (None, 4)


@pytest.mark.parametrize("key", PARAMETERS)
def test_both_variants_equal_the_definition(key: str) -> None:
    check_definition(key, make_dataset())


# A cell without the first mark, a cell with one mark alone, cells in another order.
UNEVEN = [("ATAC", "liver"), ("ATAC", "left ventricle"), ("me3", "K562"), ("me3", "liver"), ("ac", "left ventricle")]


def test_a_mark_mixes_the_cells_that_it_has() -> None:
    data = uneven_dataset(SIZES)
    check_definition("seq_core_hm", data)
    model = build_model("seq_core_hm", data, config=SMALL)
    assert model.get_layer("tissue_cells").kernel.shape == (SIZES.tissues, 3 * 4)
    assert model.get_layer("mix_cells").output.shape == (None, SMALL.length, 3 * 4)
    layer = MixCells.from_config(model.get_layer("mix_cells").get_config())
    assert layer.cells_by_mark == ((0, 1), (2, 0), (1,))
    assert model.get_layer("mix_cells").compute_output_shape((None, 9, 5), (None, 3, 4)) == (None, 9, 12)


def test_the_releases_tracks_are_mixed_in_one_product() -> None:
    """To the last bit as before tracks came from a table."""
    chance = np.random.default_rng(0)
    signal = chance.gamma(1, 1, (5, 30, 21)).astype(np.float32)
    weights = chance.normal(size=(5, 7, 4)).astype(np.float32)
    found = MixCells(Tracks.of(RELEASE_TRACKS).cells_by_mark())(signal, weights)
    product = keras.ops.matmul(signal.reshape(5, 90, 7), weights)
    assert np.array_equal(found, np.asarray(product).reshape(5, 30, 12))


def uneven_dataset(sizes: Sizes) -> Dataset:
    signal = np.random.default_rng(0).gamma(0.5, 2.0, (sizes.genes, sizes.length, len(UNEVEN)))
    return toy_dataset(sizes, tracks=Tracks.of(UNEVEN), histones=signal.astype(np.float32))


def check_definition(key: str, data: Dataset) -> None:
    pairs = all_pairs()
    model = build_model(key, data, config=SMALL)
    weights = randomise(model)
    scores = [pooled_scores(data, gene, SMALL.schedule) for gene in range(GENES)]
    expected = np.array(
        [forward(weights, key, data, g, s, scores[g], SMALL.schedule, SMALL.pool_blocks) for g, s in pairs.tolist()]
    )
    assert expected.std(axis=0).min() > 1e-3
    found = run(model, inputs_of(data, key, pairs[:, 0], pairs[:, 1]))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)

    twin = build_model(key, data, config=SMALL, scanned=True)
    assert [v.path for v in twin.trainable_variables] == [v.path for v in model.trainable_variables]
    twin.set_weights(model.get_weights())
    table = scan_cache.scan_genes(data.onehot, data.pssm, data.core, SMALL.schedule)
    found = run(twin, inputs_of(data, key, pairs[:, 0], pairs[:, 1], table))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("key", ["seq", "seq_core_hm", "seq_tf_df", "seq_tf_core_hm"])
def test_predictions_do_not_depend_on_order_or_blocks(key: str) -> None:
    data, architecture = make_dataset(), Architecture.from_key(key)
    pairs = all_pairs()[np.random.default_rng(3).permutation(GENES * SAMPLES)]
    model, twin = (build_model(key, data, config=SMALL, scanned=scanned) for scanned in (False, True))
    randomise(model)
    twin.set_weights(model.get_weights())
    expected = run(model, inputs_of(data, key, pairs[:, 0], pairs[:, 1]))
    small = predict_raw(
        twin,
        data,
        architecture,
        pairs,
        units=own_units(data, architecture),
        schedule=SMALL.schedule,
        batch_size=4,
        genes_per_block=2,
    )
    np.testing.assert_allclose(small, expected, rtol=1e-4, atol=1e-4)
    table = scan_cache.scan_genes(data.onehot, data.pssm, data.core, SMALL.schedule)
    cached = predict_raw(
        twin, data, architecture, pairs, units=own_units(data, architecture), schedule=SMALL.schedule, scan=table
    )
    np.testing.assert_allclose(cached, small, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("key", ["seq", "seq_core_hm"])
def test_layers_of_the_gene_alone_are_computed_once_a_gene(key: str) -> None:
    data, architecture = make_dataset(), Architecture.from_key(key)
    model = build_model(key, data, config=SMALL, scanned=True)
    randomise(model)
    stem = GeneStem.of(model, architecture)
    assert stem is not None
    table = scan_cache.scan_genes(data.onehot, data.pssm, data.core, SMALL.schedule)
    features = stem.features(table)
    assert len(features.pooled) == GENES
    genes, samples = all_pairs().T
    expected = run(model, inputs_of(data, key, genes, samples, table))
    np.testing.assert_allclose(stem.predict(inputs_of(data, key, genes, samples, features)), expected, atol=1e-5)


@pytest.mark.parametrize("key", ["seq_tf", "seq_tf_df"])
def test_networks_that_read_levels_are_not_taken_apart(key: str) -> None:
    assert GeneStem.of(build_model(key, make_dataset(), config=SMALL, scanned=True), Architecture.from_key(key)) is None


def test_base_dropout_leaves_a_quarter_and_only_in_training() -> None:
    layer = BaseDropout(0.1)
    onehot = np.eye(4, dtype=np.float32)[np.random.default_rng(0).integers(0, 4, (20, 500))]
    assert np.array_equal(layer(onehot, training=False), onehot)
    dropped = np.asarray(layer(onehot, training=True))
    changed = (dropped != onehot).any(axis=2)
    assert np.all(dropped[changed] == 0.25)
    assert np.array_equal(dropped[~changed], onehot[~changed])
    assert 0.08 < changed.mean() < 0.12
    assert not np.array_equal(layer(onehot, training=True), dropped)


@pytest.mark.parametrize("switch", ["base_dropout", "histone_dropout", "branch_dropout", "trunk_dropout"])
def test_each_dropout_acts_in_training_alone(switch: str) -> None:
    none: dict[str, Any] = dict.fromkeys(("base_dropout", "histone_dropout", "branch_dropout", "trunk_dropout"), 0.0)
    data, key = make_dataset(), "seq_tf_core_hm"
    inputs = inputs_of(data, key, np.arange(5), np.arange(5))
    outputs = {}
    for rate in (0.0, 0.3):
        model = build_model(key, data, config=dataclasses.replace(SMALL, **{**none, switch: rate}))
        randomise(model)
        outputs[rate] = [run(model, inputs, training) for training in (False, True)]
    np.testing.assert_allclose(outputs[0.3][0], outputs[0.0][0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(outputs[0.0][1], outputs[0.0][0], rtol=1e-5, atol=1e-6)
    assert np.abs(outputs[0.3][1] - outputs[0.3][0]).max() > 1e-3


def test_one_mask_serves_motifs_and_core_elements() -> None:
    model = build_model("seq_tf_core", make_dataset(), config=SMALL)
    assert model.get_layer("scan").input is model.get_layer("core_scan").input


def test_dropout_comes_before_each_addition() -> None:
    model = build_model("seq", make_dataset(), config=SMALL)

    def feeds(layer: str) -> list[str]:
        tensors = model.get_layer(layer).input
        return [x._keras_history.operation.name for x in (tensors if isinstance(tensors, list) else [tensors])]

    assert feeds("branch_dropout") == ["motif_dense"]
    for block, before in ((0, "branch_dropout"), (1, "block0_pool"), (2, "block1_conv_add")):
        name = f"block{block}"
        assert feeds(f"{name}_local_dropout") == [f"{name}_local"]
        assert feeds(f"{name}_local_add") == [f"{name}_local_dropout", f"{name}_dense"]
        assert feeds(f"{name}_conv_dropout") == [f"{name}_conv"]
        assert feeds(f"{name}_conv_add") == [f"{name}_conv_dropout", before]
        assert feeds(f"{name}_dense") == [before]


def test_weights_start_as_defined() -> None:
    full: dict[str, Any] = {
        "pssm": np.zeros((35, 4, 50)),
        "core": np.zeros((19, 4, 13)),
        "n_tissues": 54,
        "tracks": Tracks.of(RELEASE_TRACKS),
    }
    model = build_model("seq_tf_core_hm", **full)
    limits = {"block0_local": (430, 128, 32), "block11_local": (6, 128, 32)}
    for name, (length, channels, units) in limits.items():
        kernel, bias = (np.asarray(v.numpy()) for v in model.get_layer(name).weights)
        limit = np.sqrt(6 / ((channels + units) * length))
        assert kernel.shape == (length, channels, units)
        assert bias.shape == (length, units)
        assert 0.999 * limit < np.abs(kernel).max() <= limit * (1 + 1e-6)
        assert kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.02)
    assert np.sqrt(6 / (160 * 430)) == pytest.approx(0.0093, abs=1e-4)
    glorot = {"motif_dense": 50 + 103, "block0_dense": 160, "block0_conv": 7 * 160, "raw": 772, "tissue_cells": 82}
    for name, fans in glorot.items():
        kernel, bias = (v.numpy() for v in model.get_layer(name).weights)
        assert np.abs(kernel).max() == pytest.approx(np.sqrt(6 / fans), rel=0.02)
        assert not bias.any()
    for layer in ("motif_scale", "branch_scale", "block3_norm", "last_norm"):
        scale, bias = (v.numpy() for v in model.get_layer(layer).weights)
        assert (scale == 1).all()
        assert not bias.any()
    assert all(layer.epsilon == 1e-3 for layer in model.layers if "norm" in layer.name)


@pytest.mark.parametrize("key", PARAMETERS)
def test_whole_models_survive_saving(key: str, tmp_path: Path) -> None:
    data = make_dataset()
    model = build_model(key, data, config=SMALL)
    randomise(model)
    model.save(tmp_path / "model.keras")
    inputs = inputs_of(data, key, np.arange(4), np.arange(4))
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(run(again, inputs), run(model, inputs))


def test_inputs_are_those_the_architecture_reads(refuses: Refuses) -> None:
    data = make_dataset()
    index = np.array([2, 0])
    names = {
        "seq": {"sequence"},
        "seq_tf_df": {"sequence", "regulator_levels", "distance"},
        "seq_tf_core_hm": {"sequence", "levels", "tissue", "histones"},
    }
    for key, expected in names.items():
        inputs = inputs_of(data, key, index, index)
        assert set(inputs) == expected == set(build_model(key, data, config=SMALL).input)
        assert {x.dtype for x in inputs.values()} == {np.dtype(np.float32)}
    np.testing.assert_allclose(inputs["histones"], data.histones[index] / data.histone_mean, rtol=1e-6)
    data = dataclasses.replace(data, manifest={"constants": {"histone_mean": 0.0, "tss_mean": 1.0}})
    with refuses():
        inputs_of(data, "seq_tf_hm", index, index)
    assert "sequence" in inputs_of(data, "seq", index, index)


def test_settings_are_checked(refuses: Refuses) -> None:
    assert NetworkConfig.from_dict(json.loads(json.dumps(dataclasses.asdict(SMALL)))) == SMALL
    assert NetworkConfig().trunk_lengths() == (430, 215, 215, 107, 107, 53, 53, 26, 26, 13, 13, 6, 6)
    with refuses("widht", "width"):
        NetworkConfig.from_dict({"widht": 3})
    with refuses("100", "2823"):
        NetworkConfig(schedule=SMALL.schedule)
    with refuses("2", "1"):
        NetworkConfig(length=3, schedule=((3, 1),), pool_blocks=(0, 2))
    with refuses("4", "kernel_sizes", "pool_blocks", "[4]"):
        dataclasses.replace(SMALL, pool_blocks=(4,))
    with refuses("trunk_dropout", "1"):
        NetworkConfig(trunk_dropout=1.0)
    with refuses("precision", "float16", "bfloat16"):
        NetworkConfig(precision="float16")
    with refuses("bottleneck", "0"):
        NetworkConfig(bottleneck=0)
    data = make_dataset()
    with refuses("16"):
        build_model("seq_tf_core_hm", data, config=dataclasses.replace(SMALL, width=16))
    with refuses("seq_tf_core", "core"):
        build_model("seq_tf_core", pssm=data.pssm)
    with refuses("seq", "pssm"):
        build_model("seq")
    with refuses("seq_tf_hm", "tracks"):
        build_model("seq_tf_hm", pssm=data.pssm, n_tissues=3)


def test_a_seed_gives_both_variants_the_same_start() -> None:
    data, key = make_dataset(), "seq_tf_core_hm"
    model, twin, other = (
        build_model(key, data, config=SMALL, scanned=scanned, seed=seed)
        for scanned, seed in ((False, 5), (True, 5), (False, 6))
    )
    for first, second in zip(model.get_weights(), twin.get_weights(), strict=True):
        assert np.array_equal(first, second)
    drawn = [k for k, x in enumerate(model.get_weights()) if len(np.unique(x)) > 1]
    # One kernel each: Dense to the trunk, the tissue's cells, three a block, the outputs.
    assert len(drawn) == 3 + 3 * len(SMALL.kernel_sizes)
    assert not any(np.array_equal(model.get_weights()[k], other.get_weights()[k]) for k in drawn)
    # No two layers draw the same numbers.
    assert len({float(model.get_weights()[k].ravel()[0]) for k in drawn}) == len(drawn)
    seeds = [layer.seed for layer in model.layers if "dropout" in layer.name]
    assert len(set(seeds)) == len(seeds) == 3 + 2 * len(SMALL.kernel_sizes)
    without_bases = {layer.seed for layer in model.layers if "dropout" in layer.name and layer.name != "base_dropout"}
    assert {layer.seed for layer in twin.layers if "dropout" in layer.name} == without_bases


def test_bfloat16_is_for_the_blocks_alone() -> None:
    config = dataclasses.replace(SMALL, precision="bfloat16")
    model = build_model("seq_tf_core_hm", make_dataset(), config=config)
    for layer in model.layers:
        expected = "bfloat16" if layer.name.startswith("block") else "float32"
        assert layer.compute_dtype == expected, layer.name
    assert {variable.dtype for variable in model.trainable_variables} == {"float32"}
    data = make_dataset()
    inputs = inputs_of(data, "seq_tf_core_hm", np.arange(5), np.arange(5))
    full = build_model("seq_tf_core_hm", data, config=SMALL)
    assert (run(model, inputs) != run(full, inputs)).all()
    # Weights move between the two: they are float32 in both.
    randomise(full)
    model.set_weights(full.get_weights())
    spread = np.abs(run(full, inputs)).max()
    np.testing.assert_allclose(run(model, inputs), run(full, inputs), rtol=0, atol=0.05 * spread)


def save_outputs(key: str, path: str) -> None:
    data, pairs = make_dataset(), all_pairs()
    model = build_model(key, data, config=SMALL)
    randomise(model)
    raw = run(model, inputs_of(data, key, pairs[:, 0], pairs[:, 1]))
    np.savez(path, raw=raw, nll=LIKELIHOODS["nb_exponential"].nll(np.linspace(0, 50, len(raw)), raw))


@pytest.mark.slow
def test_jax_computes_the_same(tmp_path: Path) -> None:
    pytest.importorskip("jax")
    found = {}
    for backend in ("tensorflow", "jax"):
        path = tmp_path / f"{backend}.npz"
        run_child(save_outputs, "seq_tf_core_hm", path, KERAS_BACKEND=backend)
        found[backend] = np.load(path)
    for name in ("raw", "nll"):
        np.testing.assert_allclose(found["jax"][name], found["tensorflow"][name], rtol=1e-4, atol=1e-4)

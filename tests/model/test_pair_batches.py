"""Batches by plain indexing: the inputs of the models, in an order of their own, small when pickled."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.fixtures import Refuses
from helpers.toy_dataset import Sizes, draw, write_dataset
from tr300m.config.architectures import Architecture
from tr300m.dataset.dataset import Dataset
from tr300m.model.inputs import Units, model_inputs, own_units
from tr300m.model.pair_batches import PairBatches

PAIRS = np.stack([np.arange(11) % 6, np.arange(11) % 5], axis=1)
ALL = "seq_tf_df_core_hm"


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("dataset")
    write_dataset(folder, draw(Sizes(length=500)))
    return Dataset.open(folder)


@pytest.mark.parametrize("key", ["seq", "seq_tf_hm", ALL])
def test_batches_are_the_models_inputs(toy: Dataset, key: str) -> None:
    batches = PairBatches(toy, key, PAIRS, 4)
    assert len(batches) == 3
    sizes = []
    for number in range(3):
        inputs, observed = batches[number]
        genes, samples = PAIRS[4 * number : 4 * number + 4].T
        architecture = Architecture.from_key(key)
        expected = model_inputs(toy, architecture, genes, samples, own_units(toy, architecture))
        assert inputs.keys() == expected.keys()
        for name, array in inputs.items():
            assert type(array) is np.ndarray and array.dtype == np.float32, name
            np.testing.assert_array_equal(array, expected[name])
        assert type(observed) is np.ndarray and observed.dtype == np.float32
        np.testing.assert_array_equal(observed, toy.expression[genes, samples])
        sizes.append(len(observed))
    assert sizes == [4, 4, 3]


def test_indices_are_those_of_a_list(toy: Dataset) -> None:
    """As a DataLoader's sampler, a `for` loop and `reversed` use them."""
    batches = PairBatches(toy, "seq_tf", PAIRS, 4)
    observed = [batch[1].tolist() for batch in batches]
    assert len(observed) == 3
    assert [batches[index][1].tolist() for index in (-3, -2, -1)] == observed
    assert batches[np.int64(1)][1].tolist() == observed[1]
    for outside in (3, -4):
        with pytest.raises(IndexError):
            batches[outside]
    with pytest.raises(TypeError):
        batches["0"]  # type: ignore[index]


def test_a_seed_orders_the_pairs(toy: Dataset) -> None:
    plain, one, again, two = (PairBatches(toy, "seq_tf", PAIRS, 11, seed=seed) for seed in (None, 1, 1, 2))
    np.testing.assert_array_equal(plain.pairs, PAIRS)
    np.testing.assert_array_equal(one[0][1], again[0][1])
    assert one.pairs.tolist() != two.pairs.tolist() != PAIRS.tolist()
    for batches in (one, two):
        assert sorted(batches.pairs.tolist()) == sorted(PAIRS.tolist())


def test_units_of_another_dataset(toy: Dataset) -> None:
    own, other = (PairBatches(toy, ALL, PAIRS, units=units)[0][0] for units in (None, Units(2.0, 1.0)))
    np.testing.assert_allclose(other["histones"], toy.histones[PAIRS[:, 0]] / 2, rtol=1e-6)
    assert not np.array_equal(own["distance"], other["distance"])


def test_pickled_batches_open_the_files_again(toy: Dataset) -> None:
    batches = PairBatches(toy, ALL, PAIRS, 4, seed=3)
    text = pickle.dumps(batches)
    assert len(text) < 20_000 < toy.histones.nbytes
    again = pickle.loads(text)
    assert isinstance(again.dataset.histones, np.memmap)
    for (inputs, observed), (expected, values) in zip(again, batches, strict=True):
        np.testing.assert_array_equal(observed, values)
        for name, array in inputs.items():
            np.testing.assert_array_equal(array, expected[name])


def test_arrays_in_memory_are_pickled_whole(toy: Dataset) -> None:
    """Of a part of the genes, and of genes in another order, whose arrays are no longer those of the files."""
    for part in (toy.take_genes(np.array([4, 2])), toy.take_samples(np.arange(5)[::-1])):
        batches = PairBatches(part, ALL, np.array([[1, 0], [0, 3]]))
        again = pickle.loads(pickle.dumps(batches))
        np.testing.assert_array_equal(again[0][1], batches[0][1])
        for name, array in again[0][0].items():
            np.testing.assert_array_equal(array, batches[0][0][name])


def test_a_slice_of_a_mapped_array_is_not_taken_for_the_file(toy: Dataset) -> None:
    import dataclasses

    part = dataclasses.replace(toy, expression=toy.expression[::-1])
    batches = PairBatches(part, "seq_tf", PAIRS)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(batches))[0][1], batches[0][1])


def test_a_folder_that_is_gone_is_named(tmp_path: Path, refuses: Refuses) -> None:
    write_dataset(tmp_path / "dataset", draw(Sizes()))
    text = pickle.dumps(PairBatches(Dataset.open(tmp_path / "dataset"), "seq", PAIRS))
    (tmp_path / "dataset/onehot.npy").unlink()
    with refuses("onehot.npy"):
        pickle.loads(text)


@pytest.mark.parametrize(
    ("pairs", "batch_size", "parts"),
    [
        (PAIRS, 0, ["0", "`batch_size`"]),
        (PAIRS[:, 0], 4, ["[11]"]),
        (PAIRS * 1.0, 4, ["float64"]),
        (np.array([[6, 0]]), 4, ["gene", "6"]),
        (np.array([[0, 1], [0, -1]]), 4, ["sample", "-1", "5"]),
    ],
)
def test_what_is_not_pairs(
    toy: Dataset, refuses: Refuses, pairs: np.ndarray, batch_size: int, parts: list[str]
) -> None:
    with refuses(*parts):
        PairBatches(toy, "seq", pairs, batch_size)


def test_keras_fits_a_generator_of_them(toy: Dataset) -> None:
    """The example of the documents, with a network of its own."""
    from tr300m.model.devices import keras

    batches = PairBatches(toy, "seq_tf", PAIRS, 4, seed=0)
    sequence, levels = (keras.Input(array.shape[1:], name=name) for name, array in batches[0][0].items())
    features = keras.layers.Concatenate()([keras.layers.GlobalAveragePooling1D()(sequence), levels])
    model = keras.Model({"sequence": sequence, "levels": levels}, keras.layers.Dense(1)(features))
    model.compile("adam", "mse")
    history = model.fit(
        (batch for _ in range(2) for batch in batches), epochs=2, steps_per_epoch=3, shuffle=False, verbose=0
    )
    assert len(history.history["loss"]) == 2 and np.isfinite(history.history["loss"]).all()


def test_importing_them_loads_no_keras() -> None:
    code = "import sys; from tr300m import PairBatches; sys.exit(bool({'keras', 'pandas'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0

"""The seven models at the thesis's size against a literal forward pass in float64, on both backends."""

# isort: off
from tr300m.model import devices

# isort: on
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from helpers.child import OTHER, run_child
from helpers.forward import PARAMETERS, forward, pooled_scores, random_dataset, randomise
from helpers.toy_dataset import Sizes
from numpy.typing import NDArray
from tr300m.config.architectures import Architecture
from tr300m.dataset.dataset import Dataset
from tr300m.features.scan_cache import ScanTable, write_scan_table
from tr300m.model.inputs import model_inputs, own_units
from tr300m.model.network import build_model

Array = NDArray[Any]
FULL = Sizes(
    genes=2,
    samples=2,
    length=2823,
    motifs=1072,
    motif_width=35,
    elements=13,
    element_width=19,
    regulators=2753,
    tissues=54,
)
SCHEDULE = ((1983, 18), (480, 6), (240, 2), (120, 1))
POOL_BLOCKS = (0, 2, 4, 6, 8, 10)
LENGTHS = (430, 215, 215, 107, 107, 53, 53, 26, 26, 13, 13, 6)
KERNEL_SIZES = (7, 7, 5, 5, 3, 3, 3, 3, 3, 3, 3, 3)
PAIRS = np.array([[0, 0], [1, 1], [0, 1]])
TOLERANCE = 1e-5
"""Of float32, as a share of the largest output; about 1e-6 is seen, and 1e-4 would do."""
HALF_TOLERANCE = 2e-3
"""The same for scores stored as float16; about 4e-4 is seen."""
pytestmark = pytest.mark.slow


def full_size() -> Dataset:
    return random_dataset(FULL)


def outputs(data: Dataset, key: str, weights: Path, table: ScanTable | None = None) -> Array:
    """Predict all pairs with the weights of a file, from the sequence or from a cached scan."""
    model = build_model(key, data, scanned=table is not None)
    model.load_weights(weights)
    architecture = Architecture.from_key(key)
    inputs = model_inputs(data, architecture, PAIRS[:, 0], PAIRS[:, 1], own_units(data, architecture), table)
    return np.asarray(keras.ops.convert_to_numpy(model(inputs)))


def save_outputs(path: Path | str) -> None:
    """Predict with every weights file of a folder, both scans, into a file named after the backend."""
    folder = Path(path)
    data, table = full_size(), ScanTable.open(folder)
    found = {}
    for key in PARAMETERS:
        found[f"on_the_fly {key}"] = outputs(data, key, folder / f"{key}.weights.h5")
        found[f"cached {key}"] = outputs(data, key, folder / f"{key}.weights.h5", table)
    np.savez(folder / f"{devices.BACKEND}.npz", allow_pickle=False, **found)


def expect(data: Dataset, key: str, weights: dict[str, Array], scores: list[tuple[Array, Array]]) -> Array:
    """Return the literal outputs of all pairs."""
    pairs = PAIRS.tolist()
    return np.array([forward(weights, key, data, g, s, scores[g], SCHEDULE, POOL_BLOCKS) for g, s in pairs])


@pytest.fixture(scope="module")
def data() -> Dataset:
    return full_size()


@pytest.fixture(scope="module")
def scores(data: Dataset) -> list[tuple[Array, Array]]:
    return [pooled_scores(data, gene, SCHEDULE) for gene in range(FULL.genes)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, data: Dataset) -> Path:
    """Return a folder with random weights of all seven as files, and the cached scan."""
    folder = tmp_path_factory.mktemp("full")
    write_scan_table(data, folder)
    for number, key in enumerate(PARAMETERS):
        model = build_model(key, data)
        np.savez(folder / f"{key}.npz", allow_pickle=False, **randomise(model, number))
        model.save_weights(folder / f"{key}.weights.h5")
    return folder


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, dict[str, Array]]:
    """Return the outputs by backend: this process's, and the other's from the same files."""
    save_outputs(folder)
    pytest.importorskip(other := OTHER[devices.BACKEND])
    run_child(save_outputs, folder, KERAS_BACKEND=other)
    return {backend: load(folder / f"{backend}.npz") for backend in OTHER}


def load(path: Path) -> dict[str, Array]:
    with np.load(path) as stored:
        return dict(stored)


def largest(difference: Array, expected: Array) -> float:
    return float(np.abs(difference).max() / np.abs(expected).max())


@pytest.mark.parametrize("backend", OTHER)
@pytest.mark.parametrize("key", PARAMETERS)
def test_models_equal_the_definition(
    key: str,
    backend: str,
    data: Dataset,
    scores: list[tuple[Array, Array]],
    folder: Path,
    found: dict[str, dict[str, Array]],
) -> None:
    weights = load(folder / f"{key}.npz")
    expected = expect(data, key, weights, scores)
    assert 0.5 < np.abs(expected).max() < 10
    # Genes differ, and samples do where the architecture sees them.
    assert np.abs(expected[1] - expected[0]).max() > 0.05
    assert (np.abs(expected[2] - expected[0]).max() > 0.05) == (key != "seq")
    assert largest(found[backend][f"on_the_fly {key}"] - expected, expected) < TOLERANCE

    # From the float16 table: exact up to float32 on what the table holds, and near on what it should hold.
    table = ScanTable.open(folder)
    halves = [(table.pooled[g].astype(np.float64), table.core[g].astype(np.float64)) for g in range(FULL.genes)]
    cached = found[backend][f"cached {key}"]
    assert largest(cached - expect(data, key, weights, halves), expected) < TOLERANCE
    assert largest(cached - expected, expected) < HALF_TOLERANCE


def test_the_cached_scan_rounds_once(folder: Path, scores: list[tuple[Array, Array]]) -> None:
    table = ScanTable.open(folder)
    assert table.pooled.shape == (2, 430, 1072) and table.core.shape == (2, 430, 13)
    for gene, exact in enumerate(scores):
        for half, score in zip((table.pooled[gene], table.core[gene]), exact, strict=True):
            assert half.dtype == np.float16
            # Half a step of float16, and float32's own error in a sum of 140 products.
            allowed = np.spacing(np.abs(score).astype(np.float16)).astype(np.float64) / 2 + 1e-4
            assert (np.abs(half - score) <= allowed).all()


@pytest.mark.parametrize("key", ["seq_tf_df", "seq_tf_core_hm"])
def test_the_tolerance_hides_no_weight(
    key: str, data: Dataset, scores: list[tuple[Array, Array]], folder: Path
) -> None:
    weights = load(folder / f"{key}.npz")

    def one_pair(values: dict[str, Array]) -> Array:
        return forward(values, key, data, 0, 0, scores[0], SCHEDULE, POOL_BLOCKS)

    expected = one_pair(weights)
    for path, value in weights.items():
        moved = one_pair({**weights, path: 0.5 * value})
        assert largest(moved - expected, expected) > 10 * TOLERANCE, path


@pytest.mark.parametrize("key", PARAMETERS)
def test_a_weights_file_holds_the_trained_weights_alone(key: str, folder: Path) -> None:
    weights = load(folder / f"{key}.npz")
    shapes: list[tuple[int, ...]] = []

    def collect(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            assert item.dtype == np.float32, name
            shapes.append(item.shape)

    with h5py.File(folder / f"{key}.weights.h5") as file:
        file.visititems(collect)
    assert sum(int(np.prod(shape)) for shape in shapes) == PARAMETERS[key]
    assert sorted(shapes) == sorted(value.shape for value in weights.values())
    assert not {FULL.length, FULL.regulators, FULL.motif_width} & {size for shape in shapes for size in shape}
    # Nothing hides outside what HDF5 lists.
    assert (folder / f"{key}.weights.h5").stat().st_size < 4 * PARAMETERS[key] + 1_000_000

    assert [weights[f"block{block}_local/kernel"].shape for block in range(12)] == [(n, 128, 32) for n in LENGTHS]
    assert [weights[f"block{block}_conv/kernel"].shape for block in range(12)] == [(k, 32, 128) for k in KERNEL_SIZES]
    for path, value in weights.items():
        assert not np.isin(value, (0, 1)).any(), path

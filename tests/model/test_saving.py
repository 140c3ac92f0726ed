"""What each architecture leaves on disk: enough to predict the same in a new process, and trained weights alone."""

# isort: off
from tr300m.model import devices  # noqa: F401 (sets the backend)

# isort: on
from collections import Counter
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from helpers.child import run_child
from helpers.forward import PARAMETERS
from helpers.toy_training import NETWORK, SPLIT, fit, make_dataset
from numpy.typing import NDArray
from tr300m.base.files import read_json
from tr300m.evaluation.predict import load_run, predict
from tr300m.training.checkpoints import Checkpoints
from tr300m.training.config import ComputeConfig

Shapes = Counter[tuple[int, ...]]
pytestmark = pytest.mark.slow


def predictions(run: Path) -> NDArray[Any]:
    """Return the raw outputs of all validation and test pairs."""
    parts = [predict(make_dataset(), SPLIT.pairs(part), run) for part in ("validation", "test")]
    return np.concatenate([part["raw"] for part in parts])


def save_predictions(folder: str, path: str) -> None:
    np.savez(path, allow_pickle=False, **{key: predictions(Path(folder) / key) for key in PARAMETERS})


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a short run of each architecture, and its checkpoints."""
    folder = tmp_path_factory.mktemp("runs")
    settings: dict[str, Any] = {"steps": 6, "epoch_steps": 3, "compute": ComputeConfig(checkpoint_steps=2)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoints, "delete", lambda self: None)
        for key in PARAMETERS:
            fit(folder / key, key, checkpoints=folder / "kept" / key, **settings)
    return folder


@pytest.fixture(scope="module")
def elsewhere(runs: Path) -> dict[str, NDArray[Any]]:
    """Return the predictions of a new process."""
    path = runs / "predictions.npz"
    run_child(save_predictions, runs, path)
    with np.load(path) as found:
        return dict(found)


def trained(run: Path) -> Shapes:
    """Return the shapes of a run's trained weights."""
    return Counter(tuple(variable.shape) for variable in load_run(run, make_dataset())[0].trainable_variables)


def size(shapes: Shapes) -> int:
    return sum(count * int(np.prod(shape)) for shape, count in shapes.items())


@pytest.mark.parametrize("key", PARAMETERS)
def test_a_new_process_predicts_the_same(key: str, runs: Path, elsewhere: dict[str, NDArray[Any]]) -> None:
    here = predictions(runs / key)
    assert here.shape == (3 * 2 + 2 * 1, 4) and here.std(axis=0).min() > 0
    # No test of this suite fixes the number of threads in its own process, so that none depends on those before it.
    np.testing.assert_allclose(elsewhere[key], here, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("key", PARAMETERS)
def test_a_weights_file_holds_trained_weights_alone(key: str, runs: Path) -> None:
    found: Shapes = Counter()
    with h5py.File(runs / key / "model.weights.h5") as file:
        file.visititems(lambda name, item: found.update([item.shape] if isinstance(item, h5py.Dataset) else []))
    assert found == trained(runs / key)
    assert size(found) == read_json(runs / key / "run.json")["parameters"]


@pytest.mark.parametrize("key", PARAMETERS)
def test_a_checkpoint_holds_the_state_of_a_training_alone(key: str, runs: Path) -> None:
    (path,) = (runs / "kept" / key).rglob("step_000000000002-*.npz")
    shapes: dict[str, Shapes] = {"trained": Counter(), "optimizer": Counter(), "generators": Counter()}
    with np.load(path) as stored:
        assert stored["record"].dtype == np.uint8
        for name in set(stored) - {"record"}:
            shapes[name.split(".")[0]].update([stored[name].shape])
    assert shapes["trained"] == trained(runs / key)
    # Adam keeps two moments a weight, its step and its learning rate; each dropout a seed of two numbers.
    moments = Counter({shape: 2 * count for shape, count in shapes["trained"].items()})
    assert shapes["optimizer"] == moments + Counter({(): 2})
    dropouts = 1 + 1 + ("hm" in key.split("_")) + 2 * len(NETWORK.kernel_sizes)
    assert shapes["generators"] == {(2,): dropouts}

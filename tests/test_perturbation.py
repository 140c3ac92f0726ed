"""Levels of regulators set low and high in a trained network: the fast way against one prediction at a time."""

# isort: off
from tr300m import devices  # noqa: F401 (sets the backend)

# isort: on
import dataclasses
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from conftest import Refuses
from test_training import REGULATORS, SAMPLES, Axis, fit, make_dataset
from tr300m.axes import Samples
from tr300m.dataset import Dataset
from tr300m.perturbation import level_changes
from tr300m.predict import predict

# The first two are one regulator, as on PAR; the last has no motif.
NAMES = np.array(["A", "A", "B", "C", "D", "E"])
PAIRS = np.array([[0, 5], [7, 1], [2, 5]])
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def dataset() -> Dataset:
    """Return the toy as a dataclass, whose fields can be replaced."""
    values = vars(make_dataset())
    ids = np.array([f"S{sample}" for sample in range(SAMPLES)])
    values |= {"samples": Samples(ids, ids, np.tile(["a", "b"], SAMPLES // 2)), "regulators": Axis(gene_name=NAMES)}
    return cast(Dataset, dataclasses.make_dataclass("Toy", values)(**values))


def slow(data: Dataset, run: Path, name: str, by: float) -> Any:
    """Predict each pair alone, in a dataset whose every sample has the level."""
    log_levels = np.log1p(data.regulator_levels)
    levels = data.regulator_levels.copy()
    for column in np.flatnonzero(name == NAMES):
        own = log_levels[:, column]
        levels[:, column] = np.expm1(max(own.mean() + by * own.std(), 0))
    changed = dataclasses.replace(data, regulator_levels=levels, tf_levels=levels @ data.motif_map.astype(np.float32))
    alone = [predict(changed, pair[None], run, log=lambda line: None)["mean"][0] for pair in PAIRS]
    return np.log1p(alone)


@pytest.mark.parametrize("key", ["seq_tf", "seq_tf_df"])
def test_changes_are_those_of_single_predictions(tmp_path: Path, key: str) -> None:
    data = dataset()
    fit(tmp_path, key, dataset=data, steps=4)
    found = level_changes(data, PAIRS, tmp_path, log=lambda line: None)
    assert found["regulator"].tolist() == ["A", "B", "C", "D"]
    assert (found["gene"].tolist(), found["sample"].tolist()) == ([0, 7, 2], [5, 1, 5])
    assert len(NAMES) == REGULATORS
    for row, name in enumerate(found["regulator"]):
        expected = (slow(data, tmp_path, name, 1.0) - slow(data, tmp_path, name, -1.0)) / 2
        np.testing.assert_allclose(found["change"][row], expected, atol=1e-5)
    assert np.abs(found["change"]).max() > 1e-4


def test_a_run_without_levels_is_refused(tmp_path: Path, refuses: Refuses) -> None:
    fit(tmp_path, "seq", steps=1)
    with refuses("reads no levels of regulators", "choose an architecture with tf"):
        level_changes(dataset(), PAIRS, tmp_path, log=lambda line: None)

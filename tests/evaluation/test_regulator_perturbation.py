"""Levels of regulators set low and high in a trained network: the fast way against whole datasets that have them."""

# isort: off
from tr300m.model import devices  # noqa: F401 (sets the backend)

# isort: on
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.fixtures import MakeGenes, Refuses
from helpers.toy_training import NETWORK, REGULATORS, fit, make_dataset
from tr300m.base.axes import Regulators
from tr300m.dataset.dataset import Dataset
from tr300m.evaluation.predict import predict
from tr300m.evaluation.regulator_perturbation import level_changes
from tr300m.features.scan_cache import scan_genes, scan_key

# The first two are one regulator, as on PAR; the last has no motif.
NAMES = np.array(["A", "A", "B", "C", "D", "E"])
PAIRS = np.array([[0, 5], [7, 1], [2, 5]])
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def dataset(make_genes: MakeGenes) -> Dataset:
    """Return the toy with genes on one chromosome, and half of the regulators on that one."""
    toy = make_dataset()
    places = [("chr1", "+", 10_000 * row) for row in range(1, len(toy.genes) + 1)]
    chromosomes = np.repeat(["chr1", "chr2"], 3)
    return replace(
        toy,
        genes=make_genes(places),
        regulators=Regulators(NAMES, NAMES, chromosomes, np.full(REGULATORS, "+"), 1000 * np.arange(REGULATORS)),
        manifest=toy.manifest | {"constants": toy.manifest["constants"] | {"tss_mean": 750_000.0}},
    )


def slow(data: Dataset, run: Path, name: str, by: float) -> Any:
    """Predict in a whole dataset whose every sample has the level."""
    log_levels = np.log1p(data.regulator_levels)
    levels = data.regulator_levels.copy()
    for column in np.flatnonzero(name == NAMES):
        own = log_levels[:, column]
        levels[:, column] = np.expm1(max(own.mean() + by * own.std(), 0))
    changed = replace(data, regulator_levels=levels, tf_levels=levels @ data.motif_map.astype(np.float32))
    return np.log1p(predict(changed, PAIRS, run)["mean"])


@pytest.mark.slow
@pytest.mark.parametrize(("key", "cached"), [("seq_tf_core_hm", True), ("seq_tf_df", False)])
def test_changes_are_those_of_whole_datasets(tmp_path: Path, make_genes: MakeGenes, key: str, cached: bool) -> None:
    data = dataset(make_genes)
    fit(tmp_path, key, dataset=data, steps=4)
    # As float32: what is stored is rounded.
    scan = scan_genes(data.onehot, data.pssm, data.core, NETWORK.schedule) if cached else None
    scan = scan and replace(scan, key=scan_key(data, NETWORK.schedule))
    found = level_changes(data, PAIRS, tmp_path, scan=scan)
    assert found["regulator"].tolist() == ["A", "B", "C", "D"]
    assert (found["gene"].tolist(), found["sample"].tolist()) == ([0, 7, 2], [5, 1, 5])
    for row, name in enumerate(found["regulator"]):
        expected = (slow(data, tmp_path, name, 1.0) - slow(data, tmp_path, name, -1.0)) / 2
        np.testing.assert_allclose(found["change"][row], expected, atol=1e-5)
    assert np.abs(found["change"]).max() > 1e-4


def test_a_run_without_levels_is_refused(tmp_path: Path, make_genes: MakeGenes, refuses: Refuses) -> None:
    data = dataset(make_genes)
    fit(tmp_path, "seq", dataset=data, steps=1)
    with refuses("tf"):
        level_changes(data, PAIRS, tmp_path)

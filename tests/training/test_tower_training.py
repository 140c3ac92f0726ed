"""Two towers on blocks of pairs: what they find, where they start, both backends, blocks, and messages."""

# isort: off
from tr300m.model import devices

# isort: on
import dataclasses
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.child import run_child
from helpers.fixtures import Refuses
from helpers.planted import planted
from tr300m.base.types import Floats
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.splits import Split
from tr300m.factorised.fit import fit
from tr300m.factorised.model import FactorisedModel
from tr300m.factorised.residuals import Residuals
from tr300m.model.likelihood.zero_lognormal_mixture import ZeroLognormalMixture
from tr300m.model.two_tower import TowerConfig, build_towers
from tr300m.training.tower_training import blocks_of_pairs, train_towers

SMALL = TowerConfig(gene_units=(16,), sample_units=(8,), rank=4, fewest_steps=200, block_genes=32, block_samples=16)


def drawn(genes: int = 120, samples: int = 40, columns: int = 8, noise: float = 0.1, seed: int = 0) -> Residuals:
    """Draw residuals that are a product of functions of one gene and one sample feature that are not linear."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(genes, columns)), rng.normal(size=(samples, 3))
    missed = np.abs(x[:, :1]) * np.abs(z[:, 0]) + rng.normal(0, noise, (genes, samples))
    aside, samples_aside = np.arange(genes) % 4 == 0, np.arange(samples) % 4 == 0
    return Residuals(x, z, missed.astype(np.float16), aside, samples_aside, ~samples_aside)


def test_an_interaction_that_is_not_linear_is_found() -> None:
    given = drawn(400)
    towers = train_towers(given, 0, dataclasses.replace(SMALL, dropout=0.0, fewest_steps=1500, learning_rate=0.01))
    assert towers.kept_step > 0
    missed = given.missed[np.ix_(given.genes_aside, given.samples_aside)].astype(float)
    found = towers.table(given.x[given.genes_aside], given.z[given.samples_aside])
    assert np.corrcoef(found.ravel(), missed.ravel())[0, 1] > 0.9
    assert towers.inner_errors[0, 1] == pytest.approx(np.square(missed).mean())
    assert towers.inner_errors[:, 1].min() == pytest.approx(np.square(missed - found).mean())


def test_noise_leaves_the_closed_form_as_it_is() -> None:
    given = drawn(40)
    noise = np.random.default_rng(1).normal(0, 1, given.missed.shape).astype(np.float16)
    towers = train_towers(dataclasses.replace(given, missed=noise), 0, dataclasses.replace(SMALL, patience=2))
    assert towers.kept_step == 0
    assert not towers.table(given.x, given.z).any()
    assert len(towers.inner_errors) == 3


def saved_weights(towers: Any) -> dict[str, Any]:
    return {name: array for name, array in towers.arrays().items()}


def train_and_save(path: str) -> None:
    """Train in a process of its own, without dropout: the backends draw different numbers for it."""
    towers = train_towers(drawn(), 3, dataclasses.replace(SMALL, dropout=0.0))
    np.savez(path, backend=devices.BACKEND, **saved_weights(towers))


@pytest.mark.slow
def test_both_backends_train_the_same_towers(tmp_path: Path) -> None:
    pytest.importorskip("jax")
    run_child(train_and_save, tmp_path / "jax.npz", KERAS_BACKEND="jax")
    here = saved_weights(train_towers(drawn(), 3, dataclasses.replace(SMALL, dropout=0.0)))
    assert np.argmin(here["inner_errors"][:, 1]) > 2
    with np.load(tmp_path / "jax.npz") as other:
        assert devices.BACKEND == "tensorflow" and other["backend"] == "jax"
        for name, array in here.items():
            np.testing.assert_allclose(other[name], array, rtol=1e-3, atol=2e-3, err_msg=name)


def test_the_same_seed_gives_the_same_weights() -> None:
    first, second, other = (saved_weights(train_towers(drawn(), seed, SMALL)) for seed in (3, 3, 4))
    for name, array in first.items():
        np.testing.assert_array_equal(second[name], array)
    assert not np.array_equal(other["samples.0.kernel"], first["samples.0.kernel"])


def test_nothing_of_the_inner_fold_trains() -> None:
    """Other residuals and features of the genes and samples aside: the weights after the same steps are the same."""
    given, config = drawn(), dataclasses.replace(SMALL, fewest_steps=25, most_passes=0)
    rng = np.random.default_rng(5)
    missed, x, z = given.missed.copy(), given.x.copy(), given.z.copy()
    missed[given.genes_aside] = 0
    missed[:, given.samples_aside] = 0
    # The inner error then falls at the first look, so that both keep step 25.
    corner = np.ix_(given.genes_aside, given.samples_aside)
    missed[corner] = given.missed[corner]
    towers = train_towers(given, 0, config)
    assert towers.kept_step == 25
    again = train_towers(dataclasses.replace(given, missed=missed), 0, config)
    np.testing.assert_array_equal(again.genes[0][0], towers.genes[0][0])
    x[given.genes_aside] += rng.normal(0, 1e-3, x[given.genes_aside].shape)
    z[given.samples_aside] += rng.normal(0, 1e-3, z[given.samples_aside].shape)
    again = train_towers(dataclasses.replace(given, x=x, z=z), 0, config)
    np.testing.assert_array_equal(again.genes[0][0], towers.genes[0][0])
    assert not np.array_equal(again.inner_errors[1], towers.inner_errors[1])


@pytest.mark.parametrize(
    ("genes", "samples", "groups"), [(10, 7, (3, 2)), (4, 5, (1, 1)), (2, 3, (1, 1)), (9, 1, (3, 1))]
)
def test_a_pass_has_every_pair(genes: int, samples: int, groups: tuple[int, int]) -> None:
    config = dataclasses.replace(SMALL, block_genes=4, block_samples=5)
    endless, in_pass = blocks_of_pairs(genes, samples, config, 0), groups[0] * groups[1]
    passes = [list(islice(endless, in_pass)) for _ in range(3)]
    for blocks in passes:
        seen = np.zeros((genes, samples), int)
        for rows, columns in blocks:
            assert rows.shape == (min(genes, 4),) and columns.shape == (min(samples, 5),)
            seen[np.ix_(rows, columns)] += 1
        assert seen.min() == 1
    if genes > 4:
        assert not np.array_equal(passes[0][0][0], passes[1][0][0])


def test_untrained_towers_add_nothing_whatever_they_are_given() -> None:
    model = build_towers(6, 4, SMALL, 0)
    rng = np.random.default_rng(0)
    x, z = rng.normal(size=(1, 5, 6)).astype(np.float32), rng.normal(size=(1, 3, 4)).astype(np.float32)
    assert model.predict_on_batch([x, z]).tolist() == np.zeros((1, 5, 3)).tolist()
    # The sample vectors are not 0, so that the gene vectors have a gradient.
    assert all(array.any() for array in model.get_layer("samples").get_weights() if array.ndim == 2)


@pytest.mark.parametrize(
    ("name", "value"),
    [("rank", 0), ("block_genes", 0), ("block_samples", -1), ("evaluation_steps", 0), ("patience", 0), ("dropout", 1.0),
     ("dropout", -0.1), ("gene_units", (8, 0)), ("sample_units", (0,)), ("learning_rate", 0.0)],
)  # fmt: skip
def test_settings_that_cannot_be(name: str, value: Any, refuses: Refuses) -> None:
    with refuses("two_tower", name, str(value)):
        TowerConfig(**{name: value})

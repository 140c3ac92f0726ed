"""Two towers on blocks of pairs: what they find, where they start, both backends, blocks, and messages."""

# isort: off
from tr300m.model import devices

# isort: on
import dataclasses
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.child import run_child
from helpers.fixtures import Refuses
from helpers.planted import planted
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.splits import Split
from tr300m.factorised.fit import fit
from tr300m.factorised.model import FactorisedModel
from tr300m.factorised.residuals import Residuals
from tr300m.model.likelihood.zero_lognormal_mixture import ZeroLognormalMixture
from tr300m.model.two_tower import TowerConfig, build_towers
from tr300m.training.tower_training import blocks_of_pairs, train_towers

SMALL = TowerConfig(gene_units=(16,), sample_units=(8,), rank=4, fewest_steps=200, block_genes=32, block_samples=16)


def drawn(genes: int = 120, samples: int = 40, noise: float = 0.1, seed: int = 0) -> tuple[Residuals, Residuals]:
    """Draw a product of functions of one gene and one sample feature that are not linear: three quarters, the rest."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(genes, 8)), rng.normal(size=(samples, 3))
    missed = (np.abs(x[:, :1]) * np.abs(z[:, 0]) + rng.normal(0, noise, (genes, samples))).astype(np.float16)
    parts = (
        (slice(3 * genes // 4), slice(3 * samples // 4)),
        (slice(3 * genes // 4, None), slice(3 * samples // 4, None)),
    )
    first, second = (Residuals(x[rows], z[columns], missed[rows, columns]) for rows, columns in parts)
    return first, second


def test_an_interaction_that_is_not_linear_is_found() -> None:
    given, aside = drawn(400, 100)
    towers = train_towers(given, aside, 1500, 0, dataclasses.replace(SMALL, dropout=0.0, learning_rate=0.01))
    assert 0 < towers.kept_step <= 1500
    missed, found = aside.missed.astype(float), towers.table(aside.x, aside.z)
    assert np.corrcoef(found.ravel(), missed.ravel())[0, 1] > 0.85
    assert towers.inner_errors[0, 1] == pytest.approx(np.square(missed).mean())
    assert towers.inner_errors[:, 1].min() == pytest.approx(np.square(missed - found).mean())


def test_noise_leaves_the_closed_form_as_it_is() -> None:
    rng = np.random.default_rng(1)
    given, aside = (
        dataclasses.replace(part, missed=rng.normal(0, 1, part.missed.shape).astype(np.float16)) for part in drawn(40)
    )
    towers = train_towers(given, aside, 0, 0, dataclasses.replace(SMALL, patience=2))
    assert towers.kept_step == 0
    assert not towers.table(given.x, given.z).any()
    assert len(towers.inner_errors) == 3


def test_a_number_of_steps_is_trained_to_its_end() -> None:
    """With an inner fold or without, whatever its error: the weights after the same steps are the same."""
    given, aside = drawn()
    alone = train_towers(given, None, 25, 0, SMALL)
    with_looks = train_towers(given, aside, 25, 0, SMALL)
    other = train_towers(given, Residuals(0.9 * aside.x, aside.z, aside.missed), 25, 0, SMALL)
    assert with_looks.kept_step == other.kept_step == 25
    assert with_looks.inner_errors[1, 1] != other.inner_errors[1, 1]
    assert len(alone.inner_errors) == 0
    for towers in (with_looks, other):
        np.testing.assert_array_equal(towers.genes[0][0], alone.genes[0][0])
        np.testing.assert_array_equal(towers.samples[-1][1], alone.samples[-1][1])


def train_and_save(path: str) -> None:
    """Train in a process of its own, without dropout: the backends draw different numbers for it."""
    towers = train_towers(*drawn(), 0, 3, dataclasses.replace(SMALL, dropout=0.0))
    np.savez(path, backend=devices.BACKEND, **towers.arrays())


@pytest.mark.slow
def test_both_backends_train_the_same_towers(tmp_path: Path) -> None:
    pytest.importorskip("jax")
    run_child(train_and_save, tmp_path / "jax.npz", KERAS_BACKEND="jax")
    here = train_towers(*drawn(), 0, 3, dataclasses.replace(SMALL, dropout=0.0)).arrays()
    assert np.argmin(here["inner_errors"][:, 1]) > 2
    with np.load(tmp_path / "jax.npz") as other:
        assert devices.BACKEND == "tensorflow" and other["backend"] == "jax"
        for name, array in here.items():
            np.testing.assert_allclose(other[name], array, rtol=1e-3, atol=2e-3, err_msg=name)


def test_the_same_seed_gives_the_same_weights() -> None:
    first, second, other = (train_towers(*drawn(), 0, seed, SMALL).arrays() for seed in (3, 3, 4))
    for name, array in first.items():
        np.testing.assert_array_equal(second[name], array)
    assert not np.array_equal(other["samples.0.kernel"], first["samples.0.kernel"])


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


def fitted(dataset: Dataset, split: Split, features: Any, model: str, config: TowerConfig) -> FactorisedModel:
    train = partial(train_towers, config=config)
    return fit(
        dataset, split, features, model=model, likelihood=ZeroLognormalMixture(), seed=0, train_towers=train
    )  # fmt: skip


@pytest.mark.slow
def test_held_out_genes_and_samples_gain_what_the_closed_form_cannot_represent() -> None:
    """An interaction of |one mark minus another| and a level, beside what the closed form finds."""
    count = 1000
    given, rng = planted(genes=count, samples=40), np.random.default_rng(3)
    marks, extra = given.features["histone_means"], rng.normal(size=(count, 1)).astype(np.float32)
    level = np.log1p(given.dataset.regulator_levels[:, 1])
    bend = np.abs(marks[:, 4:] - extra) / np.sqrt(2)
    mean = np.maximum(given.mean + 2 + 1.5 * (bend - bend.mean()) * (level - level.mean()) / level.std(), 0)
    y = np.maximum(mean + rng.normal(0, 0.2, mean.shape), 0)
    dataset = dataclasses.replace(given.dataset, expression=np.expm1(y).astype(np.float32))
    features = {"histone_means": np.concatenate([marks, extra], axis=1)}
    held_genes, held_samples = np.arange(0, count, 5), np.arange(0, 40, 5)
    split = Split("planted", held_genes[::2], held_genes[1::2], held_samples[::2], held_samples[1::2])
    pairs = np.concatenate([split.pairs("test"), split.pairs("validation")])
    config = TowerConfig(gene_units=(64,), sample_units=(), rank=4, dropout=0.2, learning_rate=3e-3, fewest_steps=300)
    models = {name: fitted(dataset, split, features, name, config) for name in ("bilinear", "two_tower")}
    found = {name: model.log_mean(dataset, features, pairs) for name, model in models.items()}
    errors = {name: np.square(log_mean - mean[tuple(pairs.T)]).mean() for name, log_mean in found.items()}
    assert errors["two_tower"] < 0.75 * errors["bilinear"]
    # Beside the towers the two are the same.
    closed = dataclasses.replace(models["two_tower"], towers=None)
    np.testing.assert_array_equal(closed.log_mean(dataset, features, pairs), found["bilinear"])


def test_without_a_gain_the_model_is_the_closed_form(tmp_path: Path) -> None:
    """Byte by byte: with its distribution too."""
    given = planted(genes=60, samples=20)
    split = Split("few", np.arange(5), np.arange(5, 10), np.arange(2), np.arange(2, 4))
    # At this rate every step makes it worse.
    config = dataclasses.replace(SMALL, learning_rate=10.0, patience=1)
    for name in ("bilinear", "two_tower"):
        fitted(given.dataset, split, given.features, name, config).save(tmp_path / f"{name}.npz")
    assert (tmp_path / "two_tower.npz").read_bytes() == (tmp_path / "bilinear.npz").read_bytes()

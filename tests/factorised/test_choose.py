"""Penalties: small where the features tell everything, large where they tell nothing."""

import numpy as np
import pytest
from tr300m.base.types import Floats
from tr300m.factorised.choose import GRID, choose_penalties, inner_fits, inner_masks
from tr300m.factorised.products import Products
from tr300m.factorised.two_sided_ridge import Penalties

GENES, SAMPLES = 60, 40


def chosen(y: Floats, x: Floats, z: Floats, sample_folds: int) -> Penalties:
    gene_fold, sample_fold = np.arange(GENES) % 5, np.arange(SAMPLES) % sample_folds
    sums = Products.of(np.expm1(y).astype(np.float32), np.arange(GENES), np.arange(SAMPLES), z, gene_fold, sample_fold)
    return choose_penalties(inner_fits(sums, x, z, gene_fold, sample_fold))


def features() -> tuple[Floats, Floats]:
    rng = np.random.default_rng(0)
    return rng.normal(0, 1, (GENES, 4)), rng.normal(0, 1, (SAMPLES, 3))


@pytest.mark.parametrize("sample_folds", [1, 4])
def test_without_noise_penalties_are_small(sample_folds: int) -> None:
    rng = np.random.default_rng(1)
    x, z = features()
    parts = (x @ rng.normal(0, 0.3, 4))[:, None] + z @ rng.normal(0, 0.3, 3)
    found = chosen(6 + parts + x @ rng.normal(0, 0.2, (4, 3)) @ z.T, x, z, sample_folds)
    assert max(found) <= 0.1


@pytest.mark.parametrize("sample_folds", [1, 4])
def test_of_noise_alone_penalties_are_large(sample_folds: int) -> None:
    """One draw may look like signal by chance, eight hardly."""
    x, z = features()
    found = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        y = 8 + rng.normal(0, 0.5, (GENES, 1)) + rng.normal(0, 0.5, SAMPLES) + rng.normal(0, 1, (GENES, SAMPLES))
        found.append(chosen(y, x, z, sample_folds))
    gene_part, sample_part, gene_side, sample_side = np.array(found).T
    assert np.median(gene_part) >= 100
    assert np.median(np.maximum(gene_side, sample_side)) >= 100
    # If all samples train, their means are known from the other genes, and nothing is shrunk.
    assert np.median(sample_part) >= 100 if sample_folds > 1 else (sample_part == GRID[0]).all()


def test_a_part_has_a_penalty_of_its_own() -> None:
    """The gene part follows the features, the sample part and the interaction are noise."""
    rng = np.random.default_rng(3)
    x, z = features()
    y = 8 + (x @ rng.normal(0, 1, 4))[:, None] + rng.normal(0, 0.5, SAMPLES) + rng.normal(0, 0.3, (GENES, SAMPLES))
    found = chosen(y, x, z, 4)
    assert found.gene_part <= 3.2
    assert found.sample_part >= 30
    assert max(found.gene_side, found.sample_side) >= 100


def test_the_grid_by_hand() -> None:
    assert GRID[0] == pytest.approx(1e-3) and GRID[-1] == pytest.approx(1e5)
    np.testing.assert_allclose(np.diff(np.log10(GRID)), 0.5)


def test_masks_by_hand() -> None:
    gene_fold, sample_fold = np.array([0, 1, 2, 0]), np.array([0, 1, 1])
    for fold, genes, held in ((0, [1, 0, 0, 1], [1, 0, 0]), (1, [0, 1, 0, 0], [0, 1, 1]), (2, [0, 0, 1, 0], [1, 0, 0])):
        found = inner_masks(fold, gene_fold, sample_fold)
        assert [mask.tolist() for mask in found] == [
            [bool(one) for one in genes],
            [bool(one) for one in held],
            [not one for one in held],
        ]


def test_with_one_fold_of_samples_all_are_fitted_and_all_are_scored() -> None:
    for fold in range(3):
        genes, held, columns = inner_masks(fold, np.array([0, 1, 2]), np.zeros(4, np.int64))
        assert genes.tolist() == [number == fold for number in range(3)]
        assert held.all() and columns.all()

"""Boosted trees on the gene side: they find steps, are averaged by hand, and are stored without pickle."""

import pickle

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LinearRegression
from skops.io import dumps
from skops.io.exceptions import UntrustedTypesFoundException
from tr300m.base.types import Bools, Floats
from tr300m.factorised.boosted import COMPONENTS, SHARES, GeneTrees, tree_features

GENES, WIDE = 300, 3


def steps(seed: int = 0) -> tuple[Floats, Floats, Bools]:
    """Return features, a gene side that is a step function of the first, and the genes aside."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, (GENES, WIDE))
    bits = np.where(np.abs(x[:, :1]) < 0.7, 1.0, -1.0)
    return x, bits * np.array([2.0, 1.0, -1.0, 0.5]) + rng.normal(0, 0.05, (GENES, 4)), np.arange(GENES) % 5 == 0


def linear(x: Floats, targets: Floats, aside: Bools) -> Floats:
    """Return the gene side of the genes aside by least squares on the others."""
    found = LinearRegression().fit(x[~aside], targets[~aside]).predict(x[aside])
    return np.asarray(found)


def fitted(seed: int = 0) -> tuple[GeneTrees, Floats]:
    x, targets, aside = steps()
    return GeneTrees.fit(x, targets, aside, linear(x, targets, aside), np.eye(3), seed)


def test_trees_find_steps_that_a_ridge_misses() -> None:
    x, targets, aside = steps()
    ridge = linear(x, targets, aside)
    trees, columns = fitted()
    assert trees.shares == (SHARES[-1], SHARES[-1])
    np.testing.assert_allclose(trees.rotation.T @ trees.rotation, np.eye(3), atol=1e-12)
    by_trees = np.concatenate([columns[:, :1], columns[:, 1:] @ trees.rotation.T], axis=1)
    assert np.square(by_trees - targets[aside]).mean() < 0.1 * np.square(ridge - targets[aside]).mean()
    # What comes back for the genes aside is not fitted to them, unlike the trees themselves.
    assert not np.array_equal(columns, trees.columns(x[aside]))
    averaged = ridge + trees.correction(ridge, columns)
    np.testing.assert_allclose(averaged, 0.6 * ridge + 0.4 * by_trees)


def test_where_the_ridge_is_right_trees_have_no_share() -> None:
    x, _, aside = steps()
    targets = x @ np.random.default_rng(1).normal(0, 1, (WIDE, 4))
    trees, _ = GeneTrees.fit(x, targets, aside, targets[aside], np.eye(3), 0)
    assert trees.shares == (0.0, 0.0)
    ridge = np.random.default_rng(2).normal(0, 1, (GENES, 4))
    np.testing.assert_array_equal(trees.averaged(ridge, x), ridge)


def test_only_some_components_are_averaged() -> None:
    """With more components than trees predict, the others stay with the ridge."""
    rng = np.random.default_rng(0)
    x, _, aside = steps()
    count = COMPONENTS + 4
    targets = rng.normal(0, 1, (GENES, 1 + count))
    sample_side = rng.normal(0, 1, (50, count))
    trees, _ = GeneTrees.fit(x, targets, aside, targets[aside], sample_side, 0)
    assert trees.rotation.shape == (count, COMPONENTS) and len(trees.models) == 1 + COMPONENTS
    ridge = rng.normal(0, 1, (GENES, 1 + count))
    rest = np.eye(count) - trees.rotation @ trees.rotation.T
    weighed = GeneTrees(trees.models, trees.rotation, (0.4, 0.2))
    changed = weighed.averaged(ridge, x)
    np.testing.assert_allclose(changed[:, 1:] @ rest, ridge[:, 1:] @ rest, atol=1e-12)
    columns = trees.columns(x)
    np.testing.assert_allclose(changed[:, 0], 0.6 * ridge[:, 0] + 0.4 * columns[:, 0])
    np.testing.assert_allclose(
        changed[:, 1:] @ trees.rotation, 0.8 * ridge[:, 1:] @ trees.rotation + 0.2 * columns[:, 1:]
    )


@pytest.mark.parametrize("deep", [0, 1])
def test_samples_that_nothing_tells_apart(deep: int) -> None:
    """Sample vectors without columns, or all 0: there is no interaction, and trees for the gene part remain."""
    x, targets, aside = steps()
    targets = np.concatenate([targets[:, :1], np.zeros((GENES, deep))], axis=1)
    trees, columns = GeneTrees.fit(x, targets, aside, np.zeros((aside.sum(), 1 + deep)), np.zeros((9, deep)), 0)
    assert trees.shares[0] == SHARES[-1]
    assert columns.shape == (aside.sum(), 1)
    assert trees.averaged(np.zeros((GENES, 1 + deep)), x).shape == (GENES, 1 + deep)
    assert not trees.averaged(np.zeros((GENES, 1 + deep)), x)[:, 1:].any()


def test_the_genes_aside_stop_the_trees_and_are_not_fitted_to() -> None:
    x, targets, aside = steps()
    other = targets.copy()
    other[aside] += np.random.default_rng(0).normal(0, 1e-9, (aside.sum(), 4))
    first, second = (
        GeneTrees.fit(x, some, aside, np.zeros((aside.sum(), 4)), np.eye(3), 0)[1] for some in (targets, other)
    )
    np.testing.assert_allclose(first, second, atol=1e-6)


def arrays_of(trees: GeneTrees) -> dict[str, NDArray[np.generic]]:
    return {name: np.asarray(array) for name, array in trees.arrays().items()}


def test_arrays_round_trip() -> None:
    trees, _ = fitted()
    x = np.random.default_rng(3).normal(0, 1, (2_000, WIDE))
    arrays = arrays_of(trees)
    assert all(array.dtype != object for array in arrays.values())
    again = GeneTrees.from_arrays(arrays)
    np.testing.assert_array_equal(again.columns(x), trees.columns(x))
    assert again.shares == trees.shares


def test_tree_features_by_hand() -> None:
    features = {
        "kmers": np.ones((3, 2), np.float32),
        "composition": np.array([[1.0], [2], [3]], np.float32),
        "histone_means": np.array([[4.0], [5], [6]], np.float32),
    }
    found = tree_features(features, np.array([2, 0]))
    assert found.tolist() == [[6, 3], [4, 1]] and found.dtype == np.float64

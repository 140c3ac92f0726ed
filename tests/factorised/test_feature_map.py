"""Blocks of features become one matrix: norms, principal components, Gaussian features, files."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tr300m.base.types import Floats
from tr300m.factorised.feature_map import MOST_COMPONENTS, FeatureMap

ROWS = np.arange(40)


def mean_square(x: Floats) -> float:
    return float(np.square(x).sum(axis=1).mean())


def test_two_rows_by_hand() -> None:
    # Centred: (-1, 0) and (1, 0), each of squared norm 1. Weight 4 doubles them.
    block = np.array([[1.0, 5.0], [3.0, 5.0], [7.0, 6.0]])
    found = FeatureMap.fit({"a": block}, np.array([0, 1]), {"a": 4.0})({"a": block}, np.arange(3))
    np.testing.assert_allclose(found, [[-2, 0], [2, 0], [10, 2]])


@given(seed=st.integers(0, 2**32 - 1), columns=st.integers(1, 9), weight=st.floats(0.01, 10), size=st.floats(1e-6, 1e6))
def test_the_mean_squared_norm_of_a_block_is_its_weight(seed: int, columns: int, weight: float, size: float) -> None:
    rng = np.random.default_rng(seed)
    blocks = {"a": size * rng.normal(3, 1, (50, columns)), "b": rng.normal(0, 1, (50, 2)).astype(np.float32)}
    found = FeatureMap.fit(blocks, ROWS, {"a": weight, "b": 1.0})(blocks, ROWS)
    assert found.shape == (40, columns + 2)
    assert mean_square(found[:, :columns]) == pytest.approx(weight)
    assert mean_square(found[:, columns:]) == pytest.approx(1.0, rel=1e-5)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-5 * (1 + weight))


def test_a_nearly_constant_column_stays_small() -> None:
    rng = np.random.default_rng(0)
    block = np.stack([rng.normal(0, 1, 50), 5 + 1e-6 * rng.normal(0, 1, 50)], axis=1)
    found = FeatureMap.fit({"a": block}, ROWS, {"a": 1.0})({"a": block}, ROWS)
    assert np.abs(found[:, 1]).max() < 1e-5
    assert found[:, 0].std() == pytest.approx(1.0)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, 1 / 3, 1e-9, 1e9])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_constant_block_gives_no_features(value: float, dtype: type) -> None:
    """The mean of equal numbers is not always that number: what rounding leaves is no variance."""
    rows = np.arange(997)
    constant = np.full((1000, 3), value, dtype)
    constant[999] = 7
    blocks = {"constant": constant, "other": np.arange(1000.0)[:, None]}
    found = FeatureMap.fit(blocks, rows, {"constant": 1.0, "other": 1.0})(blocks, np.arange(1000))
    assert found.shape == (1000, 1)


def test_only_constant_blocks_and_blocks_without_columns() -> None:
    blocks = {"constant": np.ones((9, 2)), "none": np.empty((9, 0))}
    for landmarks in (0, 4):
        made = FeatureMap.fit(
            blocks, np.arange(9), {"constant": 1.0, "none": 1.0}, landmarks=landmarks, gaussian_weight=1.0
        )
        found = made(blocks, np.arange(9))
        assert np.isfinite(found).all()
        np.testing.assert_array_equal(found, found[:1].repeat(9, axis=0))


def test_a_wide_block_is_projected_on_its_principal_components() -> None:
    rng = np.random.default_rng(0)
    count, wide = 400, MOST_COMPONENTS + 20
    # Two strong directions and noise: the first two components are theirs.
    block = rng.normal(0, 10, (count, 2)) @ rng.normal(0, 1, (2, wide)) + rng.normal(0, 0.01, (count, wide))
    made = FeatureMap.fit({"a": block}, np.arange(count), {"a": 1.0})
    found = made({"a": block}, np.arange(count))
    assert found.shape == (count, MOST_COMPONENTS)
    assert mean_square(found[:, :2]) == pytest.approx(1.0, rel=1e-3)
    variances = found.var(axis=0)
    assert (np.diff(variances) <= 1e-15).all()
    gram = found.T @ found
    np.testing.assert_allclose(gram, np.diag(np.diag(gram)), atol=1e-8)


def test_a_wide_block_of_few_rows_keeps_all_products() -> None:
    rng = np.random.default_rng(0)
    block = rng.normal(0, 1, (12, MOST_COMPONENTS + 5))
    rows = np.arange(12)
    found = FeatureMap.fit({"a": block}, rows, {"a": 1.0})({"a": block}, rows)
    assert found.shape == (12, 11)  # Centred rows have one direction less.
    centred = block - block.mean(axis=0)
    expected = centred @ centred.T
    np.testing.assert_allclose(found @ found.T, expected * 12 / np.trace(expected), atol=1e-9)


def test_products_of_gaussian_features_at_the_landmarks() -> None:
    rng = np.random.default_rng(0)
    blocks = {"a": rng.normal(0, 1, (40, 4)), "b": rng.normal(0, 1, (40, 3))}
    made = FeatureMap.fit(blocks, ROWS, {"a": 1.0, "b": 2.0}, landmarks=15, gaussian_weight=3.0, seed=1)
    assert len(made.landmarks) == 15
    drawn = np.sort(np.random.default_rng(1).choice(ROWS, 15, replace=False))
    found = made(blocks, drawn)
    linear, gaussian = found[:, :7], found[:, 7:]
    np.testing.assert_allclose(linear, made.landmarks)
    squares = np.square(linear[:, None] - linear[None]).sum(axis=2)
    median = np.median(squares[np.triu_indices(15, 1)])
    np.testing.assert_allclose(gaussian @ gaussian.T, 3.0 * np.exp(-squares / median), atol=1e-6)
    # Away from the landmarks a squared norm is at most that of a landmark.
    assert (np.square(made(blocks, ROWS)[:, 7:]).sum(axis=1) <= 3.0 + 1e-6).all()


def test_equal_landmarks_do_not_divide_by_zero() -> None:
    block = np.repeat([[0.0], [1.0]], 20, axis=0)
    block[0] = 0.5
    made = FeatureMap.fit({"a": block}, ROWS, {"a": 1.0}, landmarks=40, gaussian_weight=1.0)
    found = made({"a": block}, ROWS)
    assert np.isfinite(found).all()
    assert found.shape[1] == 4


def test_rows_that_were_not_given_do_not_matter() -> None:
    rng = np.random.default_rng(0)
    block = rng.normal(0, 1, (50, 4))
    other = block.copy()
    other[40:] = 1e6
    settings = {"landmarks": 9, "gaussian_weight": 1.0}
    first = FeatureMap.fit({"a": block}, ROWS, {"a": 1.0}, **settings).arrays()
    second = FeatureMap.fit({"a": other}, ROWS, {"a": 1.0}, **settings).arrays()
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name])


@pytest.mark.parametrize("landmarks", [0, 7])
def test_arrays_round_trip(landmarks: int) -> None:
    rng = np.random.default_rng(0)
    blocks = {"b.mean": rng.normal(0, 1, (50, 4)), "a": rng.normal(0, 1, (50, 2)), "constant": np.ones((50, 1))}
    made = FeatureMap.fit(blocks, ROWS, dict.fromkeys(blocks, 1.0), landmarks=landmarks, gaussian_weight=1.0)
    again = FeatureMap.from_arrays(made.arrays())
    np.testing.assert_array_equal(again(blocks, np.arange(50)), made(blocks, np.arange(50)))

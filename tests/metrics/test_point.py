"""Metrics against hand-worked cases, SciPy, and what must hold for any expression values."""

import math
from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from helpers.fixtures import Refuses
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import ArrayLike
from scipy import stats
from tr300m.metrics import point as metrics

Metric = Callable[[ArrayLike, ArrayLike], float]
TPM = st.floats(0, 1e6, allow_subnormal=False).map(lambda x: round(x, 3))
PAIRS = st.integers(2, 40).flatmap(lambda n: arrays(np.float64, (2, n), elements=TPM))
WITHOUT_MEDIAN = [metrics.pearson, metrics.log_pearson, metrics.spearman, metrics.log_r2]


def near(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-9)


def expression(seed: int, n: int = 500) -> tuple[np.ndarray, np.ndarray]:
    """Skewed values with many ties at zero, as in GTEx."""
    rng = np.random.default_rng(seed)
    level = rng.normal(1, 2, n)
    observed = np.where(rng.random(n) < 0.2, 0, np.exp(level + rng.normal(0, 1, n)))
    return observed.astype(np.float32), np.where(rng.random(n) < 0.2, 0, np.exp(level))


def test_pearson_by_hand() -> None:
    # Deviations (-1, 0, 1) and (-1, -1, 2): 3 / sqrt(2 * 6).
    assert metrics.pearson([1, 2, 3], [0, 0, 3]) == near(3 / math.sqrt(12))
    assert metrics.pearson([1, 2, 3], [6, 4, 2]) == -1.0


def test_log_pearson_by_hand() -> None:
    # log(1+x) is (0, 1, 2) and (0, 2, 1) in units of ln 2: deviations (-1, 0, 1), (-1, 1, 0).
    assert metrics.log_pearson([0, 1, 3], [0, 3, 1]) == near(0.5)


def test_spearman_gives_ties_their_average_rank() -> None:
    # Ranks (1.5, 1.5, 3, 4) and (1, 2, 3, 4): 4.5 / sqrt(4.5 * 5).
    assert metrics.spearman([0, 0, 5, 100], [1, 2, 3, 4]) == near(4.5 / math.sqrt(4.5 * 5))


def test_log_r2_by_hand() -> None:
    # In units of ln 2, observed (0, 1, 2) and prediction (0, 1, 1): 1 - 1/2.
    assert metrics.log_r2([0, 1, 3], [0, 1, 1]) == near(0.5)
    # Prediction (2, 1, 0): 1 - 8/2.
    assert metrics.log_r2([0, 1, 3], [3, 1, 0]) == near(-3.0)


def test_accuracy_counts_the_median_as_both_sides() -> None:
    # Median 2: both above, both below, observed at the median twice, one on each side.
    assert metrics.accuracy([3, 1, 2, 2, 1], [9, 0, 7, 1, 3], 2) == 0.8


def test_accuracy_with_median_zero_is_trivial() -> None:
    assert metrics.accuracy([0, 5], [5, 0], 0.0) == 1.0


@pytest.mark.parametrize("seed", range(3))
def test_scipy_agrees(seed: int) -> None:
    observed, prediction = expression(seed)
    x, y = np.log1p(observed.astype(np.float64)), np.log1p(prediction)
    assert metrics.pearson(observed, prediction) == near(
        stats.pearsonr(observed.astype(np.float64), prediction).statistic
    )
    assert metrics.log_pearson(observed, prediction) == near(stats.pearsonr(x, y).statistic)
    assert metrics.spearman(observed, prediction) == near(stats.spearmanr(observed, prediction).statistic)
    assert metrics.log_r2(observed, prediction) == near(1 - np.mean((x - y) ** 2) / np.var(x))


def test_scikit_learn_agrees() -> None:
    scores = pytest.importorskip("sklearn.metrics")
    observed, prediction = expression(4)
    assert metrics.log_r2(observed, prediction) == near(
        scores.r2_score(np.log1p(observed.astype(float)), np.log1p(prediction))
    )
    # No value equals 2.5, so that the sides are two classes.
    assert metrics.accuracy(observed, prediction, 2.5) == near(scores.accuracy_score(observed > 2.5, prediction > 2.5))


def test_float32_input_is_summed_in_float64() -> None:
    observed = np.tile(np.array([1e6, 1e6 + 1], dtype=np.float32), 50_000)
    assert metrics.pearson(observed, np.tile([0.0, 1.0], 50_000)) == near(1.0)


@pytest.mark.parametrize("metric", WITHOUT_MEDIAN)
def test_constant_truth_is_undefined(metric: Metric) -> None:
    # 0.1 is no binary fraction: its mean over 7 values differs from it by rounding.
    assert math.isnan(metric([0.1] * 7, [1, 2, 3, 4, 5, 6, 7]))
    assert math.isnan(metric([3.0], [4.0]))


@pytest.mark.parametrize("metric", [metrics.pearson, metrics.log_pearson, metrics.spearman])
def test_correlation_with_a_constant_prediction_is_undefined(metric: Metric) -> None:
    assert math.isnan(metric([1, 2, 3, 4, 5, 6, 7], [0.1] * 7))


def test_log_r2_of_a_constant_prediction_is_defined() -> None:
    assert metrics.log_r2([0, 1, 3], [1, 1, 1]) == near(0.0)


def test_huge_predictions_do_not_overflow() -> None:
    assert metrics.pearson([1, 2, 3], [1e300, 2e300, 3e300]) == near(1.0)
    assert metrics.pearson([1, 2, 3], [1e-300, 2e-300, 3e-300]) == near(1.0)


@given(PAIRS, st.floats(1e-3, 1e3))
def test_pearson_ignores_scale_and_order_of_arguments(pairs: np.ndarray, scale: float) -> None:
    observed, prediction = pairs
    value = metrics.pearson(observed, prediction)
    assert metrics.pearson(prediction, observed) == pytest.approx(value, nan_ok=True, abs=1e-9)
    assert metrics.pearson(scale * observed, prediction) == pytest.approx(value, nan_ok=True, abs=1e-6)
    assert math.isnan(value) or -1 <= value <= 1


@given(PAIRS)
def test_spearman_ignores_monotone_changes(pairs: np.ndarray) -> None:
    observed, prediction = pairs
    # Times a power of two is exact, so that no two values become equal.
    assert metrics.spearman(4 * observed, prediction) == pytest.approx(
        metrics.spearman(observed, prediction), nan_ok=True
    )


@given(PAIRS)
def test_bounds(pairs: np.ndarray) -> None:
    observed, prediction = pairs
    r2 = metrics.log_r2(observed, prediction)
    assert math.isnan(r2) or r2 <= 1
    assert 0 <= metrics.accuracy(observed, prediction, 2.5) <= 1


@given(PAIRS, st.floats(0, 100))
def test_perfect_prediction(pairs: np.ndarray, median: float) -> None:
    observed = pairs[0]
    assert metrics.accuracy(observed, observed, median) == 1
    for metric in WITHOUT_MEDIAN:
        assert metric(observed, observed) == pytest.approx(1.0) or np.ptp(observed) == 0


@given(PAIRS, st.randoms(use_true_random=False))
def test_order_of_pairs_is_irrelevant(pairs: np.ndarray, random: Random) -> None:
    order = list(range(pairs.shape[1]))
    random.shuffle(order)
    observed, prediction = pairs
    for metric in WITHOUT_MEDIAN:
        assert metric(observed[order], prediction[order]) == pytest.approx(
            metric(observed, prediction), nan_ok=True, rel=1e-9, abs=1e-9
        )


def test_evaluate_returns_all() -> None:
    observed, prediction = expression(1)
    result = metrics.evaluate(observed, prediction, np.linspace(-1, 3, 500), 2.0)
    assert list(result) == ["pearson", "log_pearson", "spearman", "log_r2", "accuracy", "nll", "pairs"]
    assert result["log_pearson"] == metrics.log_pearson(observed, prediction)
    assert result["accuracy"] == metrics.accuracy(observed, prediction, 2.0)
    assert result["nll"] == near(1.0)
    assert result["pairs"] == 500
    # Plain numbers, so that the metrics can be written as JSON.
    assert {type(value) for value in result.values()} == {float, int}


@pytest.mark.parametrize("metric", [*WITHOUT_MEDIAN, lambda x, y: metrics.accuracy(x, y, 1.0)])
@pytest.mark.parametrize(
    ("observed", "prediction", "parts"),
    [
        ([], [], ["observed"]),
        ([1, 2], [1, 2, 3], ["observed", "2", "prediction", "3"]),
        ([[1, 2]], [[1, 2]], ["observed", "(1, 2)"]),
        ([1, np.nan, np.nan], [1, 2, 3], ["observed", "2 NaN", "3"]),
        ([1, 2, 3], [-1, np.inf, -np.inf], ["prediction", "2", "1", "3"]),
    ],
)
def test_bad_input_is_named_and_counted(
    metric: Metric, observed: ArrayLike, prediction: ArrayLike, parts: list[str], refuses: Refuses
) -> None:
    with refuses(*parts):
        metric(observed, prediction)


@pytest.mark.parametrize("median", [-1.0, math.nan, math.inf])
def test_bad_median(median: float, refuses: Refuses) -> None:
    with refuses(str(median)):
        metrics.accuracy([1, 2], [1, 2], median)


def test_a_model_without_a_distribution_has_no_nll() -> None:
    result = metrics.evaluate([0, 1, 3], [0, 1, 1], None, 1.0)
    assert math.isnan(result["nll"])
    assert result["log_r2"] == near(0.5)


def test_same_side_is_what_accuracy_counts() -> None:
    assert metrics.same_side([3, 1, 2, 2, 1], [9, 0, 7, 1, 3], 2).tolist() == [True, True, True, True, False]


def test_bad_nll(refuses: Refuses) -> None:
    with refuses("nll", "1", "2"):
        metrics.evaluate([1, 2], [1, 2], [0.0, np.inf], 1.0)
    with refuses("2", "1"):
        metrics.evaluate([1, 2], [1, 2], [0.0], 1.0)

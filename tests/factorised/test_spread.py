"""The distribution around a mean: its loss and slope, its fit to pairs from a known mixture, and odd pairs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from tr300m.base.types import Floats
from tr300m.factorised.spread import KNOTS, Spread, nll_and_slope
from tr300m.model.likelihood.zero_lognormal_mixture import ZeroLognormalMixture

MIXTURE = ZeroLognormalMixture()


def pairs(count: int, seed: int = 0) -> tuple[Floats, Floats]:
    """Draw raw numbers [pair, 10] and TPM, a third of them 0."""
    rng = np.random.default_rng(seed)
    observed = rng.lognormal(1, 2, count)
    observed[rng.random(count) < 1 / 3] = 0
    return rng.normal(0, 2, (count, MIXTURE.n_outputs)), observed


def test_the_loss_is_that_of_keras() -> None:
    raw, observed = pairs(500)
    expected = np.asarray(MIXTURE.nll(observed.astype(np.float32), raw.astype(np.float32)))
    found = nll_and_slope(MIXTURE, observed, raw)[0]
    assert (np.abs(found - expected) / np.maximum(1, np.abs(found))).max() < 1e-4


def test_the_loss_is_minus_the_logarithm_of_the_density() -> None:
    raw, observed = pairs(500)
    found = nll_and_slope(MIXTURE, observed, raw)[0]
    np.testing.assert_allclose(np.exp(-found), MIXTURE.density(observed, raw), rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("components", [1, 3])
def test_the_slope_equals_finite_differences(components: int) -> None:
    likelihood = ZeroLognormalMixture(components, 0.1)
    rng = np.random.default_rng(0)
    raw, observed = rng.normal(0, 1, (300, likelihood.n_outputs)), pairs(300)[1]
    slope = nll_and_slope(likelihood, observed, raw)[1]
    for column in range(likelihood.n_outputs):
        step = 1e-5 * np.eye(likelihood.n_outputs)[column]
        up, down = (nll_and_slope(likelihood, observed, raw + sign * step)[0] for sign in (1, -1))
        np.testing.assert_allclose(slope[:, column], (up - down) / 2e-5, rtol=1e-4, atol=1e-5)


def test_far_from_all_components_loss_and_slope_are_finite() -> None:
    raw = np.tile([-800.0, 0, -900, 900, 3, 3, 3, -60, -60, -60], (4, 1))
    for found in nll_and_slope(MIXTURE, np.array([0.0, 1e-6, 1.0, 1e6]), raw):
        assert np.isfinite(found).all()


def known(mean: Floats) -> Floats:
    """Return raw numbers [pair, 4] of one log-normal: fewer zeros and less spread at larger means."""
    scale = np.maximum(1.2 - 0.2 * mean, 0.3)
    raw_scale = np.log(np.expm1(scale - 0.05))
    return np.stack([1 - 2 * mean, np.zeros_like(mean), mean - 0.5, raw_scale], axis=1)


def drawn(count: int, seed: int) -> tuple[Floats, Floats]:
    """Draw predicted means, and TPM from `known`."""
    rng = np.random.default_rng(seed)
    mean = rng.uniform(0, 5, count)
    raw = known(mean)
    observed = np.exp(rng.normal(raw[:, 2], 0.05 + np.logaddexp(0, raw[:, 3])))
    observed[rng.random(count) < expit(raw[:, 0])] = 0
    return mean, observed


def test_pairs_from_a_known_mixture() -> None:
    """Of new pairs 90 % lie in the interval of 90 %, at small and at large means, and the loss is near the least."""
    spread = Spread.fit(MIXTURE, *drawn(4_000, 0))
    mean, observed = drawn(4_000, 1)
    raw = spread.raw(mean)
    low, high = MIXTURE.quantile(0.05, raw), MIXTURE.quantile(0.95, raw)
    # An interval that begins at 0 holds more than 90 %, so only those without a large atom are counted exactly.
    inside = (low <= observed) & (observed <= high)
    for some in (mean > 2.5, mean > 4):
        assert inside[some].mean() == pytest.approx(0.9, abs=0.03)
    assert inside.mean() > 0.89
    assert (observed > high).mean() == pytest.approx(0.05, abs=0.015)
    for some in (mean < 1, mean > 1):
        zeros = MIXTURE.atom(raw)[some]
        assert zeros.mean() == pytest.approx((observed[some] == 0).mean(), abs=0.03)
    least = nll_and_slope(ZeroLognormalMixture(1), observed, known(mean))[0].mean()
    found = nll_and_slope(MIXTURE, observed, raw)[0].mean()
    assert least - 0.01 < found < least + 0.03


def test_raw_numbers_by_hand() -> None:
    """Straight between the knots, constant beyond them."""
    one = ZeroLognormalMixture(1)
    spread = Spread(one, np.array([1.0, 3.0]), np.array([[0.0, 0, 2, 4], [2.0, 0, 6, 0]]))
    found = spread.raw(np.array([0.0, 1, 1.5, 3, 9]))
    assert found.tolist() == [[0, 0, 2, 4], [0, 0, 2, 4], [0.5, 0, 3, 3], [2, 0, 6, 0], [2, 0, 6, 0]]


def test_without_zeros_the_atom_is_small_and_finite() -> None:
    rng = np.random.default_rng(0)
    mean = rng.uniform(1, 5, 500)
    spread = Spread.fit(MIXTURE, mean, np.exp(mean + rng.normal(0, 0.5, 500)))
    assert np.isfinite(spread.values).all()
    atom = MIXTURE.atom(spread.raw(mean))
    assert (atom > 0).all() and atom.max() < 0.01


def test_zeros_alone() -> None:
    spread = Spread.fit(MIXTURE, np.linspace(0, 1, 50), np.zeros(50))
    assert np.isfinite(spread.values).all()
    assert MIXTURE.atom(spread.raw(np.linspace(0, 1, 50))).min() > 0.95


def test_constant_predictions_give_one_knot() -> None:
    observed = np.random.default_rng(0).lognormal(2, 0.7, 2_000)
    spread = Spread.fit(MIXTURE, np.full(2_000, 2.0), observed)
    assert spread.knots.tolist() == [2.0]
    raw = spread.raw(np.array([-1.0, 2.0, 7.0]))
    assert (raw == raw[0]).all()
    np.testing.assert_allclose(MIXTURE.median(raw), np.median(observed), rtol=0.1)


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 8))
def test_few_pairs(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    observed = np.where(rng.random(count) < 0.3, 0, rng.lognormal(1, 2, count))
    mean = np.maximum(rng.normal(1, 1, count), 0)
    spread = Spread.fit(MIXTURE, mean, observed)
    assert 1 <= len(spread.knots) <= KNOTS
    raw = spread.raw(np.linspace(-1, 9, 30))
    for found in (raw, MIXTURE.mean(raw), MIXTURE.median(raw)):
        assert np.isfinite(found).all()


@pytest.mark.parametrize("seed", range(3))
def test_the_fit_does_not_depend_on_the_order_of_pairs(seed: int) -> None:
    """Another order changes the rounding of sums, and the loss of each pair by no more than the search leaves open."""
    mean, observed = drawn(500, seed)
    order = np.random.default_rng(0).permutation(500)
    first, second = Spread.fit(MIXTURE, mean, observed), Spread.fit(MIXTURE, mean[order], observed[order])
    np.testing.assert_array_equal(first.knots, second.knots)
    losses = [nll_and_slope(MIXTURE, observed, spread.raw(mean))[0] for spread in (first, second)]
    np.testing.assert_allclose(*losses, rtol=0, atol=2e-3)
    assert losses[0].mean() == pytest.approx(losses[1].mean(), abs=1e-5)

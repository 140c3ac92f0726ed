"""The output distribution: float32 loss against float64, gradients, CDF and median."""

# isort: off

# isort: on
from typing import Any

import numpy as np
import pytest
from helpers.fixtures import Refuses
from helpers.gradient import gradient
from numpy.typing import NDArray
from scipy import integrate, stats
from scipy.special import digamma, expit, gammaln, log_expit
from tr300m.model.likelihood import special
from tr300m.model.likelihood.distributions import LIKELIHOODS, make_likelihood, settings_of
from tr300m.model.likelihood.nb_exponential import NbExponential

Floats = NDArray[np.float64]
NB = NbExponential()


def cases(count: int = 200_000, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw TPM and raw numbers over the whole range, more than half with the NB's mean near the TPM."""
    chance = np.random.default_rng(seed)
    y = 10 ** chance.uniform(-6, 6, count)
    y[chance.random(count) < 0.1] = 0
    y[chance.random(count) < 0.02] = 1
    a = np.log(10) * chance.uniform(-3, 4, count)
    b = chance.uniform(-12, 12, count)
    near = chance.random(count) < 0.6
    noise = chance.normal(size=count) * 10 ** chance.uniform(-4, 0, count)
    b[near] = (np.log(np.maximum(y, 1e-3)) - a + noise)[near]
    raw = np.stack([a, b, chance.uniform(-8, 8, count), chance.uniform(-20, 10, count)], axis=1)
    return y.astype(np.float32), raw.astype(np.float32)


def exact(y: NDArray[Any], raw: NDArray[Any]) -> tuple[Floats, Floats]:
    """Log NB and NLL in float64; differences of log gamma err by 1e-8 there."""
    y, (a, b, c, d) = y.astype(np.float64), raw.astype(np.float64).T
    r = np.exp(a) + 1e-24
    nb = gammaln(y + r) - gammaln(r) - gammaln(y + 1) + r * log_expit(-b) + y * log_expit(b)
    rate = np.minimum(np.logaddexp(0, d) + 1e-24, 1000)
    return nb, -np.logaddexp(log_expit(2 * c) + nb, log_expit(-2 * c) + np.log(rate) - rate * y)


def nll(y: Any, raw: Any) -> Floats:
    return np.asarray(NB.nll(np.asarray(y, np.float32), np.asarray(raw, np.float32)), dtype=np.float64)


@pytest.mark.parametrize("nb_alone", [False, True])
def test_nll_keeps_its_digits(nb_alone: bool) -> None:
    y, raw = cases()
    if nb_alone:
        raw[:, 2:] = 30, -80
    _, expected = exact(y, raw)
    assert np.max(np.abs(nll(y, raw) - expected) / np.maximum(1, np.abs(expected))) < 2e-5


def test_nll_is_continuous_where_its_branches_meet() -> None:
    _, raw = cases(2000)
    below, above = (nll(np.full(2000, y), raw) for y in (np.nextafter(np.float32(1), np.float32(0)), 1.0))
    np.testing.assert_allclose(below, above, rtol=1e-5, atol=1e-5)


def test_gradients_equal_the_exact_ones() -> None:
    y, raw = cases()
    _, found = gradient(y, raw, NB)
    log_nb, value = exact(y, raw)
    y64, (a, b, c, _) = y.astype(np.float64), raw.astype(np.float64).T
    r = np.exp(a) + 1e-24
    share = np.exp(log_expit(2 * c) + log_nb + value)
    by_a = -share * r * (digamma(y64 + r) - digamma(r) + log_expit(-b))
    by_b = -share * (y64 * expit(-b) - r * expit(b))
    by_c = -2 * (share - expit(2 * c))
    for column, expected in enumerate((by_a, by_b, by_c)):
        error = np.abs(found[:, column] - expected) / np.maximum(1, np.abs(expected))
        assert error.max() < 5e-3
        assert np.quantile(error, 0.99) < 1e-4


@pytest.mark.parametrize("scale", [10, 100, 1e4, 1e20])
def test_value_and_gradient_are_always_finite(scale: float) -> None:
    y, _ = cases(20_000)
    raw = np.random.default_rng(1).uniform(-scale, scale, (20_000, 4))
    value, slope = gradient(y, raw, NB)
    assert np.isfinite(value).all()
    assert np.isfinite(slope).all()
    for function in (NB.cdf, NB.density):
        assert np.isfinite(function(y, raw)).all()
    assert np.isfinite(NB.median(raw[:2000])).all()
    assert np.isfinite(NB.mean(raw)).all()


def test_the_rate_is_capped() -> None:
    raw = [[0.0, 0.0, -20.0, 1e6]]
    assert nll([0.0], raw)[0] == pytest.approx(-np.log(1000), rel=1e-6)
    free = NbExponential(rate_cap=None)
    value = free.nll(np.zeros(1, np.float32), np.asarray(raw, np.float32))
    assert float(value[0]) == pytest.approx(-np.log(1e6), rel=1e-6)
    assert free.mean(raw)[0] == pytest.approx(1e-6, rel=1e-6)


def test_density_is_the_exponential_of_minus_nll() -> None:
    y, raw = cases(5000)
    _, expected = exact(y, raw)
    np.testing.assert_allclose(NB.density(y, raw), np.exp(-expected), rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize(
    ("r", "q", "mass"), [(0.1, 0.9, 0.1417), (0.5, 0.5, 0.5446), (1, 0.5, 0.7213), (10, 0.5, 0.9997)]
)
def test_mass_of_the_continuous_nb(r: float, q: float, mass: float) -> None:
    raw = np.array([[np.log(r), np.log((1 - q) / q), 30.0, 0.0]])
    found, _ = integrate.quad(lambda y: float(NB.density(y, raw)[0]), 0, 200, limit=200)
    assert found == pytest.approx(mass, abs=1e-4)


def test_cdf_at_integers_is_that_of_the_discrete_nb() -> None:
    r, b, s, rate = 2.5, 1.3, 0.7, 0.2
    raw = np.array([[np.log(r), b, np.log(s / (1 - s)) / 2, np.log(np.expm1(rate))]])
    for y in (0, 1, 7, 40):
        expected = s * stats.nbinom.cdf(y, r, expit(-b)) + (1 - s) * stats.expon.cdf(y, scale=1 / rate)
        assert NB.cdf(y, raw)[0] == pytest.approx(expected, rel=1e-12)
    assert NB.cdf(0, raw)[0] == pytest.approx(s * expit(-b) ** r, rel=1e-12)


def test_median_solves_cdf_one_half() -> None:
    _, raw = cases(20_000)
    median = NB.median(raw)
    at_zero = NB.cdf(0.0, raw)
    np.testing.assert_array_equal(median == 0, at_zero >= 0.5)
    positive = median > 0
    assert 0.2 < positive.mean() < 1
    np.testing.assert_allclose(NB.cdf(median, raw)[positive], 0.5, rtol=0, atol=1e-12)
    # The neighbouring numbers lie on either side.
    assert np.all(NB.cdf(np.nextafter(median, 0), raw)[positive] < 0.5)
    alone = np.concatenate([NB.median(row[None]) for row in raw[:200]])
    np.testing.assert_array_equal(alone, median[:200])


@pytest.mark.parametrize("level", [1e-6, 0.05, 0.3, 0.9, 1 - 1e-8])
def test_quantile_inverts_the_cdf(level: float) -> None:
    _, raw = cases(5000)
    quantile = NB.quantile(level, raw)
    positive = quantile > 0
    np.testing.assert_array_equal(positive, NB.cdf(0.0, raw) < level)
    # The smallest number whose probability reaches the level.
    assert np.all(NB.cdf(quantile, raw)[positive] >= level)
    assert np.all(NB.cdf(np.nextafter(quantile, 0), raw)[positive] < level)
    assert positive.any()


def test_quantiles_of_an_exponential() -> None:
    raw = np.array([[0.0, 0.0, -400.0, 0.5]])
    for level in (0.01, 0.25, 0.5, 0.999):
        assert NB.quantile(level, raw)[0] == pytest.approx(-np.log1p(-level) / np.logaddexp(0, 0.5), rel=1e-12)


def test_levels_outside_the_open_interval_are_refused(refuses: Refuses) -> None:
    for level in (0.0, 1.0, np.nan):
        with refuses(str(level)):
            NB.quantile(level, np.zeros((1, 4)))


def test_median_of_an_exponential() -> None:
    raw = np.array([[0.0, 0.0, -400.0, d] for d in (-20.0, -5.0, 0.0, 6.0)])
    rate = np.logaddexp(0, raw[:, 3])
    np.testing.assert_allclose(NB.median(raw), np.log(2) / rate, rtol=1e-12)
    np.testing.assert_allclose(NB.mean(raw), 1 / rate, rtol=1e-12)


def test_special_functions() -> None:
    x = np.geomspace(1e-6, 1e6, 400)
    single = x.astype(np.float32)
    np.testing.assert_allclose(special.lgamma(single), gammaln(x), rtol=1e-5, atol=1e-6)
    expected = gammaln(x + 1) - (x + 0.5) * np.log(x) + x - 0.5 * np.log(2 * np.pi)
    np.testing.assert_allclose(special.stirling_error(single)[x < 1e3], expected[x < 1e3], rtol=1e-5, atol=3e-6)
    logits = np.array([-200, -30, -1, 0, 1, 30, 200], np.float32)
    np.testing.assert_allclose(special.log_sigmoid(logits), log_expit(logits), rtol=1e-6, atol=1e-30)


def test_likelihoods_by_name(refuses: Refuses) -> None:
    assert LIKELIHOODS["nb_exponential"] == NB
    other = make_likelihood("nb_exponential", rate_cap=None)
    assert other == NbExponential(rate_cap=None)
    assert make_likelihood(**settings_of(other)) == other
    with refuses("'poisson'", "nb_exponential"):
        make_likelihood("poisson")
    with refuses("cap"):
        make_likelihood("nb_exponential", cap=3)

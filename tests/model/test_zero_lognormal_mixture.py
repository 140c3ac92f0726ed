"""The atom and log-normals: a proper density, loss in float32 against float64, gradients, CDF, median and mean."""

# isort: off
# Before TensorFlow, whose messages it keeps off.
from tr300m.model import devices  # noqa: F401

# isort: on
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from helpers.fixtures import Refuses
from helpers.gradient import gradient
from numpy.typing import NDArray
from scipy import integrate, stats
from scipy.special import expit, log_expit, log_softmax, logsumexp
from tr300m.model.likelihood.distributions import LIKELIHOODS, make_likelihood, settings_of
from tr300m.model.likelihood.zero_lognormal_mixture import ZeroLognormalMixture

Floats = NDArray[np.float64]
MIXTURE = ZeroLognormalMixture()


def cases(
    count: int = 50_000, likelihood: ZeroLognormalMixture = MIXTURE
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Draw TPM, a tenth of them 0, and raw numbers; in half of the cases a component sits near the TPM."""
    chance = np.random.default_rng(0)
    components = likelihood.components
    y = 10 ** chance.uniform(-6, 6, count)
    locations = chance.uniform(-14, 14, (count, components))
    near = chance.random(count) < 0.5
    locations[near, 0] = np.log(y[near]) + chance.normal(size=near.sum()) * 10 ** chance.uniform(-3, 0, near.sum())
    y[chance.random(count) < 0.1] = 0
    atom, weights = chance.uniform(-12, 12, (count, 1)), chance.uniform(-8, 8, (count, components))
    scales = chance.uniform(-6, 3, (count, components))
    return y.astype(np.float32), np.concatenate([atom, weights, locations, scales], axis=1).astype(np.float32)


def exact(y: NDArray[Any], raw: NDArray[Any], likelihood: ZeroLognormalMixture = MIXTURE) -> Floats:
    """NLL in float64, from SciPy's normal density of log TPM and the change of variables."""
    y, raw = y.astype(np.float64), raw.astype(np.float64)
    weights, locations, scales = np.split(raw[:, 1:], 3, axis=1)
    log_y = np.log(np.where(y > 0, y, 1))
    widths = likelihood.smallest_scale + np.logaddexp(0, scales)
    of_components = stats.norm.logpdf(log_y[:, None], locations, widths) - log_y[:, None]
    above = log_expit(-raw[:, 0]) + logsumexp(log_softmax(weights, axis=1) + of_components, axis=1)
    return -np.where(y > 0, above, log_expit(raw[:, 0]))


def nll(y: Any, raw: Any, likelihood: ZeroLognormalMixture = MIXTURE) -> Floats:
    return np.asarray(likelihood.nll(np.asarray(y, np.float32), np.asarray(raw, np.float32)), dtype=np.float64)


def raw_of(zero: float, components: list[tuple[float, float, float]]) -> Floats:
    """Return the raw numbers [1, 1 + 3 K] of P(0) and of (weight, location, scale) each."""
    weights, locations, scales = np.array(components).T
    softplus_inverse = np.log(np.expm1(scales - MIXTURE.smallest_scale))
    return np.concatenate([[np.log(zero / (1 - zero))], np.log(weights), locations, softplus_inverse])[None]


# P(0) = 0.3; a wide, a narrow and a far component.
KNOWN = raw_of(0.3, [(0.5, 0.0, 1.0), (0.3, 2.0, 0.1), (0.2, -3.0, 0.5)])


@pytest.mark.parametrize("components", [1, 3, 5])
def test_nll_keeps_its_digits(components: int) -> None:
    likelihood = ZeroLognormalMixture(components)
    y, raw = cases(likelihood=likelihood)
    expected = exact(y, raw, likelihood)
    assert np.max(np.abs(nll(y, raw, likelihood) - expected) / np.maximum(1, np.abs(expected))) < 1e-4


def test_nll_of_a_single_lognormal_is_that_of_scipy() -> None:
    raw = raw_of(0.25, [(1.0, 1.2, 0.8)])
    one = ZeroLognormalMixture(1)
    assert nll([0.0], raw, one)[0] == pytest.approx(-np.log(0.25), rel=1e-6)
    expected = -np.log(0.75) - stats.lognorm.logpdf(5.0, 0.8, scale=np.exp(1.2))
    assert nll([5.0], raw, one)[0] == pytest.approx(expected, rel=1e-6)
    assert one.mean(raw)[0] == pytest.approx(0.75 * stats.lognorm.mean(0.8, scale=np.exp(1.2)), rel=1e-12)


def test_atom_and_density_add_up_to_one() -> None:
    _, raw = cases(40)
    for row in np.concatenate([KNOWN, raw]):
        # In log TPM, where every component is a bell of known place and width.
        atom, _, locations, scales = (values[0] for values in MIXTURE.parameters(row[None]))
        edges = np.unique([locations + step * scales for step in (-12, -4, -1, 0, 1, 4, 12)])
        area = sum(
            integrate.quad(lambda x, row=row: float(np.exp(x) * MIXTURE.density(np.exp(x), row[None])[0]), low, high)[0]
            for low, high in pairwise(edges)
        )
        assert expit(atom) + area == pytest.approx(1, abs=1e-9)


def test_cdf_is_the_integral_of_the_density() -> None:
    assert MIXTURE.cdf(0.0, KNOWN)[0] == pytest.approx(0.3, rel=1e-12)
    for y in (0.02, 0.9, 7.0, 8.5, 60.0):
        points = [point for point in (0.01, 0.05, 0.2, 1.0, 6.0, 7.4, 9.0) if point < y]
        area, _ = integrate.quad(lambda x: float(MIXTURE.density(x, KNOWN)[0]), 1e-12, y, points=points, limit=200)
        assert MIXTURE.cdf(y, KNOWN)[0] == pytest.approx(0.3 + area, abs=1e-8)
    assert MIXTURE.cdf(1e12, KNOWN)[0] == pytest.approx(1, abs=1e-12)


def test_mean_is_the_integral_of_what_lies_above() -> None:
    area, _ = integrate.quad(
        lambda y: float(1 - MIXTURE.cdf(y, KNOWN)[0]), 0, 400, points=[0.05, 1, 7.4, 20], limit=400
    )
    assert MIXTURE.mean(KNOWN)[0] == pytest.approx(area, rel=1e-6)


@pytest.mark.parametrize("level", [1e-3, 0.25, 0.5, 0.95, 1 - 1e-8])
def test_quantiles_solve_the_cdf(level: float) -> None:
    _, raw = cases(5000)
    found = MIXTURE.quantile(level, raw)
    np.testing.assert_array_equal(found == 0, MIXTURE.cdf(0.0, raw) >= level)
    positive = found > 0
    assert positive.mean() > 0.1
    np.testing.assert_allclose(MIXTURE.cdf(found, raw)[positive], level, rtol=0, atol=1e-12)


def test_the_median_is_the_half_quantile_and_of_one_component_its_location() -> None:
    np.testing.assert_array_equal(MIXTURE.median(KNOWN), MIXTURE.quantile(0.5, KNOWN))
    one, narrow = ZeroLognormalMixture(1), raw_of(1e-12, [(1.0, 1.5, 0.06)])
    assert one.median(narrow)[0] == pytest.approx(np.exp(1.5), rel=1e-10)
    assert MIXTURE.median(raw_of(0.5, [(1.0, 3.0, 1.0)] * 3))[0] == 0


def test_draws_have_the_cdf() -> None:
    """Sampled as its definition says: an atom, else a component, else a normal logarithm."""
    chance = np.random.default_rng(5)
    atom, weights, locations, scales = (values[0] for values in MIXTURE.parameters(KNOWN))
    component = chance.choice(3, 100_000, p=weights)
    draws = np.exp(chance.normal(locations[component], scales[component]))
    draws[chance.random(100_000) < expit(atom)] = 0
    for y in (0.0, 0.1, 1.0, 7.0, 30.0):
        assert np.mean(draws <= y) == pytest.approx(MIXTURE.cdf(y, KNOWN)[0], abs=5e-3)


def test_gradients_equal_differences_of_the_exact_loss() -> None:
    y, raw = cases(2000)
    _, found = gradient(y, raw, MIXTURE)
    for column in range(MIXTURE.n_outputs):
        step = np.zeros(MIXTURE.n_outputs)
        step[column] = 1e-4
        expected = (exact(y, raw + step) - exact(y, raw - step)) / 2e-4
        error = np.abs(found[:, column] - expected) / np.maximum(1, np.abs(expected))
        assert error.max() < 5e-3
        assert np.quantile(error, 0.99) < 2e-4


@pytest.mark.parametrize("scale", [10, 100, 1e4, 1e20])
def test_value_and_gradient_are_always_finite(scale: float) -> None:
    y, _ = cases(20_000)
    y[:10] = np.float32(1e-42)
    raw = np.random.default_rng(1).uniform(-scale, scale, (20_000, MIXTURE.n_outputs))
    value, slope = gradient(y, raw, MIXTURE)
    assert np.isfinite(value).all()
    assert np.isfinite(slope).all()
    for found in (MIXTURE.cdf(y, raw), MIXTURE.density(y, raw), MIXTURE.median(raw), MIXTURE.mean(raw)):
        assert np.isfinite(found).all()


def test_the_loss_is_bounded_below() -> None:
    """No component gets narrower than the smallest scale, however far its raw number falls."""
    raw = np.array([[-40.0, 0, 0, 0, np.log(3), np.log(3), np.log(3), -1e6, -1e6, -1e6]])
    least = np.log(3) + np.log(0.05) + 0.5 * np.log(2 * np.pi)
    assert nll([3.0], raw)[0] == pytest.approx(least, abs=1e-4)


def test_density_is_the_exponential_of_minus_nll() -> None:
    y, raw = cases(5000)
    np.testing.assert_allclose(MIXTURE.density(y, raw), np.exp(-exact(y, raw)), rtol=1e-9, atol=1e-300)


def test_it_is_known_by_name(refuses: Refuses) -> None:
    assert LIKELIHOODS["zero_lognormal_mixture"] == MIXTURE
    other = make_likelihood("zero_lognormal_mixture", components=5, smallest_scale=0.1)
    assert other.n_outputs == 16
    assert make_likelihood(**settings_of(other)) == other
    with refuses("0", "1"):
        make_likelihood("zero_lognormal_mixture", components=0)
    for wrong in (0.0, 10.0, np.nan):
        with refuses("smallest_scale", str(wrong), "10.0"):
            make_likelihood("zero_lognormal_mixture", smallest_scale=wrong)
    for level in (0.0, 1.0):
        with refuses(str(level)):
            MIXTURE.quantile(level, KNOWN)

"""PIT, coverage and CRPS: closed forms, slow integrals, draws from the model itself."""

from itertools import pairwise

import numpy as np
import pytest
from helpers.fixtures import Refuses
from numpy.typing import NDArray
from scipy import integrate
from tr300m.evaluation.calibration import (
    calibration_table,
    coverage,
    coverage_curve,
    crps,
    pit_coverage,
    pit_histogram,
    randomised_pit,
)
from tr300m.model.likelihood.nb_exponential import NbExponential

Floats = NDArray[np.float64]
MODEL = NbExponential()


def exponentials(rates: Floats) -> Floats:
    """Raw numbers of pure exponential distributions."""
    return np.stack([0 * rates, 0 * rates, np.full_like(rates, -400.0), np.log(np.expm1(rates))], axis=1)


def mixtures(count: int, seed: int) -> Floats:
    """Raw numbers of mixtures from far below to far above 1 TPM, most with an atom at 0."""
    rng = np.random.default_rng(seed)
    a, c = rng.uniform(-3, 4, count), rng.uniform(-3, 3, count)
    return np.stack([a, rng.uniform(-2, 6, count), c, rng.uniform(-8, 7, count)], axis=1)


def test_crps_of_an_exponential_has_a_closed_form() -> None:
    """Integrals of (1 - exp(-kx))^2 to y and exp(-2kx) from y: y + 2 exp(-ky) / k - 3 / (2k)."""
    rates = np.array([1e-4, 0.02, 1.0, 1.0, 1.0, 40.0, 400.0])
    y = np.array([3e4, 10.0, 0.0, 1.0, 30.0, 0.5, 0.0])
    expected = y + 2 * np.exp(-rates * y) / rates - 1.5 / rates
    np.testing.assert_allclose(crps(MODEL, y, exponentials(rates)), expected, rtol=1e-7)


def test_crps_equals_the_slow_integral() -> None:
    raw = mixtures(40, 0)
    rng = np.random.default_rng(1)
    y = np.where(rng.random(40) < 0.3, 0.0, MODEL.mean(raw) * 10 ** rng.uniform(-2, 1, 40))

    def slow(observed: float, row: Floats) -> float:
        levels = (0.001, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 0.999, 1 - 1e-5, 1 - 1e-8)
        cuts = sorted({0.0, observed, *(float(MODEL.quantile(level, row)[0]) for level in levels)})
        return sum(
            integrate.quad(
                lambda x: float(MODEL.cdf(x, row)[0] - (observed <= x)) ** 2,
                start,
                end,
                limit=400,
                epsabs=0,
                epsrel=1e-8,
            )[0]
            for start, end in pairwise(cuts)
        )

    expected = [slow(float(observed), row[None]) for observed, row in zip(y, raw, strict=True)]
    np.testing.assert_allclose(crps(MODEL, y, raw), expected, rtol=1e-4)


def test_crps_is_that_of_draws() -> None:
    """CRPS = E|X - y| - E|X - X'| / 2, from draws by inversion."""
    raw = mixtures(1, 5)
    rng = np.random.default_rng(0)
    draws = np.array([MODEL.quantile(level, raw)[0] for level in rng.random(4000)])
    y = float(np.quantile(draws, 0.7))
    sampled = np.mean(np.abs(draws - y)) - np.mean(np.abs(draws[:2000] - draws[2000:])) / 2
    assert crps(MODEL, [y], raw)[0] == pytest.approx(sampled, rel=0.1)


def test_crps_does_not_depend_on_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    raw, y = mixtures(30, 2), np.arange(30.0)
    whole = crps(MODEL, y, raw)
    monkeypatch.setattr("tr300m.evaluation.calibration.PAIRS_PER_BLOCK", 7)
    np.testing.assert_array_equal(crps(MODEL, y, raw), whole)


def test_truths_and_outputs_must_fit(refuses: Refuses) -> None:
    with refuses("3", "2"):
        crps(MODEL, [1.0, 2, 3], mixtures(2, 0))
    with refuses("0"):
        crps(MODEL, [], mixtures(0, 0))


def drawn(count: int, seed: int) -> tuple[Floats, Floats]:
    """Return truths drawn from the predicted distributions themselves, by inversion, and the raw numbers."""
    raw = np.repeat(mixtures(20, seed), count // 20, axis=0)
    levels = np.random.default_rng(seed).random(count)
    y = np.empty(count)
    for i in range(count):
        y[i] = MODEL.quantile(levels[i], raw[i : i + 1])[0]
    return y, raw


def test_a_calibrated_model_is_found_calibrated() -> None:
    y, raw = drawn(3000, 3)
    assert 0.1 < np.mean(y == 0) < 0.9
    pit = randomised_pit(MODEL, y, raw, seed=1)
    counts = np.histogram(pit, 10, (0, 1))[0]
    # Chi squared with 9 degrees of freedom stays below 27.9 but once in 1,000.
    assert np.sum((counts - 300) ** 2 / 300) < 27.9
    for level in (0.5, 0.9):
        assert np.mean(np.abs(pit - 0.5) <= level / 2) == pytest.approx(level, abs=0.03)
        # The atom at 0 makes the closed interval too large.
        assert coverage(MODEL, y, raw, level)[0] >= level - 0.03


def test_a_shifted_model_is_found_out() -> None:
    y, raw = drawn(600, 4)
    shifted = raw.copy()
    shifted[:, 1] += 3
    shifted[:, 3] -= 4
    assert randomised_pit(MODEL, y, shifted, seed=1).mean() < 0.4
    assert crps(MODEL, y, shifted).mean() > 1.5 * crps(MODEL, y, raw).mean()


def test_pit_is_seeded_and_only_random_at_zero() -> None:
    y, raw = drawn(200, 6)
    first, again, other = (randomised_pit(MODEL, y, raw, seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first == other, y > 0)
    np.testing.assert_array_equal(first[y > 0], MODEL.cdf(y, raw)[y > 0])
    assert (first[y == 0] <= MODEL.cdf(0.0, raw)[y == 0]).all()


def test_pit_histogram_by_hand() -> None:
    shown = pit_histogram(np.array([0.0, 0.1, 0.3, 0.99, 1.0]), 4)
    assert shown["pairs"] == ["2", "1", "0", "2"]
    assert shown["share"] == ["0.4", "0.2", "0", "0.4"]
    assert shown["from"] == ["0", "0.25", "0.5", "0.75"]
    assert shown["share_if_calibrated"] == ["0.25"] * 4


def test_coverage_curve_by_hand() -> None:
    # Distances from 1/2: 0.5, 0.25, 0.1, 0 and 0.45.
    pit = np.array([0.0, 0.25, 0.4, 0.5, 0.95])
    assert [pit_coverage(pit, level) for level in (0.1, 0.5, 0.9, 1.0)] == [0.2, 0.6, 0.8, 1.0]
    curve = coverage_curve(pit)
    assert curve["probability"] == [f"{step / 20:g}" for step in range(1, 20)]
    shown = dict(zip(curve["probability"], curve["coverage"], strict=True))
    assert (shown["0.05"], shown["0.5"], shown["0.95"]) == ("0.2", "0.6", "0.8")


def test_coverage_of_exponentials_by_hand() -> None:
    # The central half of Exp(1) is [0.288, 1.386], 1.0986 wide.
    inside, width = coverage(MODEL, [0.2, 0.5, 1.0, 2.0], exponentials(np.ones(4)), 0.5)
    assert inside == 0.5
    assert width == pytest.approx(np.log(3), rel=1e-9)


def test_calibration_table() -> None:
    y, raw = drawn(200, 7)
    pit = randomised_pit(MODEL, y, raw, 0)
    shown = calibration_table(MODEL, y, raw, pit)
    values = dict(zip(shown["quantity"], map(float, shown["value"]), strict=True))
    assert values["crps_mean"] == pytest.approx(crps(MODEL, y, raw).mean(), rel=1e-5)
    assert values["coverage_90"] == pytest.approx(coverage(MODEL, y, raw, 0.9)[0], rel=1e-5)
    assert values["pit_coverage_50"] == pytest.approx(np.mean((pit >= 0.25) & (pit <= 0.75)), abs=1e-9)
    assert shown["if_calibrated"][shown["quantity"].index("pit_coverage_50")] == "0.5"

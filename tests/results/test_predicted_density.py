"""One predicted density: the pair that is chosen, the curve, its mean and the true value."""

import re

import numpy as np
import pytest
from helpers.drawn import texts
from helpers.fixtures import Refuses
from hypothesis import given
from hypothesis import strategies as st
from tr300m.model.likelihood.distributions import LIKELIHOODS
from tr300m.model.likelihood.nb_exponential import NbExponential
from tr300m.model.likelihood.zero_lognormal_mixture import ZeroLognormalMixture
from tr300m.results.figures.predicted_density import density_figure, on_log_axis, typical_pair

NB, MIXTURE = NbExponential(), ZeroLognormalMixture(components=1)
LN10 = np.log(10.0)
# Probability 1/4 of 0 TPM; above it the log-normal distribution of location 2 and scale 0.5.
LOGNORMAL = np.array([-np.log(3), 0.0, 2.0, np.log(np.expm1(0.45))])
# A pure exponential of rate 0.1.
EXPONENTIAL = np.array([0.0, 0.0, -400.0, np.log(np.expm1(0.1))])


def test_the_pair_of_median_nll() -> None:
    observed = np.array([0.0, 5, 6, 7, 0, 8])
    nll = np.array([-9.0, 3, 1, 2, -8, 4])
    # Of 1, 2, 3 and 4 the lower in the middle.
    assert typical_pair(observed, nll) == 3
    assert typical_pair(observed[:4], nll[:4]) == 3
    assert typical_pair([0, 0, 0], [3, 1, 2]) == 2
    assert typical_pair([1, 1, 1], [2, 2, 2]) == 1


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=20))
def test_as_many_pairs_are_likelier_as_less_likely(nll: list[float]) -> None:
    chosen = nll[typical_pair(np.ones(len(nll)), nll)]
    assert sum(value < chosen for value in nll) <= (len(nll) - 1) // 2
    assert sum(value > chosen for value in nll) <= len(nll) // 2


def test_density_on_the_log_axis() -> None:
    x = np.array([1e-6, 0.5, 1.0])
    y = 10**x - 1
    np.testing.assert_allclose(on_log_axis(NB, x, EXPONENTIAL), 0.1 * np.exp(-0.1 * y) * (1 + y) * LN10)


@pytest.mark.parametrize(("likelihood", "raw", "mass"), [(NB, EXPONENTIAL, 1.0), (MIXTURE, LOGNORMAL, 0.75)])
def test_areas_are_probabilities(
    likelihood: NbExponential | ZeroLognormalMixture, raw: np.ndarray, mass: float
) -> None:
    x = np.linspace(1e-6, 5, 200_001)
    assert np.trapezoid(on_log_axis(likelihood, x, raw), x) == pytest.approx(mass, abs=1e-4)


def test_curve_mean_and_true_value() -> None:
    panel = density_figure(NB, EXPONENTIAL, 4.0, "seq: G1 in Liver").axes[0]
    curve, mean, observed = panel.lines
    x = np.asarray(curve.get_xdata())
    np.testing.assert_allclose(np.asarray(curve.get_ydata()), on_log_axis(NB, x, EXPONENTIAL))
    for marker, style, color, tpm in ((mean, "x", "red", 10.0), (observed, "o", "#000000", 4.0)):
        assert (marker.get_marker(), marker.get_color()) == (style, color)
        height = 0.1 * np.exp(-0.1 * tpm) * (1 + tpm) * LN10
        np.testing.assert_allclose(np.asarray(marker.get_xydata()), [[np.log10(1 + tpm), height]])
    assert re.search(r"seq: G1 in Liver.* 4 TPM", texts(panel.get_figure()))
    ticks = dict(zip((label.get_text() for label in panel.get_xticklabels()), panel.get_xticks(), strict=True))
    assert ticks["10"] == pytest.approx(np.log10(11))


def test_the_atom_is_a_stem_with_its_probability() -> None:
    panel = density_figure(MIXTURE, LOGNORMAL, 0.0, "n").axes[0]
    _, stem, mean, observed = panel.lines
    assert list(np.asarray(stem.get_xdata())) == [0, 0]
    assert "25.0 %" in texts(panel.get_figure())
    # A true value of 0 stands on the stem's end.
    assert list(np.asarray(observed.get_xydata())[0]) == [0, np.asarray(stem.get_ydata())[1]]
    assert np.asarray(mean.get_xdata())[0] == pytest.approx(np.log10(1 + 0.75 * np.exp(2.125)))


def test_a_steep_peak_at_zero_is_cut_and_said() -> None:
    spike = np.array([0.5, 2.0, 0.3, 700.0])
    panel = density_figure(NB, spike, 3.0, "n").axes[0]
    height = np.asarray(panel.lines[0].get_ydata())
    assert panel.get_ylim()[1] < height.max() / 4
    assert f" {height.max():.3g} " in texts(panel.get_figure())


@pytest.mark.parametrize("observed", [0.0, 1e-3, 3.0, 5e5])
@pytest.mark.parametrize("name", LIKELIHOODS)
def test_any_truth_lies_in_the_panel(name: str, observed: float) -> None:
    likelihood = LIKELIHOODS[name]
    panel = density_figure(likelihood, np.linspace(-2, 2, likelihood.n_outputs), observed, "n").axes[0]
    (x, y), (high, top) = np.asarray(panel.lines[-1].get_xydata())[0], (panel.get_xlim()[1], panel.get_ylim()[1])
    assert 0 <= x < high
    assert 0 <= y <= top


def test_atoms() -> None:
    np.testing.assert_array_equal(NB.atom(np.stack([EXPONENTIAL, EXPONENTIAL])), [0, 0])
    np.testing.assert_allclose(MIXTURE.atom(LOGNORMAL), [0.25])
    np.testing.assert_array_equal(MIXTURE.atom(LOGNORMAL), MIXTURE.density(0.0, LOGNORMAL))


def test_refused_input(refuses: Refuses) -> None:
    with refuses("2", "1"):
        typical_pair([1, 2], [1])
    with refuses("0"):
        typical_pair([], [])
    with refuses("1", "2", "NaN"):
        typical_pair([1, 2], [1, np.nan])
    with refuses():
        density_figure(NB, [0, np.nan, 0, 0], 1.0, "n")

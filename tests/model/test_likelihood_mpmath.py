"""The float32 loss and its gradient against 50 digits of mpmath, over the whole range and on both backends.

An expected value is that of the float32 numbers that go in, so that no error of the input counts.
"""

# isort: off
from tr300m.model import devices

# isort: on
import itertools
from functools import cache
from typing import Any

import mpmath
import numpy as np
import pytest
from helpers.child import OTHER, run_child
from mpmath import exp, log, log1p, loggamma, mp, mpf
from numpy.typing import NDArray
from tr300m.model.likelihood.nb_exponential import NbExponential

Floats = NDArray[Any]
mp.dps = 50
TINY, RATE_CAP = mpf(10) ** -24, mpf(1000)
BOUND = 1e-4
"""Of an error, as a share of the number it is in, or of 1 where that is smaller."""
FIVE = 1.609437942504883
"""Logarithm, in float32, of 5: where `stirling_error` goes over to a series."""
ROUNDING = 2.0**-21
"""Relative error of the terms that make up a gradient: four units in the last place of float32; 1.9 are seen."""
BELOW_ONE = np.nextafter(np.float32(1), np.float32(0))
Y = (0, 1e-20, 1e-6, 1e-3, 0.1, 0.5, 0.9, BELOW_ONE, 1, 1.5, 2, 4, 7, 20, 100.25, 1e3, 31_623, 123_456.7, 1e6)
R = (1e-3, 1e-2, 0.3, 1, 5, 50, 1e3, 1e4)
"""Total counts."""
B = (-100, -20, -5, -1, 0, 1, 5, 20, 100)
"""Logits of p, from 4e-44 to 1 - 4e-44."""
NEAR = (-2, -0.3, -0.05, -1e-3, 0, 1e-3, 0.05, 0.3, 2)
"""Logits beside the one whose NB has its mean at y: there the large terms cancel."""
C = (-30, -4, -0.5, 0, 0.5, 4, 30)
"""Half the logit of the NB's weight."""
D = (-80, -20, -4, -0.5, 0.5, 4, 100, 999, 2000)
"""Rates from 2e-35 to beyond the cap."""


def grid() -> Floats:
    """Return rows of y, a, b, c, d: all of y, r and p, each with two of the mixtures and with either part alone."""
    mixtures = itertools.cycle(itertools.product(C, D))
    rows = []
    for y, r in itertools.product(Y, R):
        centre = np.log(max(y, 1e-6) / r)
        for b in (*B, *(centre + shift for shift in NEAR)):
            rows += [(y, np.log(r), b, c, d) for c, d in (next(mixtures), next(mixtures), (60, 0), (-60, 0))]
    return np.array(rows)


def draws(count: int) -> Floats:
    """Return random rows, the NB's mean near y."""
    chance = np.random.default_rng(0)
    y = 10 ** chance.uniform(-6, 6, count)
    a = np.log(10) * chance.uniform(-3, 4, count)
    b = np.log(y) - a + chance.normal(size=count) * 10 ** chance.uniform(-5, 0, count)
    return np.stack([y, a, b, chance.uniform(-10, 10, count), chance.uniform(-30, 30, count)], axis=1)


def cases() -> Floats:
    """Return all rows of y, a, b, c, d [case, 5], float32."""
    return np.concatenate([grid(), draws(3000)]).astype(np.float32)


@cache
def gammas(y: float, a: float) -> tuple[mpf, mpf]:
    """Return log(gamma(y+r) / (gamma(r) gamma(y+1))) and its derivative by r."""
    r = total_count(a)
    value = loggamma(y + r) - loggamma(r) - loggamma(mpf(y) + 1)
    return value, mpmath.digamma(y + r) - mpmath.digamma(r)


@cache
def total_count(a: float) -> mpf:
    return exp(mpf(a)) + TINY


@cache
def log_sigmoid(x: float) -> mpf:
    return -log1p(exp(-mpf(x)))


def exact(y: float, a: float, b: float, c: float, d: float) -> tuple[list[mpf], list[mpf]]:
    """Return the loss and its derivatives by a, b, c and d; and what a relative error of 1 in their terms does to each.

    The loss is -log(f + g), f the NB's part and g the exponential's. A derivative is a mean of those of log f and
    log g, of weights f and g: its terms cancel where the NB has its mean at y, and the weights hang on the difference
    of two logarithms, however large these are.
    """
    r, p, q = total_count(a), exp(log_sigmoid(b)), exp(log_sigmoid(-b))
    log_gammas, by_r = gammas(y, a)
    rate, slope = log1p(exp(mpf(d))) + TINY, exp(log_sigmoid(d))
    if rate >= RATE_CAP:
        rate, slope = RATE_CAP, mpf(0)
    log_f = log_sigmoid(2 * c) + log_gammas + r * log_sigmoid(-b) + y * log_sigmoid(b)
    log_g = log_sigmoid(-2 * c) + log(rate) - rate * y
    value = log(exp(log_f) + exp(log_g))
    of_f, of_g = exp(log_f - value), exp(log_g - value)
    by_f = {
        "a": (exp(mpf(a)) * by_r, exp(mpf(a)) * log_sigmoid(-b)),
        "b": (y * q, -r * p),
        "c": (2 * exp(log_sigmoid(-2 * c)),),
        "d": (),
    }
    by_g = {"a": (), "b": (), "c": (-2 * exp(log_sigmoid(2 * c)),), "d": (slope / rate, -y * slope)}
    found, scale = [-value], [abs(log_f) + abs(log_g)]
    for name in "abcd":
        f, g = mpmath.fsum(by_f[name]), mpmath.fsum(by_g[name])
        found.append(-(of_f * f + of_g * g))
        terms = of_f * mpmath.fsum(by_f[name], absolute=True) + of_g * mpmath.fsum(by_g[name], absolute=True)
        scale.append(terms + of_f * of_g * abs(f - g) * (abs(log_f) + abs(log_g)))
    return found, scale


def value_and_gradient(rows: Floats) -> Floats:
    """Return the package's loss and its derivatives [case, 5] on the running backend."""
    y, raw = rows[:, 0], rows[:, 1:]
    nll = NbExponential().nll
    if devices.BACKEND == "jax":
        import jax

        value, slope = jax.vmap(jax.value_and_grad(lambda x, t: nll(t[None], x[None])[0]))(raw, y)
        return np.concatenate([np.asarray(value)[:, None], np.asarray(slope)], axis=1)
    import tensorflow as tf

    tensor = tf.constant(raw)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        value = nll(tf.constant(y), tensor)
    return np.concatenate([value.numpy()[:, None], tape.gradient(value, tensor).numpy()], axis=1)


def save_values(path: str) -> None:
    np.save(path, value_and_gradient(cases()))


@pytest.fixture(scope="module")
def expected() -> tuple[Floats, Floats]:
    """Return `exact` of all cases, [case, 5] each, as mpmath's numbers."""
    pairs = [exact(*row) for row in cases().tolist()]
    found, scale = (np.array(list(side), dtype=object) for side in zip(*pairs, strict=True))
    return found, scale


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Floats]:
    """Return what the package finds, by backend."""
    pytest.importorskip(other := OTHER[devices.BACKEND])
    path = tmp_path_factory.mktemp("likelihood") / "found.npy"
    run_child(save_values, path, KERAS_BACKEND=other)
    return {devices.BACKEND: value_and_gradient(cases()), other: np.load(path)}


def test_the_closed_forms_are_the_derivatives() -> None:
    chance = np.random.default_rng(1)
    rows = cases()
    for row in rows[chance.choice(len(rows), 20)].tolist():
        derivatives, _ = exact(*row)
        for number in range(1, 5):

            def loss(x: mpf, row: list[float] = row, number: int = number) -> mpf:
                return exact(*row[:number], x, *row[number + 1 :])[0][0]

            slope = mpmath.diff(loss, row[number], h=mpf(10) ** -15)
            assert abs(slope - derivatives[number]) < 1e-12 * (1 + abs(slope))


def test_a_loss_that_can_be_done_by_hand() -> None:
    # r = 1, p = 1/2: NB(y) = 2^-(y+1). Half of it, and half of an exponential of rate log 2.
    a, b, c, d = 0.0, 0.0, 0.0, 0.0
    by_hand = -log((mpf(2) ** -4 + log(2) * mpf(2) ** -3) / 2)
    assert abs(exact(3.0, a, b, c, d)[0][0] - by_hand) < 1e-20
    found = value_and_gradient(np.float32([[3, a, b, c, d]]))
    assert found[0, 0] == pytest.approx(float(by_hand), rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("backend", OTHER)
def test_the_loss_keeps_its_digits(backend: str, expected: tuple[Floats, Floats], found: dict[str, Floats]) -> None:
    exactly = expected[0][:, 0]
    error = np.abs(found[backend][:, 0].astype(object) - exactly)
    assert (error <= BOUND * np.maximum(1, np.abs(exactly))).all()


@pytest.mark.slow
@pytest.mark.parametrize("backend", OTHER)
def test_the_gradient_keeps_its_digits(backend: str, expected: tuple[Floats, Floats], found: dict[str, Floats]) -> None:
    exactly, scale = (side[:, 1:] for side in expected)
    error = np.abs(found[backend][:, 1:].astype(object) - exactly)
    allowed = BOUND * np.maximum(1, np.abs(exactly))
    # Float32 has no better where large terms cancel: r = exp(a) alone is rounded by 5e-4 at 1e4.
    assert (error <= np.maximum(allowed, ROUNDING * scale)).all()
    assert (error > allowed).mean() < 0.01
    # Below this the first bound stands alone.
    assert (error <= allowed)[scale < BOUND / ROUNDING].all()


@pytest.mark.parametrize(
    "row",
    [(0.5, 0, -1, 60, 0), (4, 0, 0, 60, 0), (2, FIVE, 0, 60, 0), (0.1, FIVE, 1, 60, 0), (31_623, 0, 20, 0, -20)],
    ids=["r = 1 and y < 1", "y + r = 5", "r = 5", "r = 5 and y < 1", "equal parts of the mixture"],
)
def test_a_tie_halves_no_gradient(row: tuple[float, ...]) -> None:
    # Where its two sides are equal, a maximum halves the gradient, or gives all of it to one.
    rows = np.float32([row])
    exactly = np.array(exact(*rows[0].tolist())[0], dtype=float)
    np.testing.assert_allclose(value_and_gradient(rows)[0], exactly, rtol=1e-4, atol=1e-5)

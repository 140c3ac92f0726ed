"""The float32 loss and its gradient against 50 digits of mpmath, over the whole range and on both backends.

An expected value is that of the float32 numbers that go in, so that no error of the input counts.
"""

# isort: off
from tr300m import devices

# isort: on
import itertools
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import mpmath
import numpy as np
import pytest
from child import OTHER, run_child
from mpmath import exp, log, log1p, loggamma, mp, mpf
from numpy.typing import NDArray
from tr300m.likelihood.nb_exponential import NbExponential

Floats = NDArray[Any]
mp.dps = 50
BOUND = 1e-4
BELOW_ONE = np.nextafter(np.float32(1), np.float32(0))
Y = (0, 1e-6, 1e-3, 0.1, 0.5, 0.9, BELOW_ONE, 1, 1.5, 2, 3, 7, 20, 100.25, 1e3, 31_623, 123_456.7, 1e6)
R = (1e-3, 1e-2, 0.3, 1, 2.5, 50, 1e3, 1e4)
"""Total counts."""
B = (-100, -20, -5, -1, 0, 1, 5, 20, 100)
"""Logits of p, from 4e-44 to 1 - 4e-44."""
NEAR = (-2, -0.3, -0.05, -1e-3, 0, 1e-3, 0.05, 0.3, 2)
"""Logits beside the one whose NB has its mean at y: there the large terms cancel."""
C = (-30, -4, -0.5, 0, 0.5, 4, 30)
"""Half the logit of the NB's weight."""
D = (-80, -20, -4, -0.5, 0.5, 4, 100, 999, 2000)
"""Rates from 2e-35 to beyond the cap."""


def cases() -> tuple[Floats, Floats]:
    """Return TPM [case] and raw numbers [case, 4], float32: all of y, r and p, each with two of the mixtures."""
    mixtures = itertools.cycle(itertools.product(C, D))
    rows = []
    for y, r in itertools.product(Y, R):
        centre = np.log(max(y, 1e-6) / r)
        for b in (*B, *(centre + shift for shift in NEAR)):
            rows += [(y, np.log(r), b, *next(mixtures)) for _ in range(2)]
            # The NB alone, and the exponential alone.
            rows += [(y, np.log(r), b, 60, 0), (y, np.log(r), b, -60, 0)]
    table = np.array(rows, dtype=np.float32)
    return table[:, 0], table[:, 1:]


@lru_cache(maxsize=None)
def gammas(y: float, a: float) -> tuple[mpf, mpf]:
    """Return log(gamma(y+r) / (gamma(r) gamma(y+1))) and its derivative by r."""
    r = total_count(a)
    value = loggamma(y + r) - loggamma(r) - loggamma(mpf(y) + 1)
    return value, mpmath.digamma(y + r) - mpmath.digamma(r)


@lru_cache(maxsize=None)
def total_count(a: float) -> mpf:
    return exp(mpf(a)) + mpf(10) ** -24


@lru_cache(maxsize=None)
def log_sigmoid(x: float) -> mpf:
    return -log1p(exp(-mpf(x)))


def exact(y: float, a: float, b: float, c: float, d: float, cap: float | None = 1000) -> list[mpf]:
    """Return the negative log likelihood and its derivatives by a, b, c and d."""
    r = total_count(a)
    log_gammas, by_r = gammas(y, a)
    nb = exp(log_gammas + r * log_sigmoid(-b) + y * log_sigmoid(b))
    p, s = exp(log_sigmoid(b)), exp(log_sigmoid(2 * c))
    rate, slope = log1p(exp(mpf(d))) + mpf(10) ** -24, exp(log_sigmoid(d))
    if cap is not None and rate >= cap:
        rate, slope = mpf(cap), mpf(0)
    first, second = s * nb, exp(log_sigmoid(-2 * c)) * rate * exp(-rate * y)
    density = first + second
    share, rest = first / density, second / density
    return [
        -log(density),
        -share * exp(mpf(a)) * (by_r + log_sigmoid(-b)),
        -share * (y * exp(log_sigmoid(-b)) - r * p),
        -2 * (share * exp(log_sigmoid(-2 * c)) - rest * s),
        -rest * (1 / rate - y) * slope,
    ]


def value_and_gradient(y: Floats, raw: Floats) -> Floats:
    """Return the package's loss and gradient [case, 5] on the running backend."""
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

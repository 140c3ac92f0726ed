"""Special functions that `keras.ops` lacks, and numerically stable helpers, for both backends.

Arguments and results are tensors of the same shape and type; all functions are differentiable.
"""

from ...base.errors import TR300MError
from ...base.types import Tensor
from ..devices import keras, ops

LOG_2PI = 1.8378770664093453
SERIES_FROM = 5.0
"""For larger arguments, four terms of Stirling's series have an error below 1e-9."""


def _missing(name: str) -> TR300MError:
    return TR300MError(
        f"{name} is not implemented for the Keras backend {keras.backend.backend()}",
        "set KERAS_BACKEND to tensorflow or jax",
    )


def lgamma(x: Tensor) -> Tensor:
    """Return the logarithm of the gamma function, x > 0."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.math.lgamma(x)
    if backend == "jax":
        import jax.scipy.special

        return jax.scipy.special.gammaln(x)
    raise _missing("lgamma")


def log_sigmoid(x: Tensor) -> Tensor:
    """Return ``log(1 / (1 + exp(-x)))`` without overflow, exact to float precision on both sides."""
    return -ops.softplus(-x)


def logaddexp(x: Tensor, y: Tensor) -> Tensor:
    """Return ``log(exp(x) + exp(y))`` of finite numbers; if they are equal, each gets half of the gradient.

    (With `keras.ops.logaddexp` on TensorFlow, one of them would get all of it.)
    """
    return ops.where(x > y, x + ops.softplus(y - x), y + ops.softplus(x - y))


def stirling_error(x: Tensor) -> Tensor:
    """Return the error of Stirling's formula: ``lgamma(x + 1) - (x + 1/2) log x + x - log(2 pi) / 2``, x > 0.

    It is at most 1/(12 x), so its differences are more precise than differences of `lgamma`.
    """
    # Each branch gets arguments in its own range, so that the unused branch does not make the gradient NaN. The limits
    # are outside the branches, because a maximum passes only half of the gradient if both sides are equal.
    large = ops.maximum(x, 1.0)
    inverse = 1.0 / large
    square = inverse * inverse
    series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)))
    small = ops.minimum(x, SERIES_FROM)
    direct = lgamma(small + 1.0) - (small + 0.5) * ops.log(small) + small - 0.5 * LOG_2PI
    return ops.where(x < SERIES_FROM, direct, series)


def deviance(x: Tensor, mean: Tensor, difference: Tensor, log_ratio: Tensor) -> Tensor:
    """Return ``x log(x / mean) + mean - x`` (Loader's bd0), x > 0, mean >= 0: at least 0, and 0 at x = mean.

    Parameters
    ----------
    x, mean
        Value and expectation.
    difference
        ``mean - x``, computed as precisely as possible.
    log_ratio
        ``log(x / mean)``, finite even if the mean underflows to 0.
    """
    relative = -difference / (x + mean)
    near = ops.clip(relative, -0.1, 0.1)
    square = near * near
    # x log(x/mean) = x log((1+v)/(1-v)) with v = (x-mean)/(x+mean). The linear terms cancel exactly, so the series
    # leaves them out.
    series = -difference * near + 2.0 * x * near * square * (
        1 / 3 + square * (1 / 5 + square * (1 / 7 + square * (1 / 9)))
    )
    # The logarithm of a ratio is more precise than a difference of logarithms, unless the mean underflows.
    floor = ops.cast(1e-6, x.dtype)
    exact_ratio = ops.where(mean > floor, ops.log(x / ops.maximum(mean, floor)), log_ratio)
    return ops.where(ops.abs(relative) < 0.1, series, x * exact_ratio + difference)

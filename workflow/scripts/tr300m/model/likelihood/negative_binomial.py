"""Log of the negative binomial over real y >= 0, in float32, numerically stable for all parameters."""

from ...base.types import Tensor
from ..devices import ops
from .special import LOG_2PI, deviance, lgamma, log_sigmoid, stirling_error


def log_nb(y: Tensor, r: Tensor, b: Tensor) -> Tensor:
    """Return log of gamma(y+r) / (gamma(r) gamma(y+1)) (1-p)^r p^y, p = sigmoid(b); tensors of one shape."""
    # Each branch gets arguments in its own range, so that the unused branch does not make the gradient NaN.
    below, above = _log_nb_below_one(ops.minimum(y, 1.0), r, b), _log_nb_from_one(ops.maximum(y, 1.0), r, b)
    return ops.where(y < 1.0, below, above)


def _log_nb_from_one(y: Tensor, r: Tensor, b: Tensor) -> Tensor:
    """Return the log NB for y >= 1 in Loader's saddle-point form, in which no term is large unless the result is."""
    total = y + r
    log_total = ops.log(total)
    expected_y = total * ops.sigmoid(b)
    expected_r = total * ops.sigmoid(-b)
    # Both differences are equal except for the sign; it is computed from the smaller expectation, for precision.
    difference = ops.where(y < r, expected_y - y, r - expected_r)
    misfit = deviance(y, expected_y, difference, ops.log(y) - log_total - log_sigmoid(b))
    misfit += deviance(r, expected_r, -difference, ops.log(r) - log_total - log_sigmoid(-b))
    errors = stirling_error(total) - stirling_error(r) - stirling_error(y)
    return errors - misfit + 0.5 * (ops.log(r) - log_total - ops.log(y) - LOG_2PI)


def _log_nb_below_one(y: Tensor, r: Tensor, b: Tensor) -> Tensor:
    """Return the log NB for 0 <= y <= 1, with Stirling's formula for the ratio of gamma functions."""
    total = y + r
    # For small r use the difference of logarithms, because the gradient of y / r overflows. The limit 0.5 is outside
    # its branch, because a maximum passes only half of the gradient if both sides are equal.
    growth = ops.where(r < 1.0, ops.log(total) - ops.log(r), ops.log1p(y / ops.maximum(r, 0.5)))
    ratio = (r - 0.5) * growth + y * ops.log(total) - y + stirling_error(total) - stirling_error(r)
    return ratio - lgamma(y + 1.0) + r * log_sigmoid(-b) + y * log_sigmoid(b)

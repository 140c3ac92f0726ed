"""The negative log likelihood of pairs as a NumPy array."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..devices import ops
from .distributions import Likelihood


def pair_nll(likelihood: Likelihood, observed: NDArray[Any], raw: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the negative log likelihood [pair], in nat, of observed TPM [pair] given raw outputs [pair, n_outputs]."""
    return np.asarray(ops.convert_to_numpy(likelihood.nll(observed, raw)), dtype=np.float64)

"""Types of arrays."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Strings = NDArray[np.str_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Tensor = Any

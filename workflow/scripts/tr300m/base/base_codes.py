"""Bases as small integers: 0 to 3 for A, C, G, T, then unknown bases and positions outside the chromosome."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

UNKNOWN_CODE, OUTSIDE_CODE = 4, 5
COMPLEMENT = np.array([3, 2, 1, 0, UNKNOWN_CODE, OUTSIDE_CODE], dtype=np.uint8)
"""Complement of each code; unknown and outside are their own."""


def _codes() -> NDArray[np.uint8]:
    table = np.full(256, UNKNOWN_CODE, np.uint8)
    for code, letters in enumerate(("Aa", "Cc", "Gg", "TtUu")):
        table[[ord(letter) for letter in letters]] = code
    return table


CODE_OF_BYTE = _codes()
"""Code of each ASCII character [256], in either case; U is T, all other letters are unknown bases."""


def base_codes(onehot: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the code of each one-hot base [..., base]: unknown bases are 0.25 four times, positions outside are 0."""
    largest = onehot.max(axis=-1)
    codes = onehot.argmax(axis=-1).astype(np.uint8)
    codes[largest < 1] = UNKNOWN_CODE
    codes[largest == 0] = OUTSIDE_CODE
    return codes

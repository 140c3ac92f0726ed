"""Edits of a promoter window of every kind: at ends and borders, several bases, unknown bases, shifted parts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def edited_windows(native: NDArray[Any], places: Sequence[int], count: int = 200, seed: int = 0) -> NDArray[Any]:
    """Return edits [edit, position, base] of a window [position, base]; the first ones at `places`."""
    rng, length = np.random.default_rng(seed), len(native)
    windows = np.repeat(native[None], count, axis=0)
    for number, window in enumerate(windows):
        at = places[number] if number < len(places) else int(rng.integers(length))
        if number % 5 < 3:
            window[at] = np.eye(4)[rng.integers(4)]
        elif number % 5 == 3:
            window[at : at + 4] = 0.25
        else:
            window[: at + 1] = np.roll(window[: at + 1], int(rng.integers(1, 6)), axis=0)
    return windows

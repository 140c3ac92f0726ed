"""Correlations of random pairings of motifs and levels, and the place of the own pairing among them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..base.array_files import save_arrays
from ..base.types import Floats
from ..metrics.point import UNDEFINED

PANELS = {"seen": "seen tissues", "held_out": "held-out tissues", "beyond_identity": "beside tissue identity"}
"""Fields of `evaluation.pairing_test.PairingScores`, and what they are called in figures."""


def among_draws(found: float, drawn: Floats) -> tuple[float, float, float, float]:
    """Return mean and standard deviation of draws [draw], and z and p of what was found among them."""
    if not len(drawn) or np.isnan(found) or np.isnan(drawn).any():
        return UNDEFINED, UNDEFINED, UNDEFINED, UNDEFINED
    mean, spread = float(drawn.mean()), float(drawn.std(ddof=1)) if len(drawn) > 1 else 0.0
    z = (found - mean) / spread if spread > 0 else UNDEFINED
    return mean, spread, z, float((1 + np.count_nonzero(drawn >= found)) / (1 + len(drawn)))


def save_pairings(path: Path | str, correlations: Mapping[str, Floats]) -> None:
    """Write the correlations of each of `PANELS`, own first [1 + draw], as `.npz`."""
    save_arrays(path, dict(correlations))


def read_pairings(path: Path | str) -> dict[str, Floats]:
    """Read a file of `save_pairings`."""
    with np.load(path) as saved:
        return {name: saved[name] for name in PANELS}

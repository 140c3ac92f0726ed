"""Random promoters, some of which contain a planted motif."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays.sequence import BASES
from ..base.errors import TR300MError

MOTIF = "ACGGCATAGAATA"

MOTIF_SHARE = 0.05
"""Share of promoters with the motif."""

TARGET = 100
"""Target count of a promoter with the motif; it is 0 without."""


class Promoters(NamedTuple):
    """Random promoters.

    Attributes
    ----------
    codes
        Base codes [promoter, position], 0-3 for ACGT, uint8.
    target
        `TARGET` where the motif was planted, else 0 [promoter], float32.
    """

    codes: NDArray[np.uint8]
    target: NDArray[np.float32]


def draw_promoters(count: int, length: int, rng: np.random.Generator, motif: str = MOTIF) -> Promoters:
    """Draw uniformly random promoters, and plant the motif at a random position in a random `MOTIF_SHARE` of them.

    A promoter can also have the motif by chance: 0.3 of 100,000 promoters of 200 bases on average.

    Parameters
    ----------
    count, length
        Number of promoters, and length of each in bases.
    rng
        Random number generator.
    motif
        Motif in letters ACGT.

    Raises
    ------
    TR300MError
        If the motif does not fit, or there are so few promoters that none has it.
    """
    if length < len(motif):
        raise TR300MError(
            f"a motif of {len(motif)} bases does not fit into {length} bases", "set `motif_detection: length` higher"
        )
    carrying = round(MOTIF_SHARE * count)
    if carrying == 0:
        raise TR300MError(f"none of {count} promoters has the motif", f"draw at least {round(1 / MOTIF_SHARE)}")
    codes = rng.integers(0, len(BASES), (count, length), dtype=np.uint8)
    carriers = rng.choice(count, carrying, replace=False)
    places = rng.integers(0, length - len(motif) + 1, carrying)
    codes[carriers[:, None], places[:, None] + np.arange(len(motif))] = [BASES.index(base) for base in motif]
    target = np.zeros(count, dtype=np.float32)
    target[carriers] = TARGET
    return Promoters(codes, target)

"""Motifs of the drivers: human JASPAR 2022 profiles, and a simple scan."""

import functools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyjaspar import jaspardb  # type: ignore[import-untyped, unused-ignore]

from ..base.base_codes import OUTSIDE_CODE, UNKNOWN_CODE
from ..base.errors import TR300MError
from ..base.types import Floats

_HUMAN = ["9606"]
_PSEUDOCOUNT = 2.0**-24
_GENES_PER_BLOCK = 512  # genes scanned at a time, to limit memory


class ProbabilityMatrix(NamedTuple):
    """A motif as a position probability matrix: `probability` [position, base ACGT], whose rows sum to 1."""

    matrix_id: str
    name: str
    probability: Floats

    @property
    def scores(self) -> Floats:
        """Log-odds against a uniform background, in bits [position, base]."""
        return np.asarray(np.log2(self.probability / 0.25))


@functools.cache
def human_matrices() -> tuple[ProbabilityMatrix, ...]:
    """Return all versions of the profiles of JASPAR 2022 whose only species is human, in database order."""
    database = jaspardb(release="JASPAR2022")
    found = database.fetch_motifs(collection=["CORE", "UNVALIDATED"], all_versions=True, species=_HUMAN)
    profiles = []
    for motif in found:
        if list(motif.species) == _HUMAN:
            counts = np.array([motif.counts[base] for base in "ACGT"], dtype=np.float64).T + _PSEUDOCOUNT
            profiles.append(ProbabilityMatrix(motif.matrix_id, motif.name, counts / counts.sum(axis=1, keepdims=True)))
    return tuple(profiles)


def driver_matrix(name: str) -> ProbabilityMatrix:
    """Return the newest profile of a regulator.

    Old profiles are based on few sites and give unseen bases very low scores.

    Raises
    ------
    TR300MError
        If no human profile has this name.
    """
    mine = [profile for profile in human_matrices() if profile.name == name]
    if not mine:
        raise TR300MError(f"driver {name} has no human profile in JASPAR 2022", "choose other `drivers`")
    return mine[-1]


def best_scores(windows: NDArray[np.uint8], profile: ProbabilityMatrix) -> Floats:
    """Return the best score of a motif in each window [gene], in bits, on the strand of the window.

    See `site_scores`.
    """
    best = np.empty(len(windows), dtype=np.float64)
    for first in range(0, len(windows), _GENES_PER_BLOCK):
        block = windows[first : first + _GENES_PER_BLOCK]
        best[first : first + _GENES_PER_BLOCK] = site_scores(block, profile).max(axis=1)
    return best


def site_scores(windows: NDArray[np.uint8], profile: ProbabilityMatrix) -> Floats:
    """Return the score of a motif at each of its places in each window [gene, place], in bits.

    Parameters
    ----------
    windows
        Base codes [gene, position]: 0-3 for ACGT, 4 for unknown (scored as the mean over bases), 5 for outside the
        chromosome (scored 0).
    profile
        The motif.
    """
    table = np.zeros((len(profile.scores), OUTSIDE_CODE + 1), dtype=np.float64)
    table[:, :UNKNOWN_CODE] = profile.scores
    table[:, UNKNOWN_CODE] = profile.scores.mean(axis=1)
    width = len(table)
    steps = windows.shape[1] - width + 1
    total = np.zeros((len(windows), steps), dtype=np.float64)
    for position in range(width):
        total += table[position][windows[:, position : position + steps]]
    return total

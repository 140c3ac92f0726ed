"""The term of each motif's occupancy times its own level: one coefficient a motif, as regulation is thought to work."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ..base.types import Floats, Ints

MOTIFS = "motif_maxima"
"""Gene features that the term reads: the best score of each motif on either strand."""
_NATS_PER_BIT = np.log(2)


def occupancies(scores: NDArray[Any], threshold: Floats) -> Floats:
    """Return how much of a regulator's binding sites is occupied [gene, motif], from 0 to 1.

    The score of a site, in nats, is its binding energy, so that the occupancy is a logistic function of it (Berg and
    von Hippel 1987).

    Parameters
    ----------
    scores
        Best score of each motif in each promoter, in bits [gene, motif].
    threshold
        Score of a site that is occupied half of the time, in bits [motif].
    """
    return np.asarray(expit(_NATS_PER_BIT * (scores - threshold)))


class LevelColumns(NamedTuple):
    """Motifs with the same regulators have the same level, which is kept once.

    Attributes
    ----------
    first
        First motif of each level [level].
    of_motif
        Level of each motif [motif].
    """

    first: Ints
    of_motif: Ints

    @classmethod
    def of(cls, motif_map: NDArray[Any]) -> Self:
        """Find the distinct columns of a map [regulator, motif] of the regulators whose levels are read."""
        _, first, of_motif = np.unique(np.asarray(motif_map) != 0, axis=1, return_index=True, return_inverse=True)
        return cls(first, of_motif.ravel())


@dataclass(frozen=True)
class OwnLevelTerm:
    """A fitted term: the sum over motifs of weight * centred occupancy * centred level.

    Attributes
    ----------
    threshold
        Score of half occupancy, in bits [motif].
    occupancy_mean
        Mean occupancy of the training genes [motif].
    weight
        Coefficient [motif].
    level_mean
        Mean level of the training samples [level].
    columns
        Levels of the motifs.
    """

    threshold: Floats
    occupancy_mean: Floats
    weight: Floats
    level_mean: Floats
    columns: LevelColumns

    def genes(self, scores: NDArray[Any]) -> Floats:
        """Return what levels are multiplied with [gene, level], from the scores [gene, motif]."""
        effects = (occupancies(scores, self.threshold) - self.occupancy_mean) * self.weight
        return effects @ np.eye(len(self.columns.first))[self.columns.of_motif]

    def samples(self, motif_levels: NDArray[Any]) -> Floats:
        """Return the centred levels [sample, level], from the level of each motif [sample, motif]."""
        return np.asarray(motif_levels[:, self.columns.first] - self.level_mean)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the term as named arrays, for `from_arrays`."""
        return {
            "threshold": self.threshold,
            "occupancy_mean": self.occupancy_mean,
            "weight": self.weight,
            "level_mean": self.level_mean,
            "first": self.columns.first,
            "of_motif": self.columns.of_motif,
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Build the term from `arrays`."""
        return cls(
            arrays["threshold"],
            arrays["occupancy_mean"],
            arrays["weight"],
            arrays["level_mean"],
            LevelColumns(arrays["first"], arrays["of_motif"]),
        )

"""The motif scan of edited promoters: only the positions that an edit touches are scored again."""

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ..base.types import Bools, Ints
from ..features.motif_scan import UNKNOWN_BASE, reverse_complement
from ..features.pooling import Schedule, max_pool, padding, pooled_length


class Touched(NamedTuple):
    """Pooled positions that edits touch, and their new scores, in ascending order of edits and positions.

    Attributes
    ----------
    edit, position
        Number of the edit and pooled position [touched].
    scores
        Scores [touched, motif], float32.
    """

    edit: Ints
    position: Ints
    scores: NDArray[np.float32]


@dataclass(frozen=True)
class PatchedScan:
    """The scan of one promoter, from which the scans of its edits follow.

    An edited base changes the scores of as many positions as the kernels are wide, and the maxima of the pooled
    positions in which these lie. All others stay.

    Attributes
    ----------
    onehot
        The promoter [position, base], float32.
    matrices
        Kernels as matrices [width * base, motif], float32: one, or one for each strand.
    bins
        Pooled position of each position [position]; -1 where pooling drops it.
    scores
        Score of each motif at each position, the larger one of the strands [position, motif], float32.
    pooled
        Its maximum at each pooled position [pooled position, motif], float32.
    """

    onehot: NDArray[np.float32]
    matrices: tuple[NDArray[np.float32], ...]
    bins: Ints
    scores: NDArray[np.float32]
    pooled: NDArray[np.float32]

    @classmethod
    def of(cls, onehot: NDArray[Any], kernels: NDArray[Any], schedule: Schedule, *, both_strands: bool = False) -> Self:
        """Scan a promoter.

        Parameters
        ----------
        onehot
            The promoter [position, base].
        kernels
            Motifs [width, base, motif].
        schedule
            Pooling schedule.
        both_strands
            Whether a score is the larger one of the two strands.
        """
        strands = (kernels, reverse_complement(kernels)) if both_strands else (kernels,)
        matrices = tuple(
            np.ascontiguousarray(kernel.reshape(-1, kernel.shape[2]), dtype=np.float32) for kernel in strands
        )
        onehot = onehot.astype(np.float32)
        scores = _score(onehot, matrices, np.arange(len(onehot)))
        return cls(onehot, matrices, pooled_positions(schedule), scores, max_pool(scores, schedule))

    def touched(self, windows: NDArray[Any]) -> Touched:
        """Score what edits touch.

        Parameters
        ----------
        windows
            Edited promoters [edit, position, base].
        """
        edits, positions = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        scores = [np.empty((0, self.scores.shape[1]), np.float32)]
        for number, window in enumerate(windows):
            edited = window.astype(np.float32)
            rows = np.flatnonzero(_near((edited != self.onehot).any(axis=1), len(self.matrices[0]) // 4))
            hit = np.zeros(len(self.pooled) + 1, bool)
            hit[self.bins[rows]] = True
            hit[-1] = False
            members = np.flatnonzero(hit[self.bins])
            if not len(members):
                continue
            # Where the touched positions stand among all positions of their bins.
            kept = self.bins[rows] >= 0
            values = self.scores[members]
            values[np.searchsorted(members, rows[kept])] = _score(edited, self.matrices, rows[kept])
            bins = self.bins[members]
            starts = np.flatnonzero(np.diff(bins, prepend=-1))
            edits.append(np.full(len(starts), number))
            positions.append(bins[starts])
            scores.append(np.maximum.reduceat(values, starts, axis=0))
        return Touched(np.concatenate(edits), np.concatenate(positions), np.concatenate(scores))


def pooled_positions(schedule: Schedule) -> Ints:
    """Return the pooled position in which each position of the window lies [position]; -1 if pooling drops it."""
    bins, first = [], 0
    for length, factor in schedule:
        kept = length // factor
        bins.append(np.append(first + np.repeat(np.arange(kept), factor), np.full(length - kept * factor, -1)))
        first += kept
    assert first == pooled_length(schedule)
    return np.concatenate(bins).astype(np.int64)


def _near(changed: Bools, width: int) -> Bools:
    """Return the positions [position] whose score depends on a changed base; kernels are `width` bases long."""
    left, right = padding(width)
    # A kernel at position i covers the bases from i - left to i + right.
    total = np.concatenate([np.zeros(left + 1, np.int64), np.cumsum(np.pad(changed, (0, right)))])
    return np.asarray(total[width:] > total[:-width])


def _score(onehot: NDArray[np.float32], matrices: tuple[NDArray[np.float32], ...], rows: Ints) -> NDArray[np.float32]:
    """Score all motifs at some positions of a sequence [row, motif]; the larger one of the strands."""
    cells = len(matrices[0])
    padded = np.pad(onehot, (padding(cells // 4), (0, 0)), constant_values=UNKNOWN_BASE)
    windows = np.lib.stride_tricks.sliding_window_view(padded.ravel(), cells)[::4][rows]
    found = [windows @ matrix for matrix in matrices]
    return found[0] if len(found) == 1 else np.maximum(*found)

"""The pooling schedule: segments of a promoter and how far the scores of each are max-pooled."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError

Schedule = Sequence[tuple[int, int]]

SCHEDULE: tuple[tuple[int, int], ...] = ((1983, 18), (480, 6), (240, 2), (120, 1))
"""Segments of the window, upstream to downstream: (base pairs, pooling factor)."""


def pooled_length(schedule: Schedule = SCHEDULE) -> int:
    """Count the positions that are left after pooling; a segment's remainder is dropped."""
    return sum(length // factor for length, factor in schedule)


def check_schedule(schedule: Schedule, length: int) -> None:
    """Check that a pooling schedule covers a window of `length` bp and leaves positions in every segment.

    Raises
    ------
    TR300MError
        If it does not.
    """
    total = sum(segment for segment, _ in schedule)
    if total != length:
        raise TR300MError(
            f"the pooling schedule covers {total} bp, the window has {length}", "make its segments add up to the window"
        )
    for segment, factor in schedule:
        if factor < 1 or segment < factor:
            raise TR300MError(
                f"the pooling schedule cuts a segment of {segment} bp by {factor}", "use factors from 1 to the segment"
            )


def max_pool(scores: NDArray[Any], schedule: Schedule = SCHEDULE) -> NDArray[Any]:
    """Take the maximum over consecutive positions, by the factor of each segment.

    Parameters
    ----------
    scores
        Array [..., position, channel].
    schedule
        Segments (base pairs, factor) that add up to the positions.

    Returns
    -------
    ndarray
        Array [..., pooled position, channel] of the same type.
    """
    check_schedule(schedule, scores.shape[-2])
    pooled, start = [], 0
    for length, factor in schedule:
        kept = length // factor
        segment = scores[..., start : start + kept * factor, :]
        shape = (*scores.shape[:-2], kept, factor, scores.shape[-1])
        pooled.append(segment.reshape(shape).max(axis=-2))
        start += length
    return np.concatenate(pooled, axis=-2)


def padding(width: int) -> tuple[int, int]:
    """Positions to add left and right so that a kernel of `width` gives one score per base."""
    left = (width - 1) // 2
    return left, width - 1 - left

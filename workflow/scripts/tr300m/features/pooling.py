"""The pooling schedule: segments of the promoter window and their max-pooling factors."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError

Schedule = Sequence[tuple[int, int]]

SCHEDULE: tuple[tuple[int, int], ...] = ((1983, 18), (480, 6), (240, 2), (120, 1))
"""Segments of the window, upstream to downstream: (base pairs, pooling factor)."""


def pooled_length(schedule: Schedule = SCHEDULE) -> int:
    """Return the number of positions after pooling; the remainder of a segment is dropped."""
    return sum(length // factor for length, factor in schedule)


def check_schedule(schedule: Schedule, length: int) -> None:
    """Check that a pooling schedule covers a window of `length` bp, and that every segment has a pooled position.

    Raises
    ------
    TR300MError
        If it does not.
    """
    total = sum(segment for segment, _ in schedule)
    if total != length:
        raise TR300MError(
            f"the pooling schedule covers {total} bp, the window has {length}",
            "make the segments add up to the window",
        )
    for segment, factor in schedule:
        if factor < 1 or segment < factor:
            raise TR300MError(
                f"the pooling schedule pools a segment of {segment} bp by {factor}",
                "use a factor from 1 to the length of the segment",
            )


def max_pool(scores: NDArray[Any], schedule: Schedule = SCHEDULE) -> NDArray[Any]:
    """Return the maximum over consecutive positions, as many as the factor of each segment.

    Parameters
    ----------
    scores
        Scores [..., position, channel].
    schedule
        Segments (base pairs, factor) that add up to the positions.

    Returns
    -------
    ndarray
        Pooled scores [..., pooled position, channel], of the same type.
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
    """Return the numbers of positions to add left and right so that a kernel gives one score per base."""
    left = (width - 1) // 2
    return left, width - 1 - left

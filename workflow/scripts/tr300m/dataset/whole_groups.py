"""Draws of whole groups, such as chromosomes or clusters of overlapping genes, and how many to hold out."""

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.types import Ints


def held_out_count(setting: str, value: float, size: int, what: str) -> int:
    """Return how many of `size` genes, samples, donors or groups of tissues are held out.

    Parameters
    ----------
    setting
        Key of the section `split`, for the message.
    value
        A number, at least 2, or a share between 0 and 1, which is rounded to the nearest number.
    size
        How many there are.
    what
        What they are, in the plural.

    Raises
    ------
    TR300MError
        If the number is below 2, or not below `size`: one at least is for validation, test and training each.
    """
    is_share = 0 < value < 1
    count = round(value * size) if is_share else int(value)
    if not 2 <= count < size or not (is_share or count == value):
        amount = f"{count} of {size} {what} (a share of {value})" if is_share else f"{value} of {size} {what}"
        raise TR300MError(
            f"cannot hold out {amount}: at least 2, and fewer than there are",
            f"change `split: {setting}` in the config: a number, or a share between 0 and 1",
        )
    return count


def balanced_folds(groups: NDArray[np.generic], folds: int) -> Ints:
    """Deal whole groups to folds with nearly equal numbers of members.

    In order of decreasing size, each group goes to the fold with the fewest members so far.

    Parameters
    ----------
    groups
        Group of each member [member].
    folds
        Number of folds, at most the number of groups.

    Returns
    -------
    ndarray
        Fold [member], counted from 0; none is empty.
    """
    names, codes, counts = np.unique(groups, return_inverse=True, return_counts=True)
    fold_of, filled = np.empty(len(names), np.int64), np.zeros(folds, np.int64)
    for name in np.argsort(-counts, kind="stable"):
        fold_of[name] = filled.argmin()
        filled[fold_of[name]] += counts[name]
    return fold_of[codes]


def groups_that_fit(order: Ints, sizes: Ints, room: int) -> Ints:
    """Return the groups that fit into a part with `room` members, taken in `order`; `sizes` [group] are in members."""
    taken = []
    for group in order.tolist():
        if sizes[group] <= room:
            taken.append(group)
            room -= sizes[group]
    return np.array(taken, dtype=np.int64)

"""Controls: permute one input of a dataset."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from ..base.errors import TR300MError
from ..base.types import Ints
from .dinucleotide_shuffle import shuffle_bases, shuffle_onehot

if TYPE_CHECKING:
    from .dataset import Dataset
from ..config.run_table import AT_EVALUATION, SHUFFLE


def cyclic_order(count: int, seed: int) -> Ints:
    """Return a random permutation of `count` items that is a single cycle, so that no item keeps its place."""
    cycle = np.random.default_rng(seed).permutation(count)
    order = np.empty(count, np.int64)
    order[cycle] = np.roll(cycle, 1)
    return order


def permute_levels(dataset: "Dataset", seed: int) -> "Dataset":
    """Give each sample the TF levels of another sample, of any tissue."""
    order = cyclic_order(len(dataset.samples), seed)
    return replace(dataset, tf_levels=dataset.tf_levels[order], regulator_levels=dataset.regulator_levels[order])


def permute_histones(dataset: "Dataset", seed: int) -> "Dataset":
    """Give each gene the histone tracks of another gene, wide window and gene body included."""
    order = cyclic_order(len(dataset.genes), seed)
    wide = None if dataset.wide_marks is None else dataset.wide_marks[order]
    body = None if dataset.body_marks is None else dataset.body_marks[order]
    return replace(dataset, histones=dataset.histones[order], wide_marks=wide, body_marks=body)


def shuffle_sequence(dataset: "Dataset", seed: int) -> "Dataset":
    """Shuffle each promoter sequence, and by itself that of the wide window; dinucleotide counts are kept."""
    wide = None if dataset.wide_bases is None else shuffle_bases(dataset.wide_bases, seed)
    return replace(dataset, onehot=shuffle_onehot(dataset.onehot, seed), wide_bases=wide)


CONTROLS: dict[str, Callable[["Dataset", int], "Dataset"]] = {
    "permute_levels": permute_levels,
    "permute_histones": permute_histones,
    SHUFFLE: shuffle_sequence,
}
"""Controls by their name in the run table."""


def apply_control(dataset: "Dataset", control: str, seed: int) -> "Dataset":
    """Return a dataset with one input permuted, which is copied into memory (histones at full size: 4.7 GB).

    Parameters
    ----------
    dataset
        Dataset; it is not changed.
    control
        ``none``, or one of `CONTROLS`, with or without `AT_EVALUATION`.
    seed
        Seed of the permutation.

    Raises
    ------
    TR300MError
        If the control is unknown.
    """
    if control == "none":
        return dataset
    name = control.removesuffix(AT_EVALUATION)
    if name not in CONTROLS:
        raise TR300MError(f"control {control!r} is not known", f"write none or one of {', '.join(CONTROLS)}")
    return CONTROLS[name](dataset, seed)

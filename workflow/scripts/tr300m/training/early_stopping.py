"""Early stopping: training genes set aside, the loss on them, and the weights that were best there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base.types import Ints

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset
    from ..dataset.splits import Split

INNER_PREFIX = "inner_"
"""Prefix of the column of history.tsv with the loss on the inner part."""
INNER_LOSS = f"{INNER_PREFIX}loss"
_STOPPING_FOLD = 0
_BEST, _TRAINED = "best.", "trained."

_Arrays = dict[str, NDArray[Any]]


def set_aside(dataset: "Dataset", split: "Split") -> tuple["Split", Ints]:
    """Take the first inner fold of the training genes out of the training.

    Returns
    -------
    split
        The split with these genes among those of the test part, so that no pair of them is trained on. Its test part is
        for nothing else.
    genes
        Their indices.

    Raises
    ------
    TR300MError
        If the training genes cannot be divided (`Split.inner`).
    """
    train, _ = split.training_axes(len(dataset.genes), len(dataset.samples))
    genes = train[split.inner(dataset.genes) == _STOPPING_FOLD]
    return replace(split, test_genes=np.concatenate([split.test_genes, genes])), genes


def inner_pairs(genes: Ints, samples: Ints, count: int, seed: int) -> Ints:
    """Draw pairs [pair, 2] of inner genes and training samples, the same for every row of the history.

    There are `count`, or one a gene if that is more: each gene occurs equally often, or once more.
    """
    chance = np.random.default_rng(seed)
    chosen = np.resize(chance.permutation(genes), max(count, len(genes)))
    return np.stack([chosen, chance.choice(samples, len(chosen))], axis=1)


@dataclass
class BestWeights:
    """The trained weights of the epoch with the lowest loss on the inner part, and whether to go on.

    How many epochs have passed since then follows from the history, so that a checkpoint needs no count of its own.

    Parameters
    ----------
    patience
        Epochs without a lower loss after which the training stops; 0 never stops and keeps the last weights.
    arrays
        The weights, by their name in the state of a stepper; empty before the first epoch.
    """

    patience: int
    arrays: _Arrays

    def stops(self, rows: Sequence[Mapping[str, float]]) -> bool:
        """Return whether the training has to stop after some epochs."""
        return self.patience > 0 and len(rows) - best_epoch(rows) >= self.patience

    def update(self, rows: Sequence[Mapping[str, float]], state: Mapping[str, NDArray[Any]]) -> None:
        """Keep the weights of a stepper's state after the last epoch, if that is the best."""
        if self.patience and best_epoch(rows) == len(rows):
            self.arrays = {name: value for name, value in state.items() if name.startswith(_TRAINED)}

    def stored(self) -> _Arrays:
        """Return the weights by their names in a checkpoint."""
        return {_BEST + name: value for name, value in self.arrays.items()}

    def take_from(self, arrays: _Arrays) -> _Arrays:
        """Take the weights from the arrays of a checkpoint; return the others."""
        self.arrays = {name.removeprefix(_BEST): value for name, value in arrays.items() if name.startswith(_BEST)}
        return {name: value for name, value in arrays.items() if not name.startswith(_BEST)}


def best_epoch(rows: Sequence[Mapping[str, float]]) -> int:
    """Return the epoch with the lowest loss on the inner part, counted from 1, the first of several; 0 without rows."""
    return int(np.argmin([row[INNER_LOSS] for row in rows])) + 1 if rows else 0

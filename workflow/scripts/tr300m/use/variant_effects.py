"""What edits of a promoter do to its expression, by all runs of a predictor together."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..base.types import Floats
from .fold_changes import fold_change, over_runs
from .model import SequenceModel

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset

CHANGES_PER_BLOCK = 256
_OTHER_BASES = 3


class Effects(NamedTuple):
    """Effects of edits, averages over runs, each [edit, context].

    Attributes
    ----------
    ref_mean, alt_mean, ref_median, alt_median
        Mean and median of the predicted distribution before and after the edit, TPM.
    log2fc, log2fc_sd, agree
        log2((alt_mean + 1) / (ref_mean + 1)) of each run, over runs (`fold_changes.over_runs`).
    """

    ref_mean: Floats
    alt_mean: Floats
    ref_median: Floats
    alt_median: Floats
    log2fc: Floats
    log2fc_sd: Floats
    agree: Floats

    def turned(self) -> "Effects":
        """Return the effects of the way back."""
        return self._replace(
            ref_mean=self.alt_mean,
            alt_mean=self.ref_mean,
            ref_median=self.alt_median,
            alt_median=self.ref_median,
            # Not -0.
            log2fc=0 - self.log2fc,
        )


class RunsAtPromoter:
    """All runs at one promoter of a query, in its contexts."""

    def __init__(self, models: Sequence[SequenceModel], query: "Dataset", row: int) -> None:
        self.native: NDArray[Any] = np.asarray(query.onehot[row])
        self._runs = [_RunAtPromoter(model, query, row) for model in models]

    def effects(self, windows: NDArray[Any]) -> Effects:
        """Return the effects of edited promoters [edit, position, base]."""
        ref_mean, ref_median = (np.stack(found) for found in zip(*(run.native for run in self._runs), strict=True))
        mean, median = (np.stack(found) for found in zip(*(run.tpm(windows) for run in self._runs), strict=True))
        change = over_runs(list(fold_change(ref_mean[:, None], mean)))
        return Effects(
            np.broadcast_to(ref_mean.mean(axis=0), change.mean.shape),
            mean.mean(axis=0),
            np.broadcast_to(ref_median.mean(axis=0), change.mean.shape),
            median.mean(axis=0),
            *change,
        )

    def single_base_effects(self) -> Iterator[Floats]:
        """Yield `log2fc` of all changes of one known base into another, in blocks [change, context]."""
        for windows in _single_base_changes(self.native):
            yield self.effects(windows).log2fc


class _RunAtPromoter:
    """One run: mean and median of the promoter (`native`, each [context]) and of its edits, TPM."""

    def __init__(self, model: SequenceModel, query: "Dataset", row: int) -> None:
        self._model, self._scorer = model, model.at(query, row)
        self._raw = self._scorer(np.asarray(query.onehot[row])[None])
        self.native: tuple[Floats, Floats] = model.mean(self._raw)[0], model.median(self._raw)[0]

    def tpm(self, windows: NDArray[Any]) -> tuple[Floats, Floats]:
        """Return mean and median of edited promoters, each [edit, context]."""
        raw = self._scorer(windows)
        # The last bit of a mean may depend on how many are computed at once.
        same = (raw == self._raw).all(axis=2)
        mean, median = self.native
        return np.where(same, mean, self._model.mean(raw)), np.where(same, median, self._model.median(raw))


def single_base_blocks(length: int) -> int:
    """Return the number of blocks of `RunsAtPromoter.single_base_effects` for a window of so many known bases."""
    return -(-length * _OTHER_BASES // CHANGES_PER_BLOCK)


def percentiles(log2fc: Floats, of_changes: Floats) -> Floats:
    """Return the share of changes with a smaller absolute effect, in percent [edit, context].

    Parameters
    ----------
    log2fc
        Effects of edits [edit, context].
    of_changes
        Effects of all single-base changes of the promoter [change, context].
    """
    ordered = np.sort(np.abs(of_changes), axis=0)
    below = [np.searchsorted(column, np.abs(found)) for column, found in zip(ordered.T, log2fc.T, strict=True)]
    return np.stack(below, axis=1) * (100 / len(ordered))


def _single_base_changes(native: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Yield all windows in which one known base is another, in blocks [change, position, base]."""
    positions = np.flatnonzero((native == 1).any(axis=1))
    old = native[positions].argmax(axis=1)
    places = np.repeat(positions, _OTHER_BASES)
    bases = (old[:, None] + np.arange(1, _OTHER_BASES + 1)).ravel() % native.shape[1]
    for start in range(0, len(places), CHANGES_PER_BLOCK):
        block = slice(start, start + CHANGES_PER_BLOCK)
        windows = np.repeat(native[None], len(places[block]), axis=0)
        windows[np.arange(len(windows)), places[block]] = np.eye(native.shape[1])[bases[block]]
        yield windows

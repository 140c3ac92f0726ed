"""Log2 fold changes of the predicted mean TPM, and their average over runs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..base.types import Floats

if TYPE_CHECKING:
    from .model import PromoterScorer, SequenceModel


class OverRuns(NamedTuple):
    """A change, averaged over runs; all fields have the same shape [...].

    Attributes
    ----------
    mean
        Average over runs.
    sd
        Standard deviation between runs, as of a sample of runs; NaN for one run.
    agree
        Share of the runs whose change has the sign of the average; NaN for one run.
    """

    mean: Floats
    sd: Floats
    agree: Floats


def fold_change(before: NDArray[Any], after: NDArray[Any]) -> Floats:
    """Return log2((after + 1) / (before + 1)) of TPM; both may be 0."""
    return np.asarray(np.log2((after + 1) / (before + 1)), np.float64)


def edit_changes(model: "SequenceModel", scorer: "PromoterScorer", windows: NDArray[Any], native: Floats) -> Floats:
    """Return the log2 fold change of the predicted mean [window, context] of edited promoters.

    Parameters
    ----------
    model, scorer
        A model, and itself at the promoter.
    windows
        Edited promoters [window, position, base].
    native
        Predicted mean of the promoter itself [context] (TPM).
    """
    return fold_change(native, model.mean(scorer(windows)))


def over_runs(changes: Sequence[Floats]) -> OverRuns:
    """Average changes [...] of several runs."""
    stacked = np.stack(changes)
    mean = stacked.mean(axis=0)
    if len(stacked) == 1:
        none = np.full(mean.shape, np.nan)
        return OverRuns(mean, none, none)
    return OverRuns(mean, stacked.std(axis=0, ddof=1), (np.sign(stacked) == np.sign(mean)).mean(axis=0))

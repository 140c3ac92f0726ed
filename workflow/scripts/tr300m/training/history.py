"""Training curves: the rows of history.tsv, and the pairs behind each."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.types import Ints
from ..model.likelihood.distributions import Likelihood
from ..model.likelihood.loss import pair_nll

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset
    from ..dataset.splits import Split

Score = Callable[[NDArray[np.float64], NDArray[np.float64]], Mapping[str, float]]
"""From true and predicted TPM [pair] to named figures."""

CURVES = ("pearson", "log_pearson", "accuracy")
VALIDATION = "val_"
"""Prefix of the history's columns on validation pairs; those on training pairs have none."""
HISTORY_COLUMNS = (
    *("epoch", "step", "seconds", "loss", *CURVES),
    *(f"{VALIDATION}{figure}" for figure in ("loss", *CURVES)),
    *("learning_rate", "pairs_per_second"),
)
"""Of history.tsv. `seconds` counts from the start of training; `loss` is the mean of the epoch's steps, dropout on."""


def curve_pairs(dataset: "Dataset", split: "Split", count: int, seed: int) -> dict[str, Ints]:
    """Choose the training (prefix '') and validation pairs of the curves, the same for every row.

    Training pairs share as many genes as the validation part has: both are then means over as many promoters.

    Raises
    ------
    TR300MError
        If the split validates on no pair.
    """
    validation = split.pairs("validation")
    if len(validation) == 0:
        raise TR300MError("the split's validation part holds no pair", "hold out at least one gene and one sample")
    chance = np.random.default_rng(seed)
    count = min(count, len(validation))
    genes, samples = split.training_axes(len(dataset.genes), len(dataset.samples))
    genes = chance.permutation(genes)[: len(split.validation_genes)]
    training = np.stack([chance.choice(genes, count), chance.choice(samples, count)], axis=1)
    return {"": training, VALIDATION: validation[np.sort(chance.choice(len(validation), count, replace=False))]}


def curve_figures(
    pairs: Mapping[str, Ints],
    predict: Callable[[Ints], NDArray[np.float32]],
    expression: NDArray[Any],
    likelihood: Likelihood,
    score: Score,
) -> dict[str, float]:
    """Return the figures of a history row that predictions give, by column.

    Parameters
    ----------
    pairs
        From `curve_pairs`.
    predict
        Raw outputs [pair, n_outputs] of pairs [pair, 2], nothing dropped.
    expression
        TPM [gene, sample].
    likelihood
        Gives medians and the validation loss.
    score
        Figures of medians; must give those of `CURVES`.
    """
    row: dict[str, float] = {}
    for prefix, chosen in pairs.items():
        raw = predict(chosen)
        observed = expression[chosen[:, 0], chosen[:, 1]]
        figures = score(observed.astype(np.float64), likelihood.median(raw))
        row |= {prefix + figure: float(figures[figure]) for figure in CURVES}
        if prefix == VALIDATION:
            row[f"{VALIDATION}loss"] = float(pair_nll(likelihood, observed, raw).mean())
    return row

"""Training curves: the rows of history.tsv, and the pairs that they are computed on."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.types import Ints
from ..metrics.point import accuracy, log_pearson, pearson
from ..model.likelihood.distributions import Likelihood
from ..model.likelihood.loss import pair_nll
from .early_stopping import INNER_LOSS, INNER_PREFIX

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset
    from ..dataset.splits import Split

CURVES = ("pearson", "log_pearson", "accuracy")
VALIDATION_PREFIX = "val_"
"""Prefix of the columns computed on validation pairs; those on training pairs have no prefix."""
HISTORY_COLUMNS = (
    *("epoch", "step", "seconds", "loss", *CURVES),
    *(f"{VALIDATION_PREFIX}{figure}" for figure in ("loss", *CURVES)),
    *("learning_rate", "pairs_per_second"),
)
"""Columns of history.tsv. `seconds` counts from the start of training; `loss` is the epoch's mean, with dropout.

With early stopping there is also `INNER_LOSS`.
"""


def history_columns(early_stopping: int) -> tuple[str, ...]:
    """Return the columns of history.tsv of a run."""
    return (*HISTORY_COLUMNS, INNER_LOSS) if early_stopping else HISTORY_COLUMNS


def curve_pairs(dataset: "Dataset", split: "Split", count: int, seed: int) -> dict[str, Ints]:
    """Choose the training pairs (key ``""``) and validation pairs of the curves, the same for every row.

    The training pairs have as many genes as the validation part, so that both curves average over as many promoters.

    Raises
    ------
    TR300MError
        If the split has no validation pair.
    """
    validation = split.pairs("validation")
    if len(validation) == 0:
        raise TR300MError("the validation part of the split has no pair", "hold out at least one gene and one sample")
    chance = np.random.default_rng(seed)
    count = min(count, len(validation))
    genes, samples = split.training_axes(len(dataset.genes), len(dataset.samples))
    genes = chance.permutation(genes)[: len(split.validation_genes)]
    training = np.stack([chance.choice(genes, count), chance.choice(samples, count)], axis=1)
    return {"": training, VALIDATION_PREFIX: validation[np.sort(chance.choice(len(validation), count, replace=False))]}


def curve_figures(
    pairs: Mapping[str, Ints],
    predict: Callable[[Ints], NDArray[np.float32]],
    expression: NDArray[Any],
    likelihood: Likelihood,
    expression_median: float,
) -> dict[str, float]:
    """Return the columns of a history row that are computed from predictions.

    Parameters
    ----------
    pairs
        Pairs of the curves, from `curve_pairs`, and those of the inner part by `INNER_PREFIX`, for its loss alone.
    predict
        Function that returns raw outputs [pair, n_outputs] of pairs [pair, 2], without dropout.
    expression
        Observed TPM [gene, sample].
    likelihood
        Output distribution, for medians and the validation loss.
    expression_median
        Median TPM of the dataset, for the accuracy.
    """
    row: dict[str, float] = {}
    for prefix, chosen in pairs.items():
        raw = predict(chosen)
        observed = expression[chosen[:, 0], chosen[:, 1]]
        if prefix:
            row[f"{prefix}loss"] = float(pair_nll(likelihood, observed, raw).mean())
        if prefix == INNER_PREFIX:
            continue
        median = likelihood.median(raw)
        row[f"{prefix}pearson"] = pearson(observed, median)
        row[f"{prefix}log_pearson"] = log_pearson(observed, median)
        row[f"{prefix}accuracy"] = accuracy(observed, median, expression_median)
    return row

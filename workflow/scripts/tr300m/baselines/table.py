"""The baselines by name: predictions without a neural network, on the same split and pairs."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.types import Floats, Ints
from ..config.baseline_table import BASELINES
from .data import Data
from .linear import linear, ridge
from .medians import gene_tissue_mean, global_median, sample_median
from .trees import TREE_FEATURES, trees

PREDICTIONS: dict[str, Callable[[Data, Ints], Floats]] = {
    "global_median": global_median,
    "sample_median": sample_median,
    "cpg_gc": linear("composition"),
    "kmer_ridge": ridge("kmers"),
    "motif_ridge": ridge("motif_maxima"),
    "histone_linear": ridge("histone_means"),
    "trees": trees(*TREE_FEATURES),
    "wide_ridge": ridge("wide_marks", "composition"),
    "wide_trees": trees(("wide_marks", "composition")),
    "gene_tissue_mean": gene_tissue_mean,
}
"""Function of each baseline that predicts TPM [pair] of pairs [pair, 2]; labels are in `config.baseline_table`."""

BASELINES_NOTE = (
    "Baselines are fitted on the training genes and samples of the split; on the split `thesis` the pairs are those of "
    "Table 1. The sample median reads the training genes of the same sample. The gene's own training mean reads the "
    "expression of held-out genes in training samples, which no model reads; it is not an upper bound, because it does "
    "not distinguish the samples of a tissue. Where all samples train, it contains the observed values. A prediction "
    "equal to the dataset median counts as correct on both sides, so the accuracy of a constant at the median is not "
    "informative. Baselines predict numbers and not distributions, so their NLL is undefined."
)


def predict_baseline(data: Data, name: str, pairs: Ints) -> dict[str, NDArray[Any]]:
    """Predict pairs with a baseline.

    Parameters
    ----------
    data
        Data that the baseline reads.
    name
        Name of the baseline, a key of `PREDICTIONS`.
    pairs
        Gene and sample indices [pair, 2].

    Returns
    -------
    dict
        `gene` and `sample` (int64 indices), `observed` (float32, TPM) and `median` (float64, TPM), each [pair].
    """
    observed = np.asarray(data.expression[pairs[:, 0], pairs[:, 1]], dtype=np.float32)
    return {
        "gene": pairs[:, 0],
        "sample": pairs[:, 1],
        "observed": observed,
        "median": PREDICTIONS[name](data, pairs),
    }


def best_baseline(metrics: Mapping[str, Mapping[str, float]], key: str = "log_pearson") -> str | None:
    """Return the name of the baseline with the highest metric among those that do not read the genes' own expression.

    Parameters
    ----------
    metrics
        Metrics by name of the baseline (fractions, NaN if undefined).
    key
        Metric to compare.

    Returns
    -------
    str or None
        None if no such baseline has that metric. If it is chosen on the same pairs that it is then compared on, its
        score is biased upwards, and the difference of a network to it is biased downwards.
    """
    scores = {name: row[key] for name, row in metrics.items() if not BASELINES[name].own_expression}
    defined = {name: score for name, score in scores.items() if not np.isnan(score)}
    return max(defined, key=lambda name: defined[name], default=None)

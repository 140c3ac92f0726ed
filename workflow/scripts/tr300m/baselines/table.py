"""The baselines by name: how well one predicts without a neural network, on the same split and pairs."""

from collections.abc import Callable, Mapping

import numpy as np

from ..base.types import Floats, Ints
from ..config.baseline_table import BASELINES
from .data import Data
from .linear import linear, ridge
from .medians import gene_tissue_mean, global_median, sample_median
from .trees import trees

PREDICTIONS: dict[str, Callable[[Data, Ints], Floats]] = {
    "global_median": global_median,
    "sample_median": sample_median,
    "cpg_gc": linear("composition"),
    "kmer_ridge": ridge("kmers"),
    "motif_ridge": ridge("motif_maxima"),
    "histone_linear": linear("histone_means"),
    "trees": trees,
    "gene_tissue_mean": gene_tissue_mean,
}
"""What each baseline predicts for pairs [pair, 2]: TPM [pair]; `config.baseline_table` holds labels and features."""

BASELINES_NOTE = (
    "Fitted on the split's training genes and samples; on the split `thesis` the pairs are those of Table 1. The "
    "sample median reads the sample's own training genes. The gene's own training mean reads the held-out genes' "
    "expression in training samples, which no model is given; it is no upper bound, because it does not tell the "
    "samples of a tissue apart. A prediction that equals the dataset median counts as right on both sides, so that "
    "the accuracy of a constant at the median says nothing. Baselines predict numbers, not distributions: their NLL "
    "is undefined."
)


def best_baseline(metrics: Mapping[str, Mapping[str, float]], key: str = "log_pearson") -> str | None:
    """Return the name of the baseline with the highest metric, among those that do not read the genes' own expression.

    Parameters
    ----------
    metrics
        Metrics (fractions, NaN where undefined) by name of the baseline.
    key
        Which of them decides.

    Returns
    -------
    str or None
        None where no such baseline has that metric. Chosen on the pairs that it is then compared on, the best of
        several scores too high by chance: a network's difference to it is too low rather than too high.
    """
    scores = {name: row[key] for name, row in metrics.items() if not BASELINES[name].own_expression}
    defined = {name: score for name, score in scores.items() if not np.isnan(score)}
    return max(defined, key=lambda name: defined[name], default=None)

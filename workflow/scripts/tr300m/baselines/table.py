"""The table of baselines: how well one predicts without a neural network, on the same split and pairs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from .data import Data, Floats, Ints
from .linear import linear, ridge
from .medians import gene_tissue_mean, global_median, sample_median
from .trees import TREE_FEATURES, trees


@dataclass(frozen=True)
class Baseline:
    """A baseline: label in tables, names of its features (`features.FEATURES`), its prediction of pairs [pair, 2].

    `own_expression` says that it reads the expression of the genes it predicts, in training samples. No model does, so
    that it is never the best baseline.
    """

    label: str
    features: tuple[str, ...]
    predict: Callable[[Data, Ints], Floats]
    own_expression: bool = False


BASELINES: dict[str, Baseline] = {
    "global_median": Baseline("Global median", (), global_median),
    "sample_median": Baseline("Sample median", (), sample_median),
    "cpg_gc": Baseline("CpG and GC, linear", ("composition",), linear("composition")),
    "kmer_ridge": Baseline("6-mers, ridge", ("kmers",), ridge("kmers")),
    "motif_ridge": Baseline("Motif maxima, ridge", ("motif_maxima",), ridge("motif_maxima")),
    "histone_linear": Baseline("Histone means, linear", ("histone_means",), linear("histone_means")),
    "trees": Baseline("Motifs, histones, CpG and GC, boosted trees", TREE_FEATURES[-1], trees),
    "gene_tissue_mean": Baseline(
        "The gene's own training mean in the tissue", (), gene_tissue_mean, own_expression=True
    ),
}

NOTE = (
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

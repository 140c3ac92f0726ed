"""Baselines: how far one gets without a neural network, on the same split and pairs.

Each predicts TPM of any pairs from the training genes and samples of a split. Those that read features of genes are
fitted to the mean of log(1 + TPM) over each tissue's training samples, so that all samples of a tissue get the same
prediction.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .errors import TR300MError

if TYPE_CHECKING:
    from .dataset import Dataset
    from .splits import Split

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GENES_PER_BLOCK = 512
RIDGE_PENALTIES = tuple(10.0**power for power in range(-1, 7))
TREE_FEATURES = (("histone_means", "composition"), ("histone_means", "composition", "motif_maxima"))
INNER_FOLDS = 4
TREE_COMPONENTS = 10
# Rounds end when a fifth of the genes that are fitted to, set apart, no longer gains.
TREE_SETTINGS = {
    "max_iter": 500,
    "learning_rate": 0.05,
    "max_leaf_nodes": 8,
    "max_features": 0.3,
    "early_stopping": True,
    "validation_fraction": 0.2,
    "n_iter_no_change": 20,
}


@dataclass(frozen=True)
class Data:
    """What a baseline may read.

    Attributes
    ----------
    expression
        TPM [gene, sample].
    tf_levels
        Summed TPM of each motif's regulators [sample, motif].
    tissue
        Tissue of each sample, as a number [sample].
    train_genes, train_samples
        Indices of the genes and samples that no part holds out.
    features
        By name [gene, feature], those that the baseline asks for.
    seed
        Of the trees.
    """

    expression: NDArray[np.float32]
    tf_levels: NDArray[np.float32]
    tissue: Ints
    train_genes: Ints
    train_samples: Ints
    features: Mapping[str, NDArray[np.float32]]
    seed: int = 0

    @classmethod
    def of(
        cls, dataset: "Dataset", split: "Split", features: Mapping[str, NDArray[np.float32]], seed: int = 0
    ) -> "Data":
        """Take a dataset's arrays and a split's training genes and samples.

        Raises
        ------
        TR300MError
            If the split leaves no gene or no sample.
        """
        genes, samples = split.training_axes(len(dataset.genes), len(dataset.samples))
        if not len(genes) or not len(samples):
            raise TR300MError("the split leaves no gene or no sample to fit a baseline on", "hold out fewer")
        tissue = np.asarray(dataset.tissue).argmax(axis=1)
        return cls(dataset.expression, dataset.tf_levels, tissue, genes, samples, features, seed)


def tissue_means(data: Data) -> Floats:
    """Return the mean log(1 + TPM) over the training samples of each tissue [gene, tissue].

    A tissue without training samples gets the mean over all of them.
    """
    n_tissues = int(data.tissue.max()) + 1
    member = np.zeros((len(data.tissue), n_tissues))
    member[data.train_samples, data.tissue[data.train_samples]] = 1
    member[np.ix_(data.train_samples, np.flatnonzero(member.sum(axis=0) == 0))] = 1
    member /= member.sum(axis=0)
    means = np.empty((len(data.expression), n_tissues))
    for start in range(0, len(means), GENES_PER_BLOCK):
        block = slice(start, start + GENES_PER_BLOCK)
        means[block] = np.log1p(data.expression[block].astype(np.float64)) @ member
    return means


def global_median(data: Data, pairs: Ints) -> Floats:
    """Predict the median TPM of the training genes in at most 1,000 of the training samples, evenly spaced."""
    columns = data.train_samples[:: -(-len(data.train_samples) // 1000)]
    return np.full(len(pairs), np.median(np.asarray(data.expression[:, columns])[data.train_genes]), dtype=np.float64)


def sample_median(data: Data, pairs: Ints) -> Floats:
    """Predict the median TPM of the training genes in the sample itself."""
    samples, code = np.unique(pairs[:, 1], return_inverse=True)
    medians = np.median(np.asarray(data.expression[:, samples])[data.train_genes], axis=0)
    return np.asarray(medians[code], dtype=np.float64)


def gene_tissue_mean(data: Data, pairs: Ints) -> Floats:
    """Predict the gene's own mean of log(1 + TPM) over the tissue's training samples.

    It reads the expression of held-out genes, which no model is given. It is no upper bound: it says nothing of how the
    samples of a tissue differ.
    """
    return np.expm1(tissue_means(data)[pairs[:, 0], data.tissue[pairs[:, 1]]])


def linear(name: str) -> Callable[[Data, Ints], Floats]:
    """Return a baseline: least squares on the features called `name`, one fit a tissue."""

    def predict(data: Data, pairs: Ints) -> Floats:
        from sklearn.linear_model import LinearRegression

        return _by_tissue(LinearRegression(), data, (name,), pairs)

    return predict


def ridge(name: str) -> Callable[[Data, Ints], Floats]:
    """Return a baseline: ridge regression on standardised features, its penalty found by leaving out one gene."""

    def predict(data: Data, pairs: Ints) -> Floats:
        from sklearn.linear_model import RidgeCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        return _by_tissue(make_pipeline(StandardScaler(), RidgeCV(RIDGE_PENALTIES)), data, (name,), pairs)

    return predict


def _by_tissue(model: Any, data: Data, names: Sequence[str], pairs: Ints) -> Floats:
    """Fit all tissues' means on gene features, by name, and return the TPM predicted for pairs [pair]."""
    x = _joined(data, names)
    model.fit(x[data.train_genes], tissue_means(data)[data.train_genes])
    genes, code = np.unique(pairs[:, 0], return_inverse=True)
    predicted = np.asarray(model.predict(x[genes])).reshape(len(genes), -1)
    return np.expm1(np.maximum(predicted[code, data.tissue[pairs[:, 1]]], 0))


def _joined(data: Data, names: Sequence[str]) -> Floats:
    """Return features of genes, by name, side by side [gene, feature]."""
    return np.concatenate([data.features[name] for name in names], axis=1, dtype=np.float64)


def trees(data: Data, pairs: Ints) -> Floats:
    """Predict by gradient-boosted trees, fitted to the means of each tissue over all training genes.

    Of `TREE_FEATURES`, those are read that predict every fourth training gene best after a fit to the others: with few
    genes a thousand motifs do harm.
    """
    means = tissue_means(data)
    inner = np.arange(len(data.train_genes)) % INNER_FOLDS == 0
    fitted, scored = data.train_genes[~inner], data.train_genes[inner]

    def inner_error(names: Sequence[str]) -> float:
        x = _joined(data, names)
        model = _BoostedTrees(data.seed).fit(x[fitted], means[fitted])
        return float(np.mean(np.square(model.predict(x[scored]) - means[scored])))

    return _by_tissue(_BoostedTrees(data.seed), data, min(TREE_FEATURES, key=inner_error), pairs)


class _BoostedTrees:
    """Boosted trees for each of the first `TREE_COMPONENTS` principal components of targets [gene, tissue].

    Tissues resemble one another, so that ten components hold nearly all of their means: fewer fits than tissues.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def fit(self, x: Floats, y: Floats) -> "_BoostedTrees":
        """Fit to features [gene, feature] and targets [gene, tissue]."""
        from sklearn.ensemble import HistGradientBoostingRegressor

        self.mean = y.mean(axis=0)
        self.axes = np.linalg.svd(y - self.mean, full_matrices=False)[2][:TREE_COMPONENTS]
        self.models = [
            HistGradientBoostingRegressor(**TREE_SETTINGS, random_state=self.seed).fit(x, scores)
            for scores in self.axes @ (y - self.mean).T
        ]
        return self

    def predict(self, x: Floats) -> Floats:
        """Predict from features [gene, feature]: targets [gene, tissue]."""
        return np.stack([model.predict(x) for model in self.models], axis=1) @ self.axes + self.mean


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

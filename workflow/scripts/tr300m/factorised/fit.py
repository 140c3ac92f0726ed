"""Fit a factorised model to the training pairs of a split."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base.array_files import release_pages
from ..base.errors import TR300MError
from ..base.progress import log
from ..base.types import Floats, Ints
from ..config.factorised_models import FACTORISED
from ..dataset.splits import INNER_FOLDS
from ..dataset.whole_groups import balanced_folds
from ..model.likelihood.zero_lognormal_mixture import ZeroLognormalMixture
from .boosted import TREE_BLOCKS, GeneTrees, tree_features
from .closed_form import ClosedForm, TrainingPairs
from .feature_map import FeatureMap
from .model import FactorisedModel
from .own_level_sums import OwnInputs
from .own_levels import MOTIFS, LevelColumns
from .products import Products
from .sample_features import SAMPLE_WEIGHTS, readable_regulators, sample_blocks
from .spread import Spread
from .tower_fit import STOPPING_FOLD, TrainTowers, fit_towers
from .two_sided_ridge import gene_targets

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset
    from ..dataset.splits import Split

GENE_WEIGHTS = {
    "smooth_marks": 1.0,
    "histone_means": 1.0,
    "body_marks": 0.4,
    "wide_composition": 0.1,
    "composition": 0.1,
    "wide_kmers": 0.3,
    "kmers": 0.1,
    "motif_maxima": 0.05,
    "motif_segments": 0.05,
}
"""Weight of each block of gene features (see `FeatureMap`), chosen on inner folds of real genes."""
GAUSSIAN_WEIGHT = 3.0
LANDMARKS = 500
SPREAD_PAIRS = 30_000


def fit(
    dataset: "Dataset",
    split: "Split",
    features: Mapping[str, NDArray[Any]],
    *,
    model: str,
    likelihood: ZeroLognormalMixture,
    seed: int,
    train_towers: TrainTowers | None = None,
) -> FactorisedModel:
    """Fit a factorised model; penalties, weights and the distribution are chosen on inner folds of the training pairs.

    Parameters
    ----------
    dataset, split
        Dataset, and the split whose training pairs are read.
    features
        Gene features [gene, feature] of all genes, by name (`config.factorised_models.gene_blocks`).
    model
        Key of `config.factorised_models.FACTORISED`.
    likelihood
        Output distribution.
    seed
        Seed of landmarks, trees, towers and the pairs that the distribution is fitted to.
    train_towers
        `training.tower_training.train_towers`, for models with towers; it is given, because this package does without
        Keras.

    Raises
    ------
    TR300MError
        If the model or a gene feature is unknown, there is none that the model reads, or the split leaves too few
        training genes or samples.
    """
    if model not in FACTORISED:
        raise TR300MError(f"unknown factorised model {model!r}", f"known are {', '.join(FACTORISED)}")
    if unknown := sorted(features.keys() - GENE_WEIGHTS.keys()):
        raise TR300MError(
            f"factorised models do not read the gene features {', '.join(unknown)}",
            f"known are {', '.join(GENE_WEIGHTS)}",
        )
    if not features or (FACTORISED[model].trees and not features.keys() & set(TREE_BLOCKS)):
        wanted = TREE_BLOCKS if FACTORISED[model].trees else GENE_WEIGHTS
        raise TR300MError(f"{model} is given no gene features that it reads", f"give some of {', '.join(wanted)}")
    if FACTORISED[model].towers and train_towers is None:
        raise TR300MError(
            f"{model} needs a function that trains its towers", "give training.tower_training.train_towers"
        )
    genes, samples = split.training_axes(len(dataset.genes), len(dataset.samples))
    if len(genes) < 2 or not len(samples):
        raise TR300MError(
            f"split {split.name} leaves {len(genes)} training genes and {len(samples)} training samples: "
            "at least 2 and 1 are needed",
            "hold out fewer",
        )
    gene_fold, sample_fold = split.inner(dataset.genes), inner_samples(dataset, split, samples)
    gene_map = FeatureMap.fit(
        features, genes, GENE_WEIGHTS, landmarks=LANDMARKS, gaussian_weight=GAUSSIAN_WEIGHT, seed=seed
    )
    readable = readable_regulators(dataset, split)
    blocks = sample_blocks(dataset, readable)
    sample_map = FeatureMap.fit(blocks, samples, SAMPLE_WEIGHTS)
    x, z = gene_map(features, genes), sample_map(blocks, samples)
    log(
        f"{model}: {len(genes):,} genes x {len(samples):,} samples = {len(genes) * len(samples):,} pairs, "
        f"{x.shape[1]:,} gene features, {z.shape[1]:,} sample features"
    )
    columns = LevelColumns.of(dataset.motif_map[readable])
    # Without scores of motifs there is nothing to multiply their levels with.
    first = columns.first if MOTIFS in features else columns.first[:0]
    levels = np.take(np.take(blocks["motif_levels"], samples, axis=0), first, axis=1).astype(np.float64)
    level_mean = levels.mean(axis=0)
    levels -= level_mean
    sums, level_sums = Products.of(
        dataset.expression, genes, samples, np.concatenate([z, levels], axis=1), gene_fold, sample_fold
    ).split(z.shape[1])
    scores = np.take(features[MOTIFS], genes, axis=0) if MOTIFS in features else np.empty((len(genes), 0))
    inputs = OwnInputs(scores, levels, level_mean, columns, level_sums, gene_fold, sample_fold)
    pairs = TrainingPairs(x, z, gene_fold, sample_fold, sums)
    closed = ClosedForm.fit(pairs, inputs, model)
    trees, correction = None, np.zeros((len(genes), 1 + z.shape[1]))
    if FACTORISED[model].trees:
        trees, correction = _trees(closed, pairs, tree_features(features, genes), seed)
    towers = None
    if train_towers is not None and FACTORISED[model].towers:
        towers = fit_towers(
            dataset.expression, genes, samples, x, z, closed.penalties, gene_fold, sample_fold,
            dataset.genes.cluster[genes], gene_map.linear_columns, train_towers, seed,
            closed.interactions(STOPPING_FOLD),
        )  # fmt: skip
    folds = (STOPPING_FOLD,) if trees or towers else range(len(closed.inner))
    sample_side, rng = closed.coefficients.samples(z)[:, 1:], np.random.default_rng(seed)
    means, observed = [], []
    for fold in folds:
        drawn = pairs.drawn(rng, fold, SPREAD_PAIRS // len(folds))
        added = correction[drawn[:, 0]]
        log_mean = closed.of_fold(fold, pairs, drawn)
        log_mean += added[:, 0] + np.einsum("ij,ij->i", added[:, 1:], sample_side[drawn[:, 1]])
        if towers:
            log_mean += towers[1].pairs(x, z, drawn)
        means.append(np.clip(log_mean, 0.0, sums.largest))
        observed.append(np.asarray(dataset.expression[genes[drawn[:, 0]], samples[drawn[:, 1]]], dtype=np.float64))
        release_pages(dataset.expression)
    spread = Spread.fit(likelihood, np.concatenate(means), np.concatenate(observed))
    fitted = (closed.coefficients, closed.own_levels, trees, towers and towers[0])
    return FactorisedModel(gene_map, sample_map, readable, *fitted, sums.largest, spread)


def _trees(closed: ClosedForm, pairs: TrainingPairs, features: Floats, seed: int) -> tuple[GeneTrees, Floats]:
    """Fit boosted trees; return them, and what they add to the gene side of the inner fold they are stopped on."""
    aside = pairs.gene_fold == 0
    targets = gene_targets(closed.corner, closed.coefficients)
    # Each fit is centred on its own genes, the targets on all: the mean of their targets is what the ridge lacks.
    ridge = closed.without_genes(pairs, aside).genes(pairs.x[aside]) + targets[~aside].mean(axis=0)
    sample_side = closed.coefficients.samples(pairs.z)[:, 1:]
    trees, by_trees = GeneTrees.fit(features, targets, aside, ridge, sample_side, seed)
    correction = np.zeros((len(pairs.x), targets.shape[1]))
    correction[aside] = trees.correction(ridge, by_trees)
    return trees, correction


def inner_samples(dataset: "Dataset", split: "Split", samples: Ints) -> Ints:
    """Return the inner fold of each training sample [sample]: what the split keeps apart is in one fold.

    These are tissues if the split holds out tissues, otherwise donors. There is one fold if the split holds out no
    samples, because samples are then seen in training.
    """
    if split.shares_samples:
        return np.zeros(len(samples), np.int64)
    axis = dataset.samples.tissue if split.apart == "tissue" else dataset.samples.donor_id
    return balanced_folds(axis[samples], min(INNER_FOLDS, len(np.unique(axis[samples]))))

"""Fit a factorised model to the training pairs of a split."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.progress import log
from ..base.types import Ints
from ..config.factorised_models import FACTORISED
from ..dataset.splits import INNER_FOLDS
from ..dataset.whole_groups import balanced_folds
from ..model.likelihood.zero_lognormal_mixture import ZeroLognormalMixture
from .boosted import TREE_BLOCKS, GeneTrees, tree_features
from .choose import choose_penalties, inner_fits, inner_masks
from .feature_map import FeatureMap
from .model import FactorisedModel
from .own_level_fit import choose_own, fit_own
from .own_level_sums import OwnInputs
from .own_levels import MOTIFS, LevelColumns
from .products import Corner, Products
from .residuals import Interaction
from .sample_features import SAMPLE_WEIGHTS, readable_regulators, sample_blocks
from .spread import Spread
from .tower_fit import STOPPING_FOLD, TrainTowers, fit_towers
from .two_sided_ridge import RotatedCorner, gene_targets

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
    levels = blocks["motif_levels"][samples][:, columns.first if MOTIFS in features else []].astype(np.float64)
    level_mean = levels.mean(axis=0)
    levels -= level_mean
    sums, level_sums = Products.of(
        dataset.expression, genes, samples, np.concatenate([z, levels], axis=1), gene_fold, sample_fold
    ).split(z.shape[1])
    inner = inner_fits(sums, x, z, gene_fold, sample_fold)
    penalties, own, own_levels = choose_penalties(inner), None, None
    everything = Corner.of(sums, x, z, gene_fold, sample_fold, np.ones(len(genes), bool), np.ones(len(samples), bool))
    whole = RotatedCorner.of(everything)
    effects = np.zeros((len(genes), levels.shape[1]))
    if levels.size:
        inputs = OwnInputs(features[MOTIFS][genes], levels, level_mean, columns, level_sums, gene_fold, sample_fold)
        own = choose_own(inner, x, z, inputs, penalties)
    if own is not None:
        penalties, inner = own.penalties, own.folds
        own_levels = fit_own(whole, everything, inputs, own.settings, penalties)
        effects = own_levels.genes(inputs.scores)
        everything = everything.without(effects, levels)
        whole = RotatedCorner.of(everything, whole.genes, whole.samples)
        log(f"{model}: each motif times its own level, penalty {own.settings.penalty:g}")
    log(f"{model}: penalties {', '.join(f'{name} {value:g}' for name, value in penalties._asdict().items())}")
    coefficients = whole.coefficients(penalties)
    sample_side = coefficients.samples(z)[:, 1:]
    trees, correction = None, np.zeros((len(genes), 1 + z.shape[1]))
    if FACTORISED[model].trees:
        aside = gene_fold == 0
        targets = gene_targets(everything, coefficients)
        # Only where genes alone are held out do gene vectors belong to the sample vectors of the whole fit. Each fit is
        # centred on its own genes, the targets on all: the mean of their targets is what the ridge lacks.
        corner = Corner.of(sums, x, z, gene_fold, sample_fold, ~aside, np.ones(len(samples), bool))
        others = RotatedCorner.of(corner.without(effects[~aside], levels), inner[0].fitted.genes, whole.samples)
        ridge = others.coefficients(penalties).genes(x[aside]) + targets[~aside].mean(axis=0)
        trees, by_trees = GeneTrees.fit(tree_features(features, genes), targets, aside, ridge, sample_side, seed)
        correction[aside] = trees.correction(ridge, by_trees)
    towers = None
    if FACTORISED[model].towers and train_towers is not None:
        known = None
        if own is not None:
            without = own.terms[STOPPING_FOLD]
            of_samples = levels + level_mean - without.level_mean
            known = Interaction(without.genes(inputs.scores), of_samples), Interaction(effects, levels)
        towers = fit_towers(
            dataset.expression, genes, samples, x, z, penalties, gene_fold, sample_fold,
            dataset.genes.cluster[genes], gene_map.linear_columns, train_towers, seed, known,
        )  # fmt: skip
    folds = (STOPPING_FOLD,) if trees or towers else range(len(inner))
    rng = np.random.default_rng(seed)
    means, observed = [], []
    for fold in folds:
        rows, columns_held, _ = inner_masks(fold, gene_fold, sample_fold)
        pairs = _draw(rng, np.flatnonzero(rows), np.flatnonzero(columns_held), SPREAD_PAIRS // len(folds))
        of_fold = inner[fold].fitted.coefficients(penalties)
        log_mean = of_fold.pairs(of_fold.genes(x)[pairs[:, 0]], of_fold.samples(z)[pairs[:, 1]])
        added = correction[pairs[:, 0]]
        log_mean += added[:, 0] + np.einsum("ij,ij->i", added[:, 1:], sample_side[pairs[:, 1]])
        if own is not None:
            log_mean += own.pairs(fold, inputs, pairs)
        if towers:
            log_mean += towers[1].pairs(x, z, pairs)
        means.append(np.clip(log_mean, 0.0, sums.largest))
        observed.append(np.asarray(dataset.expression[genes[pairs[:, 0]], samples[pairs[:, 1]]], dtype=np.float64))
    spread = Spread.fit(likelihood, np.concatenate(means), np.concatenate(observed))
    return FactorisedModel(
        gene_map, sample_map, readable, coefficients, own_levels, trees, towers and towers[0], sums.largest, spread
    )


def inner_samples(dataset: "Dataset", split: "Split", samples: Ints) -> Ints:
    """Return the inner fold of each training sample [sample]: what the split keeps apart is in one fold.

    These are tissues if the split holds out tissues, otherwise donors. There is one fold if the split holds out no
    samples, because samples are then seen in training.
    """
    if split.shares_samples:
        return np.zeros(len(samples), np.int64)
    axis = dataset.samples.tissue if split.apart == "tissue" else dataset.samples.donor_id
    return balanced_folds(axis[samples], min(INNER_FOLDS, len(np.unique(axis[samples]))))


def _draw(rng: np.random.Generator, genes: Ints, samples: Ints, count: int) -> Ints:
    """Draw pairs [pair, 2] of genes and samples: all if there are no more than `count`."""
    total = len(genes) * len(samples)
    cells = np.arange(total) if total <= count else rng.integers(total, size=count)
    return np.stack([genes[cells // len(samples)], samples[cells % len(samples)]], axis=1)

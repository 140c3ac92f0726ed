"""Fit a factorised model to the training pairs of a split."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.progress import log
from ..base.types import Bools, Floats, Ints
from ..config.factorised_models import FACTORISED
from ..dataset.whole_groups import balanced_folds
from ..model.likelihood.zero_lognormal_mixture import ZeroLognormalMixture
from .boosted import TREE_BLOCKS, GeneTrees, tree_features
from .choose import choose_penalties, inner_masks
from .feature_map import FeatureMap
from .model import FactorisedModel
from .products import Corner, Products
from .sample_features import SAMPLE_WEIGHTS, readable_regulators, sample_blocks
from .spread import Spread
from .two_sided_ridge import Coefficients, Decomposition, Penalties, fit_coefficients, gene_targets

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset
    from ..dataset.splits import Split

GENE_WEIGHTS = {
    "smooth_marks": 1.0,
    "histone_means": 1.0,
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
    options: Mapping[str, Any],
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
        Seed of landmarks, trees and the pairs that the distribution is fitted to.
    options
        Options of the run; there are none yet.

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
    sums = Products.of(dataset.expression, genes, samples, z, gene_fold, sample_fold)
    penalties = choose_penalties(sums, x, z, gene_fold, sample_fold)
    log(f"{model}: penalties {', '.join(f'{name} {value:g}' for name, value in penalties._asdict().items())}")

    inner = _Inner(sums, x, z, gene_fold, sample_fold, penalties)
    corner, coefficients = inner.fit(np.ones(len(genes), bool), np.ones(len(samples), bool))
    sample_side = coefficients.samples(z)[:, 1:]
    trees, correction = None, np.zeros((len(genes), 1 + z.shape[1]))
    if FACTORISED[model].trees:
        aside, all_samples = gene_fold == 0, np.ones(len(samples), bool)
        targets = gene_targets(corner, coefficients)
        # Only where genes alone are held out do gene vectors belong to the sample vectors of the whole fit. Each fit is
        # centred on its own genes, the targets on all: the mean of their targets is what the ridge lacks.
        ridge = inner.fit(~aside, all_samples)[1].genes(x[aside]) + targets[~aside].mean(axis=0)
        trees, columns = GeneTrees.fit(tree_features(features, genes), targets, aside, ridge, sample_side, seed)
        correction[aside] = trees.correction(ridge, columns)
    folds = (0,) if trees else range(int(gene_fold.max()) + 1)
    rng = np.random.default_rng(seed)
    means, observed = [], []
    for fold in folds:
        rows, columns_held, columns_fitted = inner_masks(fold, gene_fold, sample_fold)
        pairs = _draw(rng, np.flatnonzero(rows), np.flatnonzero(columns_held), SPREAD_PAIRS // len(folds))
        of_fold = inner.fit(~rows, columns_fitted)[1]
        log_mean = of_fold.pairs(of_fold.genes(x)[pairs[:, 0]], of_fold.samples(z)[pairs[:, 1]])
        added = correction[pairs[:, 0]]
        log_mean += added[:, 0] + np.einsum("ij,ij->i", added[:, 1:], sample_side[pairs[:, 1]])
        means.append(np.clip(log_mean, 0.0, sums.largest))
        observed.append(np.asarray(dataset.expression[genes[pairs[:, 0]], samples[pairs[:, 1]]], dtype=np.float64))
    spread = Spread.fit(likelihood, np.concatenate(means), np.concatenate(observed))
    return FactorisedModel(gene_map, sample_map, readable, coefficients, trees, sums.largest, spread)


@dataclass(frozen=True)
class _Inner:
    """Fits to whole folds of the training pairs, with given penalties."""

    sums: Products
    x: Floats
    z: Floats
    gene_fold: Ints
    sample_fold: Ints
    penalties: Penalties

    def fit(self, rows: Bools, columns: Bools) -> tuple[Corner, Coefficients]:
        corner = Corner.of(self.sums, self.x, self.z, self.gene_fold, self.sample_fold, rows, columns)
        sides = Decomposition.of(corner.x), Decomposition.of(corner.z)
        return corner, fit_coefficients(corner, *sides, self.penalties)


def inner_samples(dataset: "Dataset", split: "Split", samples: Ints) -> Ints:
    """Return the inner fold of each training sample [sample]: what the split keeps apart is in one fold.

    These are tissues if the split holds out tissues, otherwise donors. There is one fold if the split holds out no
    samples, because samples are then seen in training.
    """
    if split.shares_samples:
        return np.zeros(len(samples), np.int64)
    axis = dataset.samples.tissue if split.apart == "tissue" else dataset.samples.donor_id
    return balanced_folds(axis[samples], min(5, len(np.unique(axis[samples]))))


def _draw(rng: np.random.Generator, genes: Ints, samples: Ints, count: int) -> Ints:
    """Draw pairs [pair, 2] of genes and samples: all if there are no more than `count`."""
    total = len(genes) * len(samples)
    cells = np.arange(total) if total <= count else rng.integers(total, size=count)
    return np.stack([genes[cells // len(samples)], samples[cells % len(samples)]], axis=1)

"""The closed form of all training pairs: gene part, sample part, interaction, and each motif times its own level."""

from dataclasses import dataclass

import numpy as np

from ..base.progress import log
from ..base.types import Bools, Floats, Ints
from .choose import choose_penalties, inner_fits, inner_masks
from .own_level_fit import OwnFolds, choose_own, fit_own
from .own_level_sums import OwnInputs
from .own_levels import OwnLevelTerm
from .products import Corner, Products
from .residuals import Interaction
from .two_sided_ridge import Coefficients, Penalties, Rotated, RotatedCorner


@dataclass(frozen=True)
class TrainingPairs:
    """What a fit reads of the training pairs.

    Attributes
    ----------
    x, z
        Features of genes [gene, feature] and samples [sample, feature].
    gene_fold, sample_fold
        Inner fold of each gene and sample.
    sums
        Sums of products with the expression.
    """

    x: Floats
    z: Floats
    gene_fold: Ints
    sample_fold: Ints
    sums: Products

    def corner(self, rows: Bools) -> Corner:
        """Return the sums over some genes [gene] and all samples."""
        columns = np.ones(len(self.z), bool)
        return Corner.of(self.sums, self.x, self.z, self.gene_fold, self.sample_fold, rows, columns)

    def drawn(self, rng: np.random.Generator, fold: int, count: int) -> Ints:
        """Draw pairs [pair, 2] of genes and samples that an inner fold holds out: all if they are not more."""
        rows, columns, _ = inner_masks(fold, self.gene_fold, self.sample_fold)
        genes, samples = np.flatnonzero(rows), np.flatnonzero(columns)
        total = len(genes) * len(samples)
        cells = np.arange(total) if total <= count else rng.integers(total, size=count)
        return np.stack([genes[cells // len(samples)], samples[cells % len(samples)]], axis=1)


@dataclass(frozen=True)
class ClosedForm:
    """A fit to all training pairs, and those to the inner folds.

    Attributes
    ----------
    coefficients, penalties
        Of the parts and the interaction.
    own_levels
        Each motif times its own level; None if it does not help on inner folds.
    inner
        Fits to the inner folds, of what their own-level terms leave.
    corner, whole
        Sums of what the own-level term leaves of all training pairs, as they are and rotated.
    own, inputs
        Own-level terms of the inner folds and what they read; None without the term.
    effects
        What levels are multiplied with [gene, level]; 0 without the term.
    """

    coefficients: Coefficients
    penalties: Penalties
    own_levels: OwnLevelTerm | None
    inner: list[Rotated]
    corner: Corner
    whole: RotatedCorner
    own: OwnFolds | None
    inputs: OwnInputs
    effects: Floats

    @classmethod
    def fit(cls, pairs: TrainingPairs, inputs: OwnInputs, title: str) -> "ClosedForm":
        """Choose all penalties on inner folds, and fit; `title` begins the messages."""
        inner = inner_fits(pairs.sums, pairs.x, pairs.z, pairs.gene_fold, pairs.sample_fold)
        penalties, own, own_levels = choose_penalties(inner), None, None
        if inputs.levels.size:
            own = choose_own(inner, pairs.x, pairs.z, inputs, penalties)
        # Only now: it is large, and so is what the choice needs.
        corner = pairs.corner(np.ones(len(pairs.x), bool))
        whole, effects = RotatedCorner.of(corner), np.zeros((len(pairs.x), inputs.levels.shape[1]))
        if own is not None:
            penalties, inner = own.penalties, own.folds
            own_levels = fit_own(whole, corner, inputs, own.settings, penalties)
            effects = own_levels.genes(inputs.scores)
            corner = corner.without(effects, inputs.levels)
            whole = RotatedCorner.of(corner, whole.genes, whole.samples)
            log(f"{title}: each motif times its own level, penalty {own.settings.penalty:g}")
        log(f"{title}: penalties {', '.join(f'{name} {value:g}' for name, value in penalties._asdict().items())}")
        coefficients = whole.coefficients(penalties)
        return cls(coefficients, penalties, own_levels, inner, corner, whole, own, inputs, effects)

    def without_genes(self, pairs: TrainingPairs, aside: Bools) -> Coefficients:
        """Return the fit without some genes [gene], with the inner fit to the others and the samples of the whole fit.

        Only where genes alone are held out do gene vectors belong to the sample vectors of the whole fit.
        """
        left = pairs.corner(~aside).without(self.effects[~aside], self.inputs.levels)
        return RotatedCorner.of(left, self.inner[0].fitted.genes, self.whole.samples).coefficients(self.penalties)

    def of_fold(self, fold: int, training: TrainingPairs, pairs: Ints) -> Floats:
        """Return log(1 + TPM) of pairs [pair, 2] of training genes and samples, as an inner fold predicts them."""
        fitted = self.inner[fold].fitted.coefficients(self.penalties)
        genes, of_gene = np.unique(pairs[:, 0], return_inverse=True)
        samples, of_sample = np.unique(pairs[:, 1], return_inverse=True)
        of_genes, of_samples = fitted.genes(training.x[genes]), fitted.samples(training.z[samples])
        log_mean = fitted.pairs(of_genes[of_gene], of_samples[of_sample])
        return log_mean if self.own is None else log_mean + self.own.pairs(fold, self.inputs, pairs)

    def interactions(self, fold: int) -> tuple[Interaction, Interaction] | None:
        """Return the own-level term of an inner fold and that of the whole fit, for all genes and samples."""
        if self.own is None:
            return None
        of_fold, levels = self.own.terms[fold], self.inputs.levels
        shifted = levels + self.inputs.level_mean - of_fold.level_mean
        return Interaction(of_fold.genes(self.inputs.scores), shifted), Interaction(self.effects, levels)

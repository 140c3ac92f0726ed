"""Scores of pairings of gene features with sample features on genes that were not fitted, fold by fold.

Each fold of genes is predicted by fits to the other folds. Penalties are chosen by fits to these without the next fold,
which predict it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ..base.types import Bools, Floats, Ints
from .interaction_sums import InteractionSums
from .pairing_ridge import (
    NO_PAIRING,
    PAIRING_PENALTIES,
    Agreement,
    Equations,
    Identity,
    Moments,
    Pairing,
    SampleMoments,
    agreement,
    held_out_groups_agreement,
)


class Candidates(NamedTuple):
    """Columns of u: a level for each gene feature, then tissues, then the levels of other genes.

    Attributes
    ----------
    reads
        Whether the level of a gene feature is that of genes of a fold [fold, x].
    tissues
        Number of tissues.
    other_fold
        Fold of each other gene [other].
    """

    reads: Bools
    tissues: int
    other_fold: Ints

    @property
    def tissue_columns(self) -> Ints:
        """Columns of u that are tissues [tissue]."""
        return self.reads.shape[1] + np.arange(self.tissues)

    def own(self, held_out: Ints) -> Pairing:
        """Pair each feature with its own level; levels of genes of the folds `held_out` are left out."""
        kept = np.flatnonzero(~self.reads[held_out].any(axis=0))
        return Pairing(kept, kept)

    def shuffled(self, held_out: Ints, order: Floats) -> Pairing:
        """Pair the features of `own` with each other's levels, in the order of random numbers [x]."""
        kept, _ = self.own(held_out)
        return Pairing(kept, kept[np.argsort(order[kept])])

    def others(self, held_out: Ints, order: Floats) -> Pairing:
        """Pair the features of `own` with levels of other genes, in the order of random numbers [other].

        If there are fewer of them than features, they are used again.
        """
        kept, _ = self.own(held_out)
        allowed = np.flatnonzero(~np.isin(self.other_fold, held_out))
        chosen = np.resize(allowed[np.argsort(order[allowed])], len(kept))
        return Pairing(kept, self.reads.shape[1] + self.tissues + chosen)


Chooser = Callable[[Ints], Pairing]
"""Returns the pairing to fit where some folds of genes are held out."""


class PairingScores(NamedTuple):
    """How a pairing predicts genes that were not fitted.

    Attributes
    ----------
    seen
        In the samples of the fit.
    held_out
        In groups of samples that were held out in turn.
    beyond_identity
        In the samples of the fit, with tissue identity in the model.
    """

    seen: Agreement = Agreement()
    held_out: Agreement = Agreement()
    beyond_identity: Agreement = Agreement()

    def plus(self, other: "PairingScores") -> "PairingScores":
        """Add the sums of another fold."""
        return PairingScores(*(mine.plus(theirs) for mine, theirs in zip(self, other, strict=True)))


class GeneSums(NamedTuple):
    """Predicted times observed and predicted squared, summed over samples, of each gene [gene]."""

    cross: Floats
    predicted: Floats


class FoldTest:
    """The fits that predict one fold of genes."""

    def __init__(self, sums: InteractionSums, candidates: Candidates, fold: int) -> None:
        """Choose the penalty of tissue identity, and add up what all pairings need."""
        folds, groups = np.arange(len(sums.yy)), np.arange(len(sums.samples))
        inner = (fold + 1) % len(folds)
        self.sums, self.fold = sums, fold
        self.held_out, self.inner_held_out = np.array([fold]), np.array([fold, inner])
        everyone = SampleMoments.of(sums, groups)
        self.tested = Moments.of(sums, self.held_out, everyone)
        self.inner_tested = Moments.of(sums, np.array([inner]), everyone)
        fitted = Moments.of(sums, np.setdiff1d(folds, self.held_out), everyone)
        inner_fitted = Moments.of(sums, np.setdiff1d(folds, self.inner_held_out), everyone)
        columns = candidates.tissue_columns
        tried = [Identity.of(inner_fitted, columns, penalty) for penalty in PAIRING_PENALTIES]
        nothing = np.empty(0)
        best = _best([agreement(self.inner_tested, NO_PAIRING, nothing, identity).r for identity in tried])
        self.inner_identity = tried[best]
        self.identity = Identity.of(fitted, columns, PAIRING_PENALTIES[best])
        self.inner_alone, self.alone = Equations.of(inner_fitted), Equations.of(fitted)
        self.inner_joint = Equations.of(inner_fitted, self.inner_identity)
        self.joint = Equations.of(fitted, self.identity)
        rest = [SampleMoments.of(sums, np.delete(groups, group)) for group in groups] if len(groups) > 1 else []
        self.without = [Equations.of(Moments.of(sums, np.setdiff1d(folds, self.held_out), part)) for part in rest]
        self.centres = np.array([part.centre for part in rest])

    def identity_alone(self) -> Agreement:
        """Return the score of tissue identity alone."""
        return agreement(self.tested, NO_PAIRING, np.empty(0), self.identity)

    def scores(self, choose: Chooser, *, with_identity: bool = True) -> PairingScores:
        """Return the scores of a pairing; those with tissue identity in the model only if they are asked for."""
        pairing, weights, penalty = self._fit(choose, None)
        seen, held_out = agreement(self.tested, pairing, weights), Agreement()
        if self.without:
            without = np.array([part.normal(pairing).weights(penalty) for part in self.without])
            held_out = held_out_groups_agreement(self.sums, self.fold, pairing, without, self.centres)
        if not with_identity:
            return PairingScores(seen, held_out)
        _, weights, _ = self._fit(choose, self.inner_identity)
        return PairingScores(seen, held_out, agreement(self.tested, pairing, weights, self.identity))

    def _fit(self, choose: Chooser, identity: Identity | None) -> tuple[Pairing, Floats, float]:
        """Choose the penalty on the inner fold, and return pairing, weights and penalty of the final fit."""
        inner, outer = (self.inner_alone, self.alone) if identity is None else (self.inner_joint, self.joint)
        pairing = choose(self.inner_held_out)
        normal = inner.normal(pairing)
        found = [
            agreement(self.inner_tested, pairing, normal.weights(penalty), identity).r for penalty in PAIRING_PENALTIES
        ]
        penalty = PAIRING_PENALTIES[_best(found)]
        pairing = choose(self.held_out)
        return pairing, outer.normal(pairing).weights(penalty), penalty

    def gene_sums(self, x: Floats, genes: Ints, choose: Chooser) -> tuple[GeneSums, GeneSums, GeneSums]:
        """Return the sums of each gene of the fold for a pairing alone, tissue identity alone, and both.

        Parameters
        ----------
        x
            Features of all genes [gene, x].
        genes
            Genes of the fold.
        choose
            Pairing, whose levels are among the kept columns of the sums.
        """
        pairing, weights, _ = self._fit(choose, None)
        _, both, _ = self._fit(choose, self.inner_identity)
        centred = x[genes] - x[genes].mean(axis=0)
        yu, uu = self.sums.gene_yu[genes].astype(np.float64), self.alone.uu
        kept = yu.shape[1]

        def sums_of(pairing: Pairing, weights: Floats, identity: Identity | None) -> GeneSums:
            values = np.zeros((len(genes), kept))
            values[:, pairing.u] = centred[:, pairing.x] * weights
            if identity is not None:
                values[:, identity.columns] = centred @ identity.coefficients(pairing, weights)
            return GeneSums(np.einsum("gu,gu->g", values, yu), np.einsum("gu,gu->g", values @ uu[:kept, :kept], values))

        return (
            sums_of(pairing, weights, None),
            sums_of(NO_PAIRING, np.empty(0), self.identity),
            sums_of(pairing, both, self.identity),
        )


def _best(found: Sequence[float]) -> int:
    """Return the place of the highest correlation; undefined ones are lowest."""
    return int(np.argmax(np.nan_to_num(found, nan=-1.0)))

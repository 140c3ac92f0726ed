"""Scores of pairings of gene features with sample features on genes that were not fitted, fold by fold.

Each fold of genes is predicted by fits to the other folds. Penalties are chosen by fits to these without the next fold,
which predict it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ..base.types import Bools, Floats, Ints
from .interaction_sums import InteractionSums
from .pairing_ridge import PAIRING_PENALTIES, Agreement, Identity, Moments, Normal, SampleMoments, Tested


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

    def own(self, held_out: Ints) -> Ints:
        """Return gene features and their own levels, without those that read genes of the folds `held_out` [pair]."""
        return np.flatnonzero(~self.reads[held_out].any(axis=0))

    def shuffled(self, held_out: Ints, order: Floats) -> Ints:
        """Return the levels of `own` in the order of random numbers [x]."""
        kept = self.own(held_out)
        return kept[np.argsort(order[kept])]

    def others(self, held_out: Ints, order: Floats) -> Ints:
        """Return as many levels of other genes, in the order of random numbers [other].

        If there are fewer of them than features, they are used again.
        """
        allowed = np.flatnonzero(~np.isin(self.other_fold, held_out))
        chosen = np.resize(allowed[np.argsort(order[allowed])], len(self.own(held_out)))
        return self.reads.shape[1] + self.tissues + chosen


Chooser = Callable[[Ints], Ints]
"""Returns the column of u for each gene feature of `Candidates.own` where some folds of genes are held out."""


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


class Stage:
    """Fits to some folds of genes in all samples, without and beside tissue identity, which predict another fold."""

    def __init__(self, sums: InteractionSums, candidates: Candidates, fitted: Ints, tested: int) -> None:
        """Add up what all pairings need."""
        self.held_out = np.setdiff1d(np.arange(len(sums.yy)), fitted)
        self.kept, self.columns = candidates.own(self.held_out), candidates.tissue_columns
        everyone = SampleMoments.of(sums, np.arange(len(sums.samples)))
        products = sums.uu[:, :, self.columns].sum(axis=0)
        u_tissue = products - everyone.size * np.outer(everyone.centre, everyone.centre[self.columns])
        self.whole = Moments.of(sums, fitted, everyone)
        self.fitted = self.whole.kept(self.kept)
        whole = Moments.of(sums, np.array([tested]), everyone)
        self.tested = Tested(whole, self.kept, self.columns, u_tissue, float(sums.yy[tested]))
        self.tested_xx = whole.kept(self.kept).xx

    def identity(self, penalty: float) -> Identity:
        """Fit tissue identity."""
        return Identity.of(self.whole, self.kept, self.columns, self.tested.u_tissue, penalty)

    def normal(self, u: Ints, uu: Floats, identity: Identity | None) -> Normal:
        """Return the normal equations of a pairing, beside tissue identity if it is given."""
        return Normal.of(self.fitted, u, uu) if identity is None else identity.normal(self.fitted, u, uu)

    def score(self, u: Ints, gram: Floats, weights: Floats, identity: Identity | None) -> Agreement:
        """Return the score of a pairing on the fold that is predicted."""
        if identity is None:
            return self.tested.pairing(u, gram, weights)
        return self.tested.both(u, gram, weights, identity.coefficients(u, weights))


class FoldTest:
    """The fits that predict one fold of genes."""

    def __init__(self, sums: InteractionSums, candidates: Candidates, fold: int) -> None:
        """Choose the penalty of tissue identity, and add up what all pairings need."""
        folds, groups = np.arange(len(sums.yy)), np.arange(len(sums.samples))
        inner = (fold + 1) % len(folds)
        self.sums, self.fold = sums, fold
        self.outer = Stage(sums, candidates, np.delete(folds, fold), fold)
        self.inner = Stage(sums, candidates, np.setdiff1d(folds, [fold, inner]), inner)
        tried = [self.inner.identity(penalty) for penalty in PAIRING_PENALTIES]
        best = _best([self.inner.tested.identity(identity.alone).r for identity in tried])
        self.inner_identity, self.identity = tried[best], self.outer.identity(PAIRING_PENALTIES[best])
        self.everyone = SampleMoments.of(sums, groups)
        self.uu = sums.uu.sum(axis=0)
        self.rest = [SampleMoments.of(sums, np.delete(groups, group)) for group in groups] if len(groups) > 1 else []
        self.without = [Moments.of(sums, np.delete(folds, fold), rest).kept(self.outer.kept) for rest in self.rest]

    def identity_alone(self) -> Agreement:
        """Return the score of tissue identity alone."""
        return self.outer.tested.identity(self.identity.alone)

    def scores(self, choose: Chooser, *, with_identity: bool = True) -> PairingScores:
        """Return the scores of a pairing; those beside tissue identity only if they are asked for."""
        inner, u = choose(self.inner.held_out), choose(self.outer.held_out)
        inner_uu = self.everyone.centred(self.uu[inner][:, inner], inner)
        products = np.stack([of_group[u][:, u] for of_group in self.sums.uu])
        uu = self.everyone.centred(products.sum(axis=0), u)
        gram = self.outer.tested_xx * uu
        penalty = self.penalty(inner, inner_uu, None)
        weights = self.outer.normal(u, uu, None).weights(penalty)
        seen, held_out, beside = self.outer.score(u, gram, weights, None), Agreement(), Agreement()
        if self.rest:
            held_out = self._held_out(u, products, penalty)
        if with_identity:
            weights = self.outer.normal(u, uu, self.identity).weights(
                self.penalty(inner, inner_uu, self.inner_identity)
            )
            beside = self.outer.score(u, gram, weights, self.identity)
        return PairingScores(seen, held_out, beside)

    def penalty(self, u: Ints, uu: Floats, identity: Identity | None) -> float:
        """Return the penalty with which the inner fit of a pairing predicts the inner fold best."""
        normal, gram = self.inner.normal(u, uu, identity), self.inner.tested_xx * uu
        found = [self.inner.score(u, gram, normal.weights(penalty), identity).r for penalty in PAIRING_PENALTIES]
        return PAIRING_PENALTIES[_best(found)]

    def _held_out(self, u: Ints, products: Floats, penalty: float) -> Agreement:
        """Return the score where each group of samples is predicted by a fit to the others.

        Predictions are deviations from the mean of the fit: 0 where u is at its mean over the samples of the fit. Those
        of all groups together then have the mean of each gene removed, like what is observed.

        Parameters
        ----------
        u
            Column of u for each gene feature [pair].
        products
            Products of these columns over the samples of each group, not centred [group, pair, pair].
        penalty
            Penalty of the fits.
        """
        sums, kept, xx = self.sums, self.outer.kept, self.outer.tested_xx
        cross = predicted = 0.0
        mean, whole = np.zeros(len(u)), products.sum(axis=0)
        for group, (rest, fitted) in enumerate(zip(self.rest, self.without, strict=True)):
            weights = Normal.of(fitted, u, rest.centred(whole - products[group], u)).weights(penalty)
            centre, total = rest.centre[u], sums.u[group, u]
            away = total - sums.samples[group] * centre
            cross += float(weights @ (sums.xyu[self.fold, group, kept, u] - sums.xy[self.fold, group, kept] * centre))
            # The quadratic form of xx times the centred products, which are not written out: they are large.
            at_centre = xx @ (weights * centre)
            predicted += float(weights @ (xx * products[group]) @ weights - (weights * (total + away)) @ at_centre)
            mean += weights * away / sums.samples.sum()
        predicted -= float(sums.samples.sum() * (mean @ xx @ mean))
        return Agreement(cross, predicted, self.outer.tested.yy)

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
        inner, u = choose(self.inner.held_out), choose(self.outer.held_out)
        inner_uu = self.everyone.centred(self.uu[inner][:, inner], inner)
        outer_uu = self.everyone.centred(self.uu[u][:, u], u)
        alone, both = (
            self.outer.normal(u, outer_uu, outer).weights(self.penalty(inner, inner_uu, within))
            for outer, within in ((None, None), (self.identity, self.inner_identity))
        )
        centred = x[genes] - x[genes].mean(axis=0)
        yu = self.sums.gene_yu[genes].astype(np.float64)
        kept = np.arange(yu.shape[1])
        uu = self.everyone.centred(self.uu[kept][:, kept], kept)

        def sums_of(weights: Floats | None, coefficients: Floats | None) -> GeneSums:
            values = np.zeros_like(yu)
            if weights is not None:
                values[:, u] = centred[:, self.outer.kept] * weights
            if coefficients is not None:
                values[:, self.outer.columns] = centred @ coefficients
            return GeneSums(np.einsum("gu,gu->g", values, yu), np.einsum("gu,gu->g", values @ uu, values))

        return (
            sums_of(alone, None),
            sums_of(None, self.identity.alone),
            sums_of(both, self.identity.coefficients(u, both)),
        )


def _best(found: Sequence[float]) -> int:
    """Return the place of the highest correlation; undefined ones are lowest."""
    return int(np.argmax(np.nan_to_num(found, nan=-1.0)))

"""The test whether the mechanism helps: a regulator's motif times its own level, on genes that were not fitted.

Doubly centred log expression (means of genes and of samples removed) is predicted as the sum over regulators of weight
* motif in the promoter * level in the sample. The same is done with the levels shuffled among the regulators, with
levels of random expressed genes, and beside tissue identity. All genes are predicted once, by fits to other
chromosomes. Levels of regulators that are among the predicted genes are left out, so that no gene's own expression is
read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..base.progress import bar
from ..base.types import Bools, Floats, Ints, Strings
from ..dataset.permutations import permute_levels
from ..dataset.tf_levels import own_regulators
from ..dataset.whole_groups import balanced_folds
from .interaction_sums import InteractionSums, interaction_sums
from .pairing_test import Candidates, Chooser, FoldTest, GeneSums, PairingScores

if TYPE_CHECKING:
    from ..base.axes import Genes
    from ..dataset.dataset import Dataset

MECHANISM_FOLDS = 5
RANDOM_PAIRINGS = 100
FEWEST_FOLDS, FEWEST_REGULATORS, FEWEST_SAMPLES = 3, 5, 5
EXPRESSED_TPM = 1.0
"""Mean TPM from which a gene is expressed: its level may stand in for a regulator's."""
OTHERS_PER_REGULATOR = 1.5
_CONSTANT = 1e-9


class RegulatorFeatures(NamedTuple):
    """One feature a regulator: its motif in promoters, and its level.

    Regulators that bind the same motifs are one, with their summed level, and its motifs are one, their mean.

    Attributes
    ----------
    motif
        Mean of the standardised best scores of the motifs [gene, x], standardised again.
    level
        log(1 + TPM) [sample, x], standardised.
    member
        Whose level it is [regulator, x].
    """

    motif: Floats
    level: Floats
    member: Bools


@dataclass(frozen=True)
class PairingResult:
    """Scores of own pairings and of what they are compared with.

    Attributes
    ----------
    own
        Each motif with the level of its own regulator.
    shuffled, others
        Each draw of shuffled levels, and of the levels of other genes.
    identity
        Tissue identity alone (its field `seen`).
    genes
        Sums of each gene [gene] for own pairings, tissue identity, and both.
    observed
        Sum of the observed squared values of each gene [gene].
    """

    own: PairingScores
    shuffled: tuple[PairingScores, ...]
    others: tuple[PairingScores, ...]
    identity: PairingScores
    genes: tuple[GeneSums, GeneSums, GeneSums]
    observed: Floats


@dataclass(frozen=True)
class MechanismResult:
    """Result of the test.

    Attributes
    ----------
    regulators, folds, groups
        Number of regulator features, of folds of genes, and of groups of tissues that were held out in turn.
    real, permuted
        With the samples' levels, and with those of other samples (control `permute_levels`).
    """

    regulators: int
    folds: int
    groups: int
    real: PairingResult
    permuted: PairingResult


def regulator_features(dataset: "Dataset", maxima: NDArray[np.float32]) -> RegulatorFeatures:
    """Return the features of the regulators that have a motif; those that do not vary are left out.

    Parameters
    ----------
    dataset
        The dataset.
    maxima
        Best score of each motif [gene, motif] (`features.gene_features.motif_maxima`).
    """
    mapping = np.asarray(dataset.motif_map) > 0
    with_regulator = mapping.any(axis=0)
    member, of_motif = np.unique(mapping[:, with_regulator], axis=1, return_inverse=True)
    scores, _ = _standardised(maxima[:, with_regulator].astype(np.float64))
    sums = scores @ np.eye(member.shape[1])[of_motif.ravel()]
    motif, varied = _standardised(sums)
    level, changing = _standardised(np.log1p(np.asarray(dataset.regulator_levels, np.float64) @ member))
    kept = varied & changing
    return RegulatorFeatures(motif[:, kept], level[:, kept], member[:, kept])


def _standardised(values: Floats) -> tuple[Floats, Bools]:
    """Return columns with mean 0 and variance 1, and which of them are not constant; the others are 0."""
    spread = values.std(axis=0)
    varied = spread > _CONSTANT
    return (values - values.mean(axis=0)) * varied / np.where(varied, spread, 1.0), varied


def gene_folds(genes: "Genes") -> Ints:
    """Deal genes to folds of whole chromosomes, or of clusters that share promoters if there are too few [gene]."""
    for groups in (genes.chromosome, genes.cluster):
        if (several := len(np.unique(groups))) >= FEWEST_FOLDS:
            break
    return balanced_folds(groups, min(MECHANISM_FOLDS, several))


def untestable(folds: int, regulators: int, samples: int) -> str:
    """Return why there is no test, or an empty text."""
    for count, fewest, what in (
        (folds, FEWEST_FOLDS, "folds of genes that share no promoter"),
        (regulators, FEWEST_REGULATORS, "regulators with a motif and a level that vary"),
        (samples, FEWEST_SAMPLES, "samples"),
    ):
        if count < fewest:
            return f"not tested: the dataset has {count} {what}, and {fewest} are needed"
    return ""


def mechanism(
    dataset: "Dataset",
    maxima: NDArray[np.float32],
    tissue_group: Strings,
    *,
    draws: int = RANDOM_PAIRINGS,
    seed: int = 0,
) -> MechanismResult | str:
    """Test whether each regulator's motif times its own level predicts expression.

    Parameters
    ----------
    dataset
        The dataset; its expression is read in blocks of genes.
    maxima
        Best score of each motif in each promoter [gene, motif].
    tissue_group
        Group of tissues of each sample [sample]; groups are held out in turn, in at most five lots.
    draws
        Number of random pairings of each kind; the control gets a quarter.
    seed
        Seed of the random pairings and of the control.

    Returns
    -------
    MechanismResult or str
        The result, or why there is none.
    """
    folds, features = gene_folds(dataset.genes), regulator_features(dataset, maxima)
    reason = untestable(int(folds.max()) + 1, features.motif.shape[1], len(dataset.samples))
    if reason:
        return reason
    groups = balanced_folds(tissue_group, min(MECHANISM_FOLDS, len(np.unique(tissue_group))))
    permuted = permute_levels(dataset, seed)
    return MechanismResult(
        regulators=features.motif.shape[1],
        folds=int(folds.max()) + 1,
        groups=int(groups.max()) + 1,
        real=pairing_result(dataset, features, folds, groups, draws, seed),
        permuted=pairing_result(
            # A control shows whether there is anything at all: fewer pairings tell that.
            permuted,
            regulator_features(permuted, maxima),
            folds,
            groups,
            -(-draws // 4),
            seed,
            others=False,
        ),
    )


class PairingInputs(NamedTuple):
    """Sums of motifs, levels, tissues and levels of other genes with expression, and the candidates for pairings."""

    sums: InteractionSums
    candidates: Candidates


def pairing_inputs(
    dataset: "Dataset", features: RegulatorFeatures, folds: Ints, groups: Ints, random: np.random.Generator | None
) -> PairingInputs:
    """Read the expression and sum up.

    Parameters
    ----------
    dataset, features
        The dataset and the features of its regulators.
    folds, groups
        Fold of each gene [gene] and group of each sample [sample].
    random
        Draws the other genes; None for none of them.
    """
    regulators, genes = features.motif.shape[1], dataset.genes
    own = own_regulators(genes.gene_id.tolist(), genes.merged.tolist(), dataset.regulators.gene_id.tolist())
    reads = np.stack([own[folds == fold].any(axis=0) @ features.member for fold in range(int(folds.max()) + 1)])
    others = np.empty(0, np.int64)
    if random is not None:
        others = _other_genes(dataset, np.asarray(own.any(axis=1)), regulators, random)
    tissues = dataset.tissue[:, dataset.tissue.any(axis=0)].astype(np.float64)
    other_levels, _ = _standardised(np.log1p(dataset.expression[others].astype(np.float64)).T)
    u = np.concatenate([features.level, tissues / np.sqrt(tissues.sum(axis=0)), other_levels], axis=1)
    sums = interaction_sums(dataset.expression, features.motif, u, folds, groups, regulators + tissues.shape[1])
    return PairingInputs(sums, Candidates(reads, tissues.shape[1], folds[others]))


def pairing_result(
    dataset: "Dataset",
    features: RegulatorFeatures,
    folds: Ints,
    groups: Ints,
    draws: int,
    seed: int,
    *,
    others: bool = True,
) -> PairingResult:
    """Return the scores of own and random pairings.

    Parameters
    ----------
    dataset, features, folds, groups
        As in `pairing_inputs`.
    draws, seed
        Number of random pairings of each kind, and their seed.
    others
        Whether levels of other genes are tried too.
    """
    random, regulators = np.random.default_rng(seed), features.motif.shape[1]
    sums, candidates = pairing_inputs(dataset, features, folds, groups, random if others else None)
    orders = random.random((draws, regulators + len(candidates.other_fold)))
    shuffled = [partial(candidates.shuffled, order=order[:regulators]) for order in orders]
    drawn = [partial(candidates.others, order=order[regulators:]) for order in orders if len(candidates.other_fold)]
    return _all_folds(sums, candidates, features.motif, folds, shuffled, drawn)


def _other_genes(dataset: "Dataset", regulator: Bools, regulators: int, random: np.random.Generator) -> Ints:
    """Draw expressed target genes that are no regulators."""
    expressed = np.array([row.mean(dtype=np.float64) >= EXPRESSED_TPM for row in dataset.expression])
    eligible = np.flatnonzero(expressed & ~regulator)
    return random.permutation(eligible)[: round(OTHERS_PER_REGULATOR * regulators)]


def _all_folds(
    sums: InteractionSums,
    candidates: Candidates,
    x: Floats,
    folds: Ints,
    shuffled: Sequence[Chooser],
    others: Sequence[Chooser],
) -> PairingResult:
    """Add up the scores over the folds; one fold's fits are in memory at a time."""
    total = [PairingScores()] * (2 + len(shuffled) + len(others))
    genes = tuple(GeneSums(np.zeros(len(x)), np.zeros(len(x))) for _ in range(3))
    with bar(len(sums.yy) * (len(total) - 1), "pairings", "fit") as meter:
        for fold in range(len(sums.yy)):
            test, members = FoldTest(sums, candidates, fold), np.flatnonzero(folds == fold)
            found = [PairingScores(seen=test.identity_alone())]
            for place, choose in enumerate([candidates.own, *shuffled, *others]):
                found.append(test.scores(choose, with_identity=place <= len(shuffled)))
                meter.update(1)
            total = [sum_.plus(more) for sum_, more in zip(total, found, strict=True)]
            for kept, more in zip(genes, test.gene_sums(x, members, candidates.own), strict=True):
                kept.cross[members], kept.predicted[members] = more
    identity, own, *random = total
    return PairingResult(
        own,
        tuple(random[: len(shuffled)]),
        tuple(random[len(shuffled) :]),
        identity,
        (genes[0], genes[1], genes[2]),
        sums.gene_yy,
    )


def drawn_correlations(sums: GeneSums, observed: Floats, weights: Floats) -> Floats:
    """Return the correlation in each bootstrap draw [draw]; `weights` [draw, gene] say how often a gene was drawn."""
    scale = (weights @ sums.predicted) * (weights @ observed)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(scale > 0, (weights @ sums.cross) / np.sqrt(scale), np.nan)

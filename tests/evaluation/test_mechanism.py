"""The mechanism test: closed forms against explicit least squares, planted effects found and absent ones not."""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pytest
from helpers.toy_dataset import Sizes, names, toy_dataset
from numpy.typing import NDArray
from tr300m.base.axes import Genes
from tr300m.dataset.dataset import Dataset
from tr300m.evaluation.interaction_sums import interaction_sums
from tr300m.evaluation.mechanism import (
    FEWEST_FOLDS,
    FEWEST_REGULATORS,
    FEWEST_SAMPLES,
    MechanismResult,
    drawn_correlations,
    gene_folds,
    mechanism,
    pairing_inputs,
    regulator_features,
    untestable,
)
from tr300m.evaluation.pairing_ridge import PAIRING_PENALTIES, Moments, Normal, SampleMoments
from tr300m.evaluation.pairing_test import Candidates, FoldTest, PairingScores, Stage

Array = NDArray[Any]
GENES, SAMPLES, REGULATORS, TISSUES = 47, 23, 6, 4
RANDOM = np.random.default_rng(3)


class Problem(NamedTuple):
    """A small problem: expression, features and their folds, with tissues of the first, second ... quarter."""

    expression: Array
    x: Array
    u: Array
    folds: Array
    groups: Array
    candidates: Candidates


def problem(seed: int = 0) -> Problem:
    """Draw levels, tissues and other levels; regulator 2 is a gene of fold 1."""
    chance = np.random.default_rng(seed)
    tissue = np.arange(SAMPLES) % TISSUES
    onehot = np.eye(TISSUES)[tissue] / np.sqrt(np.bincount(tissue))
    x, levels = chance.normal(size=(GENES, REGULATORS)), chance.normal(size=(SAMPLES, REGULATORS))
    others = chance.normal(size=(SAMPLES, 8))
    reads = np.zeros((4, REGULATORS), bool)
    reads[1, 2] = True
    log = 2 + 0.3 * (x * [1, -1, 1, 1, 0, 0]) @ levels.T + 0.3 * chance.normal(size=(GENES, SAMPLES))
    return Problem(
        np.expm1(np.maximum(log, 0)).astype(np.float32),
        x,
        np.concatenate([levels, onehot, others], axis=1),
        np.arange(GENES) % 4,
        tissue // 2,
        Candidates(reads, TISSUES, np.arange(8) % 4),
    )


def sums_of(of: Problem) -> Any:
    return interaction_sums(of.expression, of.x, of.u, of.folds, of.groups, REGULATORS + TISSUES)


def centred_logs(of: Problem) -> Array:
    """Log expression without the sample means of each fold and without gene means."""
    y = np.log1p(of.expression.astype(float))
    for fold in range(4):
        y[of.folds == fold] -= y[of.folds == fold].mean(axis=0)
    return y - y.mean(axis=1, keepdims=True)


def centred_x(of: Problem) -> Array:
    return of.x - np.stack([of.x[of.folds == fold].mean(axis=0) for fold in of.folds])


def ridge(design: Array, y: Array, penalties: Array) -> Array:
    """Least squares on a design whose last rows are the penalties."""
    return np.asarray(
        np.linalg.lstsq(
            np.concatenate([design, np.diag(np.sqrt(penalties))]), np.concatenate([y, 0 * penalties]), rcond=None
        )[0]
    )


def khatri_rao(x: Array, u: Array) -> Array:
    """Products of each gene's and each sample's features [gene * sample, pair]."""
    return np.einsum("ga,sa->gsa", x, u).reshape(-1, x.shape[1])


def correlation(predicted: Array, observed: Array) -> float:
    return float(np.sum(predicted * observed) / np.sqrt(np.sum(predicted**2) * np.sum(observed**2)))


class Reference:
    """The fits of one fold of genes, by explicit least squares."""

    def __init__(self, of: Problem, fitted: list[int], u: Array, kept: Array) -> None:
        self.of, self.u, self.kept = of, u, kept
        self.train = np.isin(of.folds, fitted)
        self.x, self.y = centred_x(of), centred_logs(of)

    def pairing(self, penalty: float, samples: Array) -> tuple[Array, Array]:
        """Weights fitted in some samples, and predictions of all genes in all samples."""
        mean = self.of.u[samples][:, self.u].mean(axis=0)
        z = self.of.u[:, self.u] - mean
        y = self.y[np.ix_(self.train, samples)]
        design = khatri_rao(self.x[self.train][:, self.kept], z[samples])
        scale = np.mean(np.sum(design**2, axis=0))
        # The mean of each gene is of the samples of the fit.
        weights = ridge(design, (y - y.mean(axis=1, keepdims=True)).ravel(), np.full(len(self.u), penalty * scale))
        return weights, (self.x[:, self.kept] * weights) @ z.T

    def both(self, tissue_penalty: float, penalty: float) -> Array:
        """Predictions beside tissue identity."""
        columns = REGULATORS + np.arange(TISSUES)
        z = self.of.u[:, self.u] - self.of.u[:, self.u].mean(axis=0)
        tissues = self.of.u[:, columns] - self.of.u[:, columns].mean(axis=0)
        x = self.x[self.train]
        wide = np.einsum("ga,st->gsat", x, tissues).reshape(-1, REGULATORS * TISSUES)
        design = np.concatenate([wide, khatri_rao(x[:, self.kept], z)], axis=1)
        identity = tissue_penalty * np.mean(np.sum(x**2, axis=0))
        # In units of the diagonal of the normal matrix from which the coefficients of the tissues are eliminated.
        projected = wide @ np.linalg.solve(wide.T @ wide + identity * np.eye(wide.shape[1]), wide.T)
        pairs = design[:, wide.shape[1] :]
        scale = np.mean(np.diag(pairs.T @ pairs - pairs.T @ projected @ pairs))
        penalties = np.concatenate([np.full(wide.shape[1], identity), np.full(len(self.u), penalty * scale)])
        found = ridge(design, self.y[self.train].ravel(), penalties)
        coefficients = found[: wide.shape[1]].reshape(REGULATORS, TISSUES)
        return np.asarray(self.x @ coefficients @ tissues.T + (self.x[:, self.kept] * found[wide.shape[1] :]) @ z.T)


def test_closed_form_is_least_squares_on_the_khatri_rao_design() -> None:
    of = problem()
    sums, u, kept = sums_of(of), np.array([1, 0, 4, 12, 3]), np.array([0, 1, 2, 3, 5])
    for groups in ([0, 1], [1]):
        samples = SampleMoments.of(sums, np.array(groups))
        fitted = Moments.of(sums, np.array([0, 2]), samples).kept(kept)
        reference = Reference(of, [0, 2], u, kept)
        for penalty in PAIRING_PENALTIES:
            weights = Normal.of(fitted, u, samples.products(sums, u)).weights(penalty)
            expected, _ = reference.pairing(penalty, np.flatnonzero(np.isin(of.groups, groups)))
            np.testing.assert_allclose(weights, expected, rtol=1e-5, atol=1e-6)  # Solved in float32.


@pytest.mark.parametrize("kind", ["own", "shuffled", "others"])
@pytest.mark.parametrize("fold", [0, 1, 3])
def test_scores_are_those_of_explicit_fits(fold: int, kind: str) -> None:
    of = problem(fold)
    sums, order = sums_of(of), np.random.default_rng(1).random(8)
    choose = {
        "own": of.candidates.own,
        "shuffled": lambda held: of.candidates.shuffled(held, order[:REGULATORS]),
        "others": lambda held: of.candidates.others(held, order),
    }[kind]
    test = FoldTest(sums, of.candidates, fold)
    found = test.scores(choose)
    inner, everyone = (fold + 1) % 4, np.arange(SAMPLES)
    rest, train = [f for f in range(4) if f not in (fold, inner)], [f for f in range(4) if f != fold]
    y, tested, inner_tested = centred_logs(of), of.folds == fold, of.folds == inner

    def reference(folds: list[int]) -> Reference:
        held = np.setdiff1d(np.arange(4), folds)
        return Reference(of, folds, choose(held), of.candidates.own(held))

    tried = [reference(rest).pairing(penalty, everyone)[1] for penalty in PAIRING_PENALTIES]
    best = PAIRING_PENALTIES[int(np.argmax([correlation(p[inner_tested], y[inner_tested]) for p in tried]))]
    _, predicted = reference(train).pairing(best, everyone)
    assert found.seen.r == pytest.approx(correlation(predicted[tested], y[tested]))
    held_out = np.empty_like(predicted)
    for group in (0, 1):
        other = np.flatnonzero(of.groups != group)
        held_out[:, of.groups == group] = reference(train).pairing(best, other)[1][:, of.groups == group]
    held_out -= held_out.mean(axis=1, keepdims=True)
    assert found.held_out.r == pytest.approx(correlation(held_out[tested], y[tested]))
    # Tissue identity: its penalty is chosen without the pairing.
    tissue = next(
        penalty
        for penalty in PAIRING_PENALTIES
        if np.allclose(test.outer.identity(penalty).alone, test.identity.alone, rtol=1e-12)
    )
    tried = [reference(rest).both(tissue, penalty) for penalty in PAIRING_PENALTIES]
    best = PAIRING_PENALTIES[int(np.argmax([correlation(p[inner_tested], y[inner_tested]) for p in tried]))]
    both = reference(train).both(tissue, best)
    assert found.beyond_identity.r == pytest.approx(correlation(both[tested], y[tested]))
    assert test.scores(choose, with_identity=False) == PairingScores(found.seen, found.held_out)


def test_tissue_identity_is_a_ridge_of_each_tissue_on_all_features() -> None:
    of = problem()
    stage = Stage(sums_of(of), of.candidates, np.array([0, 2, 3]), 1)
    x, y = centred_x(of)[of.folds != 1], centred_logs(of)[of.folds != 1]
    columns = of.u[:, REGULATORS : REGULATORS + TISSUES]
    for penalty in PAIRING_PENALTIES:
        loaded = x.T @ x + penalty * np.mean(np.sum(x**2, axis=0)) * np.eye(REGULATORS)
        np.testing.assert_allclose(
            stage.identity(penalty).alone, np.linalg.solve(loaded, x.T @ y @ columns), atol=1e-10
        )


def test_sums_of_genes_add_up_to_the_scores() -> None:
    of = problem()
    sums = sums_of(of)
    for fold in range(4):
        test, genes = FoldTest(sums, of.candidates, fold), np.flatnonzero(of.folds == fold)
        scores = test.scores(of.candidates.own)
        own, identity, both = test.gene_sums(of.x, genes, of.candidates.own)
        for found, expected in ((own, scores.seen), (identity, test.identity_alone()), (both, scores.beyond_identity)):
            assert found.cross.sum() == pytest.approx(expected.cross, rel=1e-5)
            assert found.predicted.sum() == pytest.approx(expected.predicted, rel=1e-5)
        assert sums.gene_yy[genes].sum() == pytest.approx(scores.seen.observed)


def test_bootstrap_weights_count_genes() -> None:
    of = problem()
    test, genes = FoldTest(sums_of(of), of.candidates, 0), np.flatnonzero(of.folds == 0)
    own, *_ = test.gene_sums(of.x, genes, of.candidates.own)
    observed = np.sum(centred_logs(of)[genes] ** 2, axis=1)
    once, none = np.ones((1, len(genes))), np.zeros((1, len(genes)))
    assert drawn_correlations(own, observed, once)[0] == pytest.approx(test.scores(of.candidates.own).seen.r, rel=1e-5)
    assert np.isnan(drawn_correlations(own, observed, none)[0])


def toy(effect: float, seed: int = 0, **given: Any) -> tuple[Dataset, Array]:
    """A dataset with 6 chromosomes in which each motif's full hit changes expression by `effect` per level."""
    sizes = Sizes(genes=240, samples=60, length=20, motifs=20, regulators=12, tissues=6)
    chance = np.random.default_rng(seed)
    maxima = chance.normal(8, 2, (sizes.genes, sizes.motifs)).astype(np.float32)
    # Regulator 0 binds two motifs, the last seven have no regulator.
    motif_map = np.zeros((sizes.regulators, sizes.motifs), np.uint8)
    motif_map[np.arange(12), np.arange(12)] = 1
    motif_map[0, 12] = 1
    tissue = np.arange(sizes.samples) % sizes.tissues
    by_tissue = chance.normal(2.5, 0.7, (sizes.tissues, sizes.regulators))
    level = by_tissue[tissue] + chance.normal(0, 0.3, (sizes.samples, sizes.regulators))
    signs = np.where(np.arange(12) % 3 == 2, -1, 1)
    x = (maxima[:, :12] - 8) / 2
    log = 2 + chance.normal(0, 0.5, (sizes.genes, 1)) + chance.normal(0, 0.5, (sizes.genes, sizes.samples))
    # Tissues differ in ways that no level explains.
    log += 0.2 * (x @ chance.normal(size=(12, sizes.tissues)))[:, tissue]
    log += effect * (x * signs) @ (level - level.mean(axis=0)).T
    position = np.arange(sizes.genes)
    genes = Genes(
        gene_id=names("G", sizes.genes),
        gene_name=names("G", sizes.genes),
        chromosome=np.char.add("chr", (position % 6).astype(str)),
        strand=np.full(sizes.genes, "+"),
        tss=1_000_000 + 10_000 * position,
        window_start=1_000_000 + 10_000 * position,
        window_end=1_000_020 + 10_000 * position,
        merged=np.full(sizes.genes, ""),
        cluster=position,
    )
    arrays: dict[str, Any] = {
        "genes": genes,
        "expression": np.expm1(np.maximum(log, 0)).astype(np.float32),
        "regulator_levels": np.expm1(np.maximum(level, 0)).astype(np.float32),
        "motif_map": motif_map,
        "tissue": np.eye(sizes.tissues, dtype=np.uint8)[tissue],
    }
    return toy_dataset(sizes, seed, **(arrays | given)), maxima


def groups_of(dataset: Dataset) -> Array:
    return np.asarray(dataset.tissue).argmax(axis=1).astype(str)


def own_and_random(result: MechanismResult, kind: str, field: str, which: str = "real") -> tuple[float, Array]:
    found = getattr(result, which)
    return getattr(found.own, field).r, np.array([getattr(score, field).r for score in getattr(found, kind)])


def test_planted_effects_are_found() -> None:
    """Better than every random pairing: alone, in tissues that were held out, and beside tissue identity."""
    dataset, maxima = toy(effect=0.3)
    result = mechanism(dataset, maxima, groups_of(dataset), draws=30)
    assert isinstance(result, MechanismResult)
    assert (result.regulators, result.folds, result.groups) == (12, 5, 5)
    for kind, field in (
        ("shuffled", "seen"),
        ("shuffled", "held_out"),
        ("shuffled", "beyond_identity"),
        ("others", "seen"),
        ("others", "held_out"),
    ):
        own, drawn = own_and_random(result, kind, field)
        assert len(drawn) == 30
        assert own > 0.3
        assert (own > drawn).all(), (kind, field)
    assert result.real.own.beyond_identity.r > result.real.identity.seen.r + 0.05
    # Under the control, nothing.
    own, _ = own_and_random(result, "shuffled", "seen", "permuted")
    assert abs(own) < 0.1
    assert not result.permuted.others
    assert result.permuted.own.beyond_identity.r < result.permuted.identity.seen.r + 0.02


def test_what_was_not_planted_is_not_found() -> None:
    """Own pairings have any rank among the shuffled ones; tissue identity finds what tissues differ in."""
    ranks = []
    for seed in range(8):
        dataset, maxima = toy(effect=0.0, seed=seed)
        result = mechanism(dataset, maxima, groups_of(dataset), draws=9, seed=seed)
        assert isinstance(result, MechanismResult)
        assert result.real.identity.seen.r > 0.3
        own, drawn = own_and_random(result, "shuffled", "beyond_identity")
        ranks.append(np.count_nonzero(drawn >= own))
    # The chance that the own pairing is best in four of eight is 0.005.
    assert sum(rank == 0 for rank in ranks) < 4


def test_result_follows_from_the_seed() -> None:
    dataset, maxima = toy(effect=0.1)
    first, second, other = (mechanism(dataset, maxima, groups_of(dataset), draws=3, seed=seed) for seed in (1, 1, 2))
    assert isinstance(first, MechanismResult)
    assert isinstance(second, MechanismResult)
    assert isinstance(other, MechanismResult)
    assert first.real.shuffled == second.real.shuffled
    assert first.permuted.own == second.permuted.own
    assert first.real.own == other.real.own
    assert first.real.shuffled != other.real.shuffled


def test_levels_of_regulators_among_the_predicted_genes_are_never_read() -> None:
    """Regulator 3 is a target gene, and regulator 4 shares the TSS of another: change them and nothing changes."""
    dataset, maxima = toy(effect=0.2)
    ids, merged = dataset.genes.gene_id.copy(), dataset.genes.merged.astype("<U8")
    ids[0], merged[6] = "R3", "R4"
    dataset = replace(dataset, genes=replace(dataset.genes, gene_id=ids, merged=merged))
    folds, groups = gene_folds(dataset.genes), np.asarray(dataset.tissue).argmax(axis=1) // 2
    assert folds[0] == folds[6]
    levels = np.array(dataset.regulator_levels)
    levels[:, [3, 4]] = RANDOM.lognormal(2, 1, (len(levels), 2))
    changed = replace(dataset, regulator_levels=levels)
    tests = []
    for one in (dataset, changed):
        inputs = pairing_inputs(one, regulator_features(one, maxima), folds, groups, np.random.default_rng(0))
        tests.append((inputs.candidates, [FoldTest(*inputs, fold) for fold in range(5)]))
    (candidates, before), (_, after) = tests
    order = RANDOM.random(12)
    predicted_by = int(folds[0])
    for choose in (candidates.own, lambda held: candidates.shuffled(held, order)):
        assert before[predicted_by].scores(choose) == after[predicted_by].scores(choose)
        # Other genes may be predicted from them.
        other = (predicted_by + 2) % 5
        assert before[other].scores(choose) != after[other].scores(choose)


def test_expression_of_predicted_genes_changes_no_fit() -> None:
    dataset, maxima = toy(effect=0.2)
    folds, groups = gene_folds(dataset.genes), np.asarray(dataset.tissue).argmax(axis=1) // 2
    expression = np.array(dataset.expression)
    # The means stay, so that the other genes are drawn from the same ones.
    expression[folds == 2] = RANDOM.permuted(expression[folds == 2], axis=1)
    fits = []
    for one in (dataset, replace(dataset, expression=expression)):
        inputs = pairing_inputs(one, regulator_features(one, maxima), folds, groups, np.random.default_rng(0))
        test = FoldTest(*inputs, 2)
        u = inputs.candidates.others(np.array([2]), np.arange(18.0))
        fits.append((test.identity.alone, Normal.of(test.outer.fitted, u, test.uu[u][:, u]).weights(1.0)))
    for mine, theirs in zip(*fits, strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_motifs_of_one_regulator_are_one_feature() -> None:
    dataset, maxima = toy(effect=0.0)
    features = regulator_features(dataset, maxima)
    assert features.member.sum(axis=0).tolist() == [1] * 12
    column = int(np.flatnonzero(features.member[0])[0])
    both = [(maxima[:, motif] - maxima[:, motif].mean()) / maxima[:, motif].std() for motif in (0, 12)]
    assert np.corrcoef(features.motif[:, column], both[0] + both[1])[0, 1] == pytest.approx(1)
    np.testing.assert_allclose(features.motif.std(axis=0), 1)
    np.testing.assert_allclose(features.level.std(axis=0), 1)
    # What does not vary says nothing.
    constant = maxima.copy()
    constant[:, 5] = 3
    levels = np.array(dataset.regulator_levels)
    levels[:, 7] = 0
    left = regulator_features(replace(dataset, regulator_levels=levels), constant)
    assert left.member.any(axis=1).tolist() == [number not in (5, 7) for number in range(12)]


def test_folds_are_whole_chromosomes_or_clusters() -> None:
    dataset, _ = toy(effect=0.0)
    genes = dataset.genes
    folds = gene_folds(genes)
    assert len(np.unique(folds)) == 5
    assert all(len(np.unique(folds[genes.chromosome == name])) == 1 for name in np.unique(genes.chromosome))
    two = replace(genes, chromosome=np.where(np.arange(240) < 120, "chr1", "chr2"), cluster=np.arange(240) // 4)
    folds = gene_folds(two)
    assert len(np.unique(folds)) == 5
    assert all(len(np.unique(folds[two.cluster == cluster])) == 1 for cluster in range(60))


def test_what_cannot_be_tested_is_said() -> None:
    dataset, maxima = toy(effect=0.0)
    groups = groups_of(dataset)
    few = mechanism(replace(dataset, motif_map=np.zeros_like(dataset.motif_map)), maxima, groups)
    assert isinstance(few, str)
    assert " 0 " in few
    one = replace(dataset, genes=replace(dataset.genes, chromosome=np.full(240, "chr1"), cluster=np.zeros(240, int)))
    alone = mechanism(one, maxima, groups)
    assert isinstance(alone, str)
    assert " 1 " in alone
    assert untestable(FEWEST_FOLDS, FEWEST_REGULATORS, FEWEST_SAMPLES) == ""
    assert str(FEWEST_SAMPLES) in untestable(FEWEST_FOLDS, FEWEST_REGULATORS, FEWEST_SAMPLES - 1)


def test_one_group_of_tissues_cannot_be_held_out() -> None:
    dataset, maxima = toy(effect=0.3)
    result = mechanism(dataset, maxima, np.full(60, "all"), draws=2)
    assert isinstance(result, MechanismResult)
    assert result.groups == 1
    assert np.isnan(result.real.own.held_out.r)
    assert result.real.own.seen.r > 0.3

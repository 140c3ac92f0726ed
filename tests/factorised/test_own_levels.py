"""Each motif times its own level: the closed form equals explicit least squares, and planted effects are found."""

import dataclasses
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from helpers.planted import planted
from tr300m.base.types import Bools, Floats, Ints
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.splits import Split, thesis_split
from tr300m.factorised.choose import choose_penalties, inner_fits, inner_masks
from tr300m.factorised.closed_form import ClosedForm, TrainingPairs
from tr300m.factorised.fit import fit
from tr300m.factorised.model import FactorisedModel
from tr300m.factorised.own_level_fit import (
    HALF_OCCUPIED,
    OwnSettings,
    choose_own,
    fit_own,
    fitted_squares,
    held_out_squares,
)
from tr300m.factorised.own_level_sums import OwnInputs, level_sums, own_rights, own_sums
from tr300m.factorised.own_levels import MOTIFS, LevelColumns, OwnLevelTerm, occupancies
from tr300m.factorised.products import Corner, Products
from tr300m.factorised.two_sided_ridge import Penalties, Rotated, RotatedCorner
from tr300m.model.likelihood.zero_lognormal_mixture import ZeroLognormalMixture

PENALTIES = Penalties(0.3, 2.0, 5.0, 0.7)
PENALTY = 0.05
COLUMNS = LevelColumns(np.array([0, 1, 3]), np.array([0, 1, 0, 2]))


def test_occupancies_by_hand() -> None:
    """Each bit above the threshold doubles the odds."""
    found = occupancies(np.array([[5.0, 6], [4, 8]]), np.array([5.0, 7]))
    np.testing.assert_allclose(found, [[1 / 2, 1 / 3], [1 / 3, 2 / 3]])


def test_motifs_of_the_same_regulators_share_a_level() -> None:
    columns = LevelColumns.of(np.array([[1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 0, 1]], np.uint8))
    assert len(columns.first) == 3
    assert columns.first[columns.of_motif].tolist() == [0, 1, 0, 3]


def test_a_term_by_hand() -> None:
    term = OwnLevelTerm(
        np.array([5.0, 5, 5, 5]), np.array([0.5, 0, 0.5, 0]), np.array([2.0, 4, 10, 0]), np.array([1.0, 0, 0]), COLUMNS
    )
    # Occupancies 1/2, 2/3, 1/3, 1/2. Motifs 0 and 2 share level 0: 2 * 0 + 10 * (1/3 - 1/2).
    np.testing.assert_allclose(term.genes(np.array([[5.0, 6, 4, 5]])), [[-5 / 3, 8 / 3, 0]])
    np.testing.assert_allclose(term.samples(np.array([[3.0, 7, 3, 9]])), [[2, 7, 9]])
    again = OwnLevelTerm.from_arrays(term.arrays())
    np.testing.assert_array_equal(again.genes(np.array([[5.0, 6, 4, 5]])), term.genes(np.array([[5.0, 6, 4, 5]])))


class Toy(NamedTuple):
    """A matrix [gene, sample], what it is fitted to, and its inner folds."""

    y: Floats
    x: Floats
    z: Floats
    inputs: OwnInputs
    sums: Products
    folds: list[Rotated]


def toy(y: Floats, seed: int, sample_folds: int = 3) -> Toy:
    rng = np.random.default_rng(seed)
    genes, samples = y.shape
    x, z, levels = (rng.normal(0, 1, shape) for shape in ((genes, 3), (samples, 2), (samples, 3)))
    scores = rng.normal(5, 2, (genes, 4))
    gene_fold, sample_fold = np.arange(genes) % 3, np.arange(samples) % sample_folds
    levels -= levels.mean(axis=0)
    sums, level_sums = Products.of(
        np.expm1(y).astype(np.float32),
        np.arange(genes),
        np.arange(samples),
        np.concatenate([z, levels], axis=1),
        gene_fold,
        sample_fold,
    ).split(2)
    inputs = OwnInputs(scores, levels, np.zeros(3), COLUMNS, level_sums, gene_fold, sample_fold)
    return Toy(y, x, z, inputs, sums, inner_fits(sums, x, z, gene_fold, sample_fold))


def noise(seed: int = 0, genes: int = 24, samples: int = 15) -> Floats:
    return np.abs(np.random.default_rng(100 + seed).normal(3, 1, (genes, samples)))


def centred(values: Floats) -> Floats:
    return np.asarray(values - values.mean(axis=0))


def expanded(case: Toy, rows: Bools, columns: Bools, threshold: Floats) -> tuple[Floats, Floats, Floats]:
    """Return y [pair], products of occupancies and own levels [pair, motif], and of features [pair, product]."""
    y = centred(centred(case.y[np.ix_(rows, columns)]).T).T
    m, levels = centred(occupancies(case.inputs.scores[rows], threshold)), centred(case.inputs.levels[columns])
    x, z = centred(case.x[rows]), centred(case.z[columns])
    own = np.einsum("gm,sm->gsm", m, levels[:, COLUMNS.of_motif]).reshape(y.size, -1)
    return y.ravel(), own, np.kron(x, z)


def dense_penalty(case: Toy, rows: Bools, columns: Bools) -> Floats:
    """Return the matrix of which two-sided ridge is the ridge: (X'X + p) x (Z'Z + q) - X'X x Z'Z."""
    xx, zz = (part.T @ part for part in (centred(case.x[rows]), centred(case.z[columns])))
    return np.asarray(
        np.kron(xx + PENALTIES.gene_side * np.eye(3), zz + PENALTIES.sample_side * np.eye(2)) - np.kron(xx, zz)
    )


def explicit(case: Toy, rows: Bools, columns: Bools, threshold: Floats) -> tuple[Floats, Floats]:
    """Return coefficients of motifs and of all products of features, by least squares with rows for the penalties."""
    y, own, dense = expanded(case, rows, columns, threshold)
    roots = np.linalg.cholesky(dense_penalty(case, rows, columns)).T
    free = own - dense @ np.linalg.solve(dense.T @ dense + roots.T @ roots, dense.T @ own)
    ridge = PENALTY * np.trace(own.T @ free) / own.shape[1]
    design = np.block(
        [
            [own, dense],
            [np.sqrt(ridge) * np.eye(own.shape[1]), np.zeros((own.shape[1], dense.shape[1]))],
            [np.zeros((len(roots), own.shape[1])), roots],
        ]
    )
    found = np.linalg.lstsq(design, np.concatenate([y, np.zeros(len(design) - len(y))]), rcond=None)[0]
    return found[: own.shape[1]], found[own.shape[1] :]


@pytest.mark.parametrize("sample_folds", [1, 3])
def test_a_fit_of_all_pairs_is_the_joint_least_squares(sample_folds: int) -> None:
    case = toy(noise(), 0, sample_folds)
    everywhere = np.ones(24, bool), np.ones(15, bool)
    threshold = np.array([5.0, 4, 6, 5])
    corner = Corner.of(case.sums, case.x, case.z, case.inputs.gene_fold, case.inputs.sample_fold, *everywhere)
    term = fit_own(RotatedCorner.of(corner), corner, case.inputs, OwnSettings(threshold, PENALTY), PENALTIES)
    own, dense = explicit(case, *everywhere, threshold)
    np.testing.assert_allclose(term.weight, own, rtol=1e-3, atol=1e-4)
    rest = corner.without(term.genes(case.inputs.scores), case.inputs.levels)
    coefficients = RotatedCorner.of(rest).coefficients(PENALTIES)
    found = coefficients.gene_map[:, 1:] @ coefficients.sample_map[:, 1:].T
    np.testing.assert_allclose(found.ravel(), dense, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("sample_folds", [1, 3])
def test_inner_folds_are_those_of_explicit_fits(sample_folds: int) -> None:
    case = toy(noise(1), 1, sample_folds)
    threshold = np.array([5.0, 4, 6, 5])
    occupied = occupancies(case.inputs.scores, threshold)
    (rights,), of_samples = own_rights(case.inputs, [occupied]), level_sums(case.folds, case.z, case.inputs)
    sums = own_sums(case.folds, case.x, case.inputs, of_samples, occupied, rights)
    for number, (fold, (fitted, held)) in enumerate(zip(case.folds, sums, strict=True)):
        held_rows, held_columns, columns = inner_masks(number, case.inputs.gene_fold, case.inputs.sample_fold)
        weight = fitted_squares(fold.fitted, fitted, PENALTIES).lowest(PENALTY)
        own, dense = explicit(case, ~held_rows, columns, threshold)
        np.testing.assert_allclose(weight, own, rtol=1e-3, atol=1e-4)
        y, own_held, dense_held = expanded(case, held_rows, held_columns, threshold)
        _, _, x = expanded(case, ~held_rows, columns, threshold)
        alone = np.linalg.solve(
            x.T @ x + dense_penalty(case, ~held_rows, columns), x.T @ expanded(case, ~held_rows, columns, threshold)[0]
        )
        without = np.square(y - dense_held @ alone).sum()
        with_it = np.square(y - own_held @ own - dense_held @ dense).sum()
        error = held_out_squares(fold, fitted, held, PENALTIES)(weight)
        assert error == pytest.approx(with_it - without, rel=1e-3, abs=1e-3)


def regulated(seed: int, effect: float) -> Toy:
    """Return noise plus the effects 1, -1, 0 and 1 of occupancy times own level."""
    case = toy(noise(seed, 90, 60), seed)
    occupied = occupancies(case.inputs.scores, np.quantile(case.inputs.scores, HALF_OCCUPIED[1], axis=0))
    effects = centred(occupied) * np.array([1, -1, 0, 1])
    return toy(case.y + 2 + effect * effects @ case.inputs.levels[:, COLUMNS.of_motif].T, seed)


def test_planted_effects_are_found_on_inner_folds() -> None:
    for seed in range(3):
        case = regulated(seed, 2.0)
        penalties = choose_penalties(case.folds)
        found = choose_own(case.folds, case.x, case.z, case.inputs, penalties)
        assert found is not None
        for term in found.terms:
            np.testing.assert_allclose(term.weight, [2, -2, 0, 2], atol=0.5)


def test_pairs_of_an_inner_fold_are_those_of_the_whole_table() -> None:
    case = regulated(0, 2.0)
    training = TrainingPairs(case.x, case.z, case.inputs.gene_fold, case.inputs.sample_fold, case.sums)
    closed = ClosedForm.fit(training, case.inputs, "toy")
    assert closed.own is not None
    pairs = np.array([[7, 5], [3, 5], [7, 2], [3, 5], [88, 59]])
    for fold, term in enumerate(closed.own.terms):
        fitted = closed.inner[fold].fitted.coefficients(closed.penalties)
        table = fitted.table(fitted.genes(case.x), fitted.samples(case.z))
        levels = case.inputs.levels + case.inputs.level_mean - term.level_mean
        table += term.genes(case.inputs.scores) @ levels.T
        found = closed.of_fold(fold, training, pairs)
        np.testing.assert_allclose(found, table[pairs[:, 0], pairs[:, 1]], rtol=1e-12)


def test_where_there_is_none_the_term_is_shrunk_away() -> None:
    """One draw may look like signal by chance, eight hardly."""
    largest = []
    for seed in range(8):
        case = regulated(seed, 0.0)
        found = choose_own(case.folds, case.x, case.z, case.inputs, choose_penalties(case.folds))
        largest.append(0.0 if found is None else max(np.abs(term.weight).max() for term in found.terms))
    assert np.median(largest) < 0.1


# In a dataset


@cache
def data() -> tuple[Dataset, dict[str, Floats], Floats]:
    """Return a dataset with planted effects of motifs, gene features, and the effects [motif]."""
    given = planted()
    rng = np.random.default_rng(1)
    dataset, motifs = given.dataset, given.dataset.motif_map.shape[1]
    motif_map = np.eye(6, motifs, dtype=np.uint8)
    scores = np.maximum(rng.normal(5, 3, (len(dataset.genes), motifs)), 0)
    effect = np.array([1.5, -1.5, 1.5, 0, 0, 0] + [0] * (motifs - 6))
    levels = np.log1p(dataset.regulator_levels @ motif_map)
    occupied = occupancies(scores, np.quantile(scores, 0.7, axis=0))
    y = np.log1p(dataset.expression) + (occupied * effect) @ (levels - levels.mean(axis=0)).T
    expression = np.expm1(np.maximum(y, 0)).astype(np.float32)
    changed = dataclasses.replace(dataset, expression=expression, motif_map=motif_map)
    return changed, {**given.features, MOTIFS: scores.astype(np.float32)}, effect


def split() -> Split:
    return thesis_split(150, 60, held_out_genes=40, held_out_samples=16, gene_pool=None)


def fitted_model(dataset: Dataset, features: dict[str, Floats], model: str = "bilinear") -> FactorisedModel:
    return fit(dataset, split(), features, model=model, likelihood=ZeroLognormalMixture(), seed=0)


@pytest.mark.parametrize("model", ["bilinear", "bilinear_trees"])
def test_the_effects_of_a_dataset_are_found_and_saved(model: str, tmp_path: Path) -> None:
    dataset, features, effect = data()
    found = fitted_model(dataset, features, model)
    assert found.own_levels is not None
    assert np.corrcoef(found.own_levels.weight, effect)[0, 1] > 0.9
    pairs = split().pairs("test")
    found.save(tmp_path / "model.npz")
    again = FactorisedModel.load(tmp_path / "model.npz")
    np.testing.assert_array_equal(*(one.log_mean(dataset, features, pairs) for one in (found, again)))
    without = fitted_model(dataset, {name: block for name, block in features.items() if name != MOTIFS}, model)
    assert without.own_levels is None
    observed = np.log1p(dataset.expression[pairs[:, 0], pairs[:, 1]])
    errors = [np.square(one.log_mean(dataset, features, pairs) - observed).mean() for one in (found, without)]
    assert errors[0] < 0.8 * errors[1]


@pytest.mark.parametrize("model", ["bilinear", "bilinear_trees"])
def test_the_term_is_the_same_whatever_is_held_out(model: str, tmp_path: Path) -> None:
    dataset, features, _ = data()
    rng, held_out = np.random.default_rng(9), split()
    expression, levels = np.array(dataset.expression), np.array(dataset.regulator_levels)
    expression[held_out.held_out_genes] = 1000
    expression[:, held_out.held_out_samples] = 1000
    levels[held_out.held_out_samples] = 1000
    scores = np.array(features[MOTIFS])
    scores[held_out.held_out_genes] = rng.normal(50, 9, (40, scores.shape[1]))
    other = dataclasses.replace(dataset, expression=expression, regulator_levels=levels)
    fitted_model(dataset, features, model).save(tmp_path / "first.npz")
    fitted_model(other, features | {MOTIFS: scores}, model).save(tmp_path / "second.npz")
    assert (tmp_path / "first.npz").read_bytes() == (tmp_path / "second.npz").read_bytes()


def test_levels_of_held_out_genes_are_not_read() -> None:
    dataset, features, _ = data()
    ids: Ints = np.array(dataset.regulators.gene_id.astype("<U9"))
    ids[0] = dataset.genes.gene_id[split().test_genes[0]]
    own = dataclasses.replace(dataset, regulators=dataclasses.replace(dataset.regulators, gene_id=ids))
    found = fitted_model(own, features)
    assert found.own_levels is not None and found.own_levels.weight[0] == 0
    levels = np.array(dataset.regulator_levels)
    levels[:, 0] = 1000
    other, pairs = dataclasses.replace(own, regulator_levels=levels), split().pairs("test")
    np.testing.assert_array_equal(*(found.log_mean(one, features, pairs) for one in (own, other)))

"""Towers as arrays, and the residuals that they are trained on: by hand, and against slow references."""

import numpy as np
import pytest
from tr300m.base.types import Floats
from tr300m.factorised.choose import choose_penalties, inner_fits
from tr300m.factorised.products import Corner, Products
from tr300m.factorised.residuals import STOPPING_FOLD, Residuals
from tr300m.factorised.towers import Towers
from tr300m.factorised.two_sided_ridge import RotatedCorner

TOWERS = Towers(
    genes=(
        (np.array([[1.0, -1.0]]), np.array([0.0, 1.0])),
        # The gene part, then a gene vector of length 2.
        (np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]]), np.array([0.5, 0.0, 0.0])),
    ),
    samples=((np.array([[1.0, 10.0]]), np.zeros(2)),),
    inner_errors=np.array([[0, 2.0], [25, 1.5], [50, 1.75]]),
)


def test_towers_by_hand() -> None:
    # Hidden units of a gene with x = 2: 2 and -1, which ReLU sets to 0; of x = -1: -1, set to 0, and 2.
    x, z = np.array([[2.0], [-1.0]]), np.array([[1.0], [3.0]])
    assert TOWERS.gene_side(x).tolist() == [[2.5, 0, 4], [0.5, 6, 0]]
    assert TOWERS.sample_side(z).tolist() == [[1, 10], [3, 30]]
    table = [[2.5 + 40, 2.5 + 120], [0.5 + 6, 0.5 + 18]]
    assert TOWERS.table(x, z).tolist() == table
    assert TOWERS.pairs(x, z, np.array([[1, 0], [0, 1]])).tolist() == [table[1][0], table[0][1]]
    assert TOWERS.kept_step == 25


def test_vectors_behind_those_of_the_closed_form() -> None:
    rng = np.random.default_rng(0)
    genes, samples, x, z = (rng.normal(size=shape) for shape in ((4, 3), (5, 3), (4, 1), (5, 1)))
    wide_genes, wide_samples = TOWERS.added(genes, samples, x, z)
    assert wide_genes.shape == (4, 5) and wide_samples.shape == (5, 5)

    def table(of_genes: Floats, of_samples: Floats) -> Floats:
        return np.asarray(of_genes[:, :1] + of_samples[:, 0] + of_genes[:, 1:] @ of_samples[:, 1:].T)

    np.testing.assert_allclose(table(wide_genes, wide_samples), table(genes, samples) + TOWERS.table(x, z))


def test_arrays_of_towers_come_back() -> None:
    again = Towers.from_arrays(TOWERS.arrays())
    for one, other in zip([*TOWERS.genes, *TOWERS.samples], [*again.genes, *again.samples], strict=True):
        for first, second in zip(one, other, strict=True):
            np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(again.inner_errors, TOWERS.inner_errors)


@pytest.mark.parametrize("sample_folds", [1, 3])
def test_residuals_are_those_of_genes_that_were_not_fitted(sample_folds: int) -> None:
    """Against a fit to a copy of the expression in which the fold is gone."""
    rng = np.random.default_rng(0)
    expression = rng.lognormal(1, 1, (50, 20)).astype(np.float32)
    genes, samples = np.arange(0, 50, 2), np.arange(1, 20)
    x, z = rng.normal(size=(25, 4)), rng.normal(size=(19, 3))
    gene_fold, sample_fold = np.arange(25) % 3, np.arange(19) % sample_folds
    sums = Products.of(expression, genes, samples, z, gene_fold, sample_fold)
    inner = inner_fits(sums, x, z, gene_fold, sample_fold)
    penalties = choose_penalties(inner)
    found = Residuals.out_of_fold(expression, genes, samples, x, z, inner, penalties, gene_fold, sample_fold)
    y = np.log1p(expression[genes][:, samples])
    for fold in range(3):
        held = gene_fold == fold
        seen = sample_fold != fold if sample_folds > 1 else np.ones(19, bool)
        without = np.where(held[:, None] | ~seen, 1e6, y)
        other = np.zeros_like(expression)
        other[np.ix_(genes, samples)] = np.expm1(np.where(without == 1e6, 0, without))
        sums = Products.of(other, genes, samples, z, gene_fold, sample_fold)
        fitted = RotatedCorner.of(Corner.of(sums, x, z, gene_fold, sample_fold, ~held, seen)).coefficients(penalties)
        table = fitted.table(fitted.genes(x[held]), fitted.samples(z))
        np.testing.assert_allclose(found.missed[held], y[held] - table, atol=4e-3)
    assert found.genes_aside.tolist() == (gene_fold == STOPPING_FOLD).tolist()
    if sample_folds == 1:
        assert found.samples_aside.all() and found.samples_fitted.all()
    else:
        assert found.samples_aside.tolist() == (~found.samples_fitted).tolist() == (sample_fold == 0).tolist()

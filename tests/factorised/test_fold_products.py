"""Products over some folds equal those of the rows of the folds."""

import numpy as np
import pytest
from tr300m.base.types import Floats
from tr300m.factorised.choose import inner_fits, inner_masks
from tr300m.factorised.fold_products import FoldProducts
from tr300m.factorised.products import Corner, Products
from tr300m.factorised.two_sided_ridge import Decomposition


def centred(values: Floats) -> Floats:
    return np.asarray(values - values.mean(axis=0))


@pytest.mark.parametrize(("dtype", "digits"), [(np.float32, 5), (np.float64, 13)])
@pytest.mark.parametrize("same", [False, True])
def test_sums_over_folds(same: bool, dtype: type, digits: int) -> None:
    rng = np.random.default_rng(0)
    left, right, fold = rng.normal(2, 1, (9, 2)), rng.normal(1, 1, (9, 3)), np.array([0, 1, 2] * 3)
    right = left if same else right
    found = FoldProducts.of(left, right, fold, dtype).centred(np.array([0, 2]))
    rows, off = fold != 1, 10.0**-digits
    np.testing.assert_allclose(found, centred(left[rows]).T @ centred(right[rows]), rtol=off, atol=off)


@pytest.mark.parametrize("sample_folds", [1, 3])
def test_inner_folds_have_the_decompositions_of_their_own_rows(sample_folds: int) -> None:
    rng = np.random.default_rng(1)
    x, z = rng.normal(1, 1, (20, 4)), rng.normal(-1, 2, (12, 3))
    gene_fold, sample_fold = np.arange(20) % 4, np.arange(12) % sample_folds
    expression = rng.lognormal(1, 2, (20, 12)).astype(np.float32)
    sums = Products.of(expression, np.arange(20), np.arange(12), z, gene_fold, sample_fold)
    for number, fold in enumerate(inner_fits(sums, x, z, gene_fold, sample_fold)):
        held, _, columns = inner_masks(number, gene_fold, sample_fold)
        corner = Corner.of(sums, x, z, gene_fold, sample_fold, ~held, columns)
        for found, rows in ((fold.fitted.genes, corner.x), (fold.fitted.samples, corner.z)):
            expected = Decomposition.of(rows.T @ rows)
            np.testing.assert_allclose(found.values, expected.values, rtol=1e-10)
            np.testing.assert_allclose(np.abs(np.sum(found.vectors * expected.vectors, axis=0)), 1, rtol=1e-10)

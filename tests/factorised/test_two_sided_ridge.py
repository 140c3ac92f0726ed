"""The closed form equals the two steps written out, the Kronecker least squares, and errors of explicit predictions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tr300m.base.types import Floats
from tr300m.factorised.products import Corner, Products
from tr300m.factorised.two_sided_ridge import (
    Coefficients,
    Penalties,
    Rotated,
    RotatedCorner,
    gene_targets,
)

PENALTIES = Penalties(0.3, 2.0, 5.0, 0.7)


def centred_twice(y: Floats) -> Floats:
    return np.asarray(y - y.mean(axis=1, keepdims=True) - y.mean(axis=0) + y.mean())


def corner_of(y: Floats, x: Floats, z: Floats) -> Corner:
    """Return the corner of an explicit matrix [gene, sample] and features."""
    x_mean, z_mean = x.mean(axis=0), z.mean(axis=0)
    product = centred_twice(y) @ z
    return Corner(x - x_mean, z - z_mean, x_mean, z_mean, y.mean(axis=1), y.mean(axis=0), product)


def draw(seed: int, genes: int, samples: int, wide: int, deep: int) -> tuple[Floats, Floats, Floats]:
    rng = np.random.default_rng(seed)
    x, z = rng.normal(1, 1, (genes, wide)), rng.normal(-1, 2, (samples, deep))
    return rng.normal(3, 1, (genes, samples)), x, z


def fitted(corner: Corner, penalties: Penalties) -> Coefficients:
    return RotatedCorner.of(corner).coefficients(penalties)


def interaction_matrix(coefficients: Coefficients) -> Floats:
    """Return the map from centred gene features to centred sample features [feature, feature]."""
    return np.asarray(coefficients.gene_map[:, 1:] @ coefficients.sample_map[:, 1:].T)


def ridge(x: Floats, y: Floats, penalty: float) -> Floats:
    return np.asarray(np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ y))


def expected(y: Floats, x: Floats, z: Floats, new_x: Floats, new_z: Floats, penalties: Penalties) -> Floats:
    """Predict [gene, sample] by ridge regressions one after the other."""
    xc, zc = x - x.mean(axis=0), z - z.mean(axis=0)
    genes = (new_x - x.mean(axis=0)) @ ridge(xc, y.mean(axis=1) - y.mean(), penalties.gene_part)
    samples = (new_z - z.mean(axis=0)) @ ridge(zc, y.mean(axis=0) - y.mean(), penalties.sample_part)
    by_gene = ridge(xc, centred_twice(y), penalties.gene_side)
    both = ridge(zc, by_gene.T, penalties.sample_side).T
    interaction = (new_x - x.mean(axis=0)) @ both @ (new_z - z.mean(axis=0)).T
    return np.asarray(y.mean() + genes[:, None] + samples + interaction)


def predicted(coefficients: Coefficients, x: Floats, z: Floats) -> Floats:
    """Predict [gene, sample] pair by pair."""
    pairs = np.stack(np.meshgrid(np.arange(len(x)), np.arange(len(z)), indexing="ij"), axis=-1).reshape(-1, 2)
    found = coefficients.pairs(coefficients.genes(x)[pairs[:, 0]], coefficients.samples(z)[pairs[:, 1]])
    return found.reshape(len(x), len(z))


shapes = {
    "seed": st.integers(0, 2**32 - 1),
    "genes": st.integers(2, 12),
    "samples": st.integers(2, 12),
    "wide": st.integers(1, 15),
    "deep": st.integers(1, 15),
}


@settings(deadline=None)
@given(**shapes)
def test_two_steps_written_out(seed: int, genes: int, samples: int, wide: int, deep: int) -> None:
    y, x, z = draw(seed, genes, samples, wide, deep)
    _, new_x, new_z = draw(seed + 1, 4, 3, wide, deep)
    coefficients = fitted(corner_of(y, x, z), PENALTIES)
    np.testing.assert_allclose(
        predicted(coefficients, new_x, new_z), expected(y, x, z, new_x, new_z, PENALTIES), rtol=1e-7, atol=1e-7
    )


def test_tiny_penalties_are_least_squares_on_all_products() -> None:
    y, x, z = draw(0, 20, 15, 3, 4)
    corner = corner_of(y, x, z)
    tiny = Penalties(1e-9, 1e-9, 1e-9, 1e-9)
    kronecker = np.linalg.lstsq(np.kron(corner.x, corner.z), centred_twice(y).ravel(), rcond=None)[0]
    np.testing.assert_allclose(interaction_matrix(fitted(corner, tiny)), kronecker.reshape(3, 4), atol=1e-8)


def test_large_penalties_leave_the_mean() -> None:
    y, x, z = draw(0, 9, 8, 3, 4)
    found = predicted(fitted(corner_of(y, x, z), Penalties(1e12, 1e12, 1e12, 1e12)), x, z)
    np.testing.assert_allclose(found, y.mean(), atol=1e-6)


def test_planted_vectors_are_found() -> None:
    _, x, z = draw(0, 20, 15, 3, 4)
    rng = np.random.default_rng(1)
    y = 2 + (x @ rng.normal(0, 1, 3))[:, None] + z @ rng.normal(0, 1, 4) + x @ rng.normal(0, 1, (3, 4)) @ z.T
    found = predicted(fitted(corner_of(y, x, z), Penalties(1e-9, 1e-9, 1e-9, 1e-9)), x, z)
    np.testing.assert_allclose(found, y, rtol=1e-6)


def test_targets_are_the_gene_side_without_shrinkage() -> None:
    """With as many features as genes, and hardly a penalty on them, the ridge reaches its targets."""
    y, _, z = draw(0, 6, 15, 3, 4)
    corner = corner_of(y, np.eye(6), z)
    coefficients = fitted(corner, PENALTIES._replace(gene_part=1e-9, gene_side=1e-9))
    targets = gene_targets(corner, coefficients)
    np.testing.assert_allclose(coefficients.genes(np.eye(6)), targets, atol=1e-7)
    np.testing.assert_allclose(targets[:, 0], y.mean(axis=1) - y.mean())
    # Times the sample vectors, they are each gene's own ridge on sample features.
    by_hand = corner.z @ ridge(corner.z, centred_twice(y).T, PENALTIES.sample_side)
    np.testing.assert_allclose(coefficients.samples(z)[:, 1:] @ targets[:, 1:].T, by_hand, atol=1e-9)


def test_targets_of_some_genes_differ_by_their_mean() -> None:
    """A fit to some genes is centred on them; the mean of their targets is the way back."""
    y, x, z = draw(0, 9, 8, 3, 4)
    some = np.arange(9) < 6
    whole, part = corner_of(y, x, z), corner_of(y[some], x[some], z)
    targets = gene_targets(whole, fitted(whole, PENALTIES))
    of_part = gene_targets(part, fitted(part, PENALTIES))
    # Eigenvectors are the same: the samples are.
    np.testing.assert_allclose(of_part + targets[some].mean(axis=0), targets[some], atol=1e-12)


def test_no_features_of_samples() -> None:
    """Samples that nothing tells apart: the interaction is 0."""
    y, x, _ = draw(0, 9, 8, 3, 4)
    found = predicted(fitted(corner_of(y, x, np.empty((8, 0))), PENALTIES), x, np.empty((8, 0)))
    np.testing.assert_array_equal(found, found[:, :1].repeat(8, axis=1))


@settings(deadline=None)
@given(
    **shapes,
    penalty=st.floats(1e-3, 1e4),
    other=st.floats(1e-3, 1e4),
    seen=st.booleans(),
)
def test_errors_on_a_held_out_corner(
    seed: int, genes: int, samples: int, wide: int, deep: int, penalty: float, other: float, seen: bool
) -> None:
    """Rotated gives the errors of explicit predictions, whether its samples are fitted or not."""
    y, x, z = draw(seed, genes + 3, samples + 2, wide, deep)
    expression = np.expm1(np.abs(y)).astype(np.float32)
    y = np.log1p(expression.astype(np.float64))
    gene_fold, sample_fold = np.arange(genes + 3) % 2, np.arange(samples + 2) % 2 * (not seen)
    rows, columns = gene_fold == 0, sample_fold == 0
    held_columns = columns if seen else ~columns
    sums = Products.of(expression, np.arange(genes + 3), np.arange(samples + 2), z, gene_fold, sample_fold)

    def corner(row_mask: "np.typing.NDArray[np.bool_]", column_mask: "np.typing.NDArray[np.bool_]") -> Corner:
        return Corner.of(sums, x, z, gene_fold, sample_fold, row_mask, column_mask)

    means = y[rows][:, held_columns].mean(axis=0)
    fold = Rotated(corner(rows, columns), corner(~rows, held_columns), means)
    truth = y[~rows][:, held_columns]
    coefficients = fitted(corner(rows, columns), Penalties(penalty, penalty, penalty, other))
    of_genes, of_samples = coefficients.genes(x[~rows]), coefficients.samples(z[held_columns])

    target = centred_twice(truth)
    interaction = centred_twice(of_genes[:, 1:] @ of_samples[:, 1:].T)
    wanted = np.square(target - interaction).sum() - np.square(target).sum()
    for error in (fold.gene_side(other).error(penalty), fold.sample_side(penalty).error(other)):
        assert error == pytest.approx(wanted, rel=1e-3, abs=1e-3 * (1 + target.size))
    for part, residual in (
        (fold.gene_part, truth.mean(axis=1) - coefficients.constant - of_genes[:, 0]),
        (fold.sample_part, means - coefficients.constant - of_samples[:, 0]),
    ):
        assert part.error(penalty) == pytest.approx(np.square(residual - residual.mean()).sum(), rel=1e-4, abs=1e-6)

"""Towers as arrays, and the residuals that they are trained on: by hand, and against slow references."""

from dataclasses import replace
from functools import partial

import numpy as np
from tr300m.base.types import Bools, Floats, Ints
from tr300m.factorised.products import Corner, Products
from tr300m.factorised.residuals import CrossFit, Interaction, Residuals
from tr300m.factorised.tower_fit import fit_towers
from tr300m.factorised.towers import Towers
from tr300m.factorised.two_sided_ridge import Penalties, RotatedCorner

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
    # Features behind those that the towers read change nothing.
    assert TOWERS.table(np.concatenate([x, x], axis=1), z).tolist() == table
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


def test_residuals_are_those_of_genes_that_were_not_fitted() -> None:
    """Against fits to expression in which everything that a fit must not see is 0."""
    rng = np.random.default_rng(0)
    expression = rng.lognormal(1, 1, (60, 20)).astype(np.float32)
    genes, samples, others, other_samples = np.arange(0, 40, 2), np.arange(1, 15), np.arange(41, 50), np.arange(15, 20)
    x, z, x_other, z_other = (rng.normal(size=shape) for shape in ((20, 4), (14, 3), (9, 4), (5, 3)))
    fold, penalties = np.arange(20) // 5, Penalties(0.1, 1.0, 10.0, 0.01)

    def expected(rows: Bools, held: Ints, of: Ints, x_held: Floats, z_of: Floats) -> Floats:
        """Residuals of genes and samples [gene, sample] by a fit to some of the genes."""
        seen = np.zeros_like(expression)
        corner = np.ix_(genes[rows], samples)
        seen[corner] = expression[corner]
        one, zeros = np.zeros(14, np.int64), np.zeros(rows.sum(), np.int64)
        sums = Products.of(seen, genes[rows], samples, z, zeros, one)
        model = RotatedCorner.of(Corner.of(sums, x[rows], z, zeros, one, zeros == 0, one == 0)).coefficients(penalties)
        return np.asarray(np.log1p(expression[held][:, of]) - model.table(model.genes(x_held), model.samples(z_of)))

    fits = CrossFit(expression, genes, samples, x, z, penalties, fold)
    found = fits.out_of_fold()
    assert found.missed.dtype == np.float16
    for number in range(4):
        held = fold == number
        np.testing.assert_allclose(found.missed[held], expected(~held, genes[held], samples, x[held], z), atol=5e-3)
    aside = fits.of_others(others, other_samples, x_other, z_other)
    np.testing.assert_allclose(
        aside.missed, expected(np.ones(20, bool), others, other_samples, x_other, z_other), atol=5e-3
    )
    np.testing.assert_array_equal(found.x, x)
    np.testing.assert_array_equal(aside.z, z_other)


def test_a_known_interaction_is_no_part_of_the_residuals() -> None:
    """As if it had never been added to log(1 + TPM)."""
    rng = np.random.default_rng(0)
    plain = rng.uniform(3, 4, (30, 12))
    genes, samples, fold = np.arange(24), np.arange(12), np.arange(24) // 6
    x, z, penalties = rng.normal(size=(30, 4)), rng.normal(size=(12, 3)), Penalties(0.1, 1.0, 10.0, 0.01)
    known = Interaction(rng.normal(size=(30, 2)), rng.normal(size=(12, 2)))
    added = plain + 0.1 * known.genes @ known.samples.T
    known = known._replace(genes=0.1 * known.genes)

    def residuals(y: Floats, given: Interaction | None) -> list[Floats]:
        of = [given and Interaction(given.genes[part], given.samples) for part in (slice(24), slice(24, None))]
        fits = CrossFit(np.expm1(y).astype(np.float32), genes, samples, x[:24], z, penalties, fold, of[0])
        others = fits.of_others(np.arange(24, 30), samples, x[24:], z, of[1])
        return [fits.out_of_fold().missed.astype(float), others.missed.astype(float)]

    for found, expected in zip(residuals(added, known), residuals(plain, None), strict=True):
        np.testing.assert_allclose(found, expected, atol=5e-3)
    assert not np.allclose(residuals(added, None)[0], residuals(plain, None)[0], atol=0.02)


def test_what_is_given_to_the_two_trainings() -> None:
    """First the pairs outside the inner fold, and that; then all pairs, for the number of steps that was best."""
    rng = np.random.default_rng(0)
    expression = rng.lognormal(1, 1, (30, 12)).astype(np.float32)
    genes, samples = np.arange(30), np.arange(12)
    x, z = rng.normal(size=(30, 4)), rng.normal(size=(12, 3))
    gene_fold, sample_fold, cluster = np.arange(30) % 3, np.arange(12) % 3, np.arange(30) // 2
    calls = []

    def train(kept: int, given: Residuals, aside: Residuals | None, steps: int, seed: int) -> Towers:
        assert given.x.shape[1] == 3 and (aside is None or aside.x.shape[1] == 3)
        calls.append((given.missed.shape, aside and aside.missed.shape, steps, seed))
        return replace(TOWERS, inner_errors=np.array([[0, 2.0], [kept, 1.0]]))

    rest = (genes, samples, x, z, Penalties(1, 1, 1, 1), gene_fold, sample_fold)
    found = fit_towers(expression, *rest, cluster, 3, partial(train, 50), 7)
    assert calls == [((20, 8), (10, 4), 0, 7), ((30, 12), None, 50, 7)]
    assert found is not None and found[0].kept_step == 50
    calls.clear()
    assert fit_towers(expression, *rest, cluster, 3, partial(train, 0), 7) is None
    assert len(calls) == 1
    assert fit_towers(expression, *rest, cluster, 0, partial(train, 50), 7) is None
    # Genes that all share promoters outside the fold cannot be divided.
    assert fit_towers(expression, *rest, np.zeros(30, np.int64), 3, partial(train, 50), 7) is None

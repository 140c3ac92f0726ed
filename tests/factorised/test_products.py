"""Sums in one pass of the expression equal those over an explicit matrix of log(1 + TPM)."""

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tr300m.base.types import Floats, Ints
from tr300m.factorised import products
from tr300m.factorised.products import Corner, Products


def folds(rng: np.random.Generator, size: int, count: int) -> Ints:
    """Return a fold of each member; none is empty."""
    return rng.permutation(np.concatenate([np.arange(count), rng.integers(0, count, size - count)]))


def centred_twice(y: Floats) -> Floats:
    return np.asarray(y - y.mean(axis=1, keepdims=True) - y.mean(axis=0) + y.mean())


shapes = {
    "seed": st.integers(0, 2**32 - 1),
    "genes": st.integers(3, 20),
    "samples": st.integers(3, 15),
    "gene_folds": st.integers(2, 3),
    "sample_folds": st.integers(1, 3),
}


@settings(deadline=None)
@given(**shapes)
def test_sums_and_corners(seed: int, genes: int, samples: int, gene_folds: int, sample_folds: int) -> None:
    rng = np.random.default_rng(seed)
    expression = rng.lognormal(1, 2, (genes + 5, samples + 4)).astype(np.float32)
    expression[rng.random(expression.shape) < 0.3] = 0
    rows = np.sort(rng.choice(genes + 5, genes, replace=False))
    columns = np.sort(rng.choice(samples + 4, samples, replace=False))
    x, z = rng.normal(0, 1, (genes, 4)), rng.normal(0, 1, (samples, 3))
    gene_fold, sample_fold = folds(rng, genes, gene_folds), folds(rng, samples, sample_folds)
    sums = Products.of(expression, rows, columns, z, gene_fold, sample_fold)

    y = np.log1p(expression[rows][:, columns].astype(np.float64))
    assert np.isclose(sums.largest, y.max(), rtol=1e-6)
    assert len(sums.by_feature) == len(sums.by_gene) == sample_folds and len(sums.by_sample) == gene_folds
    for fold in range(sample_folds):
        inside = sample_fold == fold
        np.testing.assert_allclose(sums.by_feature[fold], y[:, inside] @ z[inside], rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(sums.by_gene[fold], y[:, inside].sum(axis=1), rtol=1e-5)
    for fold in range(gene_folds):
        np.testing.assert_allclose(sums.by_sample[fold], y[gene_fold == fold].sum(axis=0), rtol=1e-5)

    for gene_mask, sample_mask in (
        (gene_fold == 0, sample_fold == 0),
        (gene_fold != 0, sample_fold != 0 if sample_folds > 1 else sample_fold == 0),
        (gene_fold >= 0, sample_fold >= 0),
    ):
        corner = Corner.of(sums, x, z, gene_fold, sample_fold, gene_mask, sample_mask)
        block, z_block = y[gene_mask][:, sample_mask], z[sample_mask]
        np.testing.assert_allclose(corner.x + corner.x_mean, x[gene_mask])
        np.testing.assert_allclose(corner.z + corner.z_mean, z_block)
        np.testing.assert_allclose(corner.x.mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(corner.z.mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(corner.gene_means, block.mean(axis=1), rtol=1e-5)
        np.testing.assert_allclose(corner.sample_means, block.mean(axis=0), rtol=1e-5)
        np.testing.assert_allclose(corner.product, centred_twice(block) @ z_block, atol=2e-4)


def test_blocks_of_genes_do_not_matter(monkeypatch: "object") -> None:
    rng = np.random.default_rng(0)
    expression = rng.lognormal(1, 2, (20, 9)).astype(np.float32)
    given_axes = np.arange(20), np.arange(9), rng.normal(0, 1, (9, 3)), np.arange(20) % 3, np.arange(9) % 2
    whole = Products.of(expression, *given_axes)
    monkeypatch.setattr(products, "_GENES_PER_BLOCK", 7)  # type: ignore[attr-defined]
    parts = Products.of(expression, *given_axes)
    np.testing.assert_allclose(whole.by_feature, parts.by_feature, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(whole.by_gene, parts.by_gene)
    np.testing.assert_allclose(whole.by_sample, parts.by_sample)
    assert whole.largest == parts.largest


def test_two_genes_two_samples_by_hand() -> None:
    # log(1 + TPM) is 0, 1 and 2, 5: its doubly centred form is 0.5 times (1, -1) and (-1, 1).
    expression = np.expm1([[0.0, 1.0], [2.0, 5.0]]).astype(np.float32)
    fold = np.array([0, 1])
    sums = Products.of(expression, fold, fold, np.array([[0.0], [3.0]]), fold, fold)
    everything = np.ones(2, bool)
    corner = Corner.of(sums, np.array([[1.0], [2.0]]), np.array([[0.0], [3.0]]), fold, fold, everything, everything)
    np.testing.assert_allclose(corner.gene_means, [0.5, 3.5], rtol=1e-6)
    np.testing.assert_allclose(corner.sample_means, [1, 3], rtol=1e-6)
    np.testing.assert_allclose(corner.product, [[-1.5], [1.5]], rtol=1e-6)
    assert corner.x_mean == 1.5 and corner.z_mean == 1.5


def test_an_array_on_disk_and_a_part_of_it(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    expression, z = rng.lognormal(1, 2, (12, 9)).astype(np.float32), rng.normal(0, 1, (9, 2))
    np.save(tmp_path / "e.npy", expression)
    mapped = np.load(tmp_path / "e.npy", mmap_mode="r")
    for array, rows in ((mapped, expression), (mapped[3:], expression[3:]), (mapped[::2], expression[::2])):
        genes, samples = np.arange(len(rows)), np.arange(9)
        found, expected = (Products.of(y, genes, samples, z, genes % 2, samples % 3) for y in (array, rows))
        np.testing.assert_array_equal(found.by_feature, expected.by_feature)
        np.testing.assert_array_equal(found.by_sample, expected.by_sample)


def test_split_columns() -> None:
    rng = np.random.default_rng(0)
    expression, z = rng.lognormal(1, 2, (6, 5)).astype(np.float32), rng.normal(0, 1, (5, 3))
    genes, samples = np.arange(6), np.arange(5)
    both = Products.of(expression, genes, samples, z, genes % 2, samples % 2)
    for part, columns in zip(both.split(2), (slice(0, 2), slice(2, 3)), strict=True):
        alone = Products.of(expression, genes, samples, z[:, columns], genes % 2, samples % 2)
        np.testing.assert_allclose(part.by_feature, alone.by_feature, rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(part.by_gene, alone.by_gene)

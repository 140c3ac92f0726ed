"""The cluster bootstrap against copies of pairs, against SciPy, and on data whose observed is known."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.fixtures import Refuses
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tr300m.metrics import point as metrics
from tr300m.metrics.cluster_bootstrap import (
    CLUSTERS,
    PairIndex,
    Weights,
    bootstrap,
    correlations,
    draw_weights,
    save_draws,
    weighted_sums,
)
from tr300m.metrics.intervals import Draws, percentile_interval, share_beyond_zero

Floats = NDArray[np.float64]


def grid(
    n_genes: int,
    n_samples: int,
    donors: NDArray[np.int64] | None = None,
    clusters: NDArray[np.int64] | None = None,
) -> PairIndex:
    """Index a full table, gene fastest as in the thesis."""
    owner = np.arange(n_samples) if donors is None else donors
    cluster = np.arange(n_genes) if clusters is None else clusters
    return PairIndex.of(
        np.tile(np.arange(n_genes), n_samples), np.repeat(np.arange(n_samples), n_genes), cluster, owner
    )


def expression(index: PairIndex, seed: int) -> tuple[Floats, Floats]:
    """Skewed values with ties at zero."""
    rng = np.random.default_rng(seed)
    level = rng.normal(1, 2, index.n_genes)[index.gene]
    n = index.gene.size
    observed, prediction = (np.where(rng.random(n) < 0.3, 0, np.exp(level + rng.normal(0, 1, n))) for _ in range(2))
    return observed.round(2), prediction.round(2)


@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize("cluster", CLUSTERS)
def test_weights_equal_copies(cluster: str, full: bool) -> None:
    """Every metric of a draw is that of the pairs written out as often as they were drawn."""
    index = grid(7, 9, np.array([0, 0, 1, 2, 2, 2, 3, 4, 5]), np.array([4, 0, 0, 9, 2, 9, 9]))
    observed, prediction = expression(index, 0)
    if not full:
        kept = np.random.default_rng(1).random(observed.size) < 0.7
        index = PairIndex.of(index.gene[kept], index.sample[kept], index.cluster, index.donor)
        observed, prediction = observed[kept], prediction[kept]
    nll = np.linspace(-1, 3, observed.size)
    weights = draw_weights(index, cluster, 30, 5)  # type: ignore[arg-type]
    right = metrics.same_side(observed, prediction, 2.0)
    found = bootstrap(observed, prediction, {"accuracy": right, "nll": nll}, index, weights)
    for draw in range(30):
        copies = np.repeat(
            np.arange(observed.size),
            (weights.genes[draw, index.gene] * weights.samples[draw, index.sample]).astype(int),
        )
        expected = metrics.evaluate(observed[copies], prediction[copies], nll[copies], 2.0)
        for name, draws in found.items():
            assert draws[draw] == pytest.approx(expected[name], rel=1e-9, abs=1e-9, nan_ok=True)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_table_and_any_pairs_agree(n_genes: int, n_samples: int, seed: int) -> None:
    from tr300m.metrics.cluster_bootstrap import _sums_of_any_pairs

    rng = np.random.default_rng(seed)
    index = grid(n_genes, n_samples)
    shuffled = rng.permutation(index.gene.size)
    index = PairIndex.of(index.gene[shuffled], index.sample[shuffled], index.cluster, index.donor)
    assert index.cells() is not None
    values = rng.normal(size=(index.gene.size, 3))
    weights = draw_weights(index, "both", 40, seed)
    np.testing.assert_allclose(
        weighted_sums(values, index, weights), _sums_of_any_pairs(values, index, weights), atol=1e-9
    )


def test_a_table_with_a_hole_or_a_double_is_no_table() -> None:
    assert PairIndex.of([0, 1, 0], [0, 0, 1], [0, 1], [0, 1]).cells() is None
    assert PairIndex.of([0, 1, 0, 0], [0, 0, 1, 1], [0, 1], [0, 1]).cells() is None
    assert PairIndex.of([5, 2, 5, 2], [0, 0, 9, 9], range(6), range(10)).cells() is not None


def test_all_samples_of_a_donor_come_together() -> None:
    index = grid(3, 5, np.array([7, 7, 8, 9, 9]))
    weights = draw_weights(index, "both", 200, 0)
    assert np.array_equal(weights.samples[:, 0], weights.samples[:, 1])
    assert np.array_equal(weights.samples[:, 3], weights.samples[:, 4])
    # Three donors, drawn three times; three genes, drawn three times.
    assert (weights.samples[:, [0, 2, 3]].sum(axis=1) == 3).all()
    assert (weights.genes.sum(axis=1) == 3).all()
    assert len(np.unique(weights.samples, axis=0)) > 5


def test_genes_that_share_a_promoter_come_together() -> None:
    index = grid(6, 3, clusters=np.array([5, 2, 5, 0, 2, 1]))
    weights = draw_weights(index, "both", 200, 0)
    assert np.array_equal(weights.genes[:, 0], weights.genes[:, 2])
    assert np.array_equal(weights.genes[:, 1], weights.genes[:, 4])
    # Four clusters, drawn four times.
    assert (weights.genes[:, [0, 1, 3, 5]].sum(axis=1) == 4).all()
    assert len(np.unique(weights.genes, axis=0)) > 10


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=12, unique=True), st.integers(0, 2**32 - 1))
def test_clusters_of_one_gene_change_no_draw(clusters: list[int], seed: int) -> None:
    """To the bit, whatever the numbers of the clusters: genes are drawn as they were before there were clusters."""
    n_genes = len(clusters)
    index = grid(n_genes, 4, clusters=np.array(clusters))
    generator = np.random.default_rng(np.random.SeedSequence(seed).spawn(2)[0])
    expected = generator.multinomial(n_genes, np.full(n_genes, 1 / n_genes), size=30)
    assert np.array_equal(draw_weights(index, "both", 30, seed).genes, expected)
    assert index.key == grid(n_genes, 4).key


def test_draws_are_shared_between_clusters_and_follow_the_seed() -> None:
    index = grid(6, 4)
    both, genes, donors = (draw_weights(index, cluster, 20, 3) for cluster in CLUSTERS)
    assert np.array_equal(both.genes, genes.genes) and np.array_equal(both.samples, donors.samples)
    assert (genes.samples == 1).all() and (donors.genes == 1).all()
    assert not np.array_equal(both.genes, draw_weights(index, "both", 20, 4).genes)


def test_no_weights_twice_is_the_plain_metric() -> None:
    index = grid(8, 6)
    observed, prediction = expression(index, 2)
    ones = Weights(np.ones((1, 8)), np.ones((1, 6)))
    found = bootstrap(observed, prediction, {}, index, ones)
    for name, metric in metrics.PAIRWISE.items():
        assert found[name][0] == pytest.approx(metric(observed, prediction), rel=1e-12)


def test_constant_predictions_are_undefined_in_every_draw() -> None:
    index = grid(8, 6)
    observed, _ = expression(index, 2)
    found = bootstrap(observed, np.full(observed.size, 0.1), {}, index, draw_weights(index, "both", 50, 0))
    for name in ("pearson", "log_pearson", "spearman"):
        assert np.isnan(found[name]).all()
        assert np.isnan(percentile_interval(found[name])).all()
    assert np.isfinite(found["log_r2"]).all()


def test_a_draw_without_spread_is_undefined() -> None:
    """Drawn three times over, one gene and one sample leave a single value."""
    index = grid(3, 3)
    observed, prediction = np.arange(9.0) + 0.1, np.arange(9.0) ** 2
    one = Weights(np.array([[0.0, 3, 0]]), np.array([[3.0, 0, 0]]))
    assert all(np.isnan(draws[0]) for draws in bootstrap(observed, prediction, {}, index, one).values())


def test_huge_predictions_do_not_overflow() -> None:
    index = grid(4, 4)
    x = np.arange(16.0)
    weights = draw_weights(index, "both", 20, 0)
    np.testing.assert_allclose(
        correlations(x, 1e300 * x, index, weights), correlations(x, x, index, weights), rtol=1e-9
    )


def test_percentiles_by_hand() -> None:
    draws = np.arange(1001.0)
    assert percentile_interval(draws) == pytest.approx((25.0, 975.0))
    assert percentile_interval(draws, 0.5) == pytest.approx((250.0, 750.0))
    draws[:50] = np.nan
    assert percentile_interval(draws) == pytest.approx((50 + 0.025 * 950, 50 + 0.975 * 950))
    draws[:51] = np.nan
    assert np.isnan(percentile_interval(draws)).all()
    assert np.isnan(share_beyond_zero(draws))


def test_share_beyond_zero_by_hand() -> None:
    # Two of 99 draws lie at or below 0: 2 * (2 + 1) / (99 + 1).
    draws = np.concatenate([[-1.0, 0.0], np.full(97, 2.0)])
    assert share_beyond_zero(draws) == pytest.approx(0.06)
    assert share_beyond_zero(-draws) == pytest.approx(0.06)
    assert share_beyond_zero(np.full(99, 2.0)) == pytest.approx(0.02)
    assert share_beyond_zero(np.zeros(99)) == 1.0


def clustered(n_genes: int, donor: NDArray[np.int64], rng: np.random.Generator) -> tuple[Floats, Floats, float]:
    """Return x and y [gene, sample] of gene, donor and pair effects, and the correlation of their population."""
    sizes, correlation = np.array([1.0, 0.5, 0.1]), np.array([0.6, 0.3, 0.5])
    shapes = ((n_genes, 1), (1, donor.max() + 1), (n_genes, len(donor)))
    x = y = np.zeros((n_genes, len(donor)))
    for size, rho, shape in zip(sizes, correlation, shapes, strict=True):
        first, second = np.sqrt(size) * rng.normal(size=(2, *shape))
        second = rho * first + np.sqrt(1 - rho**2) * second
        if shape == shapes[1]:
            first, second = first[:, donor], second[:, donor]
        x, y = x + first, y + second
    return x, y, float(np.sum(sizes * correlation) / np.sum(sizes))


@pytest.mark.slow
def test_coverage_on_clustered_data() -> None:
    """With many pairs of few genes and donors, the interval of independent pairs is wrong nine times in ten."""
    n_genes, repeats = 160, 200
    donor = np.arange(240) // 2
    index = grid(n_genes, len(donor), donor)
    weights = draw_weights(index, "both", 300, 1)
    covered, covered_naively = 0, 0
    rng = np.random.default_rng(0)
    for _ in range(repeats):
        x, y, observed = clustered(n_genes, donor, rng)
        r = float(np.corrcoef(x.ravel(), y.ravel())[0, 1])
        low, high = percentile_interval(correlations(x.T.ravel(), y.T.ravel(), index, weights))
        covered += low <= observed <= high
        # Fisher's interval for independent pairs.
        covered_naively += abs(np.arctanh(r) - np.arctanh(observed)) <= 1.96 / np.sqrt(x.size - 3)
    print(covered, covered_naively)
    assert 0.92 <= covered / repeats <= 1.0
    assert 0.05 <= covered_naively / repeats <= 0.15


def test_intervals_are_wider_where_genes_share_promoters() -> None:
    """Genes in pairs of equal gene effect: as many clusters as half the genes, wider by up to the root of 2."""
    n_genes, donor = 160, np.arange(60) // 2
    cluster = np.arange(n_genes) // 2
    indices = [grid(n_genes, len(donor), donor, clusters) for clusters in (cluster, None)]
    weights = [draw_weights(index, "both", 300, 1) for index in indices]
    rng, widths = np.random.default_rng(0), np.zeros(2)
    for _ in range(10):
        x, y, _ = clustered(n_genes // 2, donor, rng)
        noise = rng.normal(0, 0.3, size=(2, n_genes, len(donor)))
        x, y = x[cluster] + noise[0], y[cluster] + noise[1]
        for way, (index, drawn) in enumerate(zip(indices, weights, strict=True)):
            low, high = percentile_interval(correlations(x.T.ravel(), y.T.ravel(), index, drawn))
            widths[way] += high - low
    print(widths[0] / widths[1])
    assert 1.1 < widths[0] / widths[1] < 1.41


@pytest.mark.parametrize(
    ("gene", "sample", "clusters", "donors", "parts"),
    [
        ([], [], [0], [0], ["(0,)"]),
        ([0, 1], [0], [0], [0], ["(2,)", "(1,)"]),
        ([0, 1], [0, 3], [0, 1], [0, 1], ["3", "2"]),
        ([0, 5], [0, 1], [0, 1, 2], [0, 1], ["5", "3"]),
    ],
)
def test_bad_pairs(
    gene: list[int], sample: list[int], clusters: list[int], donors: list[int], parts: list[str], refuses: Refuses
) -> None:
    with refuses(*parts):
        PairIndex.of(gene, sample, clusters, donors)


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Draws]:
    """Return a function that writes and reads the draws of a model on a small table."""

    def make(seed: int, genes: int = 5, key: str = "k") -> Draws:
        index = grid(genes, 4)
        observed, prediction = expression(index, seed)
        tables = {c: bootstrap(observed, prediction, {}, index, draw_weights(index, c, 25, 0)) for c in CLUSTERS}
        save_draws(tmp_path / f"{seed}.npz", key, tables)
        return Draws.read(tmp_path / f"{seed}.npz")

    return make


def test_saved_draws_are_paired(saved: Callable[..., Draws]) -> None:
    first, second = saved(1), saved(2)
    for cluster in CLUSTERS:
        difference = second.minus(first, cluster)
        assert list(difference) == list(metrics.PAIRWISE)
        np.testing.assert_array_equal(
            difference["spearman"], second.tables[cluster]["spearman"] - first.tables[cluster]["spearman"]
        )
    assert first.intervals()["spearman"] == percentile_interval(first.tables["both"]["spearman"])
    assert list(first.intervals("genes")) == list(metrics.PAIRWISE)


def test_draws_of_other_pairs_are_not_compared(saved: Callable[..., Draws], refuses: Refuses) -> None:
    first, second = saved(1), saved(2, key="other")
    with refuses("1.npz", "2.npz"):
        second.minus(first)


def test_broken_draws(tmp_path: Path, refuses: Refuses) -> None:
    with refuses("none.npz"):
        Draws.read(tmp_path / "none.npz")
    np.savez(tmp_path / "x.npz", key="k")
    with refuses("x.npz"):
        Draws.read(tmp_path / "x.npz")


def test_keys_tell_pairs_apart() -> None:
    key = grid(4, 3).key
    assert grid(4, 3).key == key
    assert grid(3, 4).key != key
    assert grid(4, 3, np.array([0, 0, 1])).key != key
    assert grid(4, 3, clusters=np.array([0, 1, 1, 2])).key != key

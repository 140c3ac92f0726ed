"""The contrasts of expression against counts by hand, against loops over pairs, and by their properties."""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tr300m.metrics.cluster_bootstrap import CLUSTERS, PairIndex, Weights, draw_weights
from tr300m.metrics.contrasts import CONTRASTS, LEAST_VALUES, ContrastTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Pairs(NamedTuple):
    """Gene, sample and tissue of each pair, log(1 + TPM) observed and predicted, and the index of the pairs."""

    gene: Ints
    sample: Ints
    tissue: Ints
    x: Floats
    y: Floats
    index: PairIndex

    def table(self) -> ContrastTable:
        return ContrastTable.of(np.expm1(self.x), np.expm1(self.y), self.tissue, self.index)

    def where(self, kept: NDArray[np.bool_] | Ints, donors: Ints) -> "Pairs":
        gene, sample = self.gene[kept], self.sample[kept]
        index = PairIndex.of(gene, sample, np.arange(gene.max() + 1), donors)
        return Pairs(gene, sample, self.tissue[kept], self.x[kept], self.y[kept], index)


def pairs_of(x: Floats, y: Floats, tissues: Ints, donors: Ints | None = None) -> Pairs:
    """Return the pairs of tables [gene, sample], whose samples are of these tissues and donors."""
    gene, sample = (axis.ravel() for axis in np.indices(x.shape))
    owners = np.arange(x.shape[1]) if donors is None else donors
    index = PairIndex.of(gene, sample, np.arange(len(x)), owners)
    return Pairs(gene, sample, tissues[sample], x.ravel(), y.ravel(), index)


def correlation(x: Floats, y: Floats, weight: Floats) -> float:
    """Weighted correlation; 0 if only y is constant."""
    x, y = x - np.average(x, weights=weight), y - np.average(y, weights=weight)
    if weight @ x**2 < 1e-12:
        return np.nan
    return 0.0 if weight @ y**2 < 1e-12 else (weight @ (x * y)) / np.sqrt((weight @ x**2) * (weight @ y**2))


def average(values: list[float], weights: list[float]) -> float:
    defined = [(value, weight) for value, weight in zip(values, weights, strict=True) if not np.isnan(value)]
    total = sum(weight for _, weight in defined)
    return sum(value * weight for value, weight in defined) / total if total else np.nan


def slow(pairs: Pairs, genes: Floats, samples: Floats) -> dict[str, float]:
    """The three metrics of one draw by loops; `genes` and `samples` are the weights of codes."""
    gene, sample, x, y = pairs.index.gene, pairs.index.sample, pairs.x, pairs.y
    across, cells = [], []
    for one in range(len(samples)):
        mine = (sample == one) & (genes[gene] > 0)
        enough = len(set(gene[mine])) >= LEAST_VALUES
        across.append(correlation(x[mine], y[mine], genes[gene[mine]]) if enough else np.nan)
    within = []
    for one in range(len(genes)):
        means = []
        for tissue in np.unique(pairs.tissue):
            mine = (gene == one) & (pairs.tissue == tissue)
            drawn = samples[sample[mine]]
            if drawn.sum():
                means.append(
                    (one, tissue, np.average(x[mine], weights=drawn), np.average(y[mine], weights=drawn), drawn.mean())
                )
        _, _, *columns = np.array(means).T if means else np.zeros((5, 0))
        within.append(correlation(*columns) if len(means) >= LEAST_VALUES else np.nan)
        cells += means if genes[one] else []
    return {
        "across_genes": average(across, list(samples)),
        "within_gene": average(within, list(genes)),
        "doubly_centred": slow_doubly_centred(np.array(cells).reshape(-1, 5), genes),
    }


def slow_doubly_centred(cells: Floats, genes: Floats) -> float:
    """Correlation of the residuals of least squares on indicators of genes and tissues; rows of `cells` are means."""
    if not len(cells):
        return np.nan
    gene, tissue, x, y, weight = cells.T
    weight = weight * genes[gene.astype(int)]
    design = np.concatenate([gene[:, None] == np.unique(gene), tissue[:, None] == np.unique(tissue)], axis=1)
    root = np.sqrt(weight)[:, None]
    x, y = (values - design @ np.linalg.lstsq(root * design, root[:, 0] * values)[0] for values in (x, y))
    return correlation(x, y, weight)


def equal_in_all_draws(pairs: Pairs, draws: int, seed: int) -> None:
    table = pairs.table()
    once = np.ones(pairs.index.n_genes), np.ones(pairs.index.n_samples)
    assert table.metrics() == pytest.approx(slow(pairs, *once), rel=1e-8, abs=1e-8, nan_ok=True)
    for cluster in CLUSTERS:
        weights = draw_weights(pairs.index, cluster, draws, seed)
        found = table.draws(weights)
        assert list(found) == list(CONTRASTS)
        for draw, drawn in enumerate(zip(weights.genes, weights.samples, strict=True)):
            expected = slow(pairs, *drawn)
            for name, values in found.items():
                assert values[draw] == pytest.approx(expected[name], rel=1e-8, abs=1e-8, nan_ok=True)


@given(
    st.integers(1, 7), st.integers(1, 9), st.integers(1, 5), st.sampled_from(["full", "holes", "doubles"]), st.data()
)
def test_equal_to_loops(genes: int, samples: int, tissues: int, kind: str, data: st.DataObject) -> None:
    """Full tables, holes, and pairs that are there twice; values with many ties, constant genes and samples."""
    seed = data.draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, 4, (2, genes, samples)).astype(float)
    x[rng.random(genes) < 0.2] = 1.0
    y[rng.random(genes) < 0.2] = 2.0
    y[:, rng.random(samples) < 0.2] = 0.5
    donors = rng.integers(0, 4, samples)
    pairs = pairs_of(x, y, rng.integers(0, tissues, samples), donors)
    if kind != "full":
        size = len(pairs.x)
        kept = np.flatnonzero(rng.random(size) < 0.7) if kind == "holes" else rng.integers(0, size, 2 * size)
        if not len(kept):
            return
        pairs = pairs.where(kept, donors)
    equal_in_all_draws(pairs, 3, seed)


@pytest.mark.parametrize("blocks", [1, 2**21])
@pytest.mark.parametrize("holes", [False, True])
def test_equal_to_loops_over_many_draws(blocks: int, holes: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tr300m.metrics.contrasts._VALUES_PER_BLOCK", blocks)
    rng = np.random.default_rng(1)
    x, y = rng.gamma(1.0, size=(2, 9, 14)) + rng.gamma(1.0, size=(9, 1))
    donors = np.arange(14) // 2
    pairs = pairs_of(x, y, np.arange(14) % 5, donors)
    if holes:
        pairs = pairs.where(rng.random(len(pairs.x)) < 0.8, donors)
    equal_in_all_draws(pairs, 30, 2)


# Three genes in four samples of tissues a, b, b, c. Means of a, b, c: x 1 2 3, 0 0 3, 5 5 5; y 1 3 2, 2 2 2, 0 1 2.
HAND_X = np.array([[1.0, 1, 3, 3], [0, 0, 0, 3], [5, 5, 5, 5]])
HAND_Y = np.array([[1.0, 3, 3, 2], [2, 2, 2, 2], [0, 0, 2, 2]])
HAND_TISSUES = np.array([0, 1, 1, 2])


def test_by_hand() -> None:
    found = pairs_of(HAND_X, HAND_Y, HAND_TISSUES).table().metrics()
    # Gene 1: 1 2 3 against 1 3 2 is 0.5. Gene 2 varies and its prediction does not: 0. Gene 3 is constant: skipped.
    assert found["within_gene"] == pytest.approx((0.5 + 0) / 2)
    # Samples: 1 0 5 against 1 2 0; 1 0 5 against 3 2 0; 3 0 5 against 3 2 2; 3 3 5 against 2 2 2, which is 0.
    by_sample = [np.corrcoef(HAND_X[:, column], HAND_Y[:, column])[0, 1] for column in range(3)]
    assert found["across_genes"] == pytest.approx((sum(by_sample) + 0) / 4)
    # x minus means: -1/3 1/3 0, -1/3 -2/3 1, 2/3 1/3 -1; y likewise: -0 1 -1 etc., from sums of rows and columns.
    x = np.array([[1.0, 2, 3], [0, 0, 3], [5, 5, 5]])
    y = np.array([[1.0, 3, 2], [2, 2, 2], [0, 1, 2]])
    x, y = (t - t.mean(axis=0) - t.mean(axis=1, keepdims=True) + t.mean() for t in (x, y))
    assert found["doubly_centred"] == pytest.approx(np.sum(x * y) / np.sqrt(np.sum(x**2) * np.sum(y**2)))


def table_of(seed: int, genes: int = 30, tissues: int = 6) -> tuple[Floats, Ints]:
    """Return a table [gene, sample] with effects of genes and tissues, three samples a tissue, and the tissues."""
    rng = np.random.default_rng(seed)
    of_sample = np.repeat(np.arange(tissues), 3)
    effects = 3 + rng.normal(size=(genes, 1)) + rng.normal(size=tissues)[of_sample]
    return np.abs(effects + rng.normal(size=(genes, tissues))[:, of_sample] + rng.normal(size=(genes, 18))), of_sample


def test_means_alone_have_no_doubly_centred_correlation() -> None:
    """To the last bit 0, in the part and in every draw, also if predictions were rounded to float32."""
    x, tissues = table_of(0)
    of_tissue = np.array([x[:, tissues == tissue].mean() for tissue in tissues])
    of_gene = x.mean(axis=1, keepdims=True)
    for y in (np.broadcast_to(of_tissue, x.shape), np.broadcast_to(of_gene, x.shape), of_gene + of_tissue):
        for prediction in (y, y.astype(np.float32).astype(np.float64)):
            pairs = pairs_of(x, np.array(prediction), tissues)
            assert pairs.table().metrics()["doubly_centred"] == 0.0
            assert (pairs.table().draws(draw_weights(pairs.index, "both", 20, 0))["doubly_centred"] == 0.0).all()
    # The same tissue means do have a correlation within genes, and the gene means across genes.
    assert pairs_of(x, np.broadcast_to(of_tissue, x.shape), tissues).table().metrics()["within_gene"] > 0.3
    assert pairs_of(x, np.broadcast_to(of_gene, x.shape), tissues).table().metrics()["across_genes"] > 0.3


@given(st.integers(0, 2**32 - 1))
def test_what_each_contrast_ignores(seed: int) -> None:
    """Numbers for samples change nothing across genes, numbers for genes nothing within them, neither when centred."""
    rng = np.random.default_rng(seed)
    x, tissues = table_of(1)
    y, _ = table_of(2)
    plain = pairs_of(x, y, tissues).table().metrics()
    of_gene, of_tissue = rng.gamma(1.0, size=(30, 1)), rng.gamma(1.0, size=6)[tissues]
    scale, shift = rng.uniform(0.5, 2, 2)
    moved = {
        "across_genes": y * scale + of_tissue,
        "within_gene": y * (scale + of_gene) + of_gene,
        "doubly_centred": y * scale + of_gene + of_tissue + shift,
    }
    for name, values in moved.items():
        assert pairs_of(x, values, tissues).table().metrics()[name] == pytest.approx(plain[name], rel=1e-9)


def test_perfect_and_opposite_predictions() -> None:
    x, tissues = table_of(3)
    assert list(pairs_of(x, 2 * x, tissues).table().metrics().values()) == pytest.approx([1.0] * 3)
    assert list(pairs_of(x, x.max() - x, tissues).table().metrics().values()) == pytest.approx([-1.0] * 3)


@pytest.mark.parametrize(
    ("shape", "tissues", "undefined"),
    [
        ((1, 6), [0, 0, 1, 1, 2, 2], {"across_genes", "doubly_centred"}),
        ((5, 6), [0] * 6, {"within_gene", "doubly_centred"}),
        ((5, 6), [0, 0, 0, 1, 1, 1], {"within_gene"}),
        ((2, 6), [0, 0, 1, 1, 2, 2], {"across_genes"}),
        ((5, 1), [0], {"within_gene", "doubly_centred"}),
        ((1, 1), [0], set(CONTRASTS)),
    ],
)
def test_too_few_genes_or_tissues_are_undefined(
    shape: tuple[int, int], tissues: list[int], undefined: set[str]
) -> None:
    x, y = np.random.default_rng(0).gamma(1.0, size=(2, *shape))
    pairs = pairs_of(x, y, np.array(tissues))
    found = pairs.table().metrics()
    assert {name for name, value in found.items() if np.isnan(value)} == undefined
    draws = pairs.table().draws(draw_weights(pairs.index, "both", 20, 0))
    assert {name for name, values in draws.items() if np.isnan(values).all()} == undefined


def test_constant_observed_values_are_undefined_and_constant_predictions_are_0() -> None:
    x, tissues = table_of(4)
    constant = np.full_like(x, np.log1p(0.1))
    assert np.isnan(list(pairs_of(constant, x, tissues).table().metrics().values())).all()
    assert pairs_of(x, constant, tissues).table().metrics() == dict.fromkeys(CONTRASTS, 0.0)


def test_every_model_is_averaged_over_the_same_genes() -> None:
    """A model that is right about one gene and silent about the others is no better for its silence."""
    x, tissues = table_of(5)
    silent = np.ones_like(x)
    silent[0] = x[0]
    assert pairs_of(x, silent, tissues).table().metrics()["within_gene"] == pytest.approx(1 / 30)


def test_a_tissue_weighs_as_much_as_its_drawn_samples() -> None:
    """A tissue whose only donor was drawn twice counts twice; one whose donors were not drawn does not count."""
    x, y = np.random.default_rng(0).gamma(1.0, size=(2, 4, 5))
    pairs = pairs_of(x, y, np.arange(5))
    drawn = Weights(np.ones((1, 4)), np.array([[2.0, 1, 0, 1, 1]]))
    found = pairs.table().draws(drawn)["within_gene"][0]
    repeated = [0, 0, 1, 3, 4]
    assert found == pytest.approx(np.mean([np.corrcoef(x[g, repeated], y[g, repeated])[0, 1] for g in range(4)]))


def test_huge_predictions_do_not_overflow() -> None:
    x, y = np.random.default_rng(0).gamma(1.0, size=(2, 6, 6))
    pairs = pairs_of(x, y, np.arange(6))
    found = ContrastTable.of(np.expm1(pairs.x), 1e300 * pairs.y, pairs.tissue, pairs.index).metrics()
    assert np.isfinite(list(found.values())).all()

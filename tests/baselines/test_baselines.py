"""Gene features counted by hand, and baselines on data whose best prediction is known."""

import dataclasses
import re
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from helpers.fixtures import Refuses
from helpers.toy_dataset import Sizes, toy_dataset
from numpy.typing import NDArray
from tr300m.baselines.data import Data, tissue_means
from tr300m.baselines.table import PREDICTIONS, best_baseline
from tr300m.config.baseline_table import BASELINES, baselines_of
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.splits import Split
from tr300m.features.gene_features import (
    FEATURES,
    binned_marks,
    composition,
    gene_features,
    histone_means,
    kmers,
)
from tr300m.features.motif_maxima import motif_maxima
from tr300m.features.motif_scan import scan

ROOT = Path(__file__).parents[2]
COMPLEMENT = str.maketrans("ACGT", "TGCA")


def onehot(*sequences: str) -> NDArray[np.float16]:
    """Return sequences [gene, position, base]; N is 0.25 four times, a dot is off the chromosome."""
    rows = {base: np.eye(4)["ACGT".index(base)] for base in "ACGT"} | {"N": np.full(4, 0.25), ".": np.zeros(4)}
    return np.array([[rows[base] for base in sequence] for sequence in sequences], dtype=np.float16)


def test_composition_by_hand() -> None:
    # CGCGAT: 4 of 6 are G or C; two CpG, expected 2 * 2 / 6. ATAT has neither. NCG.: two known bases.
    found = composition(onehot("CGCGAT", "ATATAT", "NCG..."))
    np.testing.assert_allclose(found, [[4 / 6, 3.0], [0, 0], [1, 2.0]], rtol=1e-6)
    # A C and a G that are not neighbours across an unknown base.
    assert composition(onehot("CNG"))[0, 1] == 0


def test_dimers_by_hand() -> None:
    # Pairs: AA, AC, AG, AT, CA, CC, CG, GA, GC, TA, each with its reverse complement.
    found = kmers(onehot("AAAC", "GTTT", "ANAC"), 2)
    expected = np.zeros(10)
    expected[[0, 1]] = 2 / 3, 1 / 3
    np.testing.assert_allclose(found[0], expected, rtol=1e-6)
    np.testing.assert_array_equal(found[0], found[1])
    assert found[2].argmax() == 1 and found[2, 1] == 1


@pytest.mark.parametrize(("k", "columns"), [(1, 2), (2, 10), (3, 32), (6, 2080)])
def test_both_strands_have_the_same_kmers(k: int, columns: int) -> None:
    rng = np.random.default_rng(k)
    sequence = "".join(rng.choice(list("ACGT"), 200))
    found = kmers(onehot(sequence, sequence[::-1].translate(COMPLEMENT)), k)
    assert found.shape == (2, columns)
    np.testing.assert_array_equal(found[0], found[1])
    assert found.sum() == pytest.approx(2, rel=1e-5)


def test_no_kmer_at_all() -> None:
    assert not kmers(onehot("NNNN"), 2).any()


def test_motif_maxima_are_those_of_the_reference_scan() -> None:
    rng = np.random.default_rng(0)
    sequences = onehot(*("".join(rng.choice(list("ACGTN"), 40)) for _ in range(3)))
    pssm = rng.normal(-0.5, 1, (5, 4, 6))
    forward, reverse = (
        [scan(gene, pssm).max(axis=0) for gene in strand] for strand in (sequences, sequences[:, ::-1, ::-1])
    )
    expected = np.maximum(np.maximum(forward, reverse), 0)
    np.testing.assert_allclose(motif_maxima(sequences, pssm), expected, atol=1e-5)
    # No evidence is none, however bad the best place.
    assert not motif_maxima(sequences, np.full((5, 4, 1), -3.0)).any()


def test_motifs_are_found_on_both_strands() -> None:
    """A motif that lies in the sequence only as its reverse complement scores as if it lay there itself."""
    motif = np.where(onehot("AACGC")[0] == 1, 2.0, -2.0)[:, :, None]
    # GCGTT is the reverse complement of AACGC: 5 bases of 2 bits.
    found = motif_maxima(onehot("TTTTAACGCTTTT", "TTTTGCGTTTTTT"), motif)
    assert found.tolist() == [[10.0], [10.0]]


def test_both_strands_have_the_same_motif_maxima() -> None:
    rng = np.random.default_rng(1)
    sequence = "".join(rng.choice(list("ACGTN"), 200))
    pssm = rng.normal(-0.5, 1, (6, 4, 9))
    found = motif_maxima(onehot(sequence, sequence[::-1].translate(COMPLEMENT)), pssm)
    np.testing.assert_array_equal(found[0], found[1])
    assert found.any()


def test_histone_means_by_hand() -> None:
    signal = np.zeros((1, 4, 2), np.float32)
    signal[0, :, 1] = [0, 2, 4, 6]
    np.testing.assert_allclose(histone_means(signal), [[0, np.log(4)]], rtol=1e-6)


N_GENES, N_SAMPLES, N_TISSUES = 300, 40, 4
TISSUE = np.arange(N_SAMPLES) % N_TISSUES
SPLIT = Split("thesis", *(np.array(held_out) for held_out in ([5, 8, 250], [7, 9], [0, 11], [2, 30])))
PAIRS = SPLIT.pairs("validation")


def folder(log_expression: NDArray[np.float64]) -> Dataset:
    return toy_dataset(
        Sizes(N_GENES, N_SAMPLES, length=30, motifs=5, motif_width=3, tissues=N_TISSUES),
        expression=np.expm1(log_expression).astype(np.float32),
        tissue=np.eye(N_TISSUES, dtype=np.uint8)[TISSUE],
    )


def data(log_expression: NDArray[np.float64], **features: NDArray[np.float32]) -> Data:
    return Data.of(folder(log_expression), SPLIT, features)


def noise(seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).exponential(size=(N_GENES, N_SAMPLES))


def test_held_out_genes_and_samples_train_nothing() -> None:
    made = data(noise(0))
    assert not set(made.train_genes) & {5, 8, 250, 7, 9}
    assert not set(made.train_samples) & {0, 11, 2, 30}
    assert len(made.train_genes) == N_GENES - 5


def test_tissue_means_by_hand() -> None:
    values = noise(1)
    found = tissue_means(data(values))
    # Tissue 1 without the held-out samples; 30 and 2 are of tissue 2, 0 of tissue 0, 11 of tissue 3.
    np.testing.assert_allclose(found[:, 1], values[:, TISSUE == 1].mean(axis=1), rtol=1e-5)
    kept = np.setdiff1d(np.flatnonzero(TISSUE == 2), [2, 30])
    np.testing.assert_allclose(found[:, 2], values[:, kept].mean(axis=1), rtol=1e-5)


def test_a_tissue_without_training_samples_gets_the_mean_of_all() -> None:
    values = noise(2)
    tissue = np.eye(N_TISSUES, dtype=np.uint8)[np.where(np.isin(np.arange(N_SAMPLES), [0, 11]), 3, TISSUE % 3)]
    made = Data.of(replace(folder(values), tissue=tissue), SPLIT, {})
    np.testing.assert_allclose(tissue_means(made)[:, 3], values[:, made.train_samples].mean(axis=1), rtol=1e-5)


def test_medians_by_hand() -> None:
    values = noise(3)
    made = data(values)
    tpm = np.expm1(values)
    everything = np.median(tpm[np.ix_(made.train_genes, made.train_samples)])
    np.testing.assert_allclose(PREDICTIONS["global_median"](made, PAIRS), everything, rtol=1e-5)
    expected = [np.median(tpm[made.train_genes, sample]) for sample in PAIRS[:, 1]]
    np.testing.assert_allclose(PREDICTIONS["sample_median"](made, PAIRS), expected, rtol=1e-5)


def test_own_training_means_read_the_genes_own_training_samples() -> None:
    values = noise(4)
    made = data(values)
    found = PREDICTIONS["gene_tissue_mean"](made, PAIRS)
    for (gene, sample), value in zip(PAIRS, found, strict=True):
        same = np.intersect1d(np.flatnonzero(TISSUE[sample] == TISSUE), made.train_samples)
        assert np.log1p(value) == pytest.approx(values[gene, same].mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("name", "feature", "tolerance"),
    [("cpg_gc", "composition", 1e-4), ("histone_linear", "histone_means", 0.02), ("motif_ridge", "motif_maxima", 0.02)],
)
def test_linear_baselines_find_a_linear_rule(name: str, feature: str, tolerance: float) -> None:
    """Log expression is a sum over features with its own slopes in each tissue: held-out genes follow it."""
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(5)
    x = rng.random((N_GENES, 3)).astype(np.float32)
    log_expression = 1 + x @ rng.uniform(0, 2, (3, N_TISSUES))
    made = data(log_expression[:, TISSUE], **{feature: x})
    found = np.log1p(PREDICTIONS[name](made, PAIRS))
    np.testing.assert_allclose(found, log_expression[PAIRS[:, 0], TISSUE[PAIRS[:, 1]]], atol=tolerance)


def test_predictions_are_never_negative() -> None:
    pytest.importorskip("sklearn")
    x = np.arange(N_GENES, dtype=np.float32)[:, None]
    log_expression = np.maximum(0, x.astype(np.float64) - 290) * np.ones(N_SAMPLES)
    found = PREDICTIONS["cpg_gc"](data(log_expression, composition=x), PAIRS)
    assert (found >= 0).all() and (found == 0).any()


def collinear_tracks(genes: int) -> NDArray[np.float32]:
    """Return twelve tracks of which nine are copies up to rounding; gene 5, which is held out, is unlike its copies."""
    rng = np.random.default_rng(11)
    own = rng.exponential(size=(genes, 3))
    tracks = np.concatenate([own, *(own * (1 + 3e-5 * rng.normal(size=own.shape)) for _ in range(3))], axis=1)
    tracks[5, 3:] += 10 * rng.normal(size=9)
    return tracks.astype(np.float32)


def test_collinear_tracks_do_not_overflow() -> None:
    """Least squares gives copies huge weights of both signs, and the TPM of a gene whose tracks differ overflows."""
    pytest.importorskip("sklearn")
    x = collinear_tracks(N_GENES)
    log_expression = np.random.default_rng(12).normal(x[:, :1] + 2, 0.3, (N_GENES, N_SAMPLES)).clip(0)
    made = data(log_expression, histone_means=x)
    with np.errstate(over="ignore"):
        from sklearn.linear_model import LinearRegression

        fitted = LinearRegression().fit(np.float64(x[made.train_genes]), tissue_means(made)[made.train_genes])
        assert np.isinf(np.expm1(fitted.predict(np.float64(x[[5]])))).any()
    found = np.log1p(PREDICTIONS["histone_linear"](made, PAIRS))
    assert np.isfinite(found).all()
    like_others = PAIRS[:, 0] != 5
    np.testing.assert_allclose(found[like_others], x[PAIRS[like_others, 0], 0] + 2, atol=0.3)


@pytest.mark.parametrize("name", ["cpg_gc", "histone_linear"])
def test_predictions_stay_in_the_range_of_their_tissue(name: str) -> None:
    """Gene 5, which is held out, has a feature far beyond all others, up and down."""
    pytest.importorskip("sklearn")
    for far in (1e6, -1e6):
        x = np.linspace(0, 1, N_GENES, dtype=np.float32)[:, None]
        log_expression = 1 + (1 + TISSUE) * x.astype(np.float64)
        x[5] = far
        made = data(log_expression, histone_means=x, composition=x)
        found, (genes, samples) = np.log1p(PREDICTIONS[name](made, PAIRS)), PAIRS.T
        means = tissue_means(made)[made.train_genes]
        limit = means.max(axis=0) if far > 0 else means.min(axis=0)
        np.testing.assert_allclose(found[genes == 5], limit[TISSUE[samples[genes == 5]]], rtol=1e-6)


def tree_features(x: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Return `x` as the first of the trees' features; the others are constant."""
    return {"motif_maxima": x, "histone_means": np.zeros((len(x), 1), np.float32), "composition": x[:, :1] * 0}


def test_trees_find_a_step_and_are_seeded() -> None:
    pytest.importorskip("sklearn")
    x = np.random.default_rng(6).random((N_GENES, 2)).astype(np.float32)
    log_expression = np.where(x[:, :1] > 0.5, 3.0, 1.0) * np.ones(N_SAMPLES)
    made = data(log_expression, **tree_features(x))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = PREDICTIONS["trees"](made, PAIRS)
    np.testing.assert_allclose(np.log1p(found), log_expression[PAIRS[:, 0], 0], atol=0.05)
    np.testing.assert_array_equal(found, PREDICTIONS["trees"](made, PAIRS))


def test_trees_have_a_rule_of_their_own_in_each_tissue() -> None:
    """In every tissue another feature decides; a tissue that no training sample is of gets the mean over all."""
    pytest.importorskip("sklearn")
    x = np.random.default_rng(7).random((N_GENES, 3)).astype(np.float32)
    tissue = np.where(np.isin(np.arange(N_SAMPLES), [0, 11]), 3, TISSUE % 3)
    by_tissue = 1 + 2.0 * (x > 0.5)
    log_expression = by_tissue[:, np.where(tissue == 3, 0, tissue)]
    made = Data.of(
        replace(folder(log_expression), tissue=np.eye(N_TISSUES, dtype=np.uint8)[tissue]), SPLIT, tree_features(x)
    )
    found = np.log1p(PREDICTIONS["trees"](made, SPLIT.pairs("validation")))
    expected = log_expression.copy()
    expected[:, tissue == 3] = log_expression[:, made.train_samples].mean(axis=1, keepdims=True)
    genes, samples = SPLIT.pairs("validation").T
    np.testing.assert_allclose(found, expected[genes, samples], atol=0.4)
    assert np.corrcoef(found, expected[genes, samples])[0, 1] > 0.95


def test_trees_read_every_training_gene() -> None:
    """Genes of a rare kind are learnt although few pairs would be drawn of them: every one is fitted to."""
    pytest.importorskip("sklearn")
    rare = np.arange(N_GENES) % 10 == 5  # of the held-out genes 5; 27 that train
    x = np.where(rare[:, None], 1.0, 0.0) * np.ones((N_GENES, 2))
    log_expression = np.where(rare[:, None], 4.0, 1.0) * np.ones(N_SAMPLES)
    found = np.log1p(PREDICTIONS["trees"](data(log_expression, **tree_features(x.astype(np.float32))), PAIRS))
    np.testing.assert_allclose(found, log_expression[PAIRS[:, 0], 0], atol=0.05)


def test_gene_features_go_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    marks = np.random.default_rng(7).random((N_GENES, 4, 3), dtype=np.float32)
    bases = np.random.default_rng(8).integers(0, 6, (N_GENES, 1001)).astype(np.uint8)
    made = dataclasses.replace(folder(noise(7)), wide_marks=marks, wide_bases=bases, body_marks=marks[:, :2])
    for name in FEATURES:
        whole = gene_features(made, name)
        assert len(whole) == N_GENES and whole.dtype == np.float32
        monkeypatch.setattr("tr300m.features.gene_features.FEATURE_GENES_PER_BLOCK", 70)
        np.testing.assert_array_equal(gene_features(made, name), whole)
        monkeypatch.undo()


def test_wide_marks_as_features(refuses: Refuses) -> None:
    marks = np.array([[[0, 1], [3, 7]], [[1, 1], [0, 0]]], np.float32)
    assert np.array_equal(np.expm1(binned_marks(marks)).round(4), [[0, 1, 3, 7], [1, 1, 0, 0]])
    with refuses("`wide: mark_edges`"):
        gene_features(folder(noise(7)), "wide_marks")


def test_wide_baselines_need_wide_marks(refuses: Refuses) -> None:
    assert set(baselines_of(None, True)) - set(baselines_of(None, False)) == {"wide_ridge", "wide_trees"}
    assert baselines_of(["trees", "cpg_gc"], False) == ("trees", "cpg_gc")
    with refuses("wide_ridge", "`wide: mark_edges`"):
        baselines_of(["trees", "wide_ridge"], False)


def test_a_split_that_leaves_nothing_is_refused(refuses: Refuses) -> None:
    none = np.array([], dtype=np.int64)
    everything = Split("x", np.arange(N_GENES), none, none, none)
    with refuses():
        Data.of(folder(noise(8)), everything, {})


def test_the_schema_knows_every_baseline() -> None:
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    names = schema["properties"]["baselines"]["properties"]["names"]
    assert names["items"]["enum"] == list(BASELINES) == list(PREDICTIONS)
    assert names["default"] is None
    read = {feature for baseline in BASELINES.values() for feature in baseline.features}
    # The others are for the factorised models.
    others = {"body_marks", "motif_segments", "smooth_marks", "wide_composition", "wide_kmers"}
    assert read | others == set(FEATURES)


def test_own_training_means_are_no_upper_bound() -> None:
    """A model that knows how the samples of a tissue differ scores higher: nothing may call them a ceiling."""
    rng = np.random.default_rng(10)
    log_expression = rng.exponential(size=(N_GENES, 1)) + rng.exponential(size=(1, N_SAMPLES))
    observed = log_expression[PAIRS[:, 0], PAIRS[:, 1]]
    own = np.log1p(PREDICTIONS["gene_tissue_mean"](data(log_expression), PAIRS))
    assert np.corrcoef(own, observed)[0, 1] < 0.99 < np.corrcoef(observed, observed)[0, 1]
    texts = [path for name in ("workflow", "docs", "config") for path in (ROOT / name).rglob("*.*")]
    words = re.compile("oracle|ceiling", re.IGNORECASE)
    for path in [*texts, ROOT / "README.md"]:
        if path.suffix in (".py", ".rst", ".md", ".smk", ".yaml"):
            assert not words.search(path.read_text(encoding="utf-8")), path


def test_the_best_baseline_does_not_read_the_genes_own_expression() -> None:
    scores = {"global_median": np.nan, "trees": 0.2, "cpg_gc": 0.3, "gene_tissue_mean": 0.9}
    metrics = {name: {"log_pearson": value, "accuracy": -value} for name, value in scores.items()}
    assert best_baseline(metrics) == "cpg_gc"
    assert best_baseline(metrics, "accuracy") == "trees"
    assert best_baseline({name: metrics[name] for name in ("global_median", "gene_tissue_mean")}) is None
    assert [name for name, baseline in BASELINES.items() if baseline.own_expression] == ["gene_tissue_mean"]


def test_penalties_are_chosen_on_chromosomes_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """In no fold a chromosome is both fitted and scored."""
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(13)
    made = data(noise(13), motif_maxima=rng.normal(size=(N_GENES, 40)).astype(np.float32))
    from sklearn.linear_model import RidgeCV

    seen = []

    def fit(self: RidgeCV, x: NDArray[np.float64], y: NDArray[np.float64]) -> RidgeCV:
        seen.extend((train.tolist(), test.tolist()) for train, test in self.cv.split(x, y))
        return original(self, x, y)

    original = RidgeCV.fit
    monkeypatch.setattr(RidgeCV, "fit", fit)
    PREDICTIONS["motif_ridge"](made, PAIRS)
    chromosome = made.genes.chromosome[made.train_genes]
    assert len(seen) == len(set(chromosome)) == 3
    for train, test in seen:
        assert len(set(chromosome[test])) == 1
        assert not set(chromosome[train]) & set(chromosome[test])


def test_trees_stop_on_chromosomes_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    x = np.random.default_rng(14).random((N_GENES, 2)).astype(np.float32)
    made = data(np.where(x[:, :1] > 0.5, 3.0, 1.0) * np.ones(N_SAMPLES), **tree_features(x))
    aside = made.inner_fold() == 0
    chromosome = made.genes.chromosome[made.train_genes]
    assert aside.any() and not set(chromosome[aside]) & set(chromosome[~aside])
    from sklearn.ensemble import HistGradientBoostingRegressor as Boosted

    sizes = []

    def fit(self: Boosted, x: NDArray[Any], y: NDArray[Any], **more: NDArray[Any]) -> Boosted:
        sizes.append((len(x), len(more.get("X_val", []))))
        return original(self, x, y, **more)

    original = Boosted.fit
    monkeypatch.setattr(Boosted, "fit", fit)
    PREDICTIONS["trees"](made, PAIRS)
    # Twice the inner fit, once for each set of features, then all training genes: for each of four components.
    inner = (int((~aside).sum()), int(aside.sum()))
    assert sizes == [inner] * 8 + [(len(made.train_genes), 0)] * 4

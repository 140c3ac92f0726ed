"""The score of saved predictions: all pairs, those without shared promoters, and none."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.fixtures import MakeGenes, Refuses, says
from numpy.typing import NDArray
from tr300m.base.axes import Genes, Samples
from tr300m.dataset.splits import Split
from tr300m.metrics import point as metrics
from tr300m.metrics.cluster_bootstrap import CLUSTERS
from tr300m.metrics.contrasts import CONTRASTS
from tr300m.metrics.intervals import Draws, interval_rows
from tr300m.metrics.score import FAILED, Score, score
from tr300m.results.evaluated_models import read_models
from tr300m.results.metric_table import INTERVAL_SUFFIX, failure_notes, metric_table, unshared_columns
from tr300m.results.paired_differences import paired_table

HELD_OUT, SAMPLES = np.array([7, 2, 4, 9, 0]), np.array([1, 4, 5, 8])


def axes(make_genes: MakeGenes, clusters: list[int]) -> tuple[Genes, Samples]:
    """Return ten genes of these clusters and ten samples of five donors."""
    genes = make_genes([("chr1", "+", 5000 + 10 * row) for row in range(10)])
    columns = {**genes.columns(), "cluster": np.array(clusters)}
    names = np.array([f"S{row}" for row in range(10)])
    return Genes(**columns), Samples(names, np.array([f"D{row // 2}" for row in range(10)]), names)


def predictions(nll: bool = True) -> dict[str, NDArray[Any]]:
    """Return predictions of all pairs of the held-out genes and samples."""
    rng = np.random.default_rng(0)
    pairs = {"gene": np.tile(HELD_OUT, 4), "sample": np.repeat(SAMPLES, 5)}
    names = ("observed", "median", "nll") if nll else ("observed", "median")
    return pairs | {name: rng.exponential(size=20) for name in names}


def split() -> Split:
    """Return a split whose validation genes are those of the predictions."""
    none = np.array([], dtype=np.int64)
    return Split("toy", HELD_OUT, none, SAMPLES, none)


def scored(
    make_genes: MakeGenes, clusters: list[int], kept: NDArray[np.bool_] | None = None, nll: bool = True
) -> Score:
    """Return the score of the pairs kept, by default those without shared promoters."""
    genes, samples = axes(make_genes, clusters)
    saved = predictions(nll)
    if kept is None:
        kept = ~split().shares_promoter(genes.cluster)[saved["gene"]]
    return score(saved, kept, genes, samples, 1.0, 50, 3)


# Gene 2 shares a promoter with gene 3, which trains; 4 and 9 share one with each other.
CLUSTERED = [0, 1, 2, 2, 3, 4, 5, 6, 7, 3]
EVERY = np.ones(20, dtype=np.bool_)


@pytest.mark.parametrize("nll", [True, False])
def test_pairs_without_shared_promoters(make_genes: MakeGenes, nll: bool) -> None:
    saved, found = predictions(nll), scored(make_genes, CLUSTERED, nll=nll)
    kept = saved["gene"] != 2
    losses = saved["nll"][kept] if nll else None
    expected = metrics.evaluate(saved["observed"][kept], saved["median"][kept], losses, 1.0)
    assert expected["pairs"] == 16
    assert list(found.metrics) == [*expected, *CONTRASTS]
    assert {name: found.metrics[name] for name in expected} == pytest.approx(expected, nan_ok=True)
    # Every sample is of a tissue of its own, so that the means are the pairs.
    x, y = (np.log1p(saved[name][kept].reshape(4, 4)) for name in ("observed", "median"))
    rows, columns = ([np.corrcoef(pair)[0, 1] for pair in zip(*both, strict=True)] for both in ((x, y), (x.T, y.T)))
    assert found.metrics["across_genes"] == pytest.approx(np.mean(rows))
    assert found.metrics["within_gene"] == pytest.approx(np.mean(columns))
    everything = scored(make_genes, CLUSTERED, EVERY, nll)
    assert everything.metrics["pairs"] == 20
    assert everything.key != found.key
    for drawn in CLUSTERS:
        assert ("nll" in found.draws[drawn]) == nll
        for name in ("log_pearson", *CONTRASTS):
            assert found.draws[drawn][name].shape == (50,)
        assert not np.array_equal(found.draws[drawn]["accuracy"], everything.draws[drawn]["accuracy"])


def test_scores_of_a_proper_density_are_means_over_pairs(make_genes: MakeGenes) -> None:
    """16 of 20 observed values are in their intervals; each draw weighs them like the NLL."""
    genes, samples = axes(make_genes, list(range(10)))
    inside, losses = np.arange(20) < 16, np.arange(20.0)
    saved = predictions() | {"nll": losses, "crps": losses, "coverage_90": inside.astype(float)}
    found = score(saved, EVERY, genes, samples, 1.0, 50, 3)
    assert (found.metrics["crps"], found.metrics["coverage_90"]) == (9.5, 0.8)
    for drawn in CLUSTERS:
        assert np.array_equal(found.draws[drawn]["crps"], found.draws[drawn]["nll"])
        assert ((found.draws[drawn]["coverage_90"] >= 0) & (found.draws[drawn]["coverage_90"] <= 1)).all()
    plain = score(predictions(), EVERY, genes, samples, 1.0, 50, 3)
    assert set(found.metrics) - set(plain.metrics) == {"crps", "coverage_90"}
    none = score(saved, ~EVERY, genes, samples, 1.0, 50, 3)
    assert np.isnan(none.metrics["crps"]) and np.isnan(none.draws["both"]["coverage_90"]).all()


def test_where_no_promoter_is_shared_both_scores_are_equal_to_the_bit(make_genes: MakeGenes) -> None:
    # 4 and 9 share one on the same side.
    clusters = [0, 1, 2, 8, 3, 4, 5, 6, 7, 3]
    unshared, everything = scored(make_genes, clusters), scored(make_genes, clusters, EVERY)
    assert unshared.metrics == everything.metrics
    assert unshared.key == everything.key
    for drawn in CLUSTERS:
        for name, draws in unshared.draws[drawn].items():
            assert np.array_equal(draws, everything.draws[drawn][name], equal_nan=True)


def test_intervals_change_where_held_out_genes_share_a_promoter_alone(make_genes: MakeGenes) -> None:
    apart = scored(make_genes, list(range(10)), EVERY)
    # The training genes' clusters and the numbers matter not.
    renumbered = scored(make_genes, [90, 1, 50, 1, 30, 1, 1, 4, 1, 2], EVERY)
    together = scored(make_genes, CLUSTERED, EVERY)
    assert apart.metrics == together.metrics
    for drawn in CLUSTERS:
        for name, draws in apart.draws[drawn].items():
            assert np.array_equal(draws, renumbered.draws[drawn][name], equal_nan=True)
            same = np.array_equal(draws, together.draws[drawn][name], equal_nan=True)
            assert same == (drawn == "donors")


def test_a_part_whose_promoters_are_all_shared_is_undefined(tmp_path: Path, make_genes: MakeGenes) -> None:
    found = scored(make_genes, [0] * 10)
    found.write(tmp_path / "m.json", tmp_path / "d.npz")
    saved, draws = json.loads((tmp_path / "m.json").read_text()), Draws.read(tmp_path / "d.npz")
    assert saved["pairs"] == 0
    assert all(np.isnan(saved[name]) for name in ("pearson", "log_r2", "accuracy", "nll", *CONTRASTS))
    assert {row["value"] for row in interval_rows({}, saved, draws)} == {"undefined"}
    columns = unshared_columns([saved], [draws.intervals()])
    assert list(columns.values()) == [["undefined"], ["0"], ["undefined"]]


def test_columns_without_shared_promoters(make_genes: MakeGenes, tmp_path: Path) -> None:
    found = scored(make_genes, CLUSTERED)
    found.write(tmp_path / "m.json", tmp_path / "d.npz")
    interval = Draws.read(tmp_path / "d.npz").intervals()["log_pearson"]
    columns = unshared_columns([found.metrics], [{"log_pearson": interval}])
    name = "Log Pearson Correlation without shared promoters"
    assert list(columns) == [name, "Pairs without shared promoters", name + INTERVAL_SUFFIX]
    assert columns[name] == [f"{100 * found.metrics['log_pearson']:.1f}"]
    assert columns["Pairs without shared promoters"] == ["16"]
    assert columns[name + INTERVAL_SUFFIX] == [f"{100 * interval.low:.1f} to {100 * interval.high:.1f}"]


def spoilt(values: dict[int, float], name: str = "median") -> dict[str, NDArray[Any]]:
    """Return predictions with other values at some pairs."""
    saved = predictions()
    for pair, value in values.items():
        saved[name][pair] = value
    return saved


@pytest.mark.parametrize(
    ("name", "values", "parts"),
    [
        ("median", {3: np.inf, 4: np.inf}, ["predictions", "2 infinite", "20"]),
        ("median", {0: np.nan, 1: -1.0}, ["predictions", "1 NaN", "1 negative", "20"]),
        ("nll", {7: np.inf}, ["NLL", "1 infinite", "20"]),
    ],
)
def test_invalid_predictions_fail_their_own_row(
    tmp_path: Path, make_genes: MakeGenes, name: str, values: dict[int, float], parts: list[str]
) -> None:
    genes, samples = axes(make_genes, CLUSTERED)
    good = scored(make_genes, CLUSTERED, EVERY)
    bad = score(spoilt(values, name), EVERY, genes, samples, 1.0, 50, 3)
    assert says(str(bad.metrics[FAILED]), *parts)
    assert bad.metrics["pairs"] == 20
    models = []
    for label, found in (("good", good), ("bad", bad)):
        found.write(tmp_path / f"{label}.json", tmp_path / f"{label}.npz")
        models += read_models([label], [tmp_path / f"{label}.json"], [tmp_path / f"{label}.npz"])
    rows = [(model.label, model.metrics) for model in models]
    columns = metric_table(rows, [model.draws.intervals() for model in models])
    for column in ("Log Pearson Correlation", "NLL"):
        assert columns[column][0] not in ("failed", "undefined")
        assert columns[column][1] == "failed"
    assert columns["Pairs"] == ["20", "20"]
    (note,) = failure_notes(rows)
    assert says(note, "bad", *parts)
    # The pairs are the same, so that the difference can be asked for; it failed too.
    for pair in ((models[0], models[1]), (models[1], models[0])):
        assert paired_table([(pair[0], [pair[1]])])["Accuracy"][1] == "failed"


def test_invalid_pairs_that_are_not_scored_fail_nothing(make_genes: MakeGenes) -> None:
    genes, samples = axes(make_genes, CLUSTERED)
    kept = EVERY.copy()
    kept[3] = False
    assert FAILED not in score(spoilt({3: np.inf}), kept, genes, samples, 1.0, 50, 3).metrics


def test_invalid_observed_values_are_refused(make_genes: MakeGenes, refuses: Refuses) -> None:
    genes, samples = axes(make_genes, CLUSTERED)
    with refuses("observed", "1 NaN", "20"):
        score(spoilt({3: np.nan}, "observed"), EVERY, genes, samples, 1.0, 50, 3)

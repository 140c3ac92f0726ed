"""What of a planted truth was found, on toys counted by hand; a network that reads levels is asked for their effect."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml
from helpers.fixtures import MakeGenes, Refuses
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import hypergeom
from tr300m.base.axes import CELLS, Genes, Samples
from tr300m.base.files import write_tsv
from tr300m.config.settings import resolve
from tr300m.evaluation.level_shifts import perturbed_pairs, regulators_with_motif, shifted
from tr300m.evaluation.planted_truth import Planted
from tr300m.evaluation.truth_recovery import (
    SimulatedRun,
    components,
    correlation,
    expression_recovery,
    histone_gain,
    motif_recovery,
    recovery_table,
    slopes,
    variance_explained,
)
from tr300m.metrics.intervals import Draws

ROOT = Path(__file__).parents[2]
# Two genes, two samples of two tissues, two drivers.
TOY = Planted(
    drivers=("A", "B"),
    effect=np.array([1.0, -2.0]),
    hits=np.array([[1.0, 0.0], [0.0, 0.5]]),
    levels=np.array([[1.0, 0.0], [-1.0, 2.0]]),
    openness=np.array([[0.5, 1.0], [0.25, 0.0]]),
    tissue=np.array([0, 1]),
    base=-1.0,
    open_weight=6.0,
)
GENE, SAMPLE = np.array([0, 1, 0, 1]), np.array([0, 0, 1, 1])


def test_planted_expression_by_hand() -> None:
    # Gene 0: -1 + 3 + 1, then -1 + 6 - 1. Gene 1: -1 + 1.5, then -1 + 0 - 2, cut at 0.
    assert TOY.log_expression(GENE, SAMPLE).tolist() == [3.0, 0.5, 4.0, 0.0]
    assert TOY.log_expression(GENE, SAMPLE, regulation=False).tolist() == [2.0, 0.5, 5.0, 0.0]
    # The mean openness is 1.75 / 4, so that the rest is -1 + 2.625.
    assert TOY.log_expression(GENE, SAMPLE, openness=False).tolist() == [2.625, 1.625, 0.625, 0.0]


def test_planted_changes_by_hand() -> None:
    a, b = TOY.changes(GENE, SAMPLE)
    assert a.tolist() == [1.0, 0.0, 1.0, 0.0]
    # Gene 1, driver B, full size 1: from 1.5 to 0 (cut) in sample 0; from 0 to -2, both cut, in sample 1.
    assert b.tolist() == [0.0, -0.75, 0.0, 0.0]


def write_toy(folder: Path) -> None:
    write_tsv(
        folder / "regulator_effects.tsv",
        {"regulator": ["A", "B"], "effect": ["1.0000", "-2.0000"]},
    )
    # The dataset's order is another one.
    write_tsv(folder / "hits.tsv", {"gene_id": ["g9", "g1", "g0"], "A": [0.5, 0, 1], "B": [0.5, 0.5, 0]})
    write_tsv(folder / "driver_levels.tsv", {"sample_id": ["s1", "s0"], "A": [-1, 1], "B": [2, 0]})
    cells: dict[str, list[float]] = {cell: [0, 0.1, 0.2] for cell in CELLS} | {CELLS[0]: [0, 0.25, 0.5]}
    write_tsv(folder / "openness.tsv", {"gene_id": ["g9", "g1", "g0"]} | cells)
    mix: dict[str, list[float]] = {cell: [0, 0] for cell in CELLS} | {CELLS[0]: [1, 0], CELLS[1]: [0, 1]}
    write_tsv(folder / "tissue_cells.tsv", {"tissue": ["Liver", "Lung"]} | mix)


def toy_axes(make_genes: MakeGenes, ids: tuple[str, str] = ("g0", "g1")) -> tuple[Genes, Samples]:
    genes = make_genes([("chr1", "+", 5000), ("chr1", "+", 9000)], ids=ids)
    return genes, Samples(np.array(["s0", "s1"]), np.array(["d0", "d1"]), np.array(["Lung", "Liver"]))


def test_truth_is_brought_into_the_order_of_the_dataset(tmp_path: Path, make_genes: MakeGenes) -> None:
    write_toy(tmp_path)
    read = Planted.read(tmp_path, *toy_axes(make_genes), base=-1.0, open_weight=6.0)
    assert read.drivers == TOY.drivers
    assert read.effect.tolist() == [1.0, -2.0]
    assert read.hits.tolist() == TOY.hits.tolist()
    assert read.levels.tolist() == TOY.levels.tolist()
    assert read.tissue.tolist() == [1, 0]
    assert read.openness.tolist() == [[0.5, 0.2], [0.25, 0.1]]


def test_truth_of_other_genes_is_refused(tmp_path: Path, make_genes: MakeGenes, refuses: Refuses) -> None:
    write_toy(tmp_path)
    with refuses("openness.tsv", "1", "other"):
        Planted.read(tmp_path, *toy_axes(make_genes, ("g0", "other")), base=-1.0, open_weight=6.0)


def test_components_by_hand() -> None:
    values = np.array([1.0, 3.0, 8.0, 5.0])
    # Gene 0 has three pairs: two in tissue 0 (mean 2), one in tissue 1 (8); its mean is 4.
    found = components(values, np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1]))
    assert found["genes"].tolist() == [4.0, 4.0, 4.0, 5.0]
    assert found["tissues"].tolist() == [-2.0, -2.0, 4.0, 0.0]
    assert found["people"].tolist() == [-1.0, 1.0, 0.0, 0.0]


@settings(deadline=None)
@given(st.lists(st.tuples(st.floats(0, 10), st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=30))
def test_components_add_up(pairs: list[tuple[float, int, int]]) -> None:
    values, gene, tissue = (np.array(column) for column in zip(*pairs, strict=True))
    found = components(values.astype(float), gene, tissue)
    np.testing.assert_allclose(sum(found.values()), values, atol=1e-12)
    for of_gene in np.unique(gene):
        assert found["tissues"][gene == of_gene].sum() == pytest.approx(0, abs=1e-9)


def test_correlation_with_a_constant_is_undefined() -> None:
    x = np.array([1.0, 2.0, 4.0])
    assert correlation(x, 3 * x) == pytest.approx(1)
    assert math.isnan(correlation(x, np.ones(3)))
    assert math.isnan(correlation(x, np.array([1.0, 1.0 + 1e-9, 1.0])))
    assert math.isnan(correlation(x[:1], x[:1]))


def toy_model(label: str, predicted: np.ndarray, *, levels: bool = True, histones: bool = True) -> SimulatedRun:
    observed = np.expm1(TOY.log_expression(GENE, SAMPLE))
    return SimulatedRun(label, levels, histones, GENE, SAMPLE, observed, predicted)


def test_a_perfect_model_gets_what_perfect_says() -> None:
    model = toy_model("m", np.expm1(TOY.log_expression(GENE, SAMPLE)))
    score, *parts = expression_recovery(model, TOY)
    assert (score.found, score.perfect) == (pytest.approx(1), pytest.approx(1))
    # One sample a tissue: nothing is left between people.
    assert [row.found for row in parts] == [pytest.approx(1), pytest.approx(1), pytest.approx(math.nan, nan_ok=True)]


def test_a_model_without_inputs_has_no_bound() -> None:
    model = toy_model("seq", np.array([1.0, 2.0, 1.0, 2.0]), levels=False, histones=False)
    score, genes, tissues, _ = expression_recovery(model, TOY)
    # Predictions 1 2 1 2 against observed values whose genes lie the other way round.
    assert score.found < 0
    assert math.isnan(score.perfect)
    assert genes.found == pytest.approx(-1)
    assert math.isnan(tissues.found)


def test_variance_shares_are_squared_correlations() -> None:
    truth = TOY.log_expression(GENE, SAMPLE)
    openness, regulation, both = variance_explained(toy_model("m", np.zeros(4)), TOY)
    assert both.found == pytest.approx(1)
    assert openness.found == pytest.approx(np.corrcoef([2.0, 0.5, 5.0, 0.0], truth)[0, 1] ** 2)
    assert regulation.found == pytest.approx(np.corrcoef([2.625, 1.625, 0.625, 0.0], truth)[0, 1] ** 2)


def test_slopes_by_hand() -> None:
    # Full hits change by 3, half hits by 2, none by 1: slope 2. The other driver's hits are all equal.
    hits = np.array([[1.0, 0.4], [0.5, 0.4], [0.0, 0.4]])
    found = slopes(np.array([[3.0, 2.0, 1.0], [1.0, 2.0, 3.0]]), hits)
    assert found[0] == pytest.approx(2)
    assert math.isnan(found[1])


def wide() -> tuple[Planted, np.ndarray, np.ndarray]:
    """Return a truth of three drivers, open everywhere, and its 20 pairs in one sample."""
    rng = np.random.default_rng(1)
    planted = replace(
        TOY,
        drivers=("A", "B", "C"),
        effect=np.array([0.5, -1.0, 1.5]),
        hits=rng.random((20, 3)),
        levels=np.zeros((1, 3)),
        openness=np.ones((20, 1)),
        tissue=np.array([0]),
    )
    return planted, np.arange(20), np.zeros(20, np.int64)


def test_a_model_that_is_the_truth_finds_all_motifs() -> None:
    planted, gene, sample = wide()
    # Among six regulators, of which three do nothing.
    changes = np.zeros((6, 20))
    changes[[1, 3, 5]] = planted.changes(gene, sample)
    flat, rank, signs, top = motif_recovery("m", gene, sample, ["x", "A", "y", "B", "z", "C"], changes, planted)
    assert (flat.found, rank.found, signs.found, top.found) == (pytest.approx(1), pytest.approx(1), 3, 3)
    assert (signs.chance, signs.perfect, signs.p) == (1.5, 3, 0.125)
    # 3 of 6 drawn, 3 of them drivers: one way in 20.
    assert (top.chance, top.perfect, top.p) == (1.5, 3, pytest.approx(1 / 20))


def test_a_model_with_other_regulators_is_told_so() -> None:
    planted, gene, sample = wide()
    truth = planted.changes(gene, sample)
    # Driver A with the wrong sign and half a size; B and C hardly at all; x and y in their place.
    changes = np.array([truth[2], -truth[0] / 2, truth[1], truth[1] / 1000, truth[2] / 1000])
    _, rank, signs, top = motif_recovery("m", gene, sample, ["x", "A", "y", "B", "C"], changes, planted)
    assert (signs.found, top.found) == (2, 1)
    assert top.p == pytest.approx(hypergeom.sf(0, 5, 3, 3))
    # Planted order B, A, C; found A, B, C.
    assert rank.found == pytest.approx(0.5)


def test_drivers_without_a_motif_are_left_out() -> None:
    planted, gene, sample = wide()
    truth = planted.changes(gene, sample)
    *_, signs, top = motif_recovery("m", gene, sample, ["C", "x"], np.array([truth[2], truth[0] / 9]), planted)
    assert (signs.found, signs.perfect, top.found, top.chance) == (1, 1, 1, 0.5)


def draws(values: np.ndarray, key: str = "k") -> Draws:
    return Draws("d", key, {"both": {"log_pearson": values}})


def test_histones_ahead_by_hand() -> None:
    truth = TOY.log_expression(GENE, SAMPLE)
    without = toy_model("a", np.expm1(np.array([2.0, 1.0, 1.0, 0.0])), histones=False)
    with_histones = toy_model("b", np.expm1(truth))
    pair = draws(np.linspace(0.1, 0.2, 1001)), draws(np.linspace(0.1, 0.2, 1001) + 0.3)
    row = histone_gain(without, with_histones, pair, TOY)
    assert row.found == pytest.approx(1 - np.corrcoef([2.0, 1.0, 1.0, 0.0], truth)[0, 1])
    assert row.perfect == pytest.approx(1 - np.corrcoef([2.625, 1.625, 0.625, 0.0], truth)[0, 1])
    assert (row.low, row.high) == (pytest.approx(0.3), pytest.approx(0.3))
    assert row.p == pytest.approx(2 / 1002)


def test_histones_ahead_wants_equal_draws(refuses: Refuses) -> None:
    model = toy_model("a", np.expm1(TOY.log_expression(GENE, SAMPLE)))
    with refuses("d"):
        histone_gain(model, model, (draws(np.zeros(9)), draws(np.zeros(9), "other")), TOY)


def test_table_tells_counts_from_figures_and_undefined_from_empty() -> None:
    planted, gene, sample = wide()
    changes = np.concatenate([planted.changes(gene, sample), np.zeros((1, 20))])
    table = recovery_table(motif_recovery("m", gene, sample, ["A", "B", "C", "x"], changes, planted))
    assert table["found"] == ["1.000", "1.000", "3", "3"]
    assert table["chance"] == ["0.000", "0.000", "1.500", "2.250"]
    assert table["p of chance"] == ["", "", "0.125", "0.25"]
    assert table["95 % interval"] == [""] * 4
    constant = recovery_table(motif_recovery("m", gene, sample, ["A", "B", "C"], np.zeros((3, 20)), planted))
    assert constant["found"][0] == "undefined"


def test_pairs_to_perturb() -> None:
    tissue = np.array(["Lung", "Liver", "Lung", "Liver", "Testis"])
    # Samples 4, 2, 0 and 3: the first of Liver is 3, of Lung 2, of Testis 4; by place the first two are 4 and 2.
    pairs = perturbed_pairs(np.array([7, 5]), np.array([4, 2, 0, 3]), tissue)
    assert pairs.tolist() == [[7, 4], [5, 4], [7, 2], [5, 2]]


def test_regulators_with_motif_are_named_once() -> None:
    names = np.array(["A", "B", "A", "C"])
    assert regulators_with_motif(names, np.array([[1, 0], [0, 0], [1, 0], [0, 1]])) == ["A", "C"]


def test_levels_are_shifted_in_their_own_column() -> None:
    levels = np.array([[1.0, 5.0], [2.0, 6.0]], np.float32)
    mean, spread = np.array([1.0, 9.0], np.float32), np.array([0.5, 9.0], np.float32)
    column = np.array([True, False])
    np.testing.assert_allclose(shifted(levels, column, mean, spread, 1.0)[:, 0], np.expm1(1.5), rtol=1e-6)
    np.testing.assert_allclose(shifted(levels, column, mean, spread, -1.0)[:, 0], np.expm1(0.5), rtol=1e-6)
    # No level is below 0 TPM.
    assert shifted(levels, column, mean, 9 * spread, -1.0)[:, 0].tolist() == [0.0, 0.0]
    assert shifted(levels, column, mean, spread, 1.0)[:, 1].tolist() == [5.0, 6.0]
    assert levels.tolist() == [[1.0, 5.0], [2.0, 6.0]]


def test_which_runs_the_table_is_about() -> None:
    full = resolve({"runs": "config/demo_full_runs.tsv", "sources": {"default": "simulated"}}, ROOT)
    assert full.selection.planted
    assert full.selection.histone_pairs == [("seq_tf_core", "seq_tf_core_hm"), ("seq_tf", "seq_tf_hm")]
    assert not {"seq_tf_donors", "seq_tf_fold1"} & set(full.selection.thesis_runs)
    assert {"seq_tf_permuted", "seq_tf_df", "final"} < set(full.selection.level_runs)
    assert not {"seq", "seq_core_hm", "seq_tf_permuted_late", "seq_tf_fold1"} & set(full.selection.level_runs)
    assert not resolve({}, ROOT).selection.planted


def test_real_regulators_are_not_asked_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "lambert.csv").touch()
    sources = {"default": "simulated", "regulators": str(tmp_path / "lambert.csv")}
    mixed = resolve({"runs": "config/demo_full_runs.tsv", "sources": sources}, ROOT)
    assert mixed.selection.planted
    assert mixed.selection.level_runs == []
    demo = resolve(yaml.safe_load((ROOT / "config/demo.yaml").read_text()), ROOT)
    chosen = ["seq_tf_core_hm", "bilinear", "bilinear_trees"]
    assert demo.selection.level_runs == demo.config["evaluation"]["level_change_runs"] == chosen

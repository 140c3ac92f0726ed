"""Perturbations of regulators: sign, size and rank on a model whose predictions are counted by hand."""

import numpy as np
import pytest
from helpers.counted_model import CountedModel, Site, counted_predictor
from helpers.fixtures import Refuses
from helpers.toy_dataset import Sizes
from tr300m.base.axes import Regulators
from tr300m.use.contexts import Contexts
from tr300m.use.perturbation import (
    CONTEXTS_PER_BLOCK,
    find_regulator,
    knock_outs,
    level_changes_of,
    observed_ranges,
    perturb,
    perturbation_table,
)
from tr300m.use.predictor import Predictor

# R0 activates, R1 represses, R2 activates weakly; the others have no site.
MODEL = CountedModel((Site("ACGTAC", 0, 0.2), Site("TTGACA", 1, -0.1), Site("GGC", 2, 0.02)))
LEVELS = np.array([[3, 7, 1, 0, 2], [1, 3, 15, 4, 2]], np.float32)
SIZES = Sizes(samples=16, regulators=5)


def predictor(*models: CountedModel) -> Predictor:
    names = np.array(["HNF4A", "HNF1A", "TP53", "SP1", "G2"])
    ids = np.array(["ENSG1.1", "ENSG2.1", "ENSG3.1", "ENSG4.1", "G2"])
    regulators = Regulators(ids, names, np.full(5, "chr1"), np.full(5, "+"), np.arange(1, 6))
    return counted_predictor(*(models or (MODEL,)), sizes=SIZES, regulators=regulators)


CONTEXTS = Contexts(("here", "there"), ("T0", ""), LEVELS)


def counted(levels: np.ndarray, matches: tuple[int, int, int]) -> float:
    logs = np.log1p(levels[:3].astype(float))
    return float(np.expm1(1 + np.array([0.2, -0.1, 0.02]) * matches @ logs))


def matches(predictor: Predictor, gene: str) -> tuple[int, int, int]:
    bases = "".join("ACGTN"[row.argmax() if row.max() == 1 else 4] for row in predictor.genes(gene).onehot[0])
    best = [
        max(sum(a == b for a, b in zip(site.bases, bases[start:], strict=False)) for start in range(len(bases)))
        for site in MODEL.sites
    ]
    return best[0], best[1], best[2]


def test_set_and_scale_give_the_counted_change() -> None:
    run = predictor()
    changes = level_changes_of(run.dataset.regulators, ["HNF4A=0"], ["ENSG2=2"])
    found = perturbation_table(run, run.genes("G0", "G4"), CONTEXTS, [changes])
    assert perturb(run, run.genes("G0", "G4"), CONTEXTS, {"HNF4A": 0}, {"ENSG2": 2}) == found
    assert found["gene"] == ["G0", "G0", "G4", "G4"]
    assert found["part"] == ["training", "training", "validation", "validation"]
    assert found["context"] == ["here", "there"] * 2
    assert set(found["regulator"]) == {"HNF4A,HNF1A"}
    assert found["level_before"][:2] == ["3,7", "1,3"] and found["level_after"][:2] == ["0,14", "0,6"]
    for row in range(4):
        hits = matches(run, found["gene"][row])
        before = LEVELS[row % 2].copy()
        after = before * [0, 2, 1, 1, 1]
        assert found["mean_before"][row] == pytest.approx(counted(before, hits))
        assert found["mean_after"][row] == pytest.approx(counted(after, hits))
        expected = np.log2((counted(after, hits) + 1) / (counted(before, hits) + 1))
        assert found["log2fc"][row] == pytest.approx(expected, abs=1e-6)
    assert found["sd"] == found["agree"] == [None] * 4


def test_knock_outs_are_ranked_and_have_the_right_sign() -> None:
    run = predictor()
    found = perturbation_table(run, run.genes("G0"), CONTEXTS, knock_outs(run.dataset.regulators), top=5)
    here = {name: column[:5] for name, column in found.items()}
    assert here["regulator"][:3] == ["HNF4A", "HNF1A", "TP53"]
    assert here["log2fc"][0] < 0 < here["log2fc"][1]
    # Without a site, or with a level of 0 already, nothing changes, not even in the last digit.
    assert here["log2fc"][3:] == [0, 0]
    assert np.abs(here["log2fc"]).tolist() == sorted(np.abs(here["log2fc"]), reverse=True)
    top = perturbation_table(run, run.genes("G0"), CONTEXTS, knock_outs(run.dataset.regulators), top=2)
    assert top["regulator"][:2] == ["HNF4A", "HNF1A"] and len(top["gene"]) == 4


def test_blocks_of_contexts_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    run = predictor()
    asked = (run.genes("G0", "G3"), CONTEXTS, knock_outs(run.dataset.regulators))
    whole = perturbation_table(run, *asked)
    assert len(asked[2]) * 2 < CONTEXTS_PER_BLOCK
    monkeypatch.setattr("tr300m.use.perturbation.CONTEXTS_PER_BLOCK", 3)
    assert perturbation_table(run, *asked) == whole


def test_the_range_is_that_of_the_tissue_in_training_samples() -> None:
    run = predictor()
    dataset, train = run.dataset, run.training[1]
    low, high = observed_ranges(dataset, train, CONTEXTS)
    of_tissue = dataset.regulator_levels[[row for row in train if dataset.samples.tissue[row] == "T0"]]
    np.testing.assert_allclose(low[0], np.percentile(of_tissue, 5, axis=0))
    np.testing.assert_allclose(high[1], np.percentile(dataset.regulator_levels[train], 95, axis=0))
    assert len(of_tissue) > 2
    # One sample makes no range.
    assert np.isnan(observed_ranges(dataset, train[:1], CONTEXTS)).all()
    level = float(np.median(of_tissue[:, 0]))
    changes = [
        level_changes_of(dataset.regulators, [f"HNF4A={value}", f"TP53={other}"], [])
        for value, other in ((level, 0), (1e6, 1e6))
    ]
    found = perturbation_table(run, run.genes("G0"), CONTEXTS.of_tissues(dataset, train, ["T0"]), changes)
    assert found["outside"] == ["TP53", "HNF4A,TP53"]
    assert found["range_low"][0] == f"{low[0, 0]:.4g},{low[0, 2]:.4g}"


def test_a_predicted_gene_that_is_the_regulator_is_named() -> None:
    run = predictor()
    changes = level_changes_of(run.dataset.regulators, ["G2=0", "SP1=0"], [])
    found = perturbation_table(run, run.genes("G1", "G2"), CONTEXTS, [changes])
    assert found["own"] == ["", "", "G2", "G2"]


def test_runs_are_averaged_and_their_spread_is_shown() -> None:
    other = CountedModel((Site("ACGTAC", 0, -0.05),), name="other")
    run = predictor(MODEL, other)
    changes = level_changes_of(run.dataset.regulators, ["HNF4A=0"], [])
    found = perturbation_table(run, run.genes("G0"), CONTEXTS, [changes])
    alone = [
        perturbation_table(predictor(model), run.genes("G0"), CONTEXTS, [changes])["log2fc"] for model in (MODEL, other)
    ]
    np.testing.assert_allclose(found["log2fc"], np.mean(alone, axis=0))
    np.testing.assert_allclose(found["sd"], np.std(alone, axis=0, ddof=1))
    assert found["agree"] == [0.5, 0.5]
    twice = perturbation_table(predictor(MODEL, MODEL), run.genes("G0"), CONTEXTS, [changes])
    assert twice["sd"] == [0, 0] and twice["agree"] == [1, 1]


def test_what_cannot_be_done_is_refused(refuses: Refuses) -> None:
    run = predictor()
    regulators = run.dataset.regulators
    with refuses("HNF4", "HNF4A"):
        find_regulator(regulators, "HNF4")
    for text in ("HNF4A", "HNF4A=", "HNF4A=-1", "HNF4A=nan", "=2", "HNF4A=inf"):
        with refuses(text):
            level_changes_of(regulators, [text], [])
    with refuses("ENSG1"):
        level_changes_of(regulators, ["HNF4A=0"], ["ENSG1=2"])
    with refuses("--set"):
        level_changes_of(regulators, [], [])
    blind = CountedModel(MODEL.sites, name="seq_only", reads_levels=False)
    with refuses("seq_only"):
        perturbation_table(predictor(MODEL, blind), run.genes("G0"), CONTEXTS, knock_outs(regulators))

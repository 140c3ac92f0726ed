"""Predictions of another program: read by ID, name or tissue, refused by line, scored as a baseline's."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from helpers.fixtures import MakeGenes, Refuses
from helpers.toy_dataset import Sizes, toy_dataset
from tr300m.base.axes import Genes, Samples
from tr300m.baselines.data import Data
from tr300m.baselines.external import read_external_predictions
from tr300m.baselines.table import PREDICTIONS
from tr300m.config.architectures import Architecture
from tr300m.config.external_predictions import External, external_notes, external_table, prediction_columns
from tr300m.config.fold_pools import pool_folds
from tr300m.config.run_table import Run
from tr300m.config.split_names import split_pattern
from tr300m.dataset.splits import Split
from tr300m.metrics.quantile_coverage import quantile_coverage
from tr300m.metrics.score import score

SAMPLES = Samples(
    np.array(["S0", "S1", "S2", "S3"]), np.array(["D0", "D0", "D1", "D1"]), np.array(["Liver", "Lung", "Liver", "Lung"])
)
PAIRS = np.array([[2, 0], [3, 0], [2, 1], [3, 1], [2, 2], [3, 2]])
ROWS = [f"ENSG{gene:011d}.1\tS{sample}\t{10 * gene + sample}\n" for gene, sample in PAIRS]
GOOD = "".join(["gene\tsample\tmedian\n", *ROWS])


@pytest.fixture
def genes(make_genes: MakeGenes) -> Genes:
    found = make_genes([("chr1", "+", 10_000 * row) for row in range(1, 7)])
    # Two genes of one name, and one that is called like the ID of another.
    names = np.array(["A", "A", "C", "ENSG00000000002", "E", "F"])
    return Genes(**{**found.columns(), "gene_name": names})


def read(tmp_path: Path, genes: Genes, text: str, pairs: np.ndarray = PAIRS) -> dict[str, np.ndarray]:
    path = tmp_path / "mine.tsv"
    path.write_text(text)
    return read_external_predictions(path, genes, SAMPLES, pairs, "validation")


def test_pairs_come_in_their_order(tmp_path: Path, genes: Genes) -> None:
    header, *lines = GOOD.splitlines()
    found = read(tmp_path, genes, "\n".join(["# a comment", "", header, *reversed(lines), ""]))
    assert found.keys() == {"median"}
    assert found["median"].tolist() == [20, 30, 21, 31, 22, 32]
    zipped = tmp_path / "mine.tsv.gz"
    zipped.write_bytes(gzip.compress(GOOD.encode()))
    again = read_external_predictions(zipped, genes, SAMPLES, PAIRS, "test")
    np.testing.assert_array_equal(again["median"], found["median"])


def test_genes_by_any_name_and_samples_by_tissue(tmp_path: Path, genes: Genes) -> None:
    """An ID wins over a name; a tissue stands for the samples of the part; other pairs are counted."""
    rows = ["C\tLiver\t1", "ENSG00000000003\tLiver\t2", "ENSG00000000002.1\tS1\t3", "ENSG00000000003.1\tLung\t4"]
    others = ["E\tLiver\t9", "ENSG00000000002\tS3\t9"]
    found = read(tmp_path, genes, "\n".join(["gene\tsample\tmedian", *rows, *others]))
    assert found["median"].tolist() == [1, 2, 3, 4, 1, 2]


def test_rows_of_other_pairs_are_counted(tmp_path: Path, genes: Genes, capsys: pytest.CaptureFixture[str]) -> None:
    read(tmp_path, genes, GOOD + "E\tS0\t1\nF\tLung\t1\nC\tS3\t1\n")
    assert "6 pairs of the validation part; 3 rows" in capsys.readouterr().err


def test_quantiles_and_mean_are_kept(tmp_path: Path, genes: Genes) -> None:
    text = "q95\ttissue\tsample\tmean\tgene\tq5\tmedian\n30\tx\tS0\t11\tC\t1\t10\n40\tx\tLung\t21\tC\t2\t20\n"
    found = read(tmp_path, genes, text, np.array([[2, 1], [2, 0]]))
    assert found["median"].tolist() == [20, 10] and found["mean"].tolist() == [21, 11]
    assert found["probabilities"].tolist() == [0.05, 0.95]
    assert found["quantiles"].tolist() == [[2, 40], [1, 30]]


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("NOSUCH\tS0\t1", ["'NOSUCH'", "genes.tsv"]),
        ("A\tS0\t1", ["'A'", "ENSG00000000000.1, ENSG00000000001.1"]),
        ("C\tS9\t1", ["'S9'", "samples.tsv"]),
        ("E\tS0\t-0.5", ["median", "'-0.5'"]),
        ("E\tS0\tinf", ["median", "'inf'"]),
        ("E\tS0\tnan", ["median", "'nan'"]),
        ("E\tS0\t", ["median", "''"]),
        ("E\tS0\thigh", ["median", "'high'"]),
        ("C\tLung\t5", ["C", "S1", "4"]),
        ("ENSG00000000003\tS2\t5", ["ENSG00000000003", "S2", "7"]),
        ("E\tS0", ["2", "3"]),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, genes: Genes, refuses: Refuses, line: str, parts: list[str]) -> None:
    (tmp_path / "mine.tsv").touch()
    with refuses("mine.tsv", "line 8", *parts):
        read(tmp_path, genes, GOOD + line + "\n")


def test_quantiles_must_not_decrease(tmp_path: Path, genes: Genes, refuses: Refuses) -> None:
    (tmp_path / "mine.tsv").touch()
    with refuses("line 3", "q75", "4", "5"):
        read(tmp_path, genes, "gene\tsample\tmedian\tq75\tq25\nC\tS0\t5\t6\t5\nC\tS1\t5\t4\t5\n")


def test_missing_pairs_are_counted(tmp_path: Path, genes: Genes, refuses: Refuses) -> None:
    (tmp_path / "mine.tsv").touch()
    with refuses("mine.tsv", "2", "6", "validation", "ENSG00000000003.1", "S1"):
        kept = [line for line in GOOD.splitlines() if "3.1\tS1" not in line and "3.1\tS2" not in line]
        read(tmp_path, genes, "\n".join(kept))


@pytest.mark.parametrize(
    ("header", "parts"),
    [
        ("gene\tsample", ["median"]),
        ("gene\ttissue\tmedian", ["sample", "gene, tissue, median"]),
        ("gene\tsample\tmedian\tmedian", ["median", "twice"]),
        ("gene\tsample\tmedian\tq05\tq5", ["q05", "twice"]),
        ("gene\tsample\tmedian\tq100", ["q100"]),
        ("gene,sample,median", ["gene, sample, median"]),
    ],
)
def test_a_wrong_header_is_refused(refuses: Refuses, header: str, parts: list[str]) -> None:
    with refuses("mine.tsv", *parts):
        prediction_columns("mine.tsv", header.split("\t"))


def test_columns_are_in_order_of_probability() -> None:
    columns = prediction_columns("x", ["q97.5", "mean", "gene", "q2.5", "sample", "q50", "median", "Q10", "q"])
    assert list(columns) == ["median", "mean", "q2.5", "q50", "q97.5"]
    np.testing.assert_allclose(list(columns.values())[2:], [0.025, 0.5, 0.975])


def test_the_section_of_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "mine.tsv"
    path.write_text(GOOD)
    entries = {
        "mine": str(path),
        "theirs": {"file": str(path), "split": "donor"},
        "folds": {"file": str(tmp_path / "wide.tsv"), "split": ["chromosome_1", "chromosome_2"]},
    }
    (tmp_path / "wide.tsv").write_text("gene\tsample\tmedian\tmean\tq5\n")
    found, problems = external_table(entries, "thesis", split_pattern(5), ["trees"])
    assert not problems
    assert found == (
        External("mine", str(path), ("thesis",)),
        External("theirs", str(path), ("donor",)),
        External("folds", str(tmp_path / "wide.tsv"), ("chromosome_1", "chromosome_2"), True),
    )


@pytest.mark.parametrize(
    ("name", "entry", "parts"),
    [
        ("mine", "none.tsv", ["none.tsv"]),
        ("trees", "mine.tsv", ["trees"]),
        ("a/b", "mine.tsv", ["a/b"]),
        ("mine", {"file": "mine.tsv", "split": ["donor", "chromosome_6"]}, ["chromosome_6"]),
        ("mine", "empty.tsv", ["empty.tsv", "gene, sample, median"]),
        ("mine", "other.tsv", ["other.tsv", "sample, median"]),
        ("mine", "half.tsv.gz", ["half.tsv.gz"]),
    ],
)
def test_a_wrong_section_is_a_problem_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, entry: object, parts: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.tsv").write_text(GOOD)
    Path("empty.tsv").write_text("\n# nothing\n")
    Path("other.tsv").write_text("gene\tvalue\n")
    Path("half.tsv.gz").write_bytes(gzip.compress(GOOD.encode())[:30])
    (problem,) = external_table({name: entry}, "thesis", split_pattern(5), ["trees"])[1]  # type: ignore[dict-item]
    assert all(part in problem for part in (f"`external_predictions: {name}`", *parts)), problem


def test_folds_are_pooled_where_all_are_predicted() -> None:
    """Those of the runs, where runs have folds; otherwise all folds in use."""
    runs = {
        f"run{fold}": Run(f"run{fold}", "seq", f"chromosome_{fold}", "nb", "none", "cached", 3, 1) for fold in (1, 2)
    }
    two, three = (
        External(f"on{last}", "x", tuple(f"chromosome_{fold}" for fold in range(1, last + 1))) for last in (2, 3)
    )
    one = External("on1", "x", ("chromosome_2",))
    splits = [f"chromosome_{fold}" for fold in (1, 2, 3)]
    found = pool_folds(runs, {"seq": Architecture.from_key("seq")}, splits, ["trees"], [one, two, three])
    assert list(found) == [
        f"folds/chromosome/{name}" for name in ("runs/run1", "external/on2", "external/on3", "baselines/trees")
    ]
    assert found["folds/chromosome/external/on3"].folders == ("external/chromosome_1/on3", "external/chromosome_2/on3")
    assert not found["folds/chromosome/external/on3"].baseline
    found = pool_folds({}, {}, splits, [], [one, two, three])
    assert list(found) == ["folds/chromosome/external/on3"]
    assert len(found["folds/chromosome/external/on3"].folders) == 3


def test_quantile_coverage_by_hand() -> None:
    """Four pairs, five quantiles; a bound counts as inside. 20 % has no partner."""
    probabilities = np.array([0.05, 0.2, 0.25, 0.75, 0.95])
    quantiles = np.array([[0, 1, 2, 6, 10], [0, 1, 2, 6, 10], [1, 2, 3, 4, 5], [1, 1, 1, 1, 9]], dtype=np.float64)
    found = quantile_coverage([2.0, 10.5, 0.5, 8.0], quantiles, probabilities)
    rows = dict(zip(found["quantity"], zip(found["value"], found["if_calibrated"], strict=True), strict=True))
    assert rows == {
        "coverage_90": ("0.5", ">= 0.9"),
        "width_90": ("8", "-"),
        "coverage_50": ("0.25", ">= 0.5"),
        "width_50": ("2.25", "-"),
        "below_5": ("0.25", ">= 0.05"),
        "below_20": ("0.25", ">= 0.2"),
        "below_25": ("0.5", ">= 0.25"),
        "below_75": ("0.5", ">= 0.75"),
        "below_95": ("0.75", ">= 0.95"),
    }


def test_notes_name_what_is_external() -> None:
    assert external_notes([]) == []
    assert "mine, theirs" in external_notes(["mine", "theirs", "mine"])[0]


def test_a_baselines_predictions_score_as_the_baseline(tmp_path: Path) -> None:
    """Written as a table and read again, they have the same metrics and the same draws."""
    toy = toy_dataset(Sizes(genes=30, samples=8))
    split = Split("thesis", *(np.array(held_out) for held_out in ([5, 8, 20], [7, 9], [0, 3, 5], [2, 4])))
    pairs = split.pairs("validation")
    median = PREDICTIONS["sample_median"](Data.of(toy, split, {}), pairs)
    path = tmp_path / "mine.tsv"
    rows = [
        f"{toy.genes.gene_id[gene]}\t{toy.samples.sample_id[sample]}\t{value!r}"
        for (gene, sample), value in zip(pairs, median.tolist(), strict=True)
    ]
    path.write_text("\n".join(["gene\tsample\tmedian", *rows]))
    read_again = read_external_predictions(path, toy.genes, toy.samples, pairs, "validation")["median"]
    np.testing.assert_array_equal(read_again, median)
    saved = {"gene": pairs[:, 0], "sample": pairs[:, 1], "observed": toy.expression[pairs[:, 0], pairs[:, 1]]}
    kept = np.ones(len(pairs), bool)
    scores = [
        score(saved | {"median": predicted}, kept, toy.genes, toy.samples, toy.expression_median, 100, 0)
        for predicted in (median, read_again)
    ]
    assert scores[0].key == scores[1].key
    np.testing.assert_equal(scores[0].metrics, scores[1].metrics)
    np.testing.assert_equal(scores[0].draws, scores[1].draws)

"""Sequences of one's own as promoters: the window around the TSS, what is missing, what is refused."""

import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.fixtures import Refuses
from helpers.toy_dataset import Sizes, toy_dataset
from tr300m.arrays.sequence import onehot
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.tss_index import tss_index
from tr300m.use.promoters import own_promoters, read_backbone, read_records, with_mean_marks

WIDTH, TSS = 10, 6


def data() -> Dataset:
    """A window of 10 bp with the TSS at index 6 of + genes, and at 7 of - genes, as in the release."""
    dataset = toy_dataset(Sizes(length=WIDTH))
    genes = dataset.genes
    plus = genes.strand == "+"
    assert plus.any() and not plus.all()
    start = np.where(plus, genes.tss - 1 - TSS, genes.tss + 7 - WIDTH)
    return replace(dataset, genes=replace(genes, window_start=start, window_end=start + WIDTH))


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "own.fa"
    path.write_text(text)
    return path


def test_index_of_the_tss() -> None:
    genes = data().genes
    assert tss_index(genes).tolist() == [TSS if strand == "+" else 7 for strand in genes.strand]


@pytest.mark.parametrize(
    ("bases", "tss", "window"),
    [
        ("AAAACCCCGGGGTTTT", 9, "AACCCCGGGG"),
        ("ACGTA", 3, "NNNNACGTAN"),
        ("G", 1, "NNNNNNGNNN"),
        ("AAAACCCCGGGGTTTT", 16, "GGGTTTTNNN"),
        ("aacgurnnacgt", 7, "AACGTNNNAC"),
    ],
)
def test_the_window_is_cut_around_the_tss(tmp_path: Path, bases: str, tss: int, window: str) -> None:
    path = written(tmp_path, f">x a promoter tss={tss}\n{bases[:3]}\n{bases[3:]}\n")
    rows = own_promoters(data(), read_records(path, WIDTH, TSS), np.arange(4))
    np.testing.assert_array_equal(rows.onehot[0], onehot(window))
    assert tss_index(rows.genes).tolist() == [TSS]


def test_what_is_missing_is_said_and_a_backbone_fills_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, ">x tss=3\nACGTA\n")
    own_promoters(data(), read_records(path, WIDTH, TSS), np.arange(4))
    assert "5 of the window's 10 bp" in capsys.readouterr().err
    (tmp_path / "backbone.fa").write_text(">plasmid\nTTTT\nGGCC\n")
    backbone = read_backbone(tmp_path / "backbone.fa")
    rows = own_promoters(data(), read_records(path, WIDTH, TSS), np.arange(4), backbone)
    np.testing.assert_array_equal(rows.onehot[0], onehot("GGCCACGTAN"))


def test_a_record_of_the_windows_length_is_a_window(tmp_path: Path) -> None:
    path = tmp_path / "own.fa.gz"
    path.write_bytes(gzip.compress(b">x\nACGTACGTAC\n>y tss=1\nACGTACGTAC\n"))
    rows = own_promoters(data(), read_records(path, WIDTH, TSS), np.arange(4))
    assert rows.genes.gene_id.tolist() == ["x", "y"]
    np.testing.assert_array_equal(rows.onehot, [onehot("ACGTACGTAC"), onehot("NNNNNNACGT")])


def test_marks_are_the_mean_of_the_training_genes(tmp_path: Path) -> None:
    dataset, train = data(), np.array([0, 2, 3])
    rows = own_promoters(dataset, read_records(written(tmp_path, ">x tss=1\nA\n>y tss=1\nC\n"), WIDTH, TSS), train)
    expected = np.asarray(dataset.histones)[train].mean(axis=0)
    for row in rows.histones:
        np.testing.assert_allclose(row, expected, rtol=1e-6)
    genes = dataset.take_genes(np.array([1]))
    np.testing.assert_allclose(with_mean_marks(genes, dataset, train).histones, expected[None], rtol=1e-6)


def test_own_promoters_lie_on_no_chromosome(tmp_path: Path) -> None:
    rows = own_promoters(data(), read_records(written(tmp_path, ">x tss=1\nA\n"), WIDTH, TSS), np.arange(4))
    assert (rows.distance(np.array([0]), 1.0) == -1).all()


def test_wide_bases_are_cut_around_the_tss(tmp_path: Path) -> None:
    dataset = data()
    wide = replace(dataset, wide_bases=np.zeros((len(dataset.genes), 2 * 3 + 1), np.uint8))
    rows = own_promoters(wide, read_records(written(tmp_path, ">x tss=2\nACGTT\n"), WIDTH, TSS), np.arange(4))
    assert rows.wide_bases is not None
    assert rows.wide_bases.tolist() == [[4, 4, 0, 1, 2, 3, 3]]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("ACGT\n", [">"]),
        ("", ["record"]),
        (">x\nACGT\n", ["x", "4", "tss=", "10"]),
        (">x tss=5\nACGT\n", ["x", "tss=5", "4"]),
        (">x tss=0\nACGT\n", ["x", "tss=0", "1 to 4"]),
        (">x tss=two\nACGT\n", ["x", "tss=two"]),
        (">x tss=1\nACGT\n>x tss=2\nACGT\n", ["x"]),
        (">x tss=1\nAC-GT\n", ["x", "'-'", "base 3"]),
    ],
)
def test_refused_files(tmp_path: Path, refuses: Refuses, text: str, parts: list[str]) -> None:
    path = written(tmp_path, text)
    with refuses("own.fa", *parts):
        read_records(path, WIDTH, TSS)


def test_refused_backbones(tmp_path: Path, refuses: Refuses) -> None:
    path = written(tmp_path, ">x\nA\n>y\nC\n")
    with refuses("own.fa", "2"):
        read_backbone(path)
    with refuses("none.fa"):
        read_backbone(tmp_path / "none.fa")

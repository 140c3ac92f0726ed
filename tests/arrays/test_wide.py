"""Base codes and binned marks around the TSS, against values read position by position."""

from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from helpers.fixtures import MakeGenes, Refuses
from numpy.typing import NDArray
from tr300m.arrays.sequence import onehot_windows
from tr300m.arrays.wide import bin_means, mark_bins, wide_bases, wide_mark_means
from tr300m.base.axes import Bins, Genes
from tr300m.base.base_codes import OUTSIDE_CODE

LENGTH = 6000
GENES = [("chr1", "+", 3000), ("chr1", "-", 3000), ("chr1", "+", 4), ("chr1", "-", LENGTH - 2), ("chr1", "-", 1)]


def sequence(seed: int = 0) -> str:
    return "".join(np.random.default_rng(seed).choice(list("ACGTN"), LENGTH))


def fasta(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "a.fa"
    path.write_text(f">chr1\n{text}\n")
    return path


def track(tmp_path: Path) -> tuple[Path, NDArray[np.float64]]:
    """Write a bigWig with gaps; return it and its values [position]."""
    path, values = tmp_path / "a.bw", np.zeros(LENGTH)
    handle = pyBigWig.open(str(path), "w")
    handle.addHeader([("chr1", LENGTH)])
    for start in range(5, LENGTH - 40, 37):
        handle.addEntries(["chr1"], [start], ends=[start + 20], values=[float(start % 91) / 4])
        values[start : start + 20] = start % 91 / 4
    handle.close()
    return path, values


def position(genes: Genes, row: int, offset: int) -> int:
    """Return the 0-based position of an offset from the TSS on the gene's strand."""
    tss = int(genes.tss[row]) - 1
    return tss + offset if genes.strand[row] == "+" else tss - offset


def test_bases_one_by_one(tmp_path: Path, make_genes: MakeGenes) -> None:
    text, genes, flank = sequence(), make_genes(GENES), 7
    found = wide_bases(fasta(tmp_path, text), genes, flank)
    assert found.shape == (len(genes), 15)
    assert found.dtype == np.uint8
    for row in range(len(genes)):
        for offset in range(-flank, flank + 1):
            place = position(genes, row, offset)
            letters = "ACGTN" if genes.strand[row] == "+" else "TGCAN"
            expected = letters.index(text[place]) if 0 <= place < LENGTH else OUTSIDE_CODE
            assert found[row, flank + offset] == expected


def test_codes_agree_with_the_promoter_window(tmp_path: Path, make_genes: MakeGenes) -> None:
    """The same bases as the one-hot array: edition `corrected` has the TSS at 2773 in both strands."""
    genes = make_genes(GENES, edition="corrected")
    path = fasta(tmp_path, sequence(1))
    narrow, wide = onehot_windows(path, genes), wide_bases(path, genes, 2773)[:, :2823]
    table = np.concatenate([np.eye(4), np.full((1, 4), 0.25), np.zeros((1, 4))])
    assert np.array_equal(table[wide], narrow)


def test_bins_by_hand() -> None:
    bins = mark_bins([2, 5])
    assert bins.start.tolist() == [-5, -2, 0, 2]
    assert bins.end.tolist() == [-2, 0, 2, 5]
    assert bin_means(np.array([3.0, 0, 0, 4, 6, 1, 1, 9, 0, 0]), bins).tolist() == [1, 5, 1, 3]


def test_marks_position_by_position(tmp_path: Path, make_genes: MakeGenes) -> None:
    path, values = track(tmp_path)
    genes, bins = make_genes(GENES), mark_bins([10, 35, 200])
    found = wide_mark_means(path, genes, bins)
    assert found.shape == (len(genes), 6)
    assert found.dtype == np.float32
    for row in range(len(genes)):
        for column, (start, end) in enumerate(zip(bins.start.tolist(), bins.end.tolist(), strict=True)):
            places = [position(genes, row, offset) for offset in range(start, end)]
            expected = np.mean([values[place] if 0 <= place < LENGTH else 0.0 for place in places])
            assert found[row, column] == pytest.approx(expected, rel=1e-6)


def test_a_chromosome_that_the_track_lacks_is_zero_and_said(
    tmp_path: Path, make_genes: MakeGenes, capsys: pytest.CaptureFixture[str]
) -> None:
    path, _ = track(tmp_path)
    found = wide_mark_means(path, make_genes([("chr1", "+", 3000), ("chr2", "+", 50)]), mark_bins([50]))
    assert found[0].any() and not found[1].any()
    assert "chr2 (1 genes)" in capsys.readouterr().err


def test_edges_ascend(refuses: Refuses) -> None:
    with refuses("500", "250"):
        mark_bins([500, 250])
    assert isinstance(mark_bins([250]), Bins)

"""BigWig tracks over windows, against values read position by position."""

import math
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from helpers.fixtures import MakeGenes, Refuses, says
from numpy.typing import NDArray
from tr300m.arrays.histones import stack_tracks, track_windows
from tr300m.base.axes import RELEASE_TRACKS, Genes, Tracks

Entries = dict[str, list[tuple[int, int, float]]]
LENGTHS = {"chr1": 9000, "chr2": 6000}


def write_bigwig(path: Path, entries: Entries, lengths: dict[str, int] = LENGTHS) -> Path:
    """Write intervals (start, end, value) per chromosome."""
    handle = pyBigWig.open(str(path), "w")
    handle.addHeader(list(lengths.items()))
    for chromosome, rows in entries.items():
        starts, ends, values = (list(column) for column in zip(*rows, strict=True))
        handle.addEntries([chromosome] * len(rows), starts, ends=ends, values=[float(value) for value in values])
    handle.close()
    return path


def signal(seed: int = 0) -> Entries:
    """Return intervals with gaps on both chromosomes."""
    rng = np.random.default_rng(seed)
    entries: Entries = {}
    for chromosome, length in LENGTHS.items():
        rows = []
        at = 3
        while at + 40 < length:
            end = at + int(rng.integers(1, 30))
            rows.append((at, end, float(rng.integers(1, 800)) / 8))
            at = end + int(rng.integers(0, 10))
        entries[chromosome] = rows
    return entries


def literal_window(entries: Entries, chromosome: str, strand: str, start: int, end: int) -> NDArray[np.float32]:
    """Look values up position by position."""
    values = {position: value for first, last, value in entries.get(chromosome, []) for position in range(first, last)}
    positions = range(start, end) if strand == "+" else range(end - 1, start - 1, -1)
    found = [values.get(position, 0.0) for position in positions]
    return np.array([0.0 if math.isnan(value) else value for value in found], dtype=np.float32)


def check(path: Path, entries: Entries, genes: Genes) -> None:
    """Compare all windows with the lookup."""
    found = track_windows(path, genes)
    assert found.shape == (len(genes), 2823)
    assert found.dtype == np.float32
    for row in range(len(genes)):
        start, end = int(genes.window_start[row]), int(genes.window_end[row])
        expected = literal_window(entries, str(genes.chromosome[row]), str(genes.strand[row]), start, end)
        assert np.array_equal(found[row], expected)


def test_tracks_are_mark_by_mark() -> None:
    tracks = Tracks.of(RELEASE_TRACKS)
    cells = ["Gm12878", "H1hesc", "Hsmm", "Huvec", "K562", "Nhek", "Nhlf"]
    assert tracks.mark.tolist() == ["H3K4me1"] * 7 + ["H3K4me3"] * 7 + ["H3K27ac"] * 7
    assert tracks.cell.tolist() == cells * 3


@pytest.mark.parametrize("edition", ["release", "corrected"])
def test_windows_equal_values_by_position(tmp_path: Path, make_genes: MakeGenes, edition: str) -> None:
    entries = signal()
    path = write_bigwig(tmp_path / "a.bw", entries)
    rows = [("chr1", "+", 4000), ("chr1", "-", 4000), ("chr2", "-", 3100), ("chr2", "+", 3000), ("chr1", "+", 5500)]
    check(path, entries, make_genes(rows, edition=edition))


@pytest.mark.parametrize("edition", ["release", "corrected"])
def test_windows_past_both_ends(tmp_path: Path, make_genes: MakeGenes, edition: str) -> None:
    entries: Entries = {"chr1": [(0, 9000, 2.0)], "chr2": [(0, 6000, 3.0)]}
    path = write_bigwig(tmp_path / "a.bw", entries)
    rows = [("chr1", "+", 10), ("chr1", "-", 10), ("chr2", "-", 5999), ("chr2", "+", 5999), ("chr1", "+", 90000)]
    check(path, entries, make_genes(rows, edition=edition))


@pytest.mark.parametrize(("edition", "plus"), [("release", 2772), ("corrected", 2773)])
def test_signal_at_the_tss_stands_at_its_index(tmp_path: Path, make_genes: MakeGenes, edition: str, plus: int) -> None:
    path = write_bigwig(tmp_path / "a.bw", {"chr1": [(19, 20, 7.0), (3999, 4000, 5.0)]})
    genes = make_genes([("chr1", s, tss) for tss in (4000, 20) for s in "+-"], edition=edition)
    found = track_windows(path, genes)
    for row, (index, value) in enumerate([(plus, 5.0), (2773, 5.0), (plus, 7.0), (2773, 7.0)]):
        assert np.flatnonzero(found[row]).tolist() == [index]
        assert found[row, index] == value


def test_chromosome_missing_from_the_file_is_zero(tmp_path: Path, make_genes: MakeGenes) -> None:
    path = write_bigwig(tmp_path / "a.bw", {"chr1": [(0, 9000, 2.0)]}, {"chr1": 9000})
    found = track_windows(path, make_genes([("chrY", "+", 4000), ("chr1", "-", 4000)]))
    assert not found[0].any()
    assert (found[1] == 2).all()


def test_chromosome_without_values_is_zero(tmp_path: Path, make_genes: MakeGenes) -> None:
    path = write_bigwig(tmp_path / "a.bw", {"chr1": [(0, 9000, 2.0)]})
    assert not track_windows(path, make_genes([("chr2", "+", 4000)])).any()


def test_nan_is_zero(tmp_path: Path, make_genes: MakeGenes) -> None:
    entries: Entries = {"chr1": [(3000, 3100, 1.5), (3100, 3200, float("nan")), (3200, 3300, 2.5)]}
    path = write_bigwig(tmp_path / "a.bw", entries)
    check(path, entries, make_genes([("chr1", "+", 4000), ("chr1", "-", 3000)]))


def test_infinite_value(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes) -> None:
    path = write_bigwig(tmp_path / "a.bw", {"chr1": [(3000, 3100, float("inf"))]})
    with refuses("a.bw", "ENSG00000000000.1"):
        track_windows(path, make_genes([("chr1", "+", 4000)]))


@pytest.mark.parametrize("content", [b"track type=wiggle_0\n", b"", b"\x00" * 100], ids=["wiggle", "empty", "zeros"])
def test_file_that_is_no_bigwig(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes, content: bytes) -> None:
    path = tmp_path / "a.bw"
    path.write_bytes(content)
    with refuses("a.bw"):
        track_windows(path, make_genes([("chr1", "+", 4000)]))


def test_bigbed_is_refused(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes) -> None:
    path = write_bigwig(tmp_path / "a.bw", signal())
    content = bytearray(path.read_bytes())
    content[:4] = (0x8789F2EB).to_bytes(4, "little")  # the magic number of a bigBed
    path.write_bytes(content)
    with refuses("a.bw"):
        track_windows(path, make_genes([("chr1", "+", 4000)]))


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6])
def test_truncated_bigwig(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes, share: float) -> None:
    path = write_bigwig(tmp_path / "a.bw", signal())
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    with refuses("a.bw"):
        track_windows(path, make_genes([("chr1", "+", 4000), ("chr2", "+", 4000)]))


def test_missing_bigwig(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes) -> None:
    with refuses("none.bw"):
        track_windows(tmp_path / "none.bw", make_genes([("chr1", "+", 4000)]))


def test_stack_puts_tracks_last(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    singles = [rng.random((5, 7)).astype(np.float32) for _ in range(3)]
    paths = []
    for number, single in enumerate(singles):
        paths.append(tmp_path / f"{number}.npy")
        np.save(paths[-1], single)
    stack_tracks(paths, tmp_path / "stacked.npy")
    stacked = np.load(tmp_path / "stacked.npy")
    assert stacked.dtype == np.float32
    assert np.array_equal(stacked, np.stack(singles, axis=-1))


@pytest.mark.parametrize(("gene", "found"), [("chr1", "1"), ("1", "chr1"), ("MT", "chrM"), ("chrM", "MT")])
def test_a_track_with_names_of_the_other_style(
    tmp_path: Path, make_genes: MakeGenes, refuses: Refuses, capsys: pytest.CaptureFixture[str], gene: str, found: str
) -> None:
    path = tmp_path / "other.bw"
    with pyBigWig.open(str(path), "w") as track:
        track.addHeader([(found, 10_000)])
        track.addEntries([found], [4990], ends=[5000], values=[2.0])
    windows = track_windows(path, make_genes([(gene, "+", 5000)]), {gene: 10_000})
    assert np.flatnonzero(windows[0]).tolist() == list(range(4990 - 5000 + 2773, 2773))
    assert says(capsys.readouterr().err, "other.bw", f"{found} for {gene}")
    with refuses("other.bw", gene, "10,000 bp", "10,001 bp"):
        track_windows(path, make_genes([(gene, "+", 5000)]), {gene: 10_001})


def test_a_track_without_the_genes_chromosomes_is_refused(
    tmp_path: Path, make_genes: MakeGenes, refuses: Refuses
) -> None:
    path = tmp_path / "accessions.bw"
    with pyBigWig.open(str(path), "w") as track:
        track.addHeader([("NC_000001.11", 10_000)])
        track.addEntries(["NC_000001.11"], [0], ends=[100], values=[1.0])
    with refuses("accessions.bw", "NC_000001.11", "(chr1)"):
        track_windows(path, make_genes([("chr1", "+", 5000)]))

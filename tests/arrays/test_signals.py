"""Peaks, bedGraph and bigBed as signals, against a search position by position."""

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from helpers.fixtures import MakeGenes, Refuses, says
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tr300m.arrays.histones import track_windows
from tr300m.arrays.intervals import INTERVAL_FORMATS, read_intervals
from tr300m.arrays.signals import open_signal
from tr300m.base.axes import Genes
from tr300m.config.track_table import READERS
from tr300m.simulate.bigbed import BedRow, write_bigbed

Row = tuple[str, int, int, float]
LENGTHS = {"chr1": 9000, "chr2": 6000}
LINES: dict[str, Callable[[Row], str]] = {
    "narrowpeak": lambda row: f"{row[0]}\t{row[1]}\t{row[2]}\tpeak\t100\t.\t{row[3]}\t-1\t-1\t5",
    "broadpeak": lambda row: f"{row[0]}\t{row[1]}\t{row[2]}\tpeak\t100\t.\t{row[3]}\t-1\t-1",
    "bedgraph": lambda row: f"{row[0]}\t{row[1]}\t{row[2]}\t{row[3]}",
    "bed": lambda row: f"{row[0]}\t{row[1]}\t{row[2]}\tpeak\t{row[3]}\t+",
}
PEAKS: list[Row] = [
    ("chr2", 3100, 3180, 1.5), ("chr1", 3995, 4100, 2.5), ("chr1", 1300, 1400, 4.0), ("chr1", 1350, 1500, 3.0),
    ("chr1", 1200, 4050, 0.5), ("chr1", 0, 30, 7.25),
]  # fmt: skip


def write(path: Path, reader: str, rows: Sequence[Row], head: str = "") -> Path:
    """Write rows in the format of a reader, gzipped if the name says so."""
    text = head + "".join(LINES[reader](row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def literal(rows: Sequence[Row], chromosome: str, start: int, end: int) -> NDArray[np.float32]:
    """Take the largest value of the intervals that hold each position."""
    found = []
    for position in range(start, end):
        here = [value for name, first, last, value in rows if name == chromosome and first <= position < last]
        found.append(max(here, default=0.0))
    return np.array(found, dtype=np.float32)


def test_every_reader_is_known_to_the_table() -> None:
    assert READERS.keys() == {"bigwig", "bigbed", *INTERVAL_FORMATS}


@pytest.mark.parametrize("reader", ["narrowpeak", "broadpeak", "bed"])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_peaks_are_steps_of_the_largest_value(tmp_path: Path, make_genes: MakeGenes, reader: str, ending: str) -> None:
    path = write(tmp_path / f"a.{reader}{ending}", reader, PEAKS, 'browser hide all\ntrack name="a b" x=1\n#c\n\n')
    genes = make_genes([("chr1", "+", 4000), ("chr1", "-", 4000), ("chr2", "-", 3100), ("chr1", "+", 20)])
    found = track_windows(path, genes, LENGTHS, reader)
    assert found.dtype == np.float32
    for row in range(len(genes)):
        window = literal(PEAKS, str(genes.chromosome[row]), int(genes.window_start[row]), int(genes.window_end[row]))
        assert np.array_equal(found[row], window if genes.strand[row] == "+" else window[::-1])
        assert found[row].any()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["chr1", "chr2"]), st.integers(0, 60), st.integers(1, 30), st.integers(-3, 9)),
        min_size=1,
        max_size=12,
    ),
    st.integers(-20, 70),
    st.integers(1, 60),
)
def test_a_signal_over_any_range(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[str, int, int, int]], start: int, width: int
) -> None:
    rows = [(name, first, first + length, float(value)) for name, first, length, value in drawn]
    path = write(tmp_path_factory.mktemp("any") / "a.broadPeak", "broadpeak", rows)
    genes = one_gene(rows[0][0])
    with open_signal(path, "broadpeak", genes) as signal:
        for name in ("chr1", "chr2", "chr3"):
            assert np.array_equal(signal.values(name, start, start + width), literal(rows, name, start, start + width))


def one_gene(chromosome: str) -> Genes:
    number, text = np.array([100]), np.array([""])
    return Genes(text, text, np.array([chromosome]), np.array(["+"]), number, number, number + 9, text, number)


@pytest.mark.parametrize("separator", ["\t", " ", "   "])
def test_a_bedgraph_is_read_with_tabs_or_blanks(tmp_path: Path, separator: str) -> None:
    lines = ["chr1 10 20 1.5", "chr2 5 6 -2", "chr1 30 31 1e2"]
    (tmp_path / "a.bg").write_text("\n".join(line.replace(" ", separator) for line in lines))
    found = read_intervals(tmp_path / "a.bg", "bedgraph")
    assert [found.names[code] for code in found.chromosome] == ["chr1", "chr2", "chr1"]
    assert found.start.tolist() == [10, 5, 30]
    assert found.end.tolist() == [20, 6, 31]
    assert found.value.tolist() == [1.5, -2.0, 100.0]


def test_a_bed_without_score_is_1(tmp_path: Path) -> None:
    (tmp_path / "a.bed").write_text("chr1\t10\t20\nchr1\t15\t30\n")
    assert read_intervals(tmp_path / "a.bed", "bed").value.tolist() == [1.0, 1.0]


def test_a_file_without_final_line_end_and_with_windows_line_ends(tmp_path: Path) -> None:
    (tmp_path / "a.bg").write_bytes(b"\xef\xbb\xbfchr1\t10\t20\t1\r\n\r\nchr1\t20\t30\t2")
    found = read_intervals(tmp_path / "a.bg", "bedgraph")
    assert (found.names, found.value.tolist()) == (("chr1",), [1.0, 2.0])


NARROW = LINES["narrowpeak"](("chr1", 100, 200, 1.0))


@pytest.mark.parametrize(
    ("reader", "line", "parts"),
    [
        ("narrowpeak", NARROW.replace("\t200", "\t90"), ["line 5", "chr1:100-90", "end"]),
        ("narrowpeak", NARROW.replace("\t200", "\t100"), ["line 5", "chr1:100-100", "end"]),
        ("narrowpeak", NARROW.replace("\t100\t2", "\t-1\t2"), ["line 5", "chr1:-1-200", "start"]),
        ("narrowpeak", NARROW.replace("\t200", "\t9001"), ["line 5", "chr1:100-9001", "build"]),
        ("narrowpeak", NARROW.replace("\t100\t2", "\tx2\t2"), ["line 5", "start", "'x2'"]),
        ("narrowpeak", NARROW.replace("\t200", "\t200.5"), ["line 5", "end", "'200.5'"]),
        ("narrowpeak", NARROW.replace("\t200", "\t" + "9" * 30), ["line 5", "end", "9" * 30]),
        ("narrowpeak", NARROW.replace("\t200", "\tinf"), ["line 5", "end", "'inf'"]),
        ("narrowpeak", NARROW.replace("1.0", "high"), ["line 5", "value", "'high'"]),
        ("narrowpeak", NARROW.replace("1.0", "nan"), ["line 5", "value"]),
        ("narrowpeak", NARROW.replace("1.0", "inf"), ["line 5", "value", "finite"]),
        ("narrowpeak", "chr1\t100\t200\tpeak", ["line 5", "value", "missing"]),
        ("narrowpeak", "chr1\t100", ["line 5", "end", "''"]),
        ("narrowpeak", "\t100\t200\tpeak\t1\t.\t1\t1\t1\t1", ["line 5", "chromosome"]),
        ("narrowpeak", "# a comment", ["line 5", "start", "''"]),
        ("bedgraph", "chr1\t20\t30\t1", ["line 5", "chr1:20-30", "overlaps"]),
        ("bedgraph", "chr1\t20\t30\t.", ["line 5", "value", "'.'"]),
    ],
)
def test_a_line_that_is_wrong_is_named(
    tmp_path: Path, refuses: Refuses, make_genes: MakeGenes, reader: str, line: str, parts: list[str]
) -> None:
    first, last = (LINES[reader](("chr1", *place, 1.0)) for place in ((10, 25), (500, 600)))
    # The header and an empty line count.
    path = tmp_path / "peaks.txt"
    path.write_text(f"track type=x\n\n{first}\n\n{line}\n{last}\n")
    with refuses("peaks.txt", *parts):
        track_windows(path, make_genes([("chr1", "+", 4000)]), LENGTHS, reader)


def test_how_many_lines_are_wrong_is_said(tmp_path: Path, refuses: Refuses) -> None:
    path = write(tmp_path / "a.bed", "bed", [("chr1", 5, 9, 1), ("chr1", 9, 5, 1), ("chr1", 8, 5, 1)])
    with refuses("a.bed", "line 2", "2"):
        read_intervals(path, "bed")


def test_backward_intervals_may_be_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [("chr1", 5, 9, 1.0), ("chr1", 9, -5, 2.0), ("chr1", 8, 8, 3.0), ("chr1", 20, 30, 4.0)]
    found = read_intervals(write(tmp_path / "a.bed", "bed", rows), "bed", LENGTHS, strict=False)
    assert (found.start.tolist(), found.value.tolist()) == ([5, 20], [1.0, 4.0])
    assert says(capsys.readouterr().err, "a.bed", "line 2", "chr1:9--5", "2 intervals")


@pytest.mark.parametrize(
    ("reader", "text", "parts"),
    [
        ("narrowpeak", "", ["no intervals", "narrowPeak"]),
        ("narrowpeak", "track a\n#\n", ["no intervals"]),
        ("narrowpeak", "#x\nchr1\t1\t2\tname\t5\t+\n", ["line 2", "6", "10", "`reader`"]),
        ("bedgraph", "chr1,1,2,3\n", ["line 1", "1", "4"]),
    ],
)
def test_a_file_of_another_format(tmp_path: Path, refuses: Refuses, reader: str, text: str, parts: list[str]) -> None:
    (tmp_path / "a.txt").write_text(text)
    with refuses("a.txt", *parts):
        read_intervals(tmp_path / "a.txt", reader)


def test_a_binary_or_truncated_file(tmp_path: Path, refuses: Refuses) -> None:
    (tmp_path / "a.bed").write_bytes(b"\x89\xff\xfe" * 50)
    with refuses("a.bed", "line 1"):
        read_intervals(tmp_path / "a.bed", "bed")
    (tmp_path / "c.bed").write_bytes(b"chr1\t5\t9\tname\t1\nchr1\xff\t5\t9\tname\t1\n")
    with refuses("c.bed", "line 2"):
        read_intervals(tmp_path / "c.bed", "bed")
    path = write(tmp_path / "b.bed.gz", "bed", PEAKS * 99)
    path.write_bytes(path.read_bytes()[:-40])
    with refuses("b.bed.gz"):
        read_intervals(path, "bed")
    with refuses("none.bed"):
        read_intervals(tmp_path / "none.bed", "bed")


def test_lacking_chromosomes_are_named(
    tmp_path: Path, refuses: Refuses, make_genes: MakeGenes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path / "a.bed", "bed", [("chr1", 3000, 3001, 1)])
    genes = make_genes([("chr1", "+", 4000), ("chrX", "+", 4000), ("chrX", "+", 5000)])
    assert not track_windows(path, genes, LENGTHS, "bed")[1:].any()
    assert "a.bed lacks chrX (2 genes)" in capsys.readouterr().err
    path = write(tmp_path / "b.bed", "bed", [("1", 3000, 3001, 1)])
    assert not track_windows(path, genes, LENGTHS, "bed")[1:].any()
    assert "1 for chr1" in capsys.readouterr().err
    path = write(tmp_path / "c.bed", "bed", [("NC_1", 3000, 3001, 1)])
    with refuses("c.bed", "it has NC_1 ...", "chr1"):
        track_windows(path, genes, LENGTHS, "bed")


@pytest.mark.parametrize(
    ("rest", "value"),
    [("peak\t250\t+", 250.0), ("peak\t0\t+\t1\t2\t0,0,0", 0.0)],
)
def test_a_bigbed_gives_the_largest_score(tmp_path: Path, make_genes: MakeGenes, rest: str, value: float) -> None:
    rows = [BedRow("chr1", 3000, 3100, "a\t7\t+" + rest[len("peak\t250\t+") :]), BedRow("chr1", 3050, 3200, rest)]
    write_bigbed(tmp_path / "a.bb", LENGTHS, rows)
    genes = make_genes([("chr1", "+", 4000), ("chr1", "-", 3000)])
    found = track_windows(tmp_path / "a.bb", genes, LENGTHS, "bigbed")
    peaks = [("chr1", 3000, 3100, 7.0), ("chr1", 3050, 3200, value)]
    for row in range(2):
        window = literal(peaks, "chr1", int(genes.window_start[row]), int(genes.window_end[row]))
        assert np.array_equal(found[row], window if row == 0 else window[::-1])


def test_a_bigbed_of_another_build(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes) -> None:
    write_bigbed(tmp_path / "a.bb", LENGTHS, [BedRow("chr1", 3000, 3100, "a\t7\t+")])
    with refuses("a.bb", "chr1", "9,000", "9,001"):
        track_windows(tmp_path / "a.bb", make_genes([("chr1", "+", 4000)]), {"chr1": 9001}, "bigbed")


@pytest.mark.parametrize(
    ("columns", "value"),
    [("signalValue", 2.5), ("thickness", 9.0), (None, 9.0)],
)
def test_a_bigbed_of_peaks_gives_their_signal(
    tmp_path: Path, make_genes: MakeGenes, columns: str | None, value: float
) -> None:
    """By the names of its columns, which pyBigWig calls SQL; without names, by the number of BED columns."""
    path = tmp_path / "a.bb"
    write_bigbed(path, LENGTHS, [BedRow("chr1", 3000, 3100, "peak\t9\t.\t2.5")])
    if columns:
        fields = ["string chrom", "uint chromStart", "uint chromEnd", "string name", "uint score", "char[1] strand"]
        text = "\n".join(f'    {field};  "a comment"' for field in [*fields, f"float {columns}"])
        content = bytearray(path.read_bytes())
        content[36:44] = len(content).to_bytes(8, "little")
        path.write_bytes(content + f'table peaks\n"Peaks"\n(\n{text}\n)\n'.encode() + b"\0")
    found = track_windows(path, make_genes([("chr1", "+", 4000)]), LENGTHS, "bigbed")
    assert np.unique(found).tolist() == [0.0, value]


def test_a_bigbed_without_a_score_is_1(tmp_path: Path, make_genes: MakeGenes) -> None:
    path = tmp_path / "a.bb"
    write_bigbed(path, LENGTHS, [BedRow("chr1", 3000, 3100, "peak")])
    content = bytearray(path.read_bytes())
    # Fields, and fields that are those of a BED.
    content[32:36] = (4).to_bytes(2, "little") * 2
    path.write_bytes(content)
    assert np.unique(track_windows(path, make_genes([("chr1", "+", 4000)]), LENGTHS, "bigbed")).tolist() == [0.0, 1.0]


def test_a_score_that_is_no_number(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes) -> None:
    write_bigbed(tmp_path / "a.bb", LENGTHS, [BedRow("chr1", 3000, 3100, "peak\thigh\t.")])
    with refuses("a.bb", "chr1:3000-3100", "'high'"):
        track_windows(tmp_path / "a.bb", make_genes([("chr1", "+", 4000)]), LENGTHS, "bigbed")

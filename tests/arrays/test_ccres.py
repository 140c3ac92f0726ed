"""cCRE scores over windows, against a lookup position by position, and the bigBed files they are read from."""

import struct
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from helpers.fixtures import MakeGenes, Refuses
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tr300m.arrays.ccres import cre_windows
from tr300m.config.simulation import SimulationConfig
from tr300m.simulate.bigbed import BedRow, write_bigbed
from tr300m.simulate.ccres import simulate_cres

LENGTHS = {"chr1": 9000, "chr10": 7000, "chr2": 6000}


def row(chromosome: str, start: int, end: int, score: int | str) -> BedRow:
    return BedRow(chromosome, start, end, f"EH38E1\t{score}\t.\t{start}\t{end}\t255,0,0")


def random_rows(seed: int = 0, count: int = 400) -> list[BedRow]:
    """Return sorted rows that overlap often, many with the same start."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        name = str(rng.choice(list(LENGTHS)))
        start = int(rng.integers(0, LENGTHS[name] - 1)) // 20 * 20
        rows.append(row(name, start, min(start + int(rng.integers(1, 400)), LENGTHS[name]), int(rng.integers(0, 1001))))
    return sorted(rows, key=lambda one: one[:2])


def literal_window(rows: list[BedRow], chromosome: str, strand: str, start: int, end: int) -> NDArray[np.float64]:
    """Look every position up in all rows: the last one that holds it counts."""
    scores = []
    for position in range(start, end) if strand == "+" else range(end - 1, start - 1, -1):
        score = 0.0
        for one in rows:
            if one.chromosome == chromosome and one.start <= position < one.end:
                score = float(one.rest.split("\t")[1])
        scores.append(score)
    return np.array(scores)


@pytest.mark.parametrize("edition", ["release", "corrected"])
@pytest.mark.parametrize(("per_block", "fan_out"), [(512, 256), (3, 2)])
def test_windows_equal_a_lookup_by_position(
    tmp_path: Path, make_genes: MakeGenes, edition: str, per_block: int, fan_out: int
) -> None:
    rows = random_rows()
    write_bigbed(tmp_path / "a.bb", LENGTHS, rows, per_block, fan_out)
    # Inside, over either end, wholly off the chromosome, on a chromosome that the file lacks.
    places = [("chr1", "+", 4000), ("chr1", "-", 4000), ("chr10", "-", 20), ("chr2", "+", 5990), ("chr2", "-", 5990)]
    genes = make_genes([*places, ("chr2", "+", 90_000), ("chrY", "-", 4000)], edition=edition)
    found = cre_windows(tmp_path / "a.bb", genes)
    assert found.shape == (7, 2823)
    assert found.dtype == np.uint16
    for index in range(len(genes)):
        start, end = int(genes.window_start[index]), int(genes.window_end[index])
        expected = literal_window(rows, str(genes.chromosome[index]), str(genes.strand[index]), start, end)
        assert np.array_equal(found[index], expected)
    assert found[:5].any(axis=1).all()
    assert not found[5:].any()


@pytest.mark.parametrize(("edition", "plus"), [("release", 2772), ("corrected", 2773)])
def test_score_at_the_tss_stands_at_its_index(tmp_path: Path, make_genes: MakeGenes, edition: str, plus: int) -> None:
    write_bigbed(tmp_path / "a.bb", LENGTHS, [row("chr1", 3999, 4000, 7)])
    found = cre_windows(tmp_path / "a.bb", make_genes([("chr1", strand, 4000) for strand in "+-"], edition=edition))
    assert np.argwhere(found).tolist() == [[0, plus], [1, 2773]]


def test_the_later_row_wins_even_where_it_is_lower(tmp_path: Path, make_genes: MakeGenes) -> None:
    rows = [row("chr1", 3000, 3010, 900), row("chr1", 3000, 3004, 5), row("chr1", 3002, 3003, 0)]
    write_bigbed(tmp_path / "a.bb", LENGTHS, rows)
    found = cre_windows(tmp_path / "a.bb", make_genes([("chr1", "+", 4000)]))[0]
    at = 3000 - (4000 - 2773)
    assert found[at - 1 : at + 11].tolist() == [0, 5, 5, 0, 5, *[900] * 6, 0]


@pytest.mark.parametrize("score", ["1001", "-1", "", "1.5", "many"])
def test_score_that_is_none(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes, score: str) -> None:
    write_bigbed(tmp_path / "a.bb", LENGTHS, [row("chr1", 3000, 3010, score)])
    with refuses("a.bb, chr1:3000-3010", repr(score), "0", "1,000"):
        cre_windows(tmp_path / "a.bb", make_genes([("chr1", "+", 4000)]))


def test_bed_of_four_columns(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes) -> None:
    write_bigbed(tmp_path / "a.bb", LENGTHS, [BedRow("chr1", 3000, 3010, "name")])
    with refuses("a.bb", "''"):
        cre_windows(tmp_path / "a.bb", make_genes([("chr1", "+", 4000)]))


@pytest.mark.parametrize("content", [b"chr1\t1\t2\n", b"", b"\x00" * 100], ids=["bed", "empty", "zeros"])
def test_file_that_is_no_bigbed(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes, content: bytes) -> None:
    (tmp_path / "a.bb").write_bytes(content)
    with refuses("a.bb", "bigBed"):
        cre_windows(tmp_path / "a.bb", make_genes([("chr1", "+", 4000)]))


def test_bigwig_is_refused(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes) -> None:
    with pyBigWig.open(str(tmp_path / "a.bw"), "w") as track:
        track.addHeader([("chr1", 9000)])
        track.addEntries(["chr1"], [0], ends=[100], values=[1.0])
    with refuses("a.bw", "bigBed"):
        cre_windows(tmp_path / "a.bw", make_genes([("chr1", "+", 4000)]))


@pytest.mark.parametrize("share", [0.01, 0.3, 0.6])
def test_truncated_bigbed(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes, share: float) -> None:
    write_bigbed(tmp_path / "a.bb", LENGTHS, random_rows())
    content = (tmp_path / "a.bb").read_bytes()
    (tmp_path / "a.bb").write_bytes(content[: int(len(content) * share)])
    with refuses("a.bb"):
        cre_windows(tmp_path / "a.bb", make_genes([("chr1", "+", 4000), ("chr2", "+", 4000)]))


def test_missing_bigbed(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes) -> None:
    with refuses("none.bb"):
        cre_windows(tmp_path / "none.bb", make_genes([("chr1", "+", 4000)]))


def test_names_of_the_other_style(tmp_path: Path, make_genes: MakeGenes) -> None:
    write_bigbed(tmp_path / "a.bb", {"1": 9000}, [row("1", 4990, 5000, 5)])
    scores = cre_windows(tmp_path / "a.bb", make_genes([("chr1", "+", 5000)]))
    assert np.flatnonzero(scores[0]).tolist() == list(range(2763, 2773))


def test_another_naming_is_refused(tmp_path: Path, make_genes: MakeGenes, refuses: Refuses) -> None:
    write_bigbed(tmp_path / "a.bb", {"NC_000001.11": 9000}, [row("NC_000001.11", 10, 20, 5)])
    with refuses("a.bb", "NC_000001.11"):
        cre_windows(tmp_path / "a.bb", make_genes([("chr1", "+", 5000)]))


# --- the simulated file -----------------------------------------------------------------------------------------------


@settings(max_examples=20)
@given(st.integers(0, 300), st.integers(1, 20), st.integers(2, 9), st.integers(0, 99))
def test_entries_come_back_in_the_order_of_the_rows(
    tmp_path_factory: pytest.TempPathFactory, count: int, per_block: int, fan_out: int, seed: int
) -> None:
    path = tmp_path_factory.mktemp("bb") / "a.bb"
    rows = random_rows(seed, count)
    write_bigbed(path, LENGTHS, rows, per_block, fan_out)
    with pyBigWig.open(str(path)) as table:
        assert table.isBigBed()
        assert table.chroms() == LENGTHS
        for name, length in LENGTHS.items():
            for start, end in [(0, length), (2000, 2300)]:
                inside = [one for one in rows if one.chromosome == name and one.start < end and one.end > start]
                assert (table.entries(name, start, end) or []) == [one[1:] for one in inside]


@pytest.mark.parametrize(
    "rows",
    [
        [row("chr1", 20, 30, 1), row("chr1", 10, 30, 1)],
        [row("chr2", 20, 30, 1), row("chr1", 10, 30, 1)],
        [row("chr1", 20, 20, 1)],
        [row("chr1", 20, 9001, 1)],
        [row("chr3", 20, 30, 1)],
    ],
)
def test_rows_that_make_no_bigbed(tmp_path: Path, refuses: Refuses, rows: list[BedRow]) -> None:
    with refuses(*(["chr"] if rows[0][2] != 30 or rows[0][0] == "chr3" else ["bigBed"])):
        write_bigbed(tmp_path / "a.bb", LENGTHS, rows)


def write_annotation(folder: Path) -> tuple[Path, Path]:
    """Write three coding genes and a non-coding one, and the chromosomes' lengths."""
    kinds = [("chr1", 4000, "+", "protein_coding"), ("chr1", 8990, "-", "protein_coding")]
    kinds += [("chr2", 3000, "-", "lincRNA"), ("chrY", 3000, "-", "protein_coding")]
    with open(folder / "a.gtf", "w") as handle:
        for number, (chromosome, tss, strand, kind) in enumerate(kinds):
            start, end = (tss, tss + 9) if strand == "+" else (tss - 9, tss)
            name = f'gene_id "ENSG{number}.1"; gene_name "G{number}"; gene_type "{kind}";'
            handle.write(f"{chromosome}\tSIM\tgene\t{start}\t{end}\t.\t{strand}\t.\t{name}\n")
    (folder / "sizes").write_text("chr1\t9000\nchr2\t6000\nchrY\t7000\n")
    return folder / "a.gtf", folder / "sizes"


def test_simulated_cres(tmp_path: Path) -> None:
    gtf, sizes = write_annotation(tmp_path)
    simulate_cres(SimulationConfig(), gtf, sizes, tmp_path / "a.bb", tmp_path / "a.bed")
    lines = [line.split("\t") for line in (tmp_path / "a.bed").read_text().splitlines()]
    assert len(lines) == 10
    with pyBigWig.open(str(tmp_path / "a.bb")) as table:
        assert table.chroms() == {"chr1": 9000, "chr2": 6000}
        entries = table.entries("chr1", 0, 9000)
        assert not table.entries("chr2", 0, 6000)
    assert [[str(a), str(b), *rest.split("\t")] for a, b, rest in entries] == [line[1:] for line in lines]
    assert all(100 <= int(line[4]) <= 1000 for line in lines)
    # As in UCSC's table: 15 columns, and the header says so.
    assert {len(line) for line in lines} == {15}
    assert struct.unpack("<HH", (tmp_path / "a.bb").read_bytes()[32:36]) == (15, 9)


def test_simulated_cres_of_one_seed_are_the_same_bytes(tmp_path: Path) -> None:
    gtf, sizes = write_annotation(tmp_path)
    contents = []
    for seed in (3, 3, 4):
        simulate_cres(SimulationConfig(seed=seed), gtf, sizes, tmp_path / "a.bb", tmp_path / "a.bed")
        contents.append((tmp_path / "a.bb").read_bytes())
    assert contents[0] == contents[1] != contents[2]


def test_no_chromosome_is_left(tmp_path: Path, refuses: Refuses) -> None:
    gtf, sizes = write_annotation(tmp_path)
    sizes.write_text("chrY\t7000\n")
    with refuses("sizes", "gap_chromosome"):
        simulate_cres(SimulationConfig(), gtf, sizes, tmp_path / "a.bb", tmp_path / "a.bed")

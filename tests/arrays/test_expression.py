"""GCT to target expression and regulator levels."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from helpers.fixtures import MakeGenes, Refuses
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tr300m.arrays.absent_genes import absent_table
from tr300m.arrays.expression import check_any_expression, read_expression, read_gct_header, read_gct_rows, stem
from tr300m.arrays.matrix_formats import open_matrix
from tr300m.base.axes import Genes

SAMPLES = ["GTEX-A-1", "GTEX-B-1", "GTEX-C-1"]
# Gene ID to TPM; exact in binary, so that sums are exact in any precision.
ROWS: dict[str, list[str]] = {
    "ENSG03.1": ["0", "0.5", "1.25"],
    "ENSG01.7": ["1", "2", "3"],
    "ENSG05.2_PAR_Y": ["10", "20", "30"],
    "ENSG05.2": ["100", "200", "300"],
    "ENSG02.4": ["0.25", "4", "8"],
    "ENSG09.9": ["7", "7", "7"],
}

TEXT, NUMBER = np.array(["x"]), np.array([1], dtype=np.int64)
ONE_GENE = Genes(TEXT, TEXT, TEXT, TEXT, NUMBER, NUMBER, NUMBER, TEXT, NUMBER)


def gct(rows: dict[str, list[str]] = ROWS, samples: list[str] = SAMPLES) -> str:
    """Return the text of a GCT."""
    text = f"#1.2\n{len(rows)}\t{len(samples)}\nName\tDescription\t" + "\t".join(samples) + "\n"
    return text + "".join(f"{gene}\tname of {gene}\t" + "\t".join(values) + "\n" for gene, values in rows.items())


def write(path: Path, text: str) -> Path:
    """Write a text file."""
    path.write_text(text)
    return path


def target_table(make_genes: MakeGenes) -> Genes:
    """Return four target genes: one shared TSS, a PAR pair, and one that no GCT row has."""
    rows = [("chr1", "+", 5000), ("chrX", "+", 6000), ("chrY", "+", 6000), ("chr2", "-", 9000)]
    ids = ["ENSG01.7", "ENSG05.2", "ENSG05.2_PAR_Y", "ENSG04.1"]
    return make_genes(rows, ids=ids, merged=["ENSG02.4;ENSG03.1", "", "", ""])


def read(
    path: Path,
    genes: Genes,
    samples: list[str] = SAMPLES,
    stems: frozenset[str] = frozenset({"ENSG05", "ENSG03"}),
    edition: str = "release",
) -> tuple[NDArray[np.float32], list[str], NDArray[np.float32]]:
    """Call read_expression."""
    expression = np.zeros((len(genes), len(samples)), dtype=np.float32)
    present, ids, levels = read_expression(open_matrix(path), genes, np.array(samples), stems, edition, expression)
    assert not expression[~present].any()
    return expression, ids, levels


def test_header(tmp_path: Path) -> None:
    header = read_gct_header(write(tmp_path / "a.gct", gct()))
    assert header.rows == 6
    assert header.sample_ids == SAMPLES


def test_rows_that_are_wanted_come_in_file_order(tmp_path: Path) -> None:
    path = write(tmp_path / "a.gct", gct())
    rows = list(read_gct_rows(path, lambda gene: gene in {"ENSG09.9", "ENSG01.7"}))
    assert [gene for gene, _ in rows] == ["ENSG01.7", "ENSG09.9"]
    assert rows[0][1].tolist() == [1, 2, 3]


def test_release_keeps_the_first_gene_of_a_tss(tmp_path: Path, make_genes: MakeGenes) -> None:
    expression, _, _ = read(write(tmp_path / "a.gct", gct()), target_table(make_genes))
    assert expression.dtype == np.float32
    assert expression.tolist() == [[1, 2, 3], [100, 200, 300], [10, 20, 30], [0, 0, 0]]


def test_genes_at_zero_are_told_from_those_that_the_gct_lacks(tmp_path: Path, make_genes: MakeGenes) -> None:
    path = write(tmp_path / "a.gct", gct({**ROWS, "ENSG05.2": ["0", "0", "0"]}))
    expression = np.zeros((4, 3), dtype=np.float32)
    stems = frozenset({"ENSG03"})
    present, _, _ = read_expression(
        open_matrix(path), target_table(make_genes), np.array(SAMPLES), stems, "release", expression
    )
    assert present.tolist() == [True, True, True, False]
    assert expression.any(axis=1).tolist() == [True, False, True, False]


def test_corrected_sums_the_genes_of_a_tss(tmp_path: Path, make_genes: MakeGenes) -> None:
    path = write(tmp_path / "a.gct", gct())
    expression, _, _ = read(path, target_table(make_genes), edition="corrected")
    assert expression.dtype == np.float32
    assert expression.tolist() == [[1.25, 6.5, 12.25], [100, 200, 300], [10, 20, 30], [0, 0, 0]]


def test_corrected_sums_even_where_the_first_gene_is_absent(tmp_path: Path, make_genes: MakeGenes) -> None:
    rows = {gene: values for gene, values in ROWS.items() if gene != "ENSG01.7"}
    path = write(tmp_path / "a.gct", gct(rows))
    assert read(path, target_table(make_genes))[0][0].tolist() == [0, 0, 0]
    assert read(path, target_table(make_genes), edition="corrected")[0][0].tolist() == [0.25, 4.5, 9.25]


def test_matching_is_by_versioned_id(tmp_path: Path, make_genes: MakeGenes) -> None:
    genes = make_genes([("chr1", "+", 5000)], ids=["ENSG01.6"])  # the GCT has ENSG01.7
    assert read(write(tmp_path / "a.gct", gct()), genes)[0].tolist() == [[0, 0, 0]]


def test_regulators_match_by_stem_par_y_too_sorted_by_full_id(tmp_path: Path, make_genes: MakeGenes) -> None:
    _, ids, levels = read(write(tmp_path / "a.gct", gct()), target_table(make_genes))
    assert ids == ["ENSG03.1", "ENSG05.2", "ENSG05.2_PAR_Y"]
    assert levels.dtype == np.float32
    assert levels.T.tolist() == [[0, 0.5, 1.25], [100, 200, 300], [10, 20, 30]]


def test_sort_is_by_text_not_by_version_number(tmp_path: Path, make_genes: MakeGenes) -> None:
    rows = {"ENSG1.9": ["9"], "ENSG1.10": ["10"], "ENSG0.2": ["2"]}
    path = write(tmp_path / "a.gct", gct(rows, ["S"]))
    genes = make_genes([("chr1", "+", 5000)])
    _, ids, levels = read(path, genes, ["S"], frozenset({"ENSG1", "ENSG0"}))
    assert ids == sorted(rows)
    assert levels.tolist() == [[2, 10, 9]]


def test_a_subset_of_samples(tmp_path: Path, make_genes: MakeGenes) -> None:
    path = write(tmp_path / "a.gct", gct())
    expression, _, levels = read(path, target_table(make_genes), ["GTEX-A-1", "GTEX-C-1"])
    assert expression.tolist() == [[1, 3], [100, 300], [10, 30], [0, 0]]
    assert levels.tolist() == [[0, 100, 10], [1.25, 300, 30]]


def test_gzip_reads_like_plain(tmp_path: Path, make_genes: MakeGenes) -> None:
    plain = write(tmp_path / "a.gct", gct())
    packed = tmp_path / "b.gct.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    genes = target_table(make_genes)
    assert np.array_equal(read(plain, genes)[0], read(packed, genes)[0])


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=12))
def test_values_are_rounded_once_to_float32(tmp_path_factory: pytest.TempPathFactory, values: list[float]) -> None:
    path = tmp_path_factory.mktemp("gct") / "a.gct"
    names = [f"S{number}" for number in range(len(values))]
    write(path, gct({"ENSG1.1": [repr(value) for value in values]}, names))
    _, _, levels = read(path, ONE_GENE, names, frozenset({"ENSG1"}))
    assert np.array_equal(levels[:, 0], np.array(values).astype(np.float32))


@pytest.mark.parametrize(
    ("gene_id", "expected"),
    [
        ("ENSG00000167393.17_PAR_Y", "ENSG00000167393"),
        ("ENSG00000167393.17", "ENSG00000167393"),
        ("ENSG00000167393", "ENSG00000167393"),
        ("A.B.C", "A"),
    ],
)
def test_stem_is_cut_at_the_first_dot(gene_id: str, expected: str) -> None:
    assert stem(gene_id) == expected


BAD_HEADERS = {
    "version": (gct().replace("#1.2", "#1.4"), ["1"]),
    "html": ("<html>\n", ["1"]),
    "empty": ("", ["1"]),
    "counts are text": (gct().replace("6\t3", "six\t3"), ["2"]),
    "one count": (gct().replace("6\t3", "6"), ["2"]),
    "more columns promised": (gct().replace("6\t3", "6\t4"), ["2", "4", "3"]),
    "fewer columns promised": (gct().replace("6\t3", "6\t2"), ["2", "2", "3"]),
    "no Name": (gct().replace("Name", "Nom", 1), ["3"]),
    "cut after line 2": ("#1.2\n6\t3\n", ["3"]),
    "sample twice": (gct(samples=["GTEX-A-1", "GTEX-B-1", "GTEX-A-1"]), ["3", "GTEX-A-1"]),
}


@pytest.mark.parametrize("case", BAD_HEADERS)
def test_bad_header(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes, case: str) -> None:
    text, parts = BAD_HEADERS[case]
    path = write(tmp_path / "a.gct", text)
    with refuses("a.gct", *parts):
        read_gct_header(path)
    with refuses("a.gct", *parts):
        read(path, target_table(make_genes))


BAD_ROWS = {
    "fewer rows": (gct().replace("6\t3", "7\t3"), ["7", "6"]),
    "more rows": (gct().replace("6\t3", "5\t3"), ["5", "6"]),
    "short row": (gct().replace("\t1\t2\t3\n", "\t1\t2\n"), ["5", "ENSG01.7"]),
    "long row": (gct().replace("\t1\t2\t3\n", "\t1\t2\t3\t4\n"), ["5", "ENSG01.7"]),
    "short row nobody wants": (gct().replace("\t7\t7\t7\n", "\t7\t7\n"), ["9", "ENSG09.9"]),
    "gene twice": (gct().replace("ENSG02.4\t", "ENSG01.7\t"), ["8", "ENSG01.7"]),
    "gene twice nobody wants": (gct().replace("ENSG02.4\t", "ENSG09.9\t"), ["9", "ENSG09.9"]),
    "negative": (gct().replace("\t1\t2\t3\n", "\t1\t-2\t3\n"), ["5", "ENSG01.7"]),
    "NaN": (gct().replace("\t1\t2\t3\n", "\t1\tNaN\t3\n"), ["5", "ENSG01.7"]),
    "infinite": (gct().replace("\t1\t2\t3\n", "\t1\tinf\t3\n"), ["5", "ENSG01.7"]),
    "infinite in float32": (gct().replace("\t1\t2\t3\n", "\t1\t1e39\t3\n"), ["5", "ENSG01.7"]),
    "text": (gct().replace("\t1\t2\t3\n", "\t1\ttwo\t3\n"), ["5", "ENSG01.7"]),
    "empty value": (gct().replace("\t1\t2\t3\n", "\t1\t\t3\n"), ["5", "ENSG01.7"]),
    "NA": (gct().replace("\t1\t2\t3\n", "\t1\tNA\t3\n"), ["5", "ENSG01.7"]),
    "negative regulator": (gct().replace("\t0.5\t", "\t-0.5\t"), ["4", "ENSG03.1"]),
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_bad_row(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes, case: str) -> None:
    text, parts = BAD_ROWS[case]
    assert text != gct()
    path = write(tmp_path / "a.gct", text)
    with refuses("a.gct", *parts):
        read(path, target_table(make_genes))


def test_truncated_gzip(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes) -> None:
    packed = gzip.compress(gct().encode())
    path = tmp_path / "a.gct.gz"
    path.write_bytes(packed[:-10])
    with refuses("a.gct.gz"):
        read(path, target_table(make_genes))


def test_gzip_with_a_flipped_byte(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes) -> None:
    packed = bytearray(gzip.compress(gct().encode()))
    packed[-6] ^= 1  # inside the checksum
    path = tmp_path / "a.gct.gz"
    path.write_bytes(packed)
    with refuses("a.gct.gz"):
        read(path, target_table(make_genes))


def test_missing_file(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes) -> None:
    with refuses("none.gct"):
        read_gct_header(tmp_path / "none.gct")
    with refuses("none.gct"):
        read(tmp_path / "none.gct", target_table(make_genes))


def test_sample_that_the_gct_lacks(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes) -> None:
    path = write(tmp_path / "a.gct", gct())
    with refuses("a.gct", "GTEX-Q-1"):
        read(path, target_table(make_genes), ["GTEX-A-1", "GTEX-Q-1"])


def test_no_regulator(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes) -> None:
    path = write(tmp_path / "a.gct", gct())
    with refuses("a.gct"):
        read(path, target_table(make_genes), stems=frozenset({"ENSG77"}))


def test_unknown_edition(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes) -> None:
    path = write(tmp_path / "a.gct", gct())
    with refuses("relaese"):
        read(path, target_table(make_genes), edition="relaese")


@pytest.mark.parametrize("row", ["1 2\t\t3", "1\t\t3", "\t1\t3", "1\t3\t"])
def test_blanks_in_a_row_are_refused(tmp_path: Path, row: str, refuses: Refuses) -> None:
    path = tmp_path / "a.gct"
    path.write_text(f"#1.2\n1\t3\nName\tDescription\tA\tB\tC\ng\tG\t{row}\n")
    with refuses("a.gct", "4", "g"):
        list(read_gct_rows(path, lambda gene: True))


def test_an_array_without_any_expression_is_refused(tmp_path: Path, refuses: Refuses) -> None:
    array = np.zeros((300, 2), np.float32)
    np.save(tmp_path / "none.npy", array)
    array[299, 1] = 0.1
    np.save(tmp_path / "some.npy", array)
    with refuses("x.gct", "300"):
        check_any_expression(tmp_path / "none.npy", "x.gct")
    check_any_expression(tmp_path / "some.npy", "x.gct")


def test_absent_genes_are_listed_with_what_became_of_them() -> None:
    found = absent_table(np.array(["A", "B"]), np.array(["C"]))
    assert found == {"gene_id": ["A", "B", "C"], "state": ["kept with 0 TPM", "kept with 0 TPM", "left out"]}

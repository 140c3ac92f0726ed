"""The Lambert list and the regulator axis."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from helpers.fixtures import Refuses
from tr300m.arrays.genes import GeneRecords
from tr300m.arrays.regulators import read_lambert, read_regulators, regulator_axis

LAMBERT = (
    "number,Ensembl ID,HGNC symbol,Final Notes\n"
    '0,ENSG00000137203,TFAP2A,"a note, quoted"\n'
    "1,ENSG00000100146,SOX10,None\n"
    "2,ENSG00000198690,FAN1,None\n"
    "3,ENSG00000185960,SHOX,None\n"
    "4,None,DUX1_HUMAN,None\n"
    "5,DUX3_HUMAN,DUX3_HUMAN,None\n"
)


def write(path: Path, text: str) -> Path:
    """Write a text file."""
    path.write_text(text)
    return path


def records() -> GeneRecords:
    """Return gene lines: one versioned, one bare, one PAR pair."""
    rows = [
        ("ENSG00000185960.13", "SHOX", "chrX", "+", 624344),
        ("ENSG00000137203.10", "TFAP2A", "chr6", "-", 10419659),
        ("ENSG00000100146", "SOX10", "chr22", "-", 37987422),
        ("ENSG00000185960.13_PAR_Y", "SHOX", "chrY", "+", 624344),
    ]
    columns = list(zip(*rows, strict=True))
    return GeneRecords(
        gene_id=np.array(columns[0]),
        gene_name=np.array(columns[1]),
        gene_type=np.array(["protein_coding"] * 4),
        chromosome=np.array(columns[2]),
        strand=np.array(columns[3]),
        tss=np.array(columns[4], dtype=np.int64),
        end=np.array(columns[4], dtype=np.int64),
    )


def test_release_skips_fan1_and_sox10(tmp_path: Path) -> None:
    path = write(tmp_path / "l.csv", LAMBERT)
    assert read_lambert(path, "release") == {"ENSG00000137203", "ENSG00000185960"}
    assert read_lambert(path, "corrected") == {
        "ENSG00000137203",
        "ENSG00000185960",
        "ENSG00000100146",
        "ENSG00000198690",
    }


def test_gzip_list(tmp_path: Path) -> None:
    path = tmp_path / "l.csv"
    path.write_bytes(gzip.compress(LAMBERT.encode()))
    assert len(read_lambert(path, "corrected")) == 4


def test_axis_keeps_the_order_given() -> None:
    ids = ["ENSG00000137203.10", "ENSG00000185960.13", "ENSG00000185960.13_PAR_Y"]
    regulators = regulator_axis(ids, records())
    assert regulators.gene_id.tolist() == ids
    assert regulators.gene_name.tolist() == ["TFAP2A", "SHOX", "SHOX"]
    assert regulators.chromosome.tolist() == ["chr6", "chrX", "chrY"]
    assert regulators.strand.tolist() == ["-", "+", "+"]
    assert regulators.tss.tolist() == [10419659, 624344, 624344]
    assert regulators.tss.dtype == np.int64


def test_an_annotation_without_versions_matches_any() -> None:
    regulators = regulator_axis(["ENSG00000100146.16"], records())
    assert regulators.gene_id.tolist() == ["ENSG00000100146.16"]
    assert regulators.tss.tolist() == [37987422]


@pytest.mark.parametrize("gene_id", ["ENSG00000137203.11", "ENSG00000000001.1"], ids=["version", "gene"])
def test_regulator_that_the_annotation_lacks(refuses: Refuses, gene_id: str) -> None:
    with refuses(gene_id):
        regulator_axis(["ENSG00000185960.13", gene_id], records())


def test_list_without_its_column(tmp_path: Path, refuses: Refuses) -> None:
    path = write(tmp_path / "l.csv", LAMBERT.replace("Ensembl ID", "ID"))
    with refuses("l.csv", "Ensembl ID"):
        read_lambert(path, "release")


def test_list_without_ensembl_ids(tmp_path: Path, refuses: Refuses) -> None:
    path = write(tmp_path / "l.csv", LAMBERT.replace("ENSG", "GENE"))
    with refuses("l.csv"):
        read_lambert(path, "release")


@pytest.mark.parametrize("text", ["", "<html>\n", "a\tb\n1\t2\t3\n"])
def test_list_that_is_no_table(tmp_path: Path, refuses: Refuses, text: str) -> None:
    path = write(tmp_path / "l.csv", text)
    with refuses("l.csv"):
        read_lambert(path, "release")


def test_missing_list(tmp_path: Path, refuses: Refuses) -> None:
    with refuses("none.csv"):
        read_lambert(tmp_path / "none.csv", "release")


def test_unknown_edition(tmp_path: Path, refuses: Refuses) -> None:
    path = write(tmp_path / "l.csv", LAMBERT)
    with refuses("relaese"):
        read_lambert(path, "relaese")


def mouse_records() -> GeneRecords:
    """Return gene lines: Gata1, Klf4 and two genes of the name Twin; the last one has no name."""
    ids = [f"ENSMUSG{number:011d}.{number}" for number in range(1, 6)]
    names = ["Gata1", "Klf4", "Twin", "Twin", ""]
    columns = (np.array(ids), np.array(names), np.array(["protein_coding"] * 5), np.array(["1"] * 5))
    return GeneRecords(*columns, np.array(["+"] * 5), np.arange(1, 6), np.arange(1, 6))


@pytest.mark.parametrize(
    "text",
    [
        "Gata1\nKlf4\n",
        "# chosen\n\nGata1\t0.7\n Klf4 \tx\ty\n",
        "ENSMUSG00000000001\nKlf4\nGata1\n",
        "ENSMUSG00000000001.1\nENSMUSG00000000002.2\n",
    ],
    ids=["symbols", "comment and columns", "ID and symbol of one gene", "versions"],
)
def test_a_list_of_the_users(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "l.txt", text)
    expected = frozenset({"ENSMUSG00000000001", "ENSMUSG00000000002"})
    assert read_regulators(path, mouse_records(), "release") == (expected, [])


def test_lines_that_are_not_one_gene(tmp_path: Path) -> None:
    """A version that differs is another gene model; GATA1 is the human symbol."""
    path = write(tmp_path / "l.txt", "Gata1\nTwin\nNanog\nGATA1\nENSMUSG00000000002.9\n")
    found, left_out = read_regulators(path, mouse_records(), "release")
    assert found == {"ENSMUSG00000000001"}
    assert left_out == ["Twin (2 genes)", "Nanog", "GATA1", "ENSMUSG00000000002.9"]


def test_the_lambert_list_is_told_by_its_commas(tmp_path: Path) -> None:
    path = write(tmp_path / "l.csv", LAMBERT)
    for edition in ("release", "corrected"):
        assert read_regulators(path, records(), edition) == (read_lambert(path, edition), [])


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (LAMBERT, ["ENSG00000100146", "4", "ENSMUSG00000000001.1", "Gata1"]),
        ("SOX10\nSHOX\n", ["SOX10, SHOX", "2", "Gata1"]),
        ("# nothing\n", ["0", "Gata1"]),
        ("Twin\n", ["Twin", "1"]),
    ],
    ids=["the Lambert list", "symbols", "empty", "ambiguous"],
)
def test_regulators_of_another_species(tmp_path: Path, refuses: Refuses, text: str, parts: list[str]) -> None:
    path = write(tmp_path / "l.csv", text)
    with refuses("l.csv", *parts):
        read_regulators(path, mouse_records(), "corrected")

"""Motifs of other taxa and of the user's files, and their links to regulators."""

import gzip
from pathlib import Path

import numpy as np
import pyjaspar
import pytest
import yaml
from helpers.fixtures import Refuses
from pyjaspar import jaspardb
from tr300m.arrays.motif_files import MEME_SITES, read_motif_file
from tr300m.arrays.motif_links import LEFT_OUT, TOO_LONG, choose_motifs
from tr300m.arrays.motifs import human_profiles, motif_axis, motif_columns, motif_map, pssm
from tr300m.base.axes import Regulators
from tr300m.config.motif_choice import MotifChoice

ROOT = Path(__file__).parents[2]
JASPAR = """>M1 Gata1
A  [ 1 2 3 ]
C  [ 4 5 6 ]
G  [ 0 0 0.5 ]
T  [ 7 8 9 ]
>M2\tKLF4
0 1
2 3
4 5
6 7
>M3 Klf4::Gata1
A [ 1 ]
C [ 1 ]
G [ 1 ]
T [ 1 ]
"""
MEME = """MEME version 4

ALPHABET= ACGT

strands: + -

Background letter frequencies
A 0.25 C 0.25 G 0.25 T 0.25

MOTIF M1 Gata1
letter-probability matrix: alength= 4 w= 2 nsites= 10 E= 0
 0.333333  0.333333  0.333334  0.000000
 0.100000  0.200000  0.300000  0.400000
URL http://x
MOTIF KLF4_MOUSE.A
letter-probability matrix:
1 0 0 0
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def regulators(*names: str) -> Regulators:
    ids = np.array([f"ENSMUSG{number}.{number + 1}" for number in range(len(names))])
    count = len(names)
    return Regulators(ids, np.array(names), np.array(["1"] * count), np.array(["+"] * count), np.arange(count))


def of_file(folder: Path, text: str, table: str = "") -> MotifChoice:
    """Return the choice of a motif file and, if there is text, of a table."""
    file = str(write(folder / "motifs.txt", text))
    return MotifChoice(file=file, map=str(write(folder / "map.tsv", table)) if table else None)


def test_a_jaspar_file(tmp_path: Path) -> None:
    motifs = read_motif_file(write(tmp_path / "m.jaspar", JASPAR))
    assert [(motif.matrix_id, motif.name) for motif in motifs] == [
        ("M1", "Gata1"), ("M2", "KLF4"), ("M3", "Klf4::Gata1"),
    ]  # fmt: skip
    assert motifs[0].counts.tolist() == [[1, 4, 0, 7], [2, 5, 0, 8], [3, 6, 0.5, 9]]
    assert motifs[1].counts.tolist() == [[0, 2, 4, 6], [1, 3, 5, 7]]


def test_a_meme_file_keeps_all_digits(tmp_path: Path) -> None:
    (tmp_path / "m.meme.gz").write_bytes(gzip.compress(MEME.encode()))
    first, second = read_motif_file(tmp_path / "m.meme.gz")
    assert (first.matrix_id, first.name) == ("M1", "Gata1")
    assert np.allclose(first.counts, [[3.33333, 3.33333, 3.33334, 0], [1, 2, 3, 4]], rtol=1e-12)
    # Where a motif has one name, it is both.
    assert (second.matrix_id, second.name) == ("KLF4_MOUSE.A", "KLF4_MOUSE.A")
    assert second.counts.tolist() == [[MEME_SITES, 0, 0, 0]]


def test_probabilities_and_counts_give_the_same_kernel(tmp_path: Path) -> None:
    counts = read_motif_file(write(tmp_path / "m.jaspar", ">M A\n1 2\n2 4\n3 6\n4 8\n"))[0].counts
    rows = "0.1 0.2 0.3 0.4\n" * 2
    text = f"MEME version 5\nMOTIF M A\nletter-probability matrix: w= 2 nsites= 1000\n{rows}"
    probabilities = read_motif_file(write(tmp_path / "m.meme", text))[0].counts
    assert np.allclose(pssm(counts), pssm(probabilities), atol=1e-6)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ["starts with ''"]),
        ("A [ 1 2 ]\nC [ 1 2 ]\n", ["A [ 1 2 ]"]),
        (JASPAR.replace("C  [ 4 5 6 ]", "C  [ 4 5 ]"), ["line 1", "M1"]),
        (JASPAR.replace("C  [ 4 5 6 ]", "C  [ 4 five 6 ]"), ["line 1", "M1"]),
        (JASPAR.rpartition("T [")[0], ["line 11", "M3"]),
        (JASPAR.replace(">M2", ">M1"), ["M1", "twice"]),
        (JASPAR.replace("[ 1 2 3 ]", "[ 1 -2 3 ]"), ["M1"]),
        (JASPAR.replace("0 1\n2 3\n4 5\n6 7", "0 1\n0 3\n0 5\n0 7"), ["M2"]),
        (MEME.partition("MOTIF")[0], ["no motif"]),
        (MEME.replace("w= 2", "w= 3"), ["line 10", "M1", "3"]),
        (MEME.replace("0.400000", ""), ["line 10", "M1"]),
        (MEME.replace("0.400000", "0.5"), ["line 10", "M1", "1"]),
        (MEME.replace("0.400000", "0.4x"), ["line 10", "M1"]),
        (MEME.replace("\nletter-probability matrix:\n1 0 0 0", ""), ["line 15"]),
        (MEME.replace(" KLF4_MOUSE.A", ""), ["line 15"]),
    ],
    ids=[
        "empty", "no header", "rows of two lengths", "text", "incomplete", "ID twice", "negative", "zeros", "none",
        "fewer rows", "three columns", "sum", "text in MEME", "no matrix", "no ID",
    ],
)  # fmt: skip
def test_a_file_that_is_no_motif_file(tmp_path: Path, refuses: Refuses, text: str, parts: list[str]) -> None:
    path = write(tmp_path / "m.txt", text)
    with refuses("m.txt", *parts):
        read_motif_file(path)


def test_defaults_are_those_of_the_schema_and_the_release() -> None:
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())["properties"]["motifs"]
    defaults = {key: entry["default"] for key, entry in schema["properties"].items()}
    assert MotifChoice.from_section(defaults) == MotifChoice()
    assert MotifChoice.from_section(defaults).changed == {}
    assert MotifChoice.from_section({"taxon": 10090}).changed == {"taxon": "10090"}
    assert MotifChoice(file="m.meme", taxon="insects").changed == {"file": "m.meme"}
    assert schema["properties"]["jaspar"]["enum"] == sorted(pyjaspar.jaspar_releases)


def test_the_default_is_the_release() -> None:
    """Exact names: a regulator called tfap2a has no motif."""
    table = regulators("SHOX", "TFAP2A", "tfap2a", "NOBODY", "", "SHOX")
    profiles = motif_columns(human_profiles(), table)
    found = choose_motifs(MotifChoice(), table)
    assert [one.matrix_id for one in found.profiles] == [one.matrix_id for one in profiles]
    assert found.links.dtype == np.uint8
    assert np.array_equal(found.links, motif_map(table, motif_axis(profiles)))
    assert found.links.any(axis=1).tolist() == [True, True, False, False, False, True]
    assert len(found.left_out) == len(human_profiles()) - len(profiles)


@pytest.mark.parametrize(
    ("choice", "species", "group", "collection"),
    [
        (MotifChoice(jaspar="JASPAR2026", taxon="10090"), "10090", None, None),
        (MotifChoice(taxon="vertebrates", collection="CORE", versions="latest"), None, "vertebrates", "CORE"),
    ],
)
def test_profiles_of_another_taxon(
    choice: MotifChoice, species: str | None, group: str | None, collection: str | None
) -> None:
    database = jaspardb(release=choice.jaspar)
    all_of_them = database.fetch_motifs(
        collection=collection, species=species, tax_group=group, all_versions=choice.versions == "all"
    )
    database.conn.close()
    expected = [
        motif.matrix_id
        for motif in all_of_them
        if motif.name.lower() in ("gata1", "klf4") and (species is None or motif.species == [species])
    ]
    found = choose_motifs(choice, regulators("Gata1", "Klf4"))
    assert [one.matrix_id for one in found.profiles] == expected
    assert found.links.tolist() == [
        [int(one.name.lower() == name) for one in found.profiles] for name in ("gata1", "klf4")
    ]
    assert set(found.left_out.values()) == {LEFT_OUT}


def test_a_file_by_name(tmp_path: Path) -> None:
    found = choose_motifs(of_file(tmp_path, JASPAR), regulators("Klf4", "", "Gata1", "Nanog"))
    assert [one.matrix_id for one in found.profiles] == ["M1", "M2"]
    assert found.links.tolist() == [[0, 1], [0, 0], [1, 0], [0, 0]]
    assert found.left_out == {"M3": LEFT_OUT}


def test_a_file_by_a_table(tmp_path: Path) -> None:
    """By symbol and ID of the regulator, by ID and name of the motif; one motif may have several regulators."""
    table = "motif\tnote\tregulator\nM1\tx\tNanog\nKLF4\ty\tENSMUSG0\nM1\tz\tENSMUSG0.1\nM9\t\tNanog\nM2\t\tSox2\n"
    found = choose_motifs(of_file(tmp_path, JASPAR, table), regulators("Klf4", "Gata1", "Nanog"))
    assert [one.matrix_id for one in found.profiles] == ["M1", "M2"]
    assert found.links.tolist() == [[1, 1], [0, 0], [1, 0]]
    assert list(found.left_out) == ["M9", "Sox2", "M3"]
    assert "map.tsv" in found.left_out["M9"] and "map.tsv" in found.left_out["Sox2"]


def test_motifs_that_are_too_long_are_left_out(tmp_path: Path) -> None:
    long = ">M4 Nanog\n" + ("1 " * 36 + "\n") * 4
    fits = ">M5 Nanog\n" + ("1 " * 35 + "\n") * 4
    found = choose_motifs(of_file(tmp_path, JASPAR + long + fits), regulators("Nanog"))
    assert [one.matrix_id for one in found.profiles] == ["M5"]
    assert found.left_out == {"M4": TOO_LONG, "M1": LEFT_OUT, "M2": LEFT_OUT, "M3": LEFT_OUT}


def test_no_regulator_has_a_motif(tmp_path: Path, refuses: Refuses) -> None:
    choice = of_file(tmp_path, JASPAR)
    with refuses("Gata1, KLF4", "Sox2", "`motifs: taxon`", "`motifs: map`"):
        choose_motifs(choice, regulators("Sox2"))


def test_an_unknown_taxon(refuses: Refuses) -> None:
    with refuses("JASPAR2022", "taxon mammals", "vertebrates"):
        choose_motifs(MotifChoice(taxon="mammals"), regulators("Gata1"))


def test_a_table_without_its_column(tmp_path: Path, refuses: Refuses) -> None:
    choice = of_file(tmp_path, JASPAR, "gene\tmotif\nKlf4\tM1\n")
    with refuses("map.tsv", "regulator"):
        choose_motifs(choice, regulators("Klf4"))

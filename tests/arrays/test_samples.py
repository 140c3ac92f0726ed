"""Samples, tissues and donors."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from helpers.fixtures import Refuses
from hypothesis import given, settings
from hypothesis import strategies as st
from tr300m.arrays.samples import choose_samples, donor_axis, donor_of, sample_axis, tissue_onehot
from tr300m.base.axes import Samples
from tr300m.base.files import read_columns

ATTRIBUTES = (
    "SAMPID\tSMATSSCR\tSMTS\tSMTSD\n"
    "GTEX-1117F-0226-SM-1\t\tAdipose Tissue\tAdipose - Subcutaneous\n"
    "GTEX-111CU-0003-SM-2\t1\tBlood\tWhole Blood\n"
    "GTEX-1117F-0005-SM-3\t\tBlood\tWhole Blood\n"
    "GTEX-ZZZZZ-0005-SM-9\t\tLung\tLung\n"
)
IDS = ["GTEX-111CU-0003-SM-2", "GTEX-1117F-0226-SM-1", "GTEX-1117F-0005-SM-3"]
PHENOTYPES = "SUBJID\tSEX\tAGE\tDTHHRDY\nGTEX-1117F\t2\t60-69\t4\nGTEX-ZZZZZ\t1\t20-29\t\n"


def write(path: Path, text: str) -> Path:
    """Write a text file."""
    path.write_text(text)
    return path


def tiny(tmp_path: Path) -> Samples:
    """Return three samples in another order than the attributes."""
    return sample_axis(IDS, write(tmp_path / "attributes.txt", ATTRIBUTES))


def test_samples_keep_the_order_given(tmp_path: Path) -> None:
    samples = tiny(tmp_path)
    assert samples.sample_id.tolist() == IDS
    assert samples.tissue.tolist() == ["Whole Blood", "Adipose - Subcutaneous", "Whole Blood"]
    assert samples.donor_id.tolist() == ["GTEX-111CU", "GTEX-1117F", "GTEX-1117F"]


def test_gzip_attributes(tmp_path: Path) -> None:
    path = tmp_path / "attributes.txt.gz"
    path.write_bytes(gzip.compress(ATTRIBUTES.encode()))
    assert sample_axis(IDS, path).tissue.tolist() == tiny(tmp_path).tissue.tolist()


def test_the_donor_is_the_first_two_parts_of_an_id_of_gtex() -> None:
    assert donor_of("GTEX-1117F-0226-SM-5GZZ7") == "GTEX-1117F"
    assert donor_of("K-562-SM-2AXVE") == "K-562-SM-2AXVE"


def test_donors_by_first_appearance(tmp_path: Path) -> None:
    donors = donor_axis(tiny(tmp_path), write(tmp_path / "phenotypes.txt", PHENOTYPES))
    assert donors.donor_id.tolist() == ["GTEX-111CU", "GTEX-1117F"]
    assert donors.sex.tolist() == ["NA", "2"]
    assert donors.age.tolist() == ["NA", "60-69"]


def test_tissues_are_sorted_and_one_hot(tmp_path: Path) -> None:
    names, onehot = tissue_onehot(tiny(tmp_path).tissue)
    assert names == ["Adipose - Subcutaneous", "Whole Blood"]
    assert onehot.dtype == np.uint8
    assert onehot.tolist() == [[0, 1], [1, 0], [0, 1]]


@settings(deadline=None, max_examples=50)
@given(st.lists(st.text(alphabet="Aab- ()", min_size=1, max_size=4), min_size=1, max_size=12))
def test_one_hot_equals_a_dictionary(tissues: list[str]) -> None:
    names, onehot = tissue_onehot(np.array(tissues))
    assert names == sorted(set(tissues))
    column = {name: number for number, name in enumerate(sorted(set(tissues)))}
    for row, tissue in enumerate(tissues):
        assert np.flatnonzero(onehot[row]).tolist() == [column[tissue]]
        assert onehot[row, column[tissue]] == 1


def test_choose_samples_keeps_axis_order(tmp_path: Path, refuses: Refuses) -> None:
    samples = tiny(tmp_path)
    chosen = choose_samples(samples, [IDS[2], IDS[0]])
    assert chosen.sample_id.tolist() == [IDS[0], IDS[2]]
    assert chosen.tissue.tolist() == ["Whole Blood", "Whole Blood"]
    with refuses("GTEX-Q"):
        choose_samples(samples, [IDS[0], "GTEX-Q"])


def test_read_columns_as_text(tmp_path: Path, refuses: Refuses) -> None:
    path = write(tmp_path / "a.csv", 'x,y,z\n1,"a, b",0\n02,NA,0\n')
    frame = read_columns(path, ["y", "x"], ",")
    assert frame["x"].tolist() == ["1", "02"]
    assert frame["y"].tolist() == ["a, b", "NA"]
    with refuses("a.csv", "w"):
        read_columns(path, ["x", "w"], ",")


def test_sample_missing_from_the_attributes(tmp_path: Path, refuses: Refuses) -> None:
    path = write(tmp_path / "attributes.txt", ATTRIBUTES)
    with refuses("attributes.txt", "GTEX-NONE-1"):
        sample_axis([*IDS, "GTEX-NONE-1"], path)


@pytest.mark.parametrize("extra", ["GTEX-111CU-0003-SM-2\t\tLung\tLung\n", "GTEX-ZZZZZ-0005-SM-9\t\tLung\tLung\n"])
def test_sample_twice_in_the_attributes(tmp_path: Path, refuses: Refuses, extra: str) -> None:
    path = write(tmp_path / "attributes.txt", ATTRIBUTES + extra)
    with refuses("attributes.txt", extra.split("\t")[0]):
        sample_axis(IDS, path)


def test_sample_without_tissue(tmp_path: Path, refuses: Refuses) -> None:
    path = write(tmp_path / "attributes.txt", ATTRIBUTES.replace("Adipose - Subcutaneous", ""))
    with refuses("attributes.txt", "GTEX-1117F-0226-SM-1"):
        sample_axis(IDS, path)


@pytest.mark.parametrize("column", ["SAMPID", "SMTSD"])
def test_attributes_without_a_column(tmp_path: Path, refuses: Refuses, column: str) -> None:
    path = write(tmp_path / "attributes.txt", ATTRIBUTES.replace(column, "X", 1))
    with refuses("attributes.txt", column):
        sample_axis(IDS, path)


def test_attributes_with_a_wider_row(tmp_path: Path, refuses: Refuses) -> None:
    path = write(tmp_path / "attributes.txt", ATTRIBUTES + "GTEX-Y-1\t\tLung\tLung\tmore\tmore\n")
    with refuses("attributes.txt", "6"):
        sample_axis(IDS, path)


@pytest.mark.parametrize("text", ["", "\x00\x01\x02"])
def test_attributes_that_are_no_table(tmp_path: Path, refuses: Refuses, text: str) -> None:
    path = write(tmp_path / "attributes.txt", text)
    with refuses("attributes.txt"):
        sample_axis(IDS, path)


def test_attributes_in_another_encoding(tmp_path: Path, refuses: Refuses) -> None:
    path = tmp_path / "attributes.txt"
    path.write_bytes(b"SAMPID\tSMTSD\nGTEX-1\tC\xe9rebre\n")
    with refuses("attributes.txt"):
        sample_axis(["GTEX-1"], path)


def test_truncated_attributes(tmp_path: Path, refuses: Refuses) -> None:
    path = tmp_path / "attributes.txt.gz"
    path.write_bytes(gzip.compress(ATTRIBUTES.encode() * 50)[:-12])
    with refuses("attributes.txt.gz"):
        sample_axis(IDS, path)


def test_missing_files(tmp_path: Path, refuses: Refuses) -> None:
    samples = tiny(tmp_path)
    with refuses("none.txt"):
        sample_axis(IDS, tmp_path / "none.txt")
    with refuses("none.txt"):
        donor_axis(samples, tmp_path / "none.txt")


def test_donor_twice(tmp_path: Path, refuses: Refuses) -> None:
    samples = tiny(tmp_path)
    path = write(tmp_path / "phenotypes.txt", PHENOTYPES + "GTEX-1117F\t1\t20-29\t0\n")
    with refuses("phenotypes.txt", "GTEX-1117F"):
        donor_axis(samples, path)


@pytest.mark.parametrize("column", ["SUBJID", "SEX", "AGE"])
def test_phenotypes_without_a_column(tmp_path: Path, refuses: Refuses, column: str) -> None:
    samples = tiny(tmp_path)
    path = write(tmp_path / "phenotypes.txt", PHENOTYPES.replace(column, "X", 1))
    with refuses("phenotypes.txt", column):
        donor_axis(samples, path)


def test_a_quotation_mark_is_a_character_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "attributes.txt"
    path.write_text('SAMPID\tSMPTHNTS\tSMTSD\nS1\t"6 pieces\tLung\nS2\t2 pieces\tLiver\nS3\tends"\tSkin\n')
    assert sample_axis(["S1", "S2", "S3"], path).tissue.tolist() == ["Lung", "Liver", "Skin"]


def test_an_empty_list_of_samples_is_refused(tmp_path: Path, refuses: Refuses) -> None:
    path = tmp_path / "attributes.txt"
    path.write_text("SAMPID\tSMTSD\nS1\tLung\n")
    with refuses("`samples"):
        choose_samples(sample_axis(["S1"], path), [])

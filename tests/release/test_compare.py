"""Arrays compared with published files: where they are found, what differs, by how much and where first."""

import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.fixtures import Refuses, says
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tr300m.release import export
from tr300m.release.compare import COMPARISON_COLUMNS, Difference, PublishedData, compare, comparison_row
from tr300m.release.export import Rebuilt, widen

Pack = Callable[[dict[str, bytes]], Path]
NUMBERS = np.arange(24, dtype=np.float64).reshape(4, 3, 2) / 7
IDS = {
    "gene": np.array(["g0", "g1", "g2", "g3"]),
    "sample": np.array(["s0", "s1", "s2", "s3"]),
    "regulator": np.array(["r0", "r1", "r2"]),
}


def npy(values: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def array_of(values: NDArray[Any]) -> Rebuilt:
    return Rebuilt(values.shape, lambda rows: widen(values[rows]))


def difference(ours: NDArray[Any], published: NDArray[Any]) -> Difference:
    found = compare(array_of(ours), io.BytesIO(npy(published)))
    assert isinstance(found, Difference)
    return found


@pytest.fixture(params=["zip", "folder"])
def pack(request: pytest.FixtureRequest, tmp_path: Path) -> Pack:
    """Return a function that writes files by name to a zip or a folder."""

    def write(files: dict[str, bytes]) -> Path:
        if request.param == "zip":
            with zipfile.ZipFile(tmp_path / "data.zip", "w", zipfile.ZIP_DEFLATED) as out:
                for name, content in files.items():
                    out.writestr(name, content)
            return tmp_path / "data.zip"
        for name, content in files.items():
            path = tmp_path / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return tmp_path / "data"

    return write


# --- the published files ----------------------------------------------------------------------------------------------


def test_files_are_found_at_any_depth_packed_or_not(pack: Pack) -> None:
    content = npy(NUMBERS)
    files = {
        "data/tfTssArr.npy.gz": gzip.compress(content),
        "hmArr.npy": content,
        "data/README.txt": b"words",
        "__MACOSX/data/tfTssArr.npy.gz": b"no array",
        "data/creSeqArr.npy.gz": b"a name like that of creSeqArr_gene",
    }
    published = PublishedData(pack(files))
    assert published.members == {"hmArr": "hmArr.npy", "tfTssArr": "data/tfTssArr.npy.gz"}
    for name in published.members:
        with published.open(name) as stream:
            assert stream.read() == content


def test_an_array_twice_is_refused(pack: Pack, refuses: Refuses) -> None:
    path = pack({"a/hmArr.npy": b"", "b/hmArr.npy.gz": b""})
    with refuses("hmArr", "a/hmArr.npy, b/hmArr.npy.gz"):
        PublishedData(path)


def test_no_published_data(tmp_path: Path, refuses: Refuses) -> None:
    with refuses("nowhere", "released_data"):
        PublishedData(tmp_path / "nowhere")
    (tmp_path / "data.zip").write_bytes(b"PK no zip")
    with refuses("data.zip"):
        PublishedData(tmp_path / "data.zip")


@pytest.mark.parametrize("keep", [3, 30, 150, -1])
def test_a_truncated_file(pack: Pack, refuses: Refuses, keep: int) -> None:
    published = PublishedData(pack({"tfTssArr.npy.gz": gzip.compress(npy(NUMBERS))[:keep]}))
    with refuses("tfTssArr.npy.gz"), published.open("tfTssArr") as stream:
        compare(array_of(NUMBERS), stream)


@pytest.mark.parametrize("content", [npy(NUMBERS)[:-8], npy(NUMBERS)[:-1], npy(NUMBERS) + b"\0"])
def test_an_array_that_is_too_short_or_too_long(pack: Pack, refuses: Refuses, content: bytes) -> None:
    published = PublishedData(pack({"tfTssArr.npy": content}))
    with refuses("tfTssArr.npy"), published.open("tfTssArr") as stream:
        compare(array_of(NUMBERS), stream)


def test_a_flipped_byte_in_a_zip(tmp_path: Path, refuses: Refuses) -> None:
    with zipfile.ZipFile(tmp_path / "data.zip", "w", zipfile.ZIP_STORED) as out:
        out.writestr("tfTssArr.npy", npy(NUMBERS))
    content = bytearray((tmp_path / "data.zip").read_bytes())
    content[200] ^= 1
    (tmp_path / "data.zip").write_bytes(content)
    published = PublishedData(tmp_path / "data.zip")
    with refuses("tfTssArr.npy", "CRC-32"), published.open("tfTssArr") as stream:
        compare(array_of(NUMBERS), stream)


@pytest.mark.parametrize("content", [b"", b"text that is no array", b"\x93NUMPY\x01\x00\x02\x00{}"])
def test_a_file_that_is_no_array(pack: Pack, refuses: Refuses, content: bytes) -> None:
    published = PublishedData(pack({"tfTssArr.npy": content}))
    with refuses("tfTssArr.npy"), published.open("tfTssArr") as stream:
        compare(array_of(NUMBERS), stream)


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_equal_arrays() -> None:
    assert difference(NUMBERS, NUMBERS) == Difference(24, 0, 0, None)


def test_one_number_differs_by_one_ulp() -> None:
    other = NUMBERS.copy()
    other[2, 1, 0] = np.nextafter(other[2, 1, 0], 9)
    assert difference(NUMBERS, other) == Difference(24, 1, 1, ((2, 1, 0), NUMBERS[2, 1, 0], other[2, 1, 0]))


@given(st.floats(-1e300, 1e300), st.integers(0, 40))
def test_ulp_counts_the_steps_to_the_next_number(start: float, steps: int) -> None:
    end = start
    for _ in range(steps):
        end = float(np.nextafter(end, np.inf))
    # On the way from below zero to above it -0 and 0 are two numbers, of which nextafter takes one.
    expected = steps + int(bool(np.signbit(start)) and not np.signbit(end))
    assert difference(np.array([start]), np.array([end])).largest_ulp == expected
    assert difference(np.array([end]), np.array([start])).largest_ulp == expected


def test_largest_distance_of_all_does_not_overflow() -> None:
    found = difference(np.array([-np.finfo(float).max]), np.array([np.finfo(float).max]))
    assert found.largest_ulp == 2 * 0x7FEFFFFFFFFFFFFF + 1


def test_nan_equals_itself_and_zeros_differ_by_sign() -> None:
    assert difference(np.array([np.nan, 0.0]), np.array([np.nan, 0.0])).differing == 0
    assert difference(np.array([0.0]), np.array([-0.0])) == Difference(1, 1, 1, ((0,), 0.0, -0.0))
    assert difference(np.array([1.0]), np.array([np.nan])).differing == 1


@pytest.mark.parametrize("block_bytes", [1, 50, 100, 10_000])
def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch, block_bytes: int) -> None:
    monkeypatch.setattr(export.slices, "__defaults__", (block_bytes,))
    other = NUMBERS.copy()
    other[1, 2, 1] += 1
    other[3, 0, 0] += 2
    found = difference(NUMBERS, other)
    assert (found.elements, found.differing) == (24, 2)
    assert found.first is not None and found.first[0] == (1, 2, 1)


def test_published_numbers_of_other_types_and_shapes() -> None:
    whole = np.arange(6).reshape(2, 3)
    assert difference(whole, whole.astype(np.float32)).differing == 0
    assert difference(whole, whole.astype(">f8")).differing == 0
    ours = array_of(whole)
    assert says(str(compare(ours, io.BytesIO(npy(whole.T)))), "2,3", "3,2")
    fortran = np.asfortranarray(whole.astype(float))
    assert "Fortran" in str(compare(ours, io.BytesIO(npy(fortran))))
    assert "<U1" in str(compare(ours, io.BytesIO(npy(whole.astype("U1")))))


# --- rows of the table ------------------------------------------------------------------------------------------------


def test_a_difference_is_told_with_gene_and_sample() -> None:
    found = Difference(99, 2, 5, ((3, 1), 0.1, 0.25))
    row = comparison_row("expressionArr_gene", found, IDS, "data/expressionArr_gene.npy.gz")
    assert tuple(row) == COMPARISON_COLUMNS
    assert list(row.values()) == [
        "expressionArr_gene", "differs", 99, 2, 5, "3,1", "g3", "s1", "0.1", "0.25", "data/expressionArr_gene.npy.gz",
    ]  # fmt: skip


def test_other_axes() -> None:
    row = comparison_row("tfExpressArr", Difference(9, 1, 1, ((1, 2, 0), 1.0, 2.0)), IDS, "x")
    assert (row["sample_id"], row["gene_id"]) == ("s1", "r2")
    row = comparison_row("hmArr", Difference(9, 1, 1, ((2, 7, 1, 4), 1.0, 2.0)), IDS, "x")
    assert (row["first_index"], row["gene_id"], row["sample_id"]) == ("2,7,1,4", "g2", "")
    row = comparison_row("PSSMCounts", Difference(9, 1, 1, ((2,), 1.0, 2.0)), IDS, "x")
    assert (row["first_index"], row["gene_id"], row["sample_id"]) == ("2", "", "")


def test_equal_and_missing() -> None:
    row = comparison_row("tssArr_gene", Difference(9), IDS, "tssArr_gene.npy")
    assert (row["verdict"], row["elements"], row["differing"], row["first_index"]) == ("equal", 9, 0, "")
    row = comparison_row("tssArr_gene", "missing from the published data", IDS, None)
    assert (row["verdict"], row["elements"], row["published_file"]) == ("missing from the published data", "", "")

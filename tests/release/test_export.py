"""The released files: decimals regained, bytes as published, verdicts, the search for gzip times."""

import gzip
import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.fixtures import Refuses, says
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tr300m.arrays.motifs import core_profiles, kernels
from tr300m.base.array_files import save_array
from tr300m.base.errors import TR300MError
from tr300m.base.files import read_tsv, write_json, write_tsv
from tr300m.release import export
from tr300m.release.export import (
    RECIPES,
    Rebuilt,
    Written,
    exact_decimals,
    npy_chunks,
    rebuild,
    slices,
    widen,
    write_release,
)
from tr300m.release.published import Published, read_published
from tr300m.release.verify import compresses_alike, verification, verify_array

TABLE = Path(__file__).parents[2] / "resources/release_manifest.tsv"
PUBLISHED = read_published(TABLE)


def array_of(values: NDArray[Any]) -> Rebuilt:
    return Rebuilt(values.shape, lambda rows: widen(values[rows]))


def saved(values: NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


# --- the published facts ----------------------------------------------------------------------------------------------


def test_every_published_array_has_a_recipe() -> None:
    assert list(PUBLISHED) == list(RECIPES)
    assert len(PUBLISHED) == 15
    for name, recipe in RECIPES.items():
        assert len(recipe.axes) == len(PUBLISHED[name].shape)


def test_nine_arrays_have_an_npy_checksum_and_a_time() -> None:
    known = [fact for fact in PUBLISHED.values() if fact.npy_sha256]
    assert len(known) == 9
    assert all(fact.gz_time is not None for fact in known)
    assert all(fact.gz_time is None for fact in PUBLISHED.values() if not fact.npy_sha256)
    assert PUBLISHED["hmArr"].shape == (19786, 2823, 3, 7)


@pytest.mark.parametrize(
    ("header", "row", "parts"),
    [
        ("array\tshape\tgz_bytes\tgz_sha256\tgz_time", "a\t1\t2\tx\t3", ("'npy_sha256'",)),
        ("array\tshape\tgz_bytes\tgz_sha256\tgz_time\tnpy_sha256", "a\t1,x\t2\tx\t3\t", ("'x'",)),
        ("array\tshape\tgz_bytes\tgz_sha256\tgz_time\tnpy_sha256", "a\t1\tmany\tx\t3\t", ("'many'",)),
    ],
)
def test_a_bad_table(tmp_path: Path, refuses: Refuses, header: str, row: str, parts: tuple[str, ...]) -> None:
    (tmp_path / "t.tsv").write_text(f"{header}\n{row}\n")
    with refuses("t.tsv", *parts):
        read_published(tmp_path / "t.tsv")


# --- decimals ---------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(st.integers(0, 999_999), st.integers(-17, 22)), min_size=1))
def test_six_digits_come_back_as_the_text_reads(numbers: list[tuple[int, int]]) -> None:
    text = [f"{digits}e{exponent}" for digits, exponent in numbers]
    exact = np.array([float(one) for one in text])
    assert exact_decimals(exact.astype(np.float32)).tobytes() == exact.tobytes()


@given(st.integers(100_000, 999_999), st.integers(1, 9), st.integers(-12, 12))
def test_seven_digits_are_refused(digits: int, last: int, exponent: int) -> None:
    value = float(f"{digits}{last}e{exponent}")
    with pytest.raises(TR300MError):
        exact_decimals(np.array([1.0, value]).astype(np.float32))


@pytest.mark.parametrize("text", ["123456.7", "1234567", "0.1234567", "1e-18", "2e28"])
def test_what_float32_does_not_tell_is_refused(text: str, refuses: Refuses) -> None:
    with refuses("GCT"):
        exact_decimals(np.array([text], dtype=np.float32))


def test_an_array_of_longer_decimals_cannot_pass() -> None:
    # Of eight digits and more a few in a hundred look like six: among a hundred, one does not.
    values = np.random.default_rng(0).uniform(1, 10, 100).round(7)
    refused = 0
    for value in values.tolist():
        try:
            exact_decimals(np.array([value], dtype=np.float32))
        except TR300MError:
            refused += 1
    assert 90 <= refused <= 100


def test_decimals_keep_their_shape_and_zero() -> None:
    found = exact_decimals(np.array([[0, 0.1], [52.78, 127]], dtype=np.float32))
    assert found.tolist() == [[0.0, 0.1], [52.78, 127.0]]
    assert found.dtype == np.float64
    assert exact_decimals(np.zeros((0, 3), dtype=np.float32)).shape == (0, 3)


@given(st.lists(st.floats(width=32, allow_nan=False)))
def test_widening_loses_nothing(values: list[float]) -> None:
    assert widen(np.array(values, dtype=np.float32)).tolist() == values


# --- bytes ------------------------------------------------------------------------------------------------------------


@given(st.integers(0, 40), st.lists(st.integers(1, 4), max_size=3), st.integers(1, 300))
def test_slices_cover_the_first_axis_once(rows: int, rest: list[int], block: int) -> None:
    found = list(slices((rows, *rest), block))
    assert [row for one in found for row in range(rows)[one]] == list(range(rows))
    size = 8 * int(np.prod(rest))
    assert all(one.stop - one.start == 1 or (one.stop - one.start) * size <= block for one in found)


@given(st.integers(0, 9), st.lists(st.integers(1, 4), max_size=3), st.integers(1, 300))
def test_chunks_are_what_numpy_saves(rows: int, rest: list[int], block: int) -> None:
    values = np.arange(rows * int(np.prod(rest)), dtype=np.float64).reshape(rows, *rest) / 3
    assert b"".join(npy_chunks(array_of(values), block)) == saved(values)


def test_written_in_blocks_or_whole_is_the_same_file(tmp_path: Path) -> None:
    values = np.random.default_rng(0).integers(0, 50, (300, 1500)) / 4
    facts = write_release(tmp_path / "X.npy.gz", array_of(values.astype(np.float32)), 1680751936, block_bytes=100_000)
    packed = io.BytesIO()
    with gzip.GzipFile("X.npy.gz", "wb", 9, packed, 1680751936) as handle:
        handle.write(saved(values))
    content = (tmp_path / "X.npy.gz").read_bytes()
    assert content == packed.getvalue()
    assert content[:16] == b"\x1f\x8b\x08\x08" + (1680751936).to_bytes(4, "little") + b"\x02\xffX.npy\0"
    assert facts == Written(
        (300, 1500),
        len(content),
        hashlib.sha256(content).hexdigest(),
        hashlib.sha256(saved(values)).hexdigest(),
    )
    assert [path.name for path in tmp_path.iterdir()] == ["X.npy.gz"]
    write_json(tmp_path / "x.json", facts._asdict())
    assert Written.from_json({**facts._asdict(), "shape": [300, 1500]}) == facts


def test_a_failure_leaves_no_file(tmp_path: Path) -> None:
    array = Rebuilt((2,), lambda rows: exact_decimals(np.array([1.2345678], dtype=np.float32)))
    with pytest.raises(TR300MError):
        write_release(tmp_path / "X.npy.gz", array, 0)
    assert not list(tmp_path.iterdir())


# --- arrays of the dataset --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "stored", "expected"),
    [
        ("POLIIKernels", np.full((2, 4, 1), -1.5), np.full((2, 4, 1), -1.5)),
        ("PSSMKernels", np.full((2, 4, 1), -1.5), np.full((2, 4, 1), -1.5)),
        ("acgtSeqArr_gene", np.full((1, 2, 4), 0.25, np.float16), np.full((1, 2, 4), 0.25)),
        ("cellTypeArr", np.array([[0, 1], [1, 0]], np.uint8), np.array([[[0.0], [1]], [[1], [0]]])),
        ("creSeqArr_gene", np.array([[0, 7]], np.uint16), np.array([[[0.0], [7]]])),
        ("expressionArr_gene", np.array([[0.1, 2]], np.float32), np.array([[0.1, 2]])),
        ("tfExpressArr", np.array([[0.1, 2]], np.float32), np.array([[[0.1], [2]]])),
        ("tfMotifMatchArray", np.array([[0, 1, 0], [0, 1, 1]], np.uint8), np.array([[0.0, 1, 0], [0, 1, 1]])),
        ("tfBiasArray", np.array([[0, 1, 0], [0, 1, 1]], np.uint8), np.array([1.0, 0, 0])),
        ("hmArr", np.arange(42, dtype=np.float32).reshape(1, 2, 21), np.arange(42.0).reshape(1, 2, 3, 7)),
    ],
)
def test_an_array_and_its_released_form(
    tmp_path: Path, name: str, stored: NDArray[Any], expected: NDArray[np.float64]
) -> None:
    path = tmp_path / RECIPES[name].file
    save_array(path, stored)
    array = rebuild(name, path)
    assert array.shape == expected.shape
    assert b"".join(npy_chunks(array)) == saved(expected)


def test_a_table_and_its_released_form(tmp_path: Path) -> None:
    path = tmp_path / "regulators.tsv"
    columns = {"gene_id": ["A", "B"], "gene_name": ["a", "b"], "chromosome": ["chrY", "chr2"], "strand": ["+", "-"]}
    write_tsv(path, {**columns, "tss": [5, 7]})
    assert rebuild("tfTssArr", path).rows(slice(0, 2)).tolist() == [[5.0], [7.0]]
    chromosomes = rebuild("tfChrArr", path).rows(slice(0, 2))
    assert chromosomes.shape == (2, 24, 1)
    assert np.argwhere(chromosomes).tolist() == [[0, 23, 0], [1, 1, 0]]


@pytest.mark.parametrize("content", [None, b"", b"no array"])
def test_no_whole_array(tmp_path: Path, refuses: Refuses, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "core.npy").write_bytes(content)
    with refuses("core.npy"):
        rebuild("POLIIKernels", tmp_path / "core.npy")


# --- verdicts ---------------------------------------------------------------------------------------------------------

FACT = Published((2,), 100, "gz", 5, "npy")
UNKNOWN_TIME = Published((2,), 100, "gz", None, "")


@pytest.mark.parametrize(
    ("found", "fact", "alike", "unlike", "expected"),
    [
        (Written((2,), 100, "gz", "npy"), FACT, True, "", "identical"),
        (Written((2,), 90, "other", "npy"), FACT, False, "", "identical"),
        (Written((2,), 100, "gz", "npy"), FACT, True, "simulated sources", "identical"),
        (Written((2,), 100, "other", "other"), FACT, True, "", "differs"),
        (Written((3,), 100, "other", "other"), FACT, True, "", "differs"),
        (Written((2,), 100, "other", "other"), FACT, True, "simulated sources", "not checked: simulated sources"),
        (Written((2,), 100, "other", "any"), UNKNOWN_TIME, True, "", "same gzip size"),
        (Written((2,), 101, "other", "any"), UNKNOWN_TIME, True, "", "differs"),
        (Written((2,), 100, "gz", "any"), UNKNOWN_TIME, False, "", "identical"),
        (Written((2,), 100, "other", ""), UNKNOWN_TIME, False, "", "not checked"),
        (Written((2,), 100, "other", ""), UNKNOWN_TIME, None, "", "not checked"),
    ],
)
def test_verdict(found: Written, fact: Published, alike: bool | None, unlike: str, expected: str) -> None:
    assert verify_array(found, fact, alike, unlike).verdict.startswith(expected)


def test_how_an_array_was_compared_is_said() -> None:
    assert verify_array(Written((2,), 100, "gz", "npy"), FACT, True, "").compared == "gzip SHA-256"
    assert says(verify_array(Written((2,), 90, "other", "npy"), FACT, False, "").compared, ".npy SHA-256", "zlib")
    assert verify_array(Written((2,), 102, "x", "y"), UNKNOWN_TIME, True, "").compared == "gzip size, by +2 bytes"


def test_zlib_is_judged_by_arrays_that_are_the_released_ones() -> None:
    facts = {"a": FACT, "b": FACT, "c": UNKNOWN_TIME}
    same, other = Written((2,), 100, "gz", "npy"), Written((2,), 99, "other", "npy")
    wrong = Written((2,), 100, "any", "wrong")
    assert compresses_alike({"a": same, "b": wrong, "c": wrong}, facts) is True
    assert compresses_alike({"a": same, "b": other, "c": wrong}, facts) is False
    assert compresses_alike({"a": wrong, "b": wrong, "c": wrong}, facts) is None


def test_where_zlib_packs_otherwise_the_npy_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "COMPRESSION_LEVEL", 1)
    save_array(tmp_path / "core.npy", kernels(core_profiles(), 19))
    found = write_release(tmp_path / "POLIIKernels.npy.gz", rebuild("POLIIKernels", tmp_path / "core.npy"), 1680751936)
    fact = PUBLISHED["POLIIKernels"]
    assert found.gz_sha256 != fact.gz_sha256
    assert compresses_alike({"POLIIKernels": found}, PUBLISHED) is False
    verdict = verify_array(found, fact, False, "")
    assert verdict.verdict == "identical" and says(verdict.compared, ".npy SHA-256")


def test_verification_has_a_row_for_each_array(tmp_path: Path) -> None:
    written = {name: Written(fact.shape, fact.gz_bytes, "other", "other") for name, fact in PUBLISHED.items()}
    save_array(tmp_path / "core.npy", kernels(core_profiles(), 19))
    known = PUBLISHED["POLIIKernels"]
    assert known.gz_time is not None
    array = rebuild("POLIIKernels", tmp_path / "core.npy")
    written["POLIIKernels"] = write_release(tmp_path / "POLIIKernels.npy.gz", array, known.gz_time)
    table = verification(written, PUBLISHED, dict.fromkeys(PUBLISHED, "simulated sources"))
    write_tsv(tmp_path / "v.tsv", table)
    read = read_tsv(tmp_path / "v.tsv")
    assert read["array"].tolist() == list(PUBLISHED)
    # Needs no upstream file, so that every configuration can show one released file.
    assert read["verdict"].tolist() == ["identical", *["not checked: simulated sources"] * 14]
    assert read["shape"].tolist() == read["published_shape"].tolist()
    assert says(read["gz_time"][2], "unknown", "0")

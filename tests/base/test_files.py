"""Files: atomic writes, text and gzip, tables, checksums."""

import gzip
import hashlib
import os
import signal
import socket
import time
from pathlib import Path

import numpy as np
import pytest
from helpers.child import start_child
from helpers.fixtures import MakeGenes, Refuses
from hypothesis import given, settings
from hypothesis import strategies as st
from tr300m.base.array_files import ArrayWriter, save_array
from tr300m.base.axes import Donors, Genes, Motifs, Tracks
from tr300m.base.errors import TR300MError
from tr300m.base.files import (
    atomic_path,
    clean,
    open_binary,
    open_text,
    read_json,
    read_lines,
    read_tsv,
    sha256,
    write_json,
    write_tsv,
)
from tr300m.base.temporary_files import ABANDONED

# What a cell may hold: no tab, no line end, no control character, no blanks at its ends.
CELL = st.text(alphabet=st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=6).map(clean)


def names(folder: Path) -> list[str]:
    """Return the names in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_error_shows_its_hint() -> None:
    assert str(TR300MError("wrong")) == "wrong"
    assert str(TR300MError("wrong", "do this")) == "wrong\nHint: do this"


def test_atomic_path_appears_only_when_done(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    with atomic_path(target) as temporary:
        temporary.write_text("new")
        assert temporary.parent == target.parent
        assert not target.exists()
    assert target.read_text() == "new"
    assert names(tmp_path) == ["a.txt"]


def test_atomic_path_keeps_the_old_file_on_failure(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    target.write_text("old")

    def fail_half_way() -> None:
        with atomic_path(target) as temporary:
            temporary.write_text("half")
            raise KeyError

    with pytest.raises(KeyError):
        fail_half_way()
    assert target.read_text() == "old"
    assert names(tmp_path) == ["a.txt"]


def write_half(path: str) -> None:
    with atomic_path(path) as temporary:
        temporary.write_text("half")
        print("written", flush=True)
        time.sleep(600)


def test_what_a_killed_process_left_goes_with_the_next_attempt(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    first, second = (start_child(write_half, target) for _ in range(2))
    try:
        for process in (first, second):
            assert process.stdout is not None
            assert process.stdout.readline() == "written\n"
        assert len(names(tmp_path)) == 2
        first.send_signal(signal.SIGKILL)
        first.wait()
        with atomic_path(target) as temporary:
            temporary.write_text("whole")
        # The other one is still at work.
        (left,) = set(names(tmp_path)) - {"a.txt"}
        assert f"-{second.pid}." in left
    finally:
        for process in (first, second):
            process.kill()
            process.communicate()
    with atomic_path(target) as temporary:
        temporary.write_text("whole")
    assert names(tmp_path) == ["a.txt"]


def test_temporary_files_of_other_machines_go_when_they_are_old(tmp_path: Path) -> None:
    old, new, other = (tmp_path / f".tr300m-{host}-1.{name}" for host, name in (("a", "x"), ("b", "x"), ("a", "y")))
    for path in (old, new, other, tmp_path / ".1.x"):
        path.touch()
    for path in (old, other):
        os.utime(path, (0, time.time() - ABANDONED - 60))
    assert socket.gethostname() not in ("a", "b")
    with atomic_path(tmp_path / "x") as temporary:
        temporary.touch()
    assert names(tmp_path) == sorted([".1.x", new.name, other.name, "x"])


def test_atomic_path_survives_a_failure_before_writing(tmp_path: Path) -> None:
    with pytest.raises(KeyError), atomic_path(tmp_path / "a.txt"):
        raise KeyError
    assert names(tmp_path) == []


@settings(deadline=None, max_examples=30)
@given(lines=st.lists(CELL, max_size=8), packed=st.booleans(), end=st.sampled_from(["", "\n"]))
def test_lines_read_back(tmp_path_factory: pytest.TempPathFactory, lines: list[str], packed: bool, end: str) -> None:
    if not lines or not lines[-1]:
        lines = [*lines, "last"]
    path = tmp_path_factory.mktemp("lines") / "a.txt"
    content = ("\n".join(lines) + end).encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    assert list(read_lines(path)) == lines


def test_windows_line_ends_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"a\tb\r\nc\td\r\n")
    assert list(read_lines(path)) == ["a\tb", "c\td"]


def test_gzip_of_several_members(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"one\n") + gzip.compress(b"two\n"))
    assert list(read_lines(path)) == ["one", "two"]


def test_open_text_and_binary_tell_gzip_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "plain.gz").write_bytes(b"plain\n")
    (tmp_path / "packed.txt").write_bytes(gzip.compress(b"packed\n"))
    with open_text(tmp_path / "plain.gz") as handle:
        assert handle.read() == "plain\n"
    with open_binary(tmp_path / "packed.txt") as binary:
        assert binary.read() == b"packed\n"


@pytest.mark.parametrize("cut", [5, 12, 30])
def test_truncated_gzip(tmp_path: Path, refuses: Refuses, cut: int) -> None:
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"".join(b"line %d\n" % n for n in range(1000)))[:-cut])
    with refuses("a.txt.gz"):
        list(read_lines(path))


def test_corrupt_gzip(tmp_path: Path, refuses: Refuses) -> None:
    packed = bytearray(gzip.compress(bytes(range(256)) * 40, mtime=0))
    packed[20:40] = b"\xff" * 20
    path = tmp_path / "a.txt.gz"
    path.write_bytes(packed)
    with refuses("a.txt.gz"):
        list(read_lines(path))


def test_bytes_that_are_no_text(tmp_path: Path, refuses: Refuses) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"good\n\xff\xfe\n")
    with refuses("a.txt"):
        list(read_lines(path))


def test_missing_files(tmp_path: Path, refuses: Refuses) -> None:
    path = tmp_path / "none"
    with refuses("none"):
        list(read_lines(path))
    with refuses("none"):
        open_binary(path)
    with refuses("none"):
        open_text(path)
    with refuses("none"):
        read_tsv(path)


def test_missing_json(tmp_path: Path, refuses: Refuses) -> None:
    with refuses("none.json"):
        read_json(tmp_path / "none.json")


def test_broken_json(tmp_path: Path, refuses: Refuses) -> None:
    path = tmp_path / "a.json"
    path.write_text('{"half": ')
    with refuses("a.json"):
        read_json(path)


@settings(deadline=None, max_examples=40)
@given(st.integers(2, 4).flatmap(lambda width: st.lists(st.lists(CELL, min_size=width, max_size=width), max_size=5)))
def test_tables_read_back(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    path = tmp_path_factory.mktemp("tsv") / "a.tsv"
    rows = [row for row in rows if not row[0].startswith("#")]
    width = len(rows[0]) if rows else 2
    columns = {f"column {number}": [row[number] for row in rows] for number in range(width)}
    write_tsv(path, columns)
    found = read_tsv(path)
    assert list(found) == list(columns)
    assert {name: column.tolist() for name, column in found.items()} == columns


def test_table_with_comments_before_the_header(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("# a comment\n# another\na\tb\n1\t#2\n")
    assert {name: column.tolist() for name, column in read_tsv(path).items()} == {"a": ["1"], "b": ["#2"]}


def test_row_that_starts_with_a_hash_is_no_comment(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    write_tsv(path, {"a": ["x", "#y"], "b": ["1", "2"]})
    assert read_tsv(path)["a"].tolist() == ["x", "#y"]


@pytest.mark.parametrize(
    ("text", "parts"),
    [("", []), ("# only a comment\n", []), ("a\tb\n1\t2\n1\n", ["3"]), ("#c\na\tb\n1\t2\t3\n", ["3"])],
)
def test_bad_table(tmp_path: Path, refuses: Refuses, text: str, parts: list[str]) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(text)
    with refuses("a.tsv", *parts):
        read_tsv(path)


def test_failed_writes_leave_nothing(tmp_path: Path) -> None:
    with pytest.raises((ValueError, TR300MError)):
        write_tsv(tmp_path / "a.tsv", {"a": [1, 2], "b": [1]})
    with pytest.raises((TypeError, TR300MError)):
        write_json(tmp_path / "a.json", {"a": object()})
    assert names(tmp_path) == []


def test_json_and_arrays_read_back(tmp_path: Path) -> None:
    value = {"a": [1, 2.5, None, "text"], "b": {"c": True}}
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json") == value
    array = np.arange(12, dtype=np.float16).reshape(3, 4)
    save_array(tmp_path / "a.npy", array)
    found = np.load(tmp_path / "a.npy")
    assert found.dtype == np.float16
    assert np.array_equal(found, array)
    assert names(tmp_path) == ["a.json", "a.npy"]


def test_sha256_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    content = bytes(range(256)) * 5000  # longer than one block
    path.write_bytes(content)
    assert sha256(path) == hashlib.sha256(content).hexdigest()


def test_axis_tables_read_back(tmp_path: Path, make_genes: MakeGenes) -> None:
    genes = make_genes([("chr1", "+", 5000), ("chrX", "-", 10)], merged=["ENSG9.1;ENSG8.1", ""])
    genes.write(tmp_path / "genes.tsv")
    found = Genes.read(tmp_path / "genes.tsv")
    for name, column in genes.columns().items():
        assert found.columns()[name].tolist() == column.tolist()
        assert found.columns()[name].dtype.kind == column.dtype.kind
    assert len(found) == 2
    motifs = Motifs(np.array(["MA1.1", ""]), np.array(["A", ""]), np.array([4, 0]), np.array([10.5, 0.0]))
    motifs.write(tmp_path / "motifs.tsv")
    again = Motifs.read(tmp_path / "motifs.tsv")
    assert again.counts.tolist() == [10.5, 0.0]
    assert again.length.dtype == np.int64


def test_axis_tables_take_rows(make_genes: MakeGenes) -> None:
    genes = make_genes([("chr1", "+", 5000), ("chrX", "-", 10), ("chr2", "-", 7)])
    assert genes.take(np.array([2, 0])).tss.tolist() == [7, 5000]
    assert genes.take(np.array([False, True, False])).tss.tolist() == [10]
    frame = genes.to_pandas()
    assert list(frame.columns) == list(genes.columns())
    assert frame["tss"].tolist() == [5000, 10, 7]


def test_axis_table_of_other_columns(tmp_path: Path, refuses: Refuses) -> None:
    Tracks(np.array(["H3K4me1"]), np.array(["K562"])).write(tmp_path / "tracks.tsv")
    with refuses("tracks.tsv"):
        Donors.read(tmp_path / "tracks.tsv")


def test_axis_table_with_text_for_a_number(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes) -> None:
    path = tmp_path / "genes.tsv"
    make_genes([("chr1", "+", 5000)]).write(path)
    path.write_text(path.read_text().replace("\t5000\t", "\tfive\t"))
    with refuses("genes.tsv", "tss"):
        Genes.read(path)


def test_array_written_by_rows_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    with ArrayWriter(path, (5, 2), np.float32) as out:
        out[3] = [7, 8]
        out[0:2] = np.array([[1, 2], [3, 4]])
        assert not path.exists()
    array = np.load(path)
    assert array.dtype == np.float32
    assert array.tolist() == [[1, 2], [3, 4], [0, 0], [7, 8], [0, 0]]


@settings(deadline=None, max_examples=30)
@given(st.data())
def test_array_writer_fills_like_an_array(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    rows = data.draw(st.integers(1, 6))
    expected = np.zeros((rows, 2, 3), dtype=np.float16)
    path = tmp_path_factory.mktemp("rows") / "a.npy"
    with ArrayWriter(path, expected.shape, expected.dtype) as out:
        for _ in range(data.draw(st.integers(0, 5))):
            first = data.draw(st.integers(0, rows - 1))
            last = data.draw(st.integers(first + 1, rows))
            block = np.random.default_rng(first).random((last - first, 2, 3))
            out[first:last] = block
            expected[first:last] = block
    np.save(tmp_path_factory.getbasetemp() / "b.npy", expected)
    assert path.read_bytes() == (tmp_path_factory.getbasetemp() / "b.npy").read_bytes()


def test_array_writer_leaves_nothing_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(IndexError), ArrayWriter(tmp_path / "a.npy", (2, 2), np.float32) as out:
        out[2] = [1, 2]
    assert not list(tmp_path.iterdir())


def test_array_writer_refuses_rows_of_another_width(tmp_path: Path) -> None:
    with pytest.raises(ValueError), ArrayWriter(tmp_path / "a.npy", (2, 2), np.float32) as out:
        out[0] = [1, 2, 3]


def test_an_array_has_the_same_bytes_in_any_order_of_memory(tmp_path: Path) -> None:
    array = np.arange(6).reshape(2, 3)
    for name, ordered in (("c", array), ("f", np.asfortranarray(array)), ("columns", array[:, [True, True, True]])):
        save_array(tmp_path / f"{name}.npy", ordered)
    contents = {(tmp_path / f"{name}.npy").read_bytes() for name in ("c", "f", "columns")}
    assert len(contents) == 1

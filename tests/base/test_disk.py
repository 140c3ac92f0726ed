"""A full or read-only disk: each writer names the file, says what to do, and leaves what was there."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from click.testing import CliRunner
from helpers.child import start_child
from helpers.fixtures import Refuses, says
from helpers.small_disk import FULL, READ_ONLY
from helpers.toy_dataset import Sizes, toy_dataset
from tr300m.arrays.write_bigwig import write_bigwig
from tr300m.base.array_files import ArrayWriter, save_array, save_arrays
from tr300m.base.disk import NO_ROOM, DiskError, check_writable, disk_errors, is_full
from tr300m.base.files import atomic_path, write_json, write_tsv
from tr300m.base.job import job
from tr300m.cli import main
from tr300m.dataset.dataset import Dataset
from tr300m.export.tables import atomic_folder
from tr300m.features.scan_cache import write_scan_table
from tr300m.training.checkpoints import Checkpoints
from tr300m.use.vcf import _writer

SIZE = 1 << 17
"""Bytes that a writer wants; the full disk has 4 KB."""
NOISE = np.random.default_rng(0).random(SIZE // 8)
Report = dict[str, tuple[str, str]]


def fill_rows(path: Path) -> None:
    """Fail before the first row."""
    with ArrayWriter(path, (SIZE // 8,), np.float64) as out:
        print("reached a row", file=sys.stderr)
        out[:] = NOISE


def write_bases(path: Path) -> None:
    write_bigwig(path, {"chr1": SIZE}, "chr1", np.arange(1, SIZE), np.resize(NOISE, SIZE - 1))


def write_packed(path: Path) -> None:
    with atomic_path(path) as temporary, _writer(temporary) as write:
        write("".join(map(str, NOISE)))


def write_in_folder(path: Path) -> None:
    with atomic_folder(path) as folder:
        np.savez(folder / "a", NOISE)


WRITERS: dict[str, Callable[[Path], object]] = {
    "array.npy": lambda path: save_array(path, NOISE),
    "arrays.npz": lambda path: save_arrays(path, {"a": NOISE}),
    "rows.npy": fill_rows,
    "table.tsv": lambda path: write_tsv(path, {"a": NOISE.tolist()}),
    "record.json": lambda path: write_json(path, NOISE.tolist()),
    "bases.bw": write_bases,
    "packed.vcf.gz": write_packed,
    "folder": write_in_folder,
    "kept": lambda path: Checkpoints(path.parent, path.name).save(2, {"a": NOISE}, {}),
}


def try_writers(place: str, prepare: str) -> None:
    """Print what each writer says on the disk of a folder, and which files are there afterwards."""
    folder, report = Path(place), {}
    if prepare == "fill":
        Checkpoints(folder, "kept").save(1, {"a": NOISE[:8]}, {})
        (folder / "old.npy").write_text("what was there before")
        free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
        (folder / "filler").write_bytes(b"x" * (free - 4096))
    for name, write in WRITERS.items():
        try:
            write(folder / name)
            report[name] = ("", "")
        except Exception as error:
            report[name] = (type(error).__name__, str(error).replace(place, ""))
    try:
        save_array(folder / "old.npy", NOISE)
    except DiskError:
        report["old.npy"] = ("", (folder / "old.npy").read_text())
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    print(json.dumps({"report": report, "files": files}))


def reports(how: str, folder: Path, prepare: str) -> tuple[Report, list[str], str]:
    """Return what the writers said, the files afterwards, and stderr."""
    with start_child(try_writers, folder, prepare, under=(how, folder)) as child:
        out, errors = child.communicate()
    assert child.returncode == 0, errors
    found = json.loads(out)
    return {name: tuple(said) for name, said in found["report"].items()}, found["files"], errors


def test_a_full_disk_is_told_by_every_writer_and_loses_nothing(tmp_path: Path) -> None:
    report, files, errors = reports(FULL, tmp_path, "fill")
    assert report.pop("old.npy") == ("", "what was there before")
    for name, (kind, message) in report.items():
        assert kind == "DiskError", (name, kind, message)
        first, _, hint = message.partition("\n")
        assert says(first, f"/{name}") and hint.startswith("Hint: "), message
    # Before the first row, and so before any work.
    assert "reached a row" not in errors
    (checkpoint,) = (name for name in files if name.startswith("kept/"))
    assert checkpoint.startswith("kept/step_000000000001-")
    assert [name for name in files if name != checkpoint] == ["filler", "old.npy"]


def test_a_read_only_disk_is_told_by_every_writer(tmp_path: Path) -> None:
    (tmp_path / "old.npy").write_text("what was there before")
    report, files, errors = reports(READ_ONLY, tmp_path, "")
    assert report.pop("old.npy") == ("", "what was there before")
    for name, (kind, message) in report.items():
        assert kind == "DiskError", (name, kind, message)
        assert f"/{name}" in message or "read-only" in message, (name, message)
        assert "\nHint: " in message
    assert "reached a row" not in errors
    assert files == ["old.npy"]


def scan_toy(place: str) -> None:
    """Write a cached scan of 360 KB."""
    folder, dataset = Path(place), toy_dataset(Sizes(genes=200))
    try:
        write_scan_table(dataset, folder / "scan", ((100, 1),))
    except DiskError as error:
        print(json.dumps([str(error), sorted(path.name for path in (folder / "scan").iterdir())]))


def test_the_cached_scan_reserves_its_place(tmp_path: Path) -> None:
    """Without that a write through the memory map would end the process by SIGBUS."""
    with start_child(scan_toy, tmp_path, under=(FULL, tmp_path)) as child:
        out, errors = child.communicate()
    assert child.returncode == 0, errors
    message, files = json.loads(out)
    assert says(message, f"{tmp_path}/scan/pooled.part", "Hint: ")
    assert files == []


def in_job(place: str) -> None:
    """Fail in a job whose log is on a full disk."""
    folder = Path(place)
    (folder / "filler").write_bytes(b"x" * (1 << 18))
    with job(str(folder / "logs" / "a.log")):
        print("a line of progress", file=sys.stderr)
        save_array(folder / "a.npy", NOISE)


@pytest.mark.parametrize("how", [FULL, READ_ONLY])
def test_a_job_prints_the_error_where_its_log_cannot_hold_it(how: str, tmp_path: Path) -> None:
    with start_child(in_job if how == FULL else begin_job, tmp_path, under=(how, tmp_path)) as child:
        _, errors = child.communicate()
    assert child.returncode == 1
    assert "Traceback" not in errors
    assert says(errors, "Error: ", "Hint: ", str(tmp_path))


def begin_job(place: str) -> None:
    with job(f"{place}/logs/a.log"):
        raise AssertionError


def test_a_job_without_memory_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), job(str(tmp_path / "a.log")):
        np.zeros((1 << 40, 1 << 10))
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert says(said, "Error: ", "8.00", "PiB", "Hint: ", "--cores")
    assert says((tmp_path / "a.log").read_text(), "Error: ")


@pytest.mark.parametrize(
    ("error", "parts"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/tmp/x"), ("/tmp/x", "free")),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), ("cannot write", "free")),
        (PermissionError(errno.EACCES, "Permission denied", "/other/x"), ("/other/x", "Permission denied")),
    ],
)
def test_errors_of_libraries_are_told_by_jobs_and_commands(
    error: OSError, parts: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit), job(str(tmp_path / "a.log")):
        raise error
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Dataset, "open", Mock(side_effect=error))
        called = CliRunner().invoke(main, ["describe", str(tmp_path)])
    assert called.exit_code == 1
    for said in (capsys.readouterr().err, called.output):
        assert says(said, "Error: ", "Hint: ", *parts)
        assert "Traceback" not in said


def test_other_errors_of_libraries_keep_their_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit), job(str(tmp_path / "a.log")):
        raise OSError(errno.EIO, "Input/output error")
    assert "Traceback" in capsys.readouterr().err


def test_a_place_that_another_file_takes(tmp_path: Path, refuses: Refuses) -> None:
    (tmp_path / "taken").write_text("a file")
    (tmp_path / "folder").mkdir()
    with refuses("/taken/a.json", "/taken"):
        write_json(tmp_path / "taken" / "a.json", 1)
    with refuses("/folder"):
        write_json(tmp_path / "folder", 1)
    with refuses("/taken/a", "/taken"):
        check_writable(tmp_path / "taken" / "a")


def test_errors_of_reading_pass(tmp_path: Path) -> None:
    """A file without the right to read it is not the fault of the file that is written."""
    with pytest.raises(PermissionError), disk_errors(tmp_path / "out.tsv"):
        raise PermissionError(13, "Permission denied", str(tmp_path / "input.tsv"))
    with pytest.raises(OSError, match="no number"), disk_errors(tmp_path / "out.tsv"):
        raise OSError("no number, and there is room")
    assert not is_full(OSError("x"), tmp_path / "not" / "yet")
    assert NO_ROOM < SIZE


def test_the_bytes_of_arrays_are_those_of_numpy(tmp_path: Path) -> None:
    """They are written by another call, which knows why it failed."""
    columns = np.asfortranarray(NOISE.reshape(8, -1))
    arrays = [NOISE, columns, np.zeros((0, 3), np.float32), np.array(3), np.array(["a", "bc"])]
    for number, array in enumerate(arrays):
        save_array(tmp_path / f"{number}.npy", array)
        np.save(tmp_path / "numpy.npy", np.asarray(array, order="C"))
        assert (tmp_path / f"{number}.npy").read_bytes() == (tmp_path / "numpy.npy").read_bytes()


def test_another_users_leftover_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a shared folder with the sticky bit nobody may delete the temporary file that another's killed job left."""
    ended = subprocess.Popen(["true"])
    ended.wait()
    left = tmp_path / f".tr300m-{os.uname().nodename}-{ended.pid}.a.json"
    left.write_text("half")

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path == left:
            raise PermissionError(1, "Operation not permitted", str(path))

    monkeypatch.setattr(Path, "unlink", refuse)
    write_json(tmp_path / "a.json", 1)
    assert (tmp_path / "a.json").read_text() == "1\n"
    assert left.exists()

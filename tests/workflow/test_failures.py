"""What a user meets on a bad disk, in another's folder, or beside another Snakemake: a message, and nothing is lost."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers import killed_run
from helpers.fixtures import says
from helpers.killed_run import RESULTS
from helpers.small_disk import FULL, READ_ONLY, as_another_user, mounted

pytestmark = [pytest.mark.workflow, pytest.mark.slow]
TARGET = str(RESULTS / "annotation/gene_lines.tsv")
ANNOTATION = RESULTS / "sources/gencode.v26.annotation.gtf.gz"
# A file is seen by others only so many seconds after the process that wrote it has gone on, as on NFS.
LATE = """
import os, pathlib, subprocess
seconds = os.environ.get("LATE_SECONDS")
def late(path, target):
    hidden = f"{target}.late"
    os.replace(path, hidden)
    command = ["sh", "-c", 'sleep "$1"; mv "$2" "$3"', "sh", seconds, hidden, str(target)]
    subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    return pathlib.Path(target)
if seconds:
    pathlib.Path.replace = late
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return killed_run.prepare(tmp_path / "checkout")


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Give the content of the target as it should be."""
    folder = killed_run.prepare(tmp_path_factory.mktemp("expected"))
    call(folder)
    return (folder / TARGET).read_bytes()


def call(folder: Path, *arguments: str, under: tuple[str, Path] | None = None, fails: bool = False, **env: str) -> str:
    """Make the target, and return what Snakemake prints."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "tiny.yaml", *arguments, "--", TARGET]
    command = mounted(*under, command) if under else command
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, timeout=600, check=False, env=os.environ | env
    )
    output = done.stdout + done.stderr
    assert bool(done.returncode) == fails, output
    return output


def test_a_full_disk(folder: Path, expected: bytes) -> None:
    """Of the results; that of the working folder is Snakemake's."""
    results = folder / "results"
    results.mkdir()
    fill = f'head -c 250k /dev/zero > "{results}/filler"; exec "$@"'
    output = call(folder, under=(FULL.replace('exec "$@"', fill), results), fails=True)
    assert says(output, "Error: cannot write", str(ANNOTATION), "Hint: ")
    assert "Traceback" not in output
    call(folder)
    assert (folder / TARGET).read_bytes() == expected


def test_a_read_only_results_folder(folder: Path, expected: bytes) -> None:
    results = folder / RESULTS
    call(folder, "--until", "simulate_annotation")
    written = (folder / ANNOTATION).read_bytes()
    output = call(folder, under=(READ_ONLY, results), fails=True)
    assert says(output, str(RESULTS), "Hint: ")
    # Before the first job.
    assert "localrule gene_lines" not in output and "Traceback" not in output
    assert (folder / ANNOTATION).read_bytes() == written
    call(folder)
    assert (folder / TARGET).read_bytes() == expected


def test_a_read_only_working_folder(folder: Path) -> None:
    output = call(folder, under=(READ_ONLY, folder), fails=True)
    assert says(output, "cannot write in .snakemake", str(folder), "Hint: ")
    assert "Traceback" not in output


def test_the_folder_of_another_user(folder: Path, expected: bytes) -> None:
    """Made under a umask that keeps it from the group; in parts of the results, or for all of Snakemake's own."""
    call(folder, "--until", "simulate_annotation")
    with as_another_user(folder / RESULTS / "sources") as under:
        output = call(folder, under=under, fails=True)
        assert says(output, str(RESULTS / "sources"), "Hint: ")
        assert "localrule gene_lines" not in output and "Traceback" not in output
    with as_another_user(folder / ".snakemake/metadata") as under:
        output = call(folder, under=under, fails=True)
        assert says(output, ".snakemake/metadata", "Hint: ")
        assert "Traceback" not in output
    # Readable by its owner alone.
    (folder / ANNOTATION).chmod(0o600)
    with as_another_user(folder / ANNOTATION) as under:
        output = call(folder, under=under, fails=True)
        assert says(output, "Error: cannot read", str(ANNOTATION), "Hint: ")
    call(folder)
    assert (folder / TARGET).read_bytes() == expected


def test_the_umask_is_that_of_the_user(folder: Path) -> None:
    """With this one a group can go on with what another of its users made."""
    before = os.umask(0o002)
    try:
        call(folder)
    finally:
        os.umask(before)
    for path in (folder / RESULTS).rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o775 if path.is_dir() else 0o664), path


def test_files_that_others_see_late(folder: Path, expected: bytes) -> None:
    (folder / "sitecustomize.py").write_text(LATE)
    late = {"PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}
    output = call(folder, "--latency-wait", "0", fails=True, LATE_SECONDS="8", **late)
    assert says(output, "MissingOutputException", str(ANNOTATION), "--latency-wait")
    hidden = folder / f"{ANNOTATION}.late"
    end = time.monotonic() + 60
    while hidden.exists() and time.monotonic() < end:
        time.sleep(0.1)
    # What came too late is whole, because it was renamed.
    call(folder, "--latency-wait", "60", LATE_SECONDS="2", **late)
    assert (folder / TARGET).read_bytes() == expected


def test_two_at_a_time_in_one_folder(folder: Path, expected: bytes) -> None:
    first = killed_run.start(folder)
    while first.poll() is None and not (folder / RESULTS / "logs").is_dir():
        time.sleep(0.01)
    output = call(folder, fails=True)
    killed_run.kill(first)
    assert says(output, "LockException", str(folder), "--unlock")
    killed_run.unlock(folder)
    call(folder)
    assert (folder / TARGET).read_bytes() == expected

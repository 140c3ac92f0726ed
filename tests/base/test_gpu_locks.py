"""Each job has its own GPU: eight at a time, one that is killed, several GPUs for one job, and who chose before."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from helpers.child import start_child
from tr300m.base.gpu_locks import VISIBLE, take_gpus

Start = Callable[..., "subprocess.Popen[str]"]


def hold(locks: str, count: str, nodes: str) -> None:
    """Take GPUs, say which, and keep them until this process is killed."""
    take_gpus(int(count), Path(locks), Path(nodes))
    print(os.environ.get(VISIBLE), flush=True)
    signal.pause()


def nodes_of(folder: Path, count: int) -> Path:
    """Return a folder with the device files of so many GPUs, and others beside them."""
    folder.mkdir(exist_ok=True)
    for name in (*(f"nvidia{number}" for number in range(count)), "nvidiactl", "nvidia-uvm", "null"):
        (folder / name).touch()
    return folder


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Return a function that starts a job on a machine with so many GPUs; at the end all are killed."""
    monkeypatch.delenv(VISIBLE, raising=False)
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    with ExitStack() as jobs:

        def one(count: int = 1, machine: int = 8, **environment: str) -> "subprocess.Popen[str]":
            nodes = nodes_of(tmp_path / f"dev{machine}", machine)
            job = jobs.enter_context(start_child(hold, tmp_path / "locks", count, nodes, **environment))
            jobs.callback(job.kill)
            return job

        yield one


def gpus(job: "subprocess.Popen[str]") -> list[str]:
    """Wait until a job has its GPUs, and return them."""
    assert job.stdout is not None
    return job.stdout.readline().strip().split(",")


def has_none_yet(job: "subprocess.Popen[str]") -> bool:
    """Return whether a job says that it waits."""
    assert job.stderr is not None
    return "Waiting" in job.stderr.readline()


def test_eight_jobs_at_a_time_have_eight_gpus(start: Start) -> None:
    found = [gpus(job) for job in [start() for _ in range(8)]]
    assert sorted(found) == [[str(number)] for number in range(8)]


def test_a_ninth_job_gets_the_gpu_of_one_that_was_killed(start: Start) -> None:
    jobs = [start() for _ in range(8)]
    held = {job.pid: gpus(job) for job in jobs}
    ninth = start()
    assert has_none_yet(ninth)
    os.kill(jobs[5].pid, signal.SIGKILL)
    assert gpus(ninth) == held[jobs[5].pid]


def test_jobs_that_want_several_gpus_wait_for_all_of_them(start: Start) -> None:
    """Two of three GPUs each: the second job waits, and one that wants a single GPU comes after it."""
    first = start(2, machine=3)
    assert gpus(first) == ["0", "1"]
    second = start(2, machine=3)
    assert has_none_yet(second)
    third = start(1, machine=3)
    assert has_none_yet(third)
    first.kill()
    assert len(set(gpus(second))) == 2
    assert len(gpus(third)) == 1


@pytest.mark.parametrize("given", ["3", "GPU-5fe2", "", "-1"])
def test_what_a_scheduler_gave_to_one_job_is_kept(start: Start, given: str) -> None:
    """Two jobs of one machine, each of which its scheduler lets see a GPU of that name."""
    assert [gpus(start(**{VISIBLE: given})) for _ in range(2)] == [[given]] * 2


def test_of_the_gpus_that_the_user_names_each_job_takes_one(start: Start) -> None:
    assert sorted(gpus(start(**{VISIBLE: "2, 5"}))[0] for _ in range(2)) == ["2", "5"]


def test_allocations_of_slurm_count_their_gpus_apart(start: Start) -> None:
    given = {VISIBLE: "0,1", "SLURM_JOB_ID": "17"}
    assert gpus(start(**given)) == gpus(start(**given | {"SLURM_JOB_ID": "18"})) == ["0"]


def test_jobs_of_one_allocation_take_turns_on_its_gpu(start: Start) -> None:
    given = {VISIBLE: "0", "SLURM_JOB_ID": "17"}
    first = start(**given)
    assert gpus(first) == ["0"]
    second = start(**given)
    assert has_none_yet(second)
    first.kill()
    assert gpus(second) == ["0"]


@pytest.mark.parametrize("hidden", ["", "-1", "NoDevFiles"])
def test_an_allocation_without_gpus_has_none_to_wait_for(start: Start, hidden: str) -> None:
    given = {VISIBLE: hidden, "SLURM_JOB_ID": "17"}
    assert [gpus(start(**given)) for _ in range(2)] == [[hidden]] * 2


@pytest.mark.parametrize(("count", "machine"), [(0, 8), (1, 0), (4, 2)])
def test_nothing_is_set_without_gpus_or_with_too_few(start: Start, count: int, machine: int) -> None:
    assert gpus(start(count, machine)) == ["None"]


def test_another_user_can_lock_whatever_the_umask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VISIBLE, raising=False)
    monkeypatch.delenv("CUDA_DEVICE_ORDER", raising=False)
    before = os.umask(0o077)
    try:
        take_gpus(1, tmp_path / "locks", nodes_of(tmp_path / "dev", 2))
    finally:
        os.umask(before)
    monkeypatch.undo()
    folders = [tmp_path / "locks", tmp_path / "locks/all"]
    assert [folder.stat().st_mode & 0o777 for folder in folders] == [0o777] * 2
    assert {path.stat().st_mode & 0o444 for path in folders[1].iterdir()} == {0o444}

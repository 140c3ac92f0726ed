"""The SLURM that tests start: it says what it lacks, and ends with all its processes and files."""

import os
import shutil
import time
from pathlib import Path

import pytest
from helpers.slurm_cluster import INSTALL, SlurmCluster, missing, slurm_cluster


def processes(cluster: SlurmCluster) -> list[str]:
    """Return the processes in the namespace of a cluster."""
    own = os.readlink(f"/proc/{cluster.anchor}/ns/pid")
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(path / "ns/pid") == own:
                found.append(path.name)
        except OSError:
            continue
    return found


def test_what_is_missing_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert "root" in str(missing())
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "slurmd" else name)
    assert "slurmd" in str(missing()) and INSTALL in str(missing())


def test_nothing_of_a_cluster_is_left_after_an_error() -> None:
    if reason := missing():
        pytest.skip(reason)
    started: list[str] = []
    folders: list[Path] = []

    def fail() -> None:
        with slurm_cluster(cpus=2, memory=1000) as cluster:
            folders.append(cluster.folder)
            cluster.run("sbatch", "--gpus=1", "--mem=100", "--time=3", "--wrap=sleep 100")
            end = time.monotonic() + 60
            # bash, munged, slurmctld, slurmd, slurmstepd, the job and its sleep, which starts a little later, and the
            # nsenter of each daemon.
            while len(processes(cluster)) < 7:
                assert time.monotonic() < end, cluster.logs()
            started.extend(processes(cluster))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert len(started) >= 7
    assert not [number for number in started if Path("/proc", number).exists()]
    assert not folders[0].exists()

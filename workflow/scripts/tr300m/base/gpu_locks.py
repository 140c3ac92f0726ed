"""GPUs of one machine, shared among jobs: each job takes its own before Keras or its backend is imported.

Snakemake counts GPUs and does not say which one a job may use, and TensorFlow and JAX take the memory of every GPU that
they see. A job therefore locks one file for each GPU that it takes and names these GPUs in CUDA_VISIBLE_DEVICES. The
operating system frees the lock of a file when the process ends, even if it is killed.
"""

import fcntl
import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

VISIBLE = "CUDA_VISIBLE_DEVICES"
ALLOCATION = "SLURM_JOB_ID"
# Not the folder of temporary files, which may be another one for each job.
LOCKS = Path("/tmp/tr300m_gpus")
"""Folder of the lock files on this machine, common to all users, folders and workflows."""


def take_gpus(count: int, locks: Path = LOCKS, nodes: Path = Path("/dev")) -> None:
    """Take GPUs for this process, which keeps them until it ends; wait while other jobs have them.

    The GPUs are those of CUDA_VISIBLE_DEVICES or, without this variable, those of the machine. A variable that names no
    more GPUs than asked for keeps its value: a scheduler has set it for this job. In an allocation of SLURM they are
    locked nevertheless, because the jobs of a group share them. A machine with fewer GPUs than asked for is left to the
    backend, which computes on the processor or refuses.

    Parameters
    ----------
    count
        Number of GPUs; 0 takes none and changes nothing.
    locks
        Folder of the lock files.
    nodes
        Folder of the device files.
    """
    given = os.environ.get(VISIBLE)
    gpus = _gpus_of_machine(nodes) if given is None else _gpus_of(given)
    own = given is not None and len(gpus) <= count and ALLOCATION not in os.environ
    if count == 0 or own or len(gpus) < count:
        return
    if given is None:
        # The order of the device files, in which nvidia-smi counts too.
        os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
    os.environ[VISIBLE] = ",".join(_lock_any(gpus, count, locks))


def _gpus_of(visible: str) -> list[str]:
    # What is no GPU hides all GPUs: "-1", or SLURM's "NoDevFiles".
    names = [name.strip() for name in visible.split(",")]
    return [name for name in names if name.isdigit() or name.startswith(("GPU-", "MIG-"))]


def _gpus_of_machine(nodes: Path) -> list[str]:
    return [str(number) for number, _ in enumerate(nodes.glob("nvidia[0-9]*"))]


def _lock_any(gpus: Sequence[str], count: int, locks: Path) -> list[str]:
    """Return the first `count` GPUs whose files this process could lock."""
    # Within an allocation of SLURM the numbers of the GPUs may be counted anew.
    folder = locks / os.environ.get(ALLOCATION, "all")
    for part in (locks, folder):
        _make_for_all(part)
    free = {gpu: _open_for_all(folder / f"gpu_{gpu.replace('/', '_')}") for gpu in gpus}
    choosing = _open_for_all(folder / "choosing")
    waiting = f"Waiting for {count} of {len(gpus)} GPUs, which other jobs use ({folder})"
    # One job chooses at a time, so that two that want several GPUs each do not wait for one another.
    if not _try(choosing):
        print(waiting, file=sys.stderr)
        waiting = ""
        fcntl.flock(choosing, fcntl.LOCK_EX)
    taken: list[str] = []
    while len(taken) < count:
        newly = next((gpu for gpu in gpus if gpu not in taken and _try(free[gpu])), None)
        if newly is not None:
            taken.append(newly)
            continue
        if waiting:
            print(waiting, file=sys.stderr)
            waiting = ""
        time.sleep(0.5)
    # The files of the GPUs that were taken stay open, and with them the locks, until the process ends.
    for handle in (choosing, *(free[gpu] for gpu in gpus if gpu not in taken)):
        os.close(handle)
    return taken


def _try(handle: int) -> bool:
    """Lock an open file unless another process has."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _make_for_all(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    # Against the umask, so that other users can lock too; the folder may be another user's.
    with suppress(PermissionError):
        folder.chmod(0o777)


def _open_for_all(path: Path) -> int:
    """Open a file to lock it, which needs no permission to write."""
    try:
        return os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        handle = os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)
        with suppress(PermissionError):
            os.chmod(path, 0o644)
        return handle

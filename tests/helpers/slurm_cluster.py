"""A SLURM cluster of one machine, with fake GPUs and its own records of jobs, that leaves nothing behind.

It needs root and Debian's packages slurm-wlm and munge. Its processes have a mount namespace, because job steps read
/etc/slurm/slurm.conf whatever the environment says, and a PID namespace, whose end ends all of them.
"""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "squeue", "scancel", "scontrol", "unshare", "nsenter")
INSTALL = "apt-get install -y --no-install-recommends slurm-wlm munge"
ETC = Path("/etc/slurm")
PATIENCE = 60.0
# No accounting: that is what a profile must survive. Memory and time are enforced by none of the cgroups, which a
# container may lack; time limits are SLURM's own and hold.
SLURM_CONF = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller_port}
SlurmdPort={node_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
GresTypes=gpu
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/ended
SlurmdParameters=config_overrides
ReturnToService=2
KillWait=5
PrologSlurmctld={folder}/etc/note_start
NodeName=node NodeHostname={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} Gres=gpu:{gpu_model}:{gpus}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
PartitionName=gpu Nodes=ALL MaxTime=INFINITE State=UP
"""
# The records of jobcomp/filetxt lack GPUs where there is no accounting; what the controller itself allocated has them.
NOTE_START = """#!/bin/sh
scontrol show job --details --oneliner "$SLURM_JOB_ID" >> {folder}/started
"""
GPU_MODEL = "fake"
# Any device file will do: nothing opens it.
GPU_FILES = ("/dev/null", "/dev/zero")


def missing() -> str | None:
    """Return what this machine lacks for a cluster, with what to do about it, or None."""
    if os.geteuid() != 0:
        return "a SLURM cluster is started by root only"
    lacking = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"no {', '.join(lacking)} here; as root: {INSTALL}" if lacking else None


@dataclass(frozen=True)
class JobRecord:
    """What SLURM wrote about a job that ended, by its plugin jobcomp/filetxt and of GPUs when it started.

    Memory is in MB, the time limit in minutes.
    """

    number: int
    state: str
    partition: str
    cpus: int
    memory: int
    minutes: int
    gpus: int


class SlurmCluster:
    """A running cluster.

    Parameters
    ----------
    anchor
        Process whose namespaces the cluster lives in.
    folder
        Of its files.
    """

    def __init__(self, anchor: int, folder: Path) -> None:
        self.anchor, self.folder = anchor, folder
        self.started: list[subprocess.Popen[bytes]] = []

    def command(self, *arguments: str, folder: Path = Path("/")) -> list[str]:
        """Return a command line that runs inside the cluster's namespaces, in a folder."""
        return ["nsenter", f"--target={self.anchor}", "--mount", "--pid", f"--wdns={folder}", "--", *arguments]

    def run(self, *arguments: str) -> str:
        """Run a command inside, which must succeed, and return what it printed."""
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}\n{self.logs()}"
        return done.stdout

    def start(self, output: Path, *arguments: str, folder: Path = Path("/")) -> "subprocess.Popen[bytes]":
        """Start a program inside, in a folder; it ends with the cluster. What it prints goes to a file."""
        command = self.command(*arguments, folder=folder)
        with open(output, "w") as out:
            started = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        self.started.append(started)
        return started

    def logs(self) -> str:
        """Return the last lines of all daemons."""
        return "\n".join(f"{path.name}:\n" + path.read_text()[-2000:] for path in sorted(self.folder.glob("*.log")))

    def records(self) -> dict[int, JobRecord]:
        """Return the records of the jobs that ended, by number."""
        started = {int(row["JobId"]): row for row in _rows(self.folder / "started")}
        return {int(row["JobId"]): _record(row, started[int(row["JobId"])]) for row in _rows(self.folder / "ended")}


def _rows(file: Path) -> list[dict[str, str]]:
    """Read lines of KEY=VALUE, separated by blanks."""
    lines = file.read_text().splitlines() if file.is_file() else []
    return [dict(re.findall(r"([\w/]+)=(\S*)", line)) for line in lines]


def _record(ended: Mapping[str, str], started: Mapping[str, str]) -> JobRecord:
    given = dict(part.split("=") for part in ended["Tres"].split(","))
    amount = re.fullmatch(r"([\d.]+)([MG])", given["mem"])
    assert amount, ended
    gpus = re.findall(rf"gpu:{GPU_MODEL}:(\d+)", started["JOB_GRES"])
    return JobRecord(
        number=int(ended["JobId"]),
        state=ended["JobState"],
        partition=ended["Partition"],
        cpus=int(given["cpu"]),
        memory=round(float(amount[1]) * {"M": 1, "G": 1024}[amount[2]]),
        minutes=int(ended["TimeLimit"]),
        gpus=sum(map(int, gpus)),
    )


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _wait_until(cluster: SlurmCluster, *command: str, says: str) -> None:
    """Wait until a command inside succeeds and prints a text."""
    end = time.monotonic() + PATIENCE
    while True:
        done = subprocess.run(cluster.command(*command), capture_output=True, text=True, timeout=PATIENCE, check=False)
        if done.returncode == 0 and says in done.stdout:
            return
        assert time.monotonic() < end, f"{command}: {done.stdout}{done.stderr}\n{cluster.logs()}"
        time.sleep(0.2)


@contextmanager
def slurm_cluster(cpus: int, memory: int, gpus: int = 1) -> Iterator[SlurmCluster]:
    """Start a cluster of one node; at the end of the `with` statement all its processes and files are gone.

    Parameters
    ----------
    cpus, memory, gpus
        What the node offers; memory in MB.
    """
    # Short, because the path of a socket has at most 107 characters; open to all, as munged wants it.
    folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
    folder.chmod(0o755)
    # The first process of the namespace ends all when its input is closed: by this process, or by its death.
    script = f"echo $$; read -r; kill -KILL -1; rm -rf {folder}"
    anchor = subprocess.Popen(
        ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "bash", "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    cluster = None
    try:
        assert anchor.stdout and anchor.stdout.readline(), "unshare could not make the namespaces"
        children = Path(f"/proc/{anchor.pid}/task/{anchor.pid}/children").read_text().split()
        cluster = SlurmCluster(int(children[0]), folder)
        _configure(folder, {"cpus": cpus, "memory": memory, "gpus": gpus})
        ETC.mkdir(exist_ok=True)
        cluster.run("mount", "--bind", str(folder / "etc"), str(ETC))
        munge = folder / "munge"
        files = [f"--{name}-file={munge}.{name}" for name in ("key", "pid", "log", "seed")]
        # By force, because munged trusts no folder below /tmp.
        cluster.start(folder / "munged.log", "munged", "--foreground", "--force", f"--socket={munge}.socket", *files)
        _wait_until(cluster, "munge", "--no-input", f"--socket={munge}.socket", says="MUNGE")
        cluster.start(folder / "slurmctld.log", "slurmctld", "-D")
        cluster.start(folder / "slurmd.log", "slurmd", "-D", "-N", "node")
        _wait_until(cluster, "sinfo", "--noheader", "--format=%t", "--partition=main", says="idle")
        yield cluster
    finally:
        anchor.communicate()
        for started in cluster.started if cluster else []:
            started.wait()


def _configure(folder: Path, node: Mapping[str, int]) -> None:
    """Write the configuration and the key of munge."""
    for name in ("etc", "state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    settings = {"host": socket.gethostname().split(".")[0], "folder": folder, "gpu_model": GPU_MODEL}
    ports = {"controller_port": _free_port(), "node_port": _free_port()}
    (folder / "etc/slurm.conf").write_text(SLURM_CONF.format(**settings, **ports, **node))
    note = folder / "etc/note_start"
    note.write_text(NOTE_START.format(folder=folder))
    note.chmod(0o755)
    files = GPU_FILES[: node["gpus"]]
    (folder / "etc/gres.conf").write_text("".join(f"Name=gpu Type={GPU_MODEL} File={file}\n" for file in files))

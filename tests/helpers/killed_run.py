"""The smallest run of the whole workflow, to be killed with SIGKILL and to go on.

A kill hits the whole process group, Snakemake and its jobs, as the loss of a machine does. After it comes what
Snakemake tells the user to do: ``snakemake --unlock``, then the same command again.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import yaml
from helpers.small_run import ROOT, checkout

RESULTS = Path("results/tiny")
TARGETS = tuple(str(RESULTS / name) for name in ("table1.tsv", "baselines.tsv"))
CONFIG = {
    "results": str(RESULTS),
    "runs": "tiny_runs.tsv",
    "tracks": "tiny_tracks.tsv",
    "chromosomes": ["chr1", "chrX", "chrY"],
    "sources": {"default": "simulated"},
    "simulation": {
        "genes": 80, "regulators": 12, "samples": 24, "donors": 6, "chromosomes": ["chr1", "chrX", "chrY"],
    },
    "split": {"held_out_genes": 20, "held_out_samples": 8, "gene_pool": None},
    "network": {"width": 32, "bottleneck": 4, "kernel_sizes": [3, 3], "pool_blocks": [0, 1]},
    "training": {"batch_size": 16, "epoch_steps": 10, "curve_pairs": 40, "steps_per_call": 2},
    "evaluation": {"draws": 100, "minimum_group": 3},
    "baselines": {"names": ["sample_median"]},
    # One thread: with another number the last digits differ. A checkpoint after every second step, in its own place.
    "compute": {
        "device": "cpu", "train_threads": 1, "train_mem_mb": 1000, "array_mem_mb": 1000, "checkpoint_steps": 2,
        "checkpoints": "kept",
    },
}  # fmt: skip
STEPS = 40
RUNS = (
    "run\tarchitecture\tsplit\tlikelihood\tcontrol\tscan\tseed\tsteps\toptions\n"
    f"seq\tseq\tthesis\tnb_exponential\tnone\tcached\t3\t{STEPS}\t-\n"
)
CHECKPOINTS = Path("kept") / RESULTS / "seq"


def prepare(folder: Path) -> Path:
    """Make a checkout with the smallest configuration: one run, two tracks, one baseline."""
    checkout(folder)
    rows = [row for row in (ROOT / "config/tracks.tsv").read_text().splitlines() if not row.startswith("#")]
    (folder / "tiny_tracks.tsv").write_text("\n".join(rows[:3]) + "\n")
    (folder / "tiny_runs.tsv").write_text(RUNS)
    (folder / "tiny.yaml").write_text(yaml.safe_dump(CONFIG))
    return folder


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Start Snakemake in a process group of its own; what it prints is added to ``output.txt``."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", "tiny.yaml", *arguments, "--"]
    with open(folder / "output.txt", "a") as output:
        return subprocess.Popen(
            [*command, *TARGETS], cwd=folder, stdout=output, stderr=output, text=True, start_new_session=True
        )


def finish(folder: Path) -> None:
    """Run to the end."""
    assert start(folder).wait(600) == 0, (folder / "output.txt").read_text()


def unlock(folder: Path) -> None:
    """Do as ``make unlock``, which knows no configuration."""
    command = [sys.executable, "-m", "snakemake", "--unlock"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def kill(process: "subprocess.Popen[str]") -> None:
    """Kill a process group, and wait until none of it is left."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    while process.pid in groups():
        time.sleep(0.01)


def groups() -> set[int]:
    """Return the process groups of this machine that have a living process."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, group = path.read_text().rpartition(")")[2].split()[:3]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state not in "ZX":
            found.add(int(group))
    return found


def kill_when(folder: Path, due: Callable[[], bool]) -> bool:
    """Start, and kill as soon as `due` says so; return whether the run was still going then."""
    process = start(folder)
    while process.poll() is None and not due():
        time.sleep(0.005)
    going = process.poll() is None
    kill(process)
    return going


def kill_snakemake_when(folder: Path, due: Callable[[], bool]) -> None:
    """Start, kill Snakemake alone as soon as `due` says so, and wait for its jobs, which go on."""
    process = start(folder)
    while process.poll() is None and not due():
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    while process.pid in groups():
        time.sleep(0.1)


def keep_training(folder: Path) -> None:
    """Tell Snakemake that the training is complete; it does so, and fails for want of a record of the training."""
    files = [str(RESULTS / "runs/seq" / name) for name in ("model.weights.h5", "history.tsv", "run.json")]
    command = [sys.executable, "-m", "snakemake", "--configfile", "tiny.yaml", "--cleanup-metadata", *files]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert "metadata was not present" in done.stderr, done.stderr


def tables(folder: Path) -> dict[str, bytes]:
    """Return the tables, arrays and predictions by their path; nothing in them depends on the time of the run."""
    results = folder / RESULTS
    patterns = ("*.tsv", "*.md", "dataset/*.npy", "dataset/*.tsv", "splits/*.tsv", "scan/*.npy", "runs/*/*.npz")
    paths = sorted(path for pattern in patterns for path in results.glob(pattern))
    return {str(path.relative_to(results)): path.read_bytes() for path in paths}


def leftovers(folder: Path) -> list[str]:
    """Return the temporary files and checkpoints that should be gone after a complete run."""
    patterns = ("**/.tr300m-*", "**/*.part", "**/part.json", f"{CHECKPOINTS}/**/*")
    return sorted(str(path.relative_to(folder)) for pattern in patterns for path in folder.glob(pattern))


def differences(folder: Path, expected: dict[str, bytes]) -> list[str]:
    """Return the names of files that differ from the expected ones, or are in one folder alone."""
    found = tables(folder)
    return sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))


def jobs_done(folder: Path) -> int:
    """Return the number of jobs whose results are complete: each then has a benchmark."""
    return sum(1 for _ in (folder / RESULTS / "benchmarks").rglob("*.tsv"))


def last_step(folder: Path) -> int:
    """Return the step of the newest checkpoint, 0 without one."""
    return max((int(path.name[5:17]) for path in (folder / CHECKPOINTS).glob("*/step_*.npz")), default=0)

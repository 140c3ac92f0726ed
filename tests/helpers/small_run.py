"""A small run of the whole workflow, made once for all tests that look at one."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers.http_server import serving
from tr300m.config.simulation import SimulationConfig
from tr300m.simulate.samples import simulate_subject_phenotypes

ROOT = Path(__file__).parents[2]
SECRET = "hunter2"
RESOURCES = [f"resources/{path.name}" for path in ROOT.glob("resources/*.tsv")]
TRACKED = ("Snakefile", "profiles", "workflow", "config", "envs", *RESOURCES)
# Two runs of few steps on 80 genes; donors come through a download, so that a download's reruns are seen too.
SMALL = """
results: results/small
runs: small_runs.tsv
chromosomes: [chr1, chrX, chrY]
sources:
  default: simulated
  donors: "{url}"
split: {{held_out_genes: 20, held_out_samples: 8, gene_pool: null}}
network: {{width: 32, bottleneck: 4, kernel_sizes: [3, 3], pool_blocks: [0, 1]}}
training: {{batch_size: 16, epoch_steps: 3, curve_pairs: 40, steps_per_call: 3}}
evaluation: {{draws: 100, minimum_group: 3}}
baselines: {{names: [sample_median, histone_linear]}}
compute: {{device: cpu, train_threads: 1, train_mem_mb: 1000, array_mem_mb: 1000}}
simulation: {{genes: 80, regulators: 12, samples: 24, donors: 6, chromosomes: [chr1, chrX, chrY]}}
"""
RUNS = (
    "run\tarchitecture\tsplit\tlikelihood\tcontrol\tscan\tseed\tsteps\toptions\n"
    "seq\tseq\tthesis\tnb_exponential\tnone\tcached\t3\t6\t-\n"
    "all\tseq_tf_core_hm\tthesis\tnb_exponential\tnone\ton_the_fly\t3\t6\t-\n"
)


def snakemake(folder: Path, *arguments: str, check: bool = True) -> str:
    """Run Snakemake in a folder and return all it prints."""
    command = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900, check=False)
    output = done.stdout + done.stderr
    assert not check or done.returncode == 0, output
    assert check or done.returncode != 0, output
    return output


def checkout(folder: Path) -> Path:
    """Copy what the workflow needs, without results."""
    for name in TRACKED:
        source, target = ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
        else:
            shutil.copy(source, target)
    return folder


def few_tracks(folder: Path) -> str:
    """Write a table of the histone tracks of one cell, for tests that need no more; return its name."""
    rows = (ROOT / "config/tracks.tsv").read_text().splitlines(keepends=True)
    (folder / "few_tracks.tsv").write_text("".join(row for row in rows if row.split("\t")[1:2] in (["cell"], ["K562"])))
    return "few_tracks.tsv"


def copy_tables(folder: Path) -> None:
    """Copy the tables and schemas that a configuration is resolved with."""
    for name in ("config", "workflow/schemas"):
        shutil.copytree(ROOT / name, folder / name)
    (folder / "resources").mkdir()
    shutil.copy(ROOT / "resources" / "thesis_comparisons.tsv", folder / "resources")


def planned(output: str) -> dict[str, int]:
    """Return the jobs per rule that a dry run announces."""
    if "Nothing to be done" in output:
        return {}
    table = output[output.index("Job stats:") :].split("\n\n")[0]
    counts = {name: int(count) for name, count in re.findall(r"^(\w+) +(\d+)$", table, flags=re.M)}
    counts.pop("total")
    return counts


def dry_run(folder: Path, *arguments: str) -> dict[str, int]:
    return planned(snakemake(folder, "--dry-run", *arguments))


@contextmanager
def small_run(folder: Path) -> Iterator[Path]:
    """Run the small configuration in a new checkout; a server gives the donors until the end of the `with` statement.

    The address of the donors has a token, which must be written nowhere but in the configuration.
    """
    checkout(folder)
    settings = SimulationConfig(genes=80, regulators=12, samples=24, donors=6, chromosomes=("chr1", "chrX", "chrY"))
    simulate_subject_phenotypes(settings, folder / "donors.txt")
    # Unlike what the simulator would write here, so that one cannot stand in for the other.
    (folder / "donors.txt").write_text((folder / "donors.txt").read_text().replace("60-69", "60-61"))
    (folder / "small_runs.tsv").write_text(RUNS)
    with serving((folder / "donors.txt").read_bytes()) as server:
        (folder / "small.yaml").write_text(SMALL.format(url=f"{server.url('/donors.txt')}?token={SECRET}"))
        snakemake(folder, "--configfile", "small.yaml")
        yield folder

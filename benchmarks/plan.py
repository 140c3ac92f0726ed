"""Time to plan a sweep of many trainings: `python benchmarks/plan.py --runs 1000`, which runs `snakemake --dry-run`.

The sweep has a row for each seed of Seq + TF, in the full configuration. Seconds are those of this process's children.
"""

import argparse
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
HEADER = "run\tarchitecture\tsplit\tlikelihood\tcontrol\tscan\tseed\tsteps\toptions\n"
NEEDED = ("Snakefile", "profiles", "workflow", "config", "envs", "resources")


def rows(runs: int) -> str:
    """Return a run table of so many trainings, which differ in their seeds, and every other one in an option."""
    options = ("-", "early_stopping=20")
    lines = [
        f"sweep{seed}\tseq_tf\tthesis\tnb_exponential\tnone\tcached\t{seed // 2}\t100000\t{options[seed % 2]}\n"
        for seed in range(runs)
    ]
    return HEADER + "".join(lines)


def plan(folder: Path, runs: int, *arguments: str) -> tuple[float, float, dict[str, int]]:
    """Return seconds, seconds of CPU, and the number of jobs of each rule."""
    (folder / f"runs{runs}.tsv").write_text(rows(runs))
    command = [sys.executable, "-m", "snakemake", "--cores", "8", "--dry-run", "--quiet", "rules", "--config"]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [*command, f"runs=runs{runs}.tsv", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    counts = {name: int(count) for name, count in re.findall(r"(?m)^(\w+) +(\d+)$", done.stdout + done.stderr)}
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, counts


def main() -> None:
    """Print the time for each number of runs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("arguments", nargs="*", help="further arguments of snakemake, after --")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in NEEDED:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
            if part == "resources":
                (folder / part).mkdir()
                for table in (ROOT / part).glob("*.tsv"):
                    shutil.copy(table, folder / part)
            else:
                copy(ROOT / part, folder / part)
        print("| runs | jobs | s | CPU, s |\n|---|---|---|---|")
        for runs in given.runs:
            seconds, cpu, counts = plan(folder, runs, *given.arguments)
            print(f"| {runs:,} | {counts['total']:,} | {seconds:.0f} | {cpu:.0f} |", flush=True)


if __name__ == "__main__":
    main()

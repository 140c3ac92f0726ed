"""Time and memory of the array builders at full size, each beside a naive reader in the same run.

    python benchmarks/arrays.py FOLDER               # files of benchmarks/full_size_inputs.py
    python benchmarks/arrays.py FOLDER --sizes       # cost at three sizes, in folders of their own

Prints Markdown tables. Every reader runs in a process of its own; memory is that process's peak resident set. Naive
readers take a share of the rows, genes or tracks, and their time is scaled up to all of them.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
SHARE = 0.1
"""Of the rows or genes, for the naive readers."""


def unpack(folder: Path) -> None:
    """Unpack the GCT and throw it away: the floor."""
    igzip = [shutil.which("igzip")] if shutil.which("igzip") else [sys.executable, "-m", "isal.igzip"]
    subprocess.run([*map(str, igzip), "-dc", folder / "tpm.gct.gz"], stdout=subprocess.DEVNULL, check=True)


def expression(folder: Path) -> None:
    """Read target expression and regulator levels as the rule does."""
    from tr300m.arrays.expression import read_expression
    from tr300m.arrays.matrix_formats import open_matrix
    from tr300m.arrays.regulators import read_lambert
    from tr300m.base.array_files import ArrayWriter
    from tr300m.base.axes import Genes, Samples

    built, sources = folder / "results" / "dataset", source_paths(folder)
    genes, samples = Genes.read(built / "genes.tsv"), Samples.read(built / "samples.tsv")
    with ArrayWriter(folder / "expression.npy", (len(genes), len(samples)), np.float32) as out:
        stems = read_lambert(sources["regulators"], "release")
        read_expression(open_matrix(sources["expression"]), genes, samples.sample_id, stems, "release", out)


def expression_naive(folder: Path) -> None:
    """Read a share of the GCT with pandas."""
    import pandas

    pandas.read_csv(folder / "tpm.gct.gz", sep="\t", skiprows=2, nrows=int(total_rows(folder) * SHARE))


def windows(folder: Path) -> None:
    """Read the histone windows of one track as the rule does."""
    from tr300m.arrays.histones import track_windows
    from tr300m.base.axes import Genes

    track_windows(folder / "H3K4me1_Gm12878.bigWig", Genes.read(folder / "results" / "dataset" / "genes.tsv"))


def windows_naive(folder: Path) -> None:
    """Read a share of the windows of one track in random order, through lists."""
    import pyBigWig
    from tr300m.base.axes import Genes

    genes = Genes.read(folder / "results" / "dataset" / "genes.tsv")
    rows = np.random.default_rng(0).permutation(len(genes))[: int(len(genes) * SHARE)]
    track = pyBigWig.open(str(folder / "H3K4me1_Gm12878.bigWig"))
    for row in rows.tolist():
        values = track.values(str(genes.chromosome[row]), int(genes.window_start[row]), int(genes.window_end[row]))
        np.nan_to_num(np.array(values))


def genome(folder: Path) -> None:
    """Copy the genome and encode the windows as the rules do."""
    from tr300m.arrays.sequence import extract_chromosomes, onehot_windows
    from tr300m.base.axes import Genes

    genes = Genes.read(folder / "results" / "dataset" / "genes.tsv")
    copy = folder / "genome.fa"
    extract_chromosomes(folder / "genome.fa.gz", set(genes.chromosome.tolist()), copy)
    onehot_windows(copy, genes)
    for path in (copy, Path(f"{copy}.fai")):
        path.unlink()


def genome_naive(folder: Path) -> None:
    """Read the genome line by line, chr1 only, and encode its windows base by base."""
    import gzip

    from tr300m.base.axes import Genes

    genes = Genes.read(folder / "results" / "dataset" / "genes.tsv")
    lines: list[str] = []
    with gzip.open(folder / "genome.fa.gz", "rt") as handle:
        for line in handle:
            if line.startswith(">") and lines:
                break
            lines.append(line.strip())
    sequence = "".join(lines[1:]).upper()
    code = {"A": [1, 0, 0, 0], "C": [0, 1, 0, 0], "G": [0, 0, 1, 0], "T": [0, 0, 0, 1]}
    chosen = np.flatnonzero(genes.chromosome == "chr1")
    for start, end in zip(genes.window_start[chosen].tolist(), genes.window_end[chosen].tolist(), strict=True):
        np.array([code.get(base, [0.25] * 4) for base in sequence[start:end]])


def total_rows(folder: Path) -> int:
    """Return the number of rows of the GCT."""
    from tr300m.arrays.expression import read_gct_header

    return read_gct_header(folder / "tpm.gct.gz").rows


def source_paths(folder: Path) -> dict[str, Path]:
    """Return the paths of the configuration's sources by key."""
    import yaml

    config: dict[str, Any] = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    return {key: Path(path) for key, path in config["sources"].items()}


def measure(name: str, folder: Path) -> tuple[float, float]:
    """Run one of the functions above in a process of its own; return seconds and peak memory in GB."""
    code = (
        "import resource, runpy, sys, time; from pathlib import Path\n"
        f"module = runpy.run_path({str(Path(__file__))!r})\n"
        f"begun = time.monotonic(); module[{name!r}](Path({str(folder)!r})); seconds = time.monotonic() - begun\n"
        "print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)"
    )
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True, text=True)
    seconds, memory = map(float, done.stdout.split())
    return seconds, memory


def build(folder: Path) -> tuple[float, float, str]:
    """Build all arrays through Snakemake; return seconds, the largest job's peak memory in GB, and that job."""
    shutil.rmtree(folder / "results", ignore_errors=True)
    target = folder / "results" / "dataset" / "manifest.json"
    command = ["snakemake", "--cores", str(cores()), "--configfile", str(folder / "config.yaml")]
    command += ["--quiet", "all", "--", str(target)]
    begun = time.monotonic()
    subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=True, stdout=sys.stderr)
    seconds = time.monotonic() - begun
    memory = {}
    for table in (folder / "results" / "benchmarks").rglob("*.tsv"):
        header, row = (line.split("\t") for line in table.read_text(encoding="utf-8").splitlines()[:2])
        memory[str(table.relative_to(folder / "results" / "benchmarks").with_suffix(""))] = float(
            row[header.index("max_rss")]
        )
    largest = max(memory, key=lambda name: memory[name])
    return seconds, memory[largest] / 1e3, largest


def cores() -> int:
    """Count the cores of this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def compare(folder: Path) -> None:
    """Print each builder beside its naive reader, and the whole build."""
    seconds, memory, largest = build(folder)
    print(f"All arrays through Snakemake: {seconds:.0f} s; most memory in one job: {memory:.2f} GB ({largest})\n")
    floor, _ = measure("unpack", folder)
    genes = len((folder / "results" / "dataset" / "genes.tsv").read_text(encoding="utf-8").splitlines()) - 1
    print(f"`igzip -dc` of the GCT: {floor:.1f} s\n")
    print("| what | s | GB | naive, s | naive, GB | naive reader |")
    print("|---|---|---|---|---|---|")
    rows = [
        ("expression", 1 / SHARE, f"pandas.read_csv, {SHARE:.0%} of the rows, time scaled; memory of that share"),
        ("windows", 1 / SHARE, f"pyBigWig lists in random order, {SHARE:.0%} of the genes, time scaled"),
        ("genome", 3088 / 249, "gzip and a loop over bases, chr1 only, time scaled by length"),
    ]
    results: dict[str, float] = {}
    for name, scale, text in rows:
        ours, naive = measure(name, folder), measure(f"{name}_naive", folder)
        results[name] = ours[0]
        print(f"| {name} | {ours[0]:.1f} | {ours[1]:.2f} | {naive[0] * scale:.0f} | {naive[1]:.2f} | {text} |")
    print(f"\nGCT: {results['expression'] / floor:.2f} times `igzip -dc`. ", end="")
    print(f"Histones: {results['windows'] / genes * 1e3:.3f} ms a window.")


def sizes(folder: Path) -> None:
    """Print the time of the reading rules at three numbers of genes and of samples."""
    print("| genes | samples | expression, s | windows of one track, s |")
    print("|---|---|---|---|")
    for genes, samples in ((0.25, 1.0), (0.5, 1.0), (1.0, 1.0), (1.0, 0.25), (1.0, 0.5)):
        part = folder / f"genes{genes}_samples{samples}"
        if not (part / "config.yaml").exists():
            command = [sys.executable, ROOT / "benchmarks" / "full_size_inputs.py", part]
            subprocess.run([*map(str, command), "--genes", str(genes), "--samples", str(samples)], check=True)
        build(part)
        row = [np.load(part / "results" / "dataset" / "expression.npy", mmap_mode="r").shape]
        times = [measure(name, part)[0] for name in ("expression", "windows")]
        print(f"| {row[0][0]:,} | {row[0][1]:,} | {times[0]:.1f} | {times[1]:.2f} |", flush=True)
        shutil.rmtree(part)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder written by full_size_inputs.py")
    parser.add_argument("--sizes", action="store_true", help="measure at three sizes instead, making the files")
    options = parser.parse_args()
    print(f"{platform.processor() or platform.machine()}, {cores()} cores, Python {platform.python_version()}\n")
    (sizes if options.sizes else compare)(options.folder.resolve())


if __name__ == "__main__":
    main()

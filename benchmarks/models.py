"""Time and memory of what the models need, at the size of the release, on arrays that this script makes itself.

    python benchmarks/models.py                       # gene features, a share of the genes, scaled up
    python benchmarks/models.py features --full       # all 19,786 genes
    python benchmarks/models.py features --only motif_maxima motif_segments --threads 2
    python benchmarks/models.py bilinear --full       # from gene features to predictions, at four sizes
    python benchmarks/models.py two_tower --full      # steps on blocks beside a step of the networks; a whole fit
    python benchmarks/models.py two_tower --full --whole  # and a training of all 20 passes, up to an hour

Every row is measured in a process of its own, one after the other, and printed when it is done. Arrays are random; the
motifs are JASPAR's, because the time depends on their widths. Columns:

- CPU, s and wall, s: of all genes; from a share of them, if "genes" is smaller. On a shared machine CPU time says more.
  It is the sum over threads, so wall is CPU over threads on an idle machine, at best;
- result, GB: of all genes; peak, GB: largest memory of the process, with the result of the measured genes only.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from measured_models import (
    GENES,
    PACKAGE,
    PASSES,
    SAMPLES,
    TOWER_STEPS,
    WHOLE_KERNELS,
    measure_feature,
    measure_fit,
    measure_step,
)

FEATURE_ROWS = (
    ("composition", PACKAGE, 512),
    ("kmers", PACKAGE, 512),
    ("histone_means", PACKAGE, 512),
    ("wide_marks", PACKAGE, 4096),
    ("wide_composition", PACKAGE, 512),
    ("motif_maxima", WHOLE_KERNELS, 64),
    ("motif_maxima", PACKAGE, 512),
    ("motif_segments", PACKAGE, 512),
)
"""Gene features, the way to them, and the genes measured without --full. "whole kernels" is `whole_kernels` of
measured_models.py."""


def in_a_process(section: str, row: Mapping[str, Any], threads: int) -> dict[str, Any]:
    """Measure one row in a process of its own."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    done = subprocess.run(
        [sys.executable, __file__, section, "--row", json.dumps(row)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=os.environ | dict.fromkeys(names, str(threads)),
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def print_row(cells: list[Any]) -> None:
    """Print a row of a Markdown table."""
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def features(options: argparse.Namespace) -> None:
    """Print a table of the gene features."""
    print_row(["feature", "way", "genes", "CPU, s", "wall, s", "columns", "result, GB", "peak, GB"])
    print_row(["---"] * 8)
    for name, way, share in FEATURE_ROWS:
        if options.only and name not in options.only:
            continue
        row = {"feature": name, "way": way, "genes": GENES if options.full else share}
        found = in_a_process("features", row, options.threads)
        seconds = [f"{found[kind]:.1f}" for kind in ("cpu", "wall")]
        memory = [f"{found['result']:.3f}", f"{found['peak']:.2f}"]
        print_row([name, way, f"{row['genes']:,}", *seconds, f"{found['columns']:,}", *memory])


FIT_SHARES = ((0.25, 1.0), (0.5, 1.0), (1.0, 0.25), (1.0, 1.0))
"""Shares of genes and samples that `bilinear` is measured at; without --full the last is left out."""


def bilinear(options: argparse.Namespace) -> None:
    """Print a table of fits and predictions of `bilinear` by size; gene features are made before."""
    print_row(["genes", "samples", "fit, s", "CPU of the fit, s", "predict a tenth x a tenth, s", "peak, GB"])
    print_row(["---"] * 6)
    for genes, samples in FIT_SHARES if options.full else FIT_SHARES[:-1]:
        found = in_a_process("bilinear", {"model": "bilinear", "genes": genes, "samples": samples}, options.threads)
        cells = [f"{found[name]:.1f}" for name in ("fit", "cpu", "predict")]
        print_row([f"{GENES * genes:,.0f}", f"{SAMPLES * samples:,.0f}", *cells, f"{found['peak']:.2f}"])


def two_tower(options: argparse.Namespace) -> None:
    """Print a table of measured steps with the time of 20 passes over all pairs, and a fit with few steps."""
    share = 1.0 if options.full else 0.25
    passes = f"{PASSES} passes of all pairs, min"
    backends = ("tensorflow", "jax")
    ways = backends if options.whole else ("network", *backends)
    print_row(["step", "pairs", "s", "CPU, s", "pairs a second", passes, "peak, GB"])
    print_row(["---"] * 7)
    for way in ways:
        row = {"way": way, "share": share, "threads": options.threads, "whole": options.whole}
        found = in_a_process("two_tower", row, options.threads)
        rate = found["pairs"] / found["seconds"]
        minutes = PASSES * GENES * SAMPLES / rate / 60
        seconds = [f"{found['seconds']:.4f}", f"{found['cpu']:.4f}"]
        cells = [f"{found['pairs']:,}", *seconds, f"{rate:,.0f}", f"{minutes:,.1f}"]
        print_row([way, *cells, f"{found['peak']:.2f}"])
    if options.whole:
        return
    row = {"way": "fit", "share": share, "threads": options.threads}
    found = in_a_process("two_tower", row, options.threads)
    print(
        f"\nA fit of {share:.0%} of the genes, {TOWER_STEPS} steps: {found['fit']:.1f} s, {found['cpu']:.1f} s of CPU "
        f"time, peak {found['peak']:.2f} GB"
    )


SECTIONS: dict[str, tuple[Callable[[argparse.Namespace], None], Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    "features": (features, measure_feature),
    "bilinear": (bilinear, measure_fit),
    "two_tower": (two_tower, measure_step),
}
"""What is measured: the function that prints a table, and the one that measures a row of it in a process of its own."""


def main() -> None:
    """Measure and print the chosen sections."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", help=f"of {', '.join(SECTIONS)}; all if none is named")
    parser.add_argument("--full", action="store_true", help="all genes instead of a share")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=list(dict.fromkeys(row[0] for row in FEATURE_ROWS)),
        help="gene features to measure",
    )
    parser.add_argument("--whole", action="store_true", help="two_tower: train all passes instead of 120 steps")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--row", help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = set(options.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"no section {', '.join(sorted(unknown))}")
    if options.row:
        print(json.dumps(SECTIONS[options.sections[0]][1](json.loads(options.row))))
        return
    print(f"{platform.machine()}, {os.cpu_count()} cores, {options.threads} threads, NumPy {np.__version__}")
    for name in options.sections or SECTIONS:
        print(f"\n## {name}\n")
        SECTIONS[name][0](options)


if __name__ == "__main__":
    main()

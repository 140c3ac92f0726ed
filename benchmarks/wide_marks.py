"""CPU time of a track's wide bins beside that of its promoter windows, on a track with a value every 25 bp.

    python benchmarks/wide_marks.py

Prints both times, their ratio, and what they come to for 19,786 genes and 21 tracks. The track is one simulated
chromosome; the genes are drawn over it.
"""

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyBigWig
import yaml
from numpy.typing import NDArray
from tr300m.arrays.genes import windows
from tr300m.arrays.histones import track_windows
from tr300m.arrays.wide import mark_bins, wide_mark_means
from tr300m.base.axes import Genes

ROOT = Path(__file__).resolve().parent.parent
GENES, LENGTH, STEP, SLICE = 1_000, 60_000_000, 25, 500_000
FULL = 19_786 * 21
"""Genes times tracks of the release."""


def write_track(path: Path) -> None:
    """Write a bigWig of random values, one every `STEP` bp."""
    rng = np.random.default_rng(0)
    handle = pyBigWig.open(str(path), "w")
    handle.addHeader([("chr1", LENGTH)])
    for start in range(0, LENGTH, STEP * SLICE):
        positions = list(range(start, min(start + STEP * SLICE, LENGTH), STEP))
        handle.addEntries("chr1", positions, values=rng.random(len(positions)).tolist(), span=STEP)
    handle.close()


def draw_genes() -> Genes:
    """Draw genes on both strands."""
    rng = np.random.default_rng(1)
    tss, strand = np.sort(rng.integers(100_000, LENGTH - 100_000, GENES)), rng.choice(["+", "-"], GENES)
    text, number = np.full(GENES, ""), np.arange(GENES)
    start, end = windows(tss, strand, "release")
    return Genes(number.astype(np.str_), text, np.full(GENES, "chr1"), strand, tss, start, end, text, number)


def seconds(function: Callable[[], NDArray[np.float32]]) -> float:
    """Return the CPU time of a call, the better of two."""
    found = []
    for _ in range(2):
        start = time.process_time()
        function()
        found.append(time.process_time() - start)
    return min(found)


def main() -> None:
    """Measure and print."""
    edges = yaml.safe_load((ROOT / "config/pilot.yaml").read_text())["wide"]["mark_edges"]
    genes, bins = draw_genes(), mark_bins(edges)
    with TemporaryDirectory() as folder:
        path = Path(folder, "track.bw")
        write_track(path)
        narrow = seconds(lambda: track_windows(path, genes))
        wide = seconds(lambda: wide_mark_means(path, genes, bins))
    for name, value in (("promoter windows", narrow), (f"{len(bins)} bins to {edges[-1]:,} bp", wide)):
        print(f"{name}: {value:.2f} s of CPU for {GENES:,} genes, {value / GENES * FULL:.0f} s at full size")
    print(f"ratio {wide / narrow:.1f}")


if __name__ == "__main__":
    main()

"""Simulate histone tracks (bigWig) from a planted truth, with bins like those of the Broad Institute."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyBigWig  # type: ignore[import-not-found, import-untyped, unused-ignore]

from ..base.axes import CELLS, MARKS
from ..base.disk import BIGWIG_BYTES, BIGWIG_INDEX, check_room
from ..base.errors import TR300MError
from ..base.files import atomic_path, read_lines, read_tsv
from ..base.types import Bools, Floats, Ints, Strings
from ..config.simulation import SimulationConfig

BIN = 25
SIGNAL_REACH = 5_000  # bp on either side of a TSS that have values
PEAK_REACH = 4_000
GAP_SHARE = 0.02  # share of the bins with values that are removed, in runs of GAP_BINS
GAP_BINS = 4
BACKGROUND_SIGNAL = 0.8
# Height of a peak at full openness, and its humps: centre relative to the TSS downstream, width (bp), relative height.
SHAPES: dict[str, tuple[float, tuple[tuple[float, float, float], ...]]] = {
    "H3K4me1": (14.0, ((-1400.0, 450.0, 1.0), (1500.0, 450.0, 0.9), (0.0, 250.0, 0.15))),
    "H3K4me3": (60.0, ((-350.0, 200.0, 0.7), (250.0, 250.0, 1.0))),
    "H3K27ac": (35.0, ((-500.0, 450.0, 0.8), (400.0, 600.0, 1.0))),
}


def simulate_bigwig(
    config: SimulationConfig, truth_dir: Path | str, sizes: Path | str, mark: str, cell: str, out: Path | str
) -> None:
    """Write the histone track of one mark in one cell.

    Bins of 25 bp have a low background near genes and peaks at open promoters. There are no values far from genes and
    in some gaps. The bigWigs of `gap_cell` lack `gap_chromosome`.

    Parameters
    ----------
    config
        Settings of the simulation.
    truth_dir
        Folder written by `simulate_truth`.
    sizes
        Table without header whose first two columns are chromosome and length, such as a ``.fai``.
    mark
        H3K4me1, H3K4me3 or H3K27ac; upper or lower case.
    cell
        One of the seven cells, such as Gm12878.
    out
        bigWig to write.

    Raises
    ------
    TR300MError
        If the mark or cell is unknown, or `sizes` has no chromosome of the genes.
    """
    names = {name.lower(): name for name in MARKS}
    if mark.lower() not in names or cell not in CELLS:
        known = f"marks: {', '.join(MARKS)}; cells: {', '.join(CELLS)}"
        raise TR300MError(f"unknown histone track {mark} {cell}", known)
    mark = names[mark.lower()]
    rng = config.rng("bigwig", MARKS.index(mark), CELLS.index(cell))
    lengths = _read_sizes(sizes)
    if cell == config.gap_cell:
        lengths.pop(config.gap_chromosome, None)
    chromosomes, tss, forward, openness = _read_promoters(Path(truth_dir), cell)
    if not set(chromosomes.tolist()) & set(lengths):
        raise TR300MError(f"{sizes} has no chromosome of the genes", "check `chromosomes`")
    with atomic_path(out) as temporary:
        check_room(temporary, BIGWIG_BYTES * (sum(lengths.values()) // BIN) + BIGWIG_INDEX)
        track = pyBigWig.open(str(temporary), "w")
        track.addHeader(list(lengths.items()))
        for name, length in lengths.items():
            mine = chromosomes == name
            if mine.any():
                values = _signal(mark, length // BIN, tss[mine], forward[mine], openness[mine], rng)
                for first, last in _runs(~np.isnan(values)):
                    track.addEntries(name, first * BIN, values=values[first:last], span=BIN, step=BIN)
        track.close()


def _signal(
    mark: str,
    bins: int,
    tss: Ints,
    forward: Bools,
    openness: Floats,
    rng: np.random.Generator,
) -> Floats:
    """Return the values [bin] of one chromosome; NaN where the track has no value."""
    height, humps = SHAPES[mark]
    values = np.full(bins, np.nan)
    heights = height * openness * rng.lognormal(0, 0.15, size=len(tss))
    for position in tss.tolist():
        values[max(position - SIGNAL_REACH, 0) // BIN : (position + SIGNAL_REACH) // BIN] = 0
    covered = np.flatnonzero(values == 0)
    values[covered] = rng.gamma(1.5, BACKGROUND_SIGNAL / 1.5, size=len(covered))
    signal = np.zeros(bins)
    for position, plus, peak in zip(tss.tolist(), forward.tolist(), heights.tolist(), strict=True):
        first, last = max(position - PEAK_REACH, 0) // BIN, min((position + PEAK_REACH) // BIN, bins)
        distance = (np.arange(first, last) + 0.5) * BIN - position
        if not plus:
            distance = -distance
        shape = sum(high * np.exp(-0.5 * ((distance - centre) / width) ** 2) for centre, width, high in humps)
        # Where the peaks of neighbours overlap, the higher value is taken.
        signal[first:last] = np.maximum(signal[first:last], peak * shape)
    values += signal
    values[covered] *= rng.lognormal(0, 0.1, size=len(covered))
    starts = rng.choice(covered, size=int(GAP_SHARE * len(covered) / GAP_BINS), replace=False)
    values[np.minimum(starts[:, None] + np.arange(GAP_BINS), bins - 1)] = np.nan
    # Multiples of 0.04, as in the Broad tracks, which are scaled numbers of reads.
    return np.asarray(np.round(np.round(values / 0.04) * 0.04, 2))


def _runs(present: Bools) -> Iterator[tuple[int, int]]:
    """Yield the half-open ranges of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], present, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _read_sizes(path: Path | str) -> dict[str, int]:
    fields = [line.split("\t") for line in read_lines(path) if line]
    return {field[0]: int(field[1]) for field in fields}


def _read_promoters(folder: Path, cell: str) -> tuple[Strings, Ints, Bools, Floats]:
    """Return chromosome, TSS, whether on the + strand, and openness in `cell` of each TSS that has a sequence."""
    genes, table = read_tsv(folder / "genes.tsv"), read_tsv(folder / "openness.tsv")
    rows = np.flatnonzero(genes["has_sequence"] == "1")
    if genes["gene_id"][rows].tolist() != table["gene_id"].tolist():
        raise TR300MError(f"{folder}: genes.tsv and openness.tsv differ", "simulate the truth again")
    keys = np.char.add(np.char.add(genes["chromosome"][rows], genes["strand"][rows]), genes["tss"][rows])
    # Genes that share a TSS share its peak.
    _, first = np.unique(keys, return_index=True)
    first.sort()
    rows = rows[first]
    openness = table[cell].astype(np.float64)[first]
    return genes["chromosome"][rows], genes["tss"][rows].astype(np.int64), genes["strand"][rows] == "+", openness

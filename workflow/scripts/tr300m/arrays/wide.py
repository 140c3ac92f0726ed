"""Arrays over windows wider than the promoter window: base codes, and marks in bins that widen with distance.

Positions are relative to the TSS on the gene's strand: 0 is the TSS itself (in both editions), negative is upstream.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyfaidx import Fasta

from ..base.axes import Bins, Genes
from ..base.base_codes import CODE_OF_BYTE, COMPLEMENT, OUTSIDE_CODE
from ..base.errors import TR300MError
from ..base.progress import progress
from ..base.types import Floats
from .sequence import by_position, clip_window
from .signals import open_signal


def around_tss(genes: Genes, row: int, upstream: int, downstream: int) -> tuple[int, int]:
    """Return the 0-based half-open range on the + strand of `upstream` bp before and `downstream` bp from the TSS on.

    The TSS is the first of the `downstream` positions.
    """
    tss = int(genes.tss[row]) - 1
    if genes.strand[row] == "+":
        return tss - upstream, tss + downstream
    return tss - downstream + 1, tss + upstream + 1


def wide_bases(fasta: Path | str, genes: Genes, flank: int) -> NDArray[np.uint8]:
    """Read the bases around the TSS of all genes, 5' to 3' on the gene's strand.

    Parameters
    ----------
    fasta
        Plain FASTA that has the chromosomes of the genes.
    genes
        Target genes.
    flank
        Base pairs on each side of the TSS.

    Returns
    -------
    array [gene, 2 flank + 1], uint8
        0 to 3 for A, C, G, T; 4 for an unknown base; 5 outside the chromosome. The TSS is at index `flank`.
    """
    result = np.full((len(genes), 2 * flank + 1), OUTSIDE_CODE, np.uint8)
    with Fasta(str(fasta), as_raw=True, rebuild=False) as genome:
        for row in progress(by_position(genes), total=len(genes), what="wide windows", unit="genes"):
            name = str(genes.chromosome[row])
            start, end = around_tss(genes, row, flank, flank + 1)
            first, last, offset = clip_window(start, end, len(genome[name]))
            text = np.frombuffer(genome[name][first:last].encode("ascii", "replace"), np.uint8)
            result[row, offset : offset + last - first] = CODE_OF_BYTE[text]
    minus = genes.strand == "-"
    result[minus] = COMPLEMENT[result[minus, ::-1]]
    return result


def mark_bins(edges: Sequence[int]) -> Bins:
    """Return the bins between ascending distances `edges` (base pairs), on both sides of the TSS.

    Raises
    ------
    TR300MError
        If the edges do not ascend.
    """
    if list(edges) != sorted(set(edges)):
        raise TR300MError(f"the edges {list(edges)} do not ascend", "write them in ascending order")
    bounds = np.array([*(-edge for edge in reversed(edges)), 0, *edges], np.int64)
    return Bins(bounds[:-1], bounds[1:])


def wide_mark_means(
    path: Path | str, genes: Genes, bins: Bins, genome: Mapping[str, int] | None = None, reader: str = "bigwig"
) -> NDArray[np.float32]:
    """Return the mean signal of a track in bins around the TSS of all genes.

    Parameters
    ----------
    path
        File of the track.
    genes
        Target genes.
    bins
        Adjacent bins.
    genome
        Lengths of the chromosomes in the FASTA (base pairs); those in the track must be equal. None if unknown.
    reader
        Format of the file, a key of `track_table.READERS`.

    Returns
    -------
    array [gene, bin], float32
        Mean over the bin; positions without a value, outside the chromosome, or on a chromosome that the file lacks
        count as 0.

    Raises
    ------
    TR300MError
        If the file cannot be read (`open_signal`), or has an infinite value in a bin.
    """
    before, after = -int(bins.start[0]), int(bins.end[-1])
    result = np.zeros((len(genes), len(bins)), np.float32)
    with open_signal(path, reader, genes, genome) as signal:
        for row in progress(by_position(genes), total=len(genes), what=f"reading {Path(path).name}", unit="genes"):
            values = signal.values(str(genes.chromosome[row]), *around_tss(genes, row, before, after))
            result[row] = bin_means(values if genes.strand[row] == "+" else values[::-1], bins)
    if not np.isfinite(result).all():
        row = int(np.flatnonzero(~np.isfinite(result).all(axis=1))[0])
        raise TR300MError(f"{path}: the signal around gene {genes.gene_id[row]} is infinite")
    return result


def bin_means(signal: NDArray[np.floating], bins: Bins) -> Floats:
    """Return the means [bin] of a signal [position] that begins at the first bin, 5' to 3'."""
    sums = np.add.reduceat(signal, bins.start - bins.start[0], dtype=np.float64)
    return np.asarray(sums / (bins.end - bins.start))

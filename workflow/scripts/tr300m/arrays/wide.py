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
from ..base.types import Floats, Ints
from .sequence import by_position, clip_window
from .signals import gene_signals


def around_tss(genes: Genes, upstream: int, downstream: int) -> tuple[Ints, Ints]:
    """Return the ranges [gene] of `upstream` bp before and `downstream` bp from the TSS on, the TSS included.

    They are 0-based and half-open on the + strand.
    """
    tss, plus = genes.tss - 1, genes.strand == "+"
    start = np.where(plus, tss - upstream, tss - downstream + 1)
    return start, start + upstream + downstream


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
    starts, ends = around_tss(genes, flank, flank + 1)
    with Fasta(str(fasta), as_raw=True, rebuild=False) as genome:
        for row in progress(by_position(genes), total=len(genes), what="wide windows", unit="genes"):
            name = str(genes.chromosome[row])
            first, last, offset = clip_window(int(starts[row]), int(ends[row]), len(genome[name]))
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
    path: Path | str,
    genes: Genes,
    bins: Bins,
    genome: Mapping[str, int] | None = None,
    reader: str = "bigwig",
    strict: bool = True,
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
    strict
        As in `read_intervals`.

    Returns
    -------
    array [gene, bin], float32
        Mean over the bin; positions without a value, outside the chromosome, or on a chromosome that the file lacks
        count as 0.

    Raises
    ------
    TR300MError
        See `gene_signals`.
    """
    ranges = around_tss(genes, -int(bins.start[0]), int(bins.end[-1]))
    result = np.zeros((len(genes), len(bins)), np.float32)
    for row, values in gene_signals(path, genes, ranges, genome, reader, strict):
        result[row] = bin_means(values, bins)
    return result


def bin_means(signal: NDArray[np.floating], bins: Bins) -> Floats:
    """Return the means [bin] of a signal [position] that begins at the first bin, 5' to 3'."""
    sums = np.add.reduceat(signal, bins.start - bins.start[0], dtype=np.float64)
    return np.asarray(sums / (bins.end - bins.start))

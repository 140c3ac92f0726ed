"""Read the signal of histone tracks over the promoter windows."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..base.array_files import ArrayWriter, read_row_blocks
from ..base.axes import Genes
from ..base.progress import progress
from ..base.types import Bools
from .signals import gene_signals

STACKED_GENES = 256


def track_windows(
    path: Path | str,
    genes: Genes,
    genome: Mapping[str, int] | None = None,
    reader: str = "bigwig",
    strict: bool = True,
) -> NDArray[np.float32]:
    """Read one track over the windows of all genes, 5' to 3' on the gene's strand.

    Parameters
    ----------
    path
        File of the track.
    genes
        Target genes.
    genome
        Lengths of the chromosomes in the FASTA (base pairs); those in the track must be equal. None if unknown.
    reader
        Format of the file, a key of `track_table.READERS`.
    strict
        As in `read_intervals`.

    Returns
    -------
    array [gene, window], float32
        Signal; 0 at positions without a value, outside the chromosome, or on a chromosome that the file lacks.

    Raises
    ------
    TR300MError
        See `gene_signals`.
    """
    width = int(genes.window_end[0] - genes.window_start[0])
    result = np.zeros((len(genes), width), dtype=np.float32)
    ranges = genes.window_start, genes.window_end
    for row, values in gene_signals(path, genes, ranges, genome, reader, strict):
        result[row] = values
    return result


def silent_chromosomes(genes: Genes, windows: NDArray[np.float32]) -> dict[str, int]:
    """Return the number of genes on each chromosome on which a track is 0 in all windows.

    The file of the track lacks these chromosomes, or has no values in the windows.

    Parameters
    ----------
    genes
        Target genes.
    windows
        Signal of the track [gene, window].
    """
    signal: Bools = np.asarray(windows.any(axis=1))
    names = np.unique(genes.chromosome)
    counts = {str(name): int((genes.chromosome == name).sum()) for name in names}
    return {name: count for name, count in counts.items() if not signal[genes.chromosome == name].any()}


def stack_tracks(tracks: Sequence[Path | str], out: Path | str) -> None:
    """Stack arrays of single tracks [gene, window] to an array [gene, window, track], a block of genes at a time.

    Parameters
    ----------
    tracks
        `.npy` files in the order of the track axis.
    out
        `.npy` file to write.
    """
    genes, window = np.load(tracks[0], mmap_mode="r").shape
    blocks = zip(*(read_row_blocks(track, STACKED_GENES) for track in tracks), strict=True)
    with ArrayWriter(out, (genes, window, len(tracks)), np.float32) as writer:
        starts = range(0, genes, STACKED_GENES)
        for start in progress(starts, total=len(starts), what="stacking histone tracks", unit="blocks"):
            block = np.stack(next(blocks), axis=-1)
            writer[start : start + len(block)] = block

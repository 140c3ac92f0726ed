"""Read the scores of ENCODE's candidate cis-regulatory elements (cCREs, a bigBed) over the promoter windows."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyBigWig
from numpy.typing import NDArray

from ..base.axes import Genes
from ..base.errors import TR300MError
from ..base.progress import progress
from .bigwig import open_indexed
from .chromosome_names import in_names_of
from .sequence import by_position, clip_window

LARGEST_SCORE = 1000
"""Largest score that the BED format allows."""


def cre_windows(bigbed: Path | str, genes: Genes, genome: Mapping[str, int] | None = None) -> NDArray[np.uint16]:
    """Read the cCRE scores over the windows of all genes, 5' to 3' on the gene's strand.

    Parameters
    ----------
    bigbed
        File of the cCREs.
    genes
        Target genes.
    genome
        Lengths of the chromosomes in the FASTA (base pairs); those in the file must be equal. None if unknown.

    Returns
    -------
    array [gene, window], uint16
        Score (0 to 1,000) at each position inside a cCRE; if two overlap, the score of the later row of the file. It is
        0 elsewhere, also outside the chromosome and on chromosomes that the file lacks.

    Raises
    ------
    TR300MError
        If the file is not a bigBed, cannot be read, has none of the genes' chromosomes or no data on them, is of
        another genome build, or a score in a window is not a whole number from 0 to 1,000.
    """
    width = int(genes.window_end[0] - genes.window_start[0])
    result = np.zeros((len(genes), width), dtype=np.uint16)
    needed = "cCREs on hg38 with UCSC names (chr1 ..) are needed"
    with open_indexed(bigbed, "bigBed", genes, needed, genome) as table:
        lengths = table.chroms()
        genes = in_names_of(genes, lengths)
        for row in progress(by_position(genes), total=len(genes), what=f"reading {Path(bigbed).name}", unit="genes"):
            name, window = str(genes.chromosome[row]), int(genes.window_start[row])
            start, end, _ = clip_window(window, window + width, lengths.get(name, 0))
            if start == end:
                continue
            # Entries come in the order of the file, so the later of two that overlap is written last.
            for first, last, rest in _entries(bigbed, table, name, start, end):
                place = f"{bigbed}, {name}:{first}-{last}"
                result[row, max(first - window, 0) : max(last - window, 0)] = _score(place, rest)
    minus = genes.strand == "-"
    result[minus] = result[minus, ::-1]
    return result


def _entries(
    path: Path | str, table: "pyBigWig.bigWigFile", name: str, start: int, end: int
) -> list[tuple[int, int, str]]:
    try:
        return table.entries(name, start, end) or []
    except RuntimeError as error:
        raise TR300MError(f"{path}: cannot read {name}:{start}-{end}: {error}", "download it again") from None


def _score(place: str, rest: str) -> int:
    """Return the fifth column of a BED row, which is the second field of `rest`."""
    fields = rest.split("\t")
    text = fields[1] if len(fields) > 1 else ""
    if not text.isdecimal() or int(text) > LARGEST_SCORE:
        raise TR300MError(f"{place}: the score is {text!r}", f"a whole number from 0 to {LARGEST_SCORE:,} is expected")
    return int(text)

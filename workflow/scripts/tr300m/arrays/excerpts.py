"""Excerpts of bigWig tracks: the windows of the target genes alone, read from a remote file by ranges of bytes."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pybigtools
import pyBigWig

from ..base.axes import Genes
from ..base.disk import BIGWIG_INDEX, DiskError, check_room
from ..base.errors import TR300MError
from ..base.files import atomic_path
from ..base.progress import progress
from ..base.redaction import public
from ..base.types import Ints
from ..sources.ranges import ChangedFileError, RangeFile
from .bigwig import covered
from .bigwig_index import data_ranges, read_chromosomes
from .chromosome_names import in_names_of
from .signals import NEEDED
from .wide import around_tss

BLOCK_SPAN = 25_600
"""Base pairs of a block of data, which comes whole, in the release's tracks: 1,024 bins of 25 bp."""
GENOME_SPAN = 3_100_000_000
"""Base pairs of the human genome."""
_RECORD = np.dtype([("start", np.int64), ("end", np.int64), ("value", np.float32)])


def gene_windows(genes: Genes, flank: int = 0) -> dict[str, Ints]:
    """Return the union of the genes' windows on each chromosome.

    Parameters
    ----------
    genes
        Target genes.
    flank
        Base pairs on each side of the TSS that are read beside the promoter window; 0 for the promoter window alone.

    Returns
    -------
    dict of arrays [window, (start, end)]
        0-based, half-open, sorted, apart from each other; they may reach past the chromosome.
    """
    spans = np.stack([genes.window_start, genes.window_end], axis=1)
    names = genes.chromosome
    if flank:
        wide = np.stack(around_tss(genes, flank, flank), axis=1)
        spans, names = np.concatenate([spans, wide]), np.concatenate([names, names])
    return {str(name): _union(spans[names == name]) for name in np.unique(names)}


def _union(spans: Ints) -> Ints:
    spans = spans[np.lexsort((spans[:, 1], spans[:, 0]))]
    reach = np.maximum.accumulate(spans[:, 1])
    first = np.flatnonzero(np.concatenate([[True], spans[1:, 0] > reach[:-1]]))
    return np.stack([spans[first, 0], reach[np.append(first[1:], len(spans)) - 1]], axis=1)


def most_excerpt_bytes(size: int, genes: int, span: int) -> int:
    """Return about the largest number of bytes to fetch for the windows of genes of a bigWig, before it is opened.

    Parameters
    ----------
    size
        Bytes of the bigWig.
    genes
        Number of genes; windows are taken to be apart from each other.
    span
        Base pairs of a gene's windows.
    """
    return round(size * min(1.0, genes * (span + 2 * BLOCK_SPAN) / GENOME_SPAN))


def fetch_excerpt(urls: Sequence[str], folder: Path, out: Path, size: int | None, genes: Genes, flank: int = 0) -> None:
    """Write the windows of genes of a remote bigWig, from the first of `urls` that gives them, as a local bigWig.

    Parameters
    ----------
    urls
        http or https addresses of the same file, in order of preference.
    folder
        Folder in which the bytes that came are kept: a later call does not request them again.
    out
        bigWig to write; it names all chromosomes of the remote file.
    size
        Bytes of the remote file, or None.
    genes, flank
        As in `gene_windows`.

    Raises
    ------
    TR300MError
        If no address gives the windows, with the failure of each, or the file has none of the genes' chromosomes.
    """
    failures: dict[str, TR300MError] = {}
    for url in urls:
        # A file that changes under way is read anew, once.
        for _ in range(2):
            try:
                with RangeFile(url, folder, size) as file:
                    write_excerpt(file, out, genes, flank)
                return
            except ChangedFileError as error:
                failures[url] = error
                print(f"{public(url)}: {error.message}; reading it from the beginning", file=sys.stderr)
            except DiskError:
                raise
            except TR300MError as error:
                failures[url] = error
                break
    lines = [f"  {public(url)}: {error.message}" for url, error in failures.items()]
    hint = next(reversed(failures.values())).hint or "run the same command again to go on"
    raise TR300MError("\n".join([f"cannot read windows of {out.name}:", *lines]), hint)


def write_excerpt(file: RangeFile, out: Path, genes: Genes, flank: int = 0) -> None:
    """Write the windows of genes of a remote bigWig as a local one.

    Parameters and errors are those of `fetch_excerpt`. Values and lengths of chromosomes are those of the remote file,
    so that windows read from either are equal, bit for bit.
    """
    chromosomes = read_chromosomes(file)
    renamed = in_names_of(genes, chromosomes)
    covered("the file", chromosomes, renamed, NEEDED)
    windows = {
        name: np.clip(spans, 0, chromosomes[name].length)
        for name, spans in gene_windows(renamed, flank).items()
        if name in chromosomes
    }
    # Together, and over several connections; the reader below asks for one block after the other.
    blocks = data_ranges(file, {chromosomes[name].number: spans for name, spans in windows.items()})
    file.fetch(blocks)
    lengths = {name: chromosomes[name].length for name in sorted(chromosomes)}
    with atomic_path(out) as temporary:
        # A value may take three times as much as in the remote file, which can leave out where it lies.
        check_room(temporary, 3 * sum(size for _, size in blocks) + BIGWIG_INDEX)
        count = _copy(file, temporary, windows, lengths)
    print(f"{out.name}: {count:,} intervals in {sum(map(len, windows.values())):,} windows", file=sys.stderr)


def _copy(file: RangeFile, out: Path, windows: Mapping[str, Ints], lengths: Mapping[str, int]) -> int:
    """Copy the intervals of the windows, cut to these, and return their number."""
    file.seek(0)
    source, count = pybigtools.open(file), 0
    spans = [(name, int(start), int(end)) for name in sorted(windows) for start, end in windows[name] if start < end]
    with pyBigWig.open(str(out), "w") as target:
        target.addHeader(list(lengths.items()), maxZooms=0)
        for name, start, end in progress(spans, total=len(spans), what=f"copying {file.name}", unit="windows"):
            found = np.fromiter(source.records(name, start, end), _RECORD)
            if len(found):
                values = found["value"].astype(np.float64)
                target.addEntries(
                    [name] * len(found), found["start"].tolist(), ends=found["end"].tolist(), values=values.tolist()
                )
                count += len(found)
        if not count:
            # A bigWig without data cannot be read. A value of 0 and no value are the same to all that read tracks.
            name, start, end = spans[0]
            target.addEntries([name], [start], ends=[end], values=[0.0])
    return count

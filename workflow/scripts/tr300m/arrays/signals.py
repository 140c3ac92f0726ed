"""Open a track of any format as a signal by position: bigWig, bigBed, peaks, bedGraph."""

import re
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import pyBigWig
from numpy.typing import NDArray

from ..base.axes import Genes
from ..base.errors import TR300MError
from ..base.progress import progress
from ..base.types import Floats, Ints
from .bigwig import MAGIC_BYTES, covered, open_indexed, open_kind, say_lacking
from .chromosome_names import in_names_of, mapping_note, match_names, other_style
from .intervals import Intervals, read_intervals, wrong_interval
from .sequence import by_position, clip_window

NEEDED = "a track on the genome build of annotation and FASTA is needed (the release: hg38)"
_INDEXED = {"bigwig": "bigWig", "bigbed": "bigBed"}
# Of a bigBed (Kent et al., Bioinformatics 26:2204, 2010): number of BED columns, place of the text with all columns.
_HEADER = struct.Struct("=34xHQ")
_AUTOSQL_BYTES = 1 << 16
_FIELD = re.compile(r"^\s*[\w\[\]]+\s+(\w+)\s*;", re.MULTILINE)


class Signal(Protocol):
    """The signal of a track by position."""

    def values(self, chromosome: str, start: int, end: int) -> NDArray[np.float32]:
        """Return the signal at each position of [`start`, `end`), float32.

        It is 0 at positions without a value, outside the chromosome, and on chromosomes that the file lacks.
        """
        ...


@contextmanager
def open_signal(
    path: Path | str, reader: str, genes: Genes, genome: Mapping[str, int] | None = None, strict: bool = True
) -> Iterator[Signal]:
    """Open a track, whose chromosomes may have the names of the annotation or those of the other style (1, chr1).

    The genes' chromosomes that the file lacks, or names in the other style, are named on stderr.

    Parameters
    ----------
    path
        File of the track.
    reader
        A key of `track_table.READERS`.
    genes
        Genes around which the signal will be read.
    genome
        Lengths of the chromosomes in the FASTA (base pairs). None if unknown.
    strict
        As in `read_intervals`.

    Raises
    ------
    TR300MError
        If the file is of another format, cannot be read, has none of the genes' chromosomes or no data on them, is of
        another genome build, or has an interval that is not valid.
    """
    chromosomes = np.unique(genes.chromosome).tolist()
    if kind := _INDEXED.get(reader):
        with open_indexed(path, kind, genes, NEEDED, genome) as track:
            signal: Signal = _BigWigSignal(path, track) if kind == "bigWig" else _BigBedSignal(path, track)
            yield _NamedSignal(signal, match_names(chromosomes, track.chroms()))
        return
    # Lengths under both names, because the names in the file are not known yet.
    lengths = {other_style(name): length for name, length in (genome or {}).items()} | dict(genome or {})
    found = _read_text(path, reader, lengths, strict)
    names = match_names(chromosomes, found.names)
    if note := mapping_note(names, path):
        print(note, file=sys.stderr)
    _, lacking = covered(path, found.names, in_names_of(genes, found.names), NEEDED)
    say_lacking(path, lacking)
    yield _NamedSignal(_StepSignal(found), names)


def gene_signals(
    path: Path | str,
    genes: Genes,
    ranges: tuple[Ints, Ints],
    genome: Mapping[str, int] | None = None,
    reader: str = "bigwig",
    strict: bool = True,
) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield the row of each gene and the signal of a track over its range [position], 5' to 3' on the gene's strand.

    Parameters
    ----------
    path, genome, reader, strict
        As for `open_signal`.
    genes
        Target genes; they come in the order of their positions.
    ranges
        Start and end of the range of each gene [gene], 0-based and half-open on the + strand.

    Raises
    ------
    TR300MError
        If the file cannot be read (`open_signal`), or has an infinite value in a range.
    """
    starts, ends = ranges
    with open_signal(path, reader, genes, genome, strict) as signal:
        for row in progress(by_position(genes), total=len(genes), what=f"reading {Path(path).name}", unit="genes"):
            values = signal.values(str(genes.chromosome[row]), int(starts[row]), int(ends[row]))
            if not np.isfinite(values).all():
                raise TR300MError(f"{path}: the signal around gene {genes.gene_id[row]} is infinite")
            yield row, values if genes.strand[row] == "+" else values[::-1]


class _NamedSignal:
    """A signal by the annotation's names of chromosomes; `names` has those of the file."""

    def __init__(self, signal: Signal, names: Mapping[str, str]) -> None:
        self._signal, self._names = signal, names

    def values(self, chromosome: str, start: int, end: int) -> NDArray[np.float32]:
        return self._signal.values(self._names.get(chromosome, chromosome), start, end)


def check_signal(path: Path | str, reader: str, strict: bool = True) -> None:
    """Check a track without a genome: all lines of a text file, the beginning of a bigWig or bigBed.

    Raises
    ------
    TR300MError
        As `open_signal`.
    """
    if kind := _INDEXED.get(reader):
        open_kind(path, kind).close()
    else:
        _read_text(path, reader, None, strict)


def _read_text(path: Path | str, reader: str, genome: Mapping[str, int] | None, strict: bool) -> Intervals:
    found = read_intervals(path, reader, genome, strict)
    if reader == "bedgraph":
        _refuse_overlaps(path, found)
    return found


class _BigWigSignal:
    def __init__(self, path: Path | str, track: "pyBigWig.bigWigFile") -> None:
        self._path, self._track, self._lengths = path, track, track.chroms()

    def values(self, chromosome: str, start: int, end: int) -> NDArray[np.float32]:
        result = np.zeros(end - start, dtype=np.float32)
        first, last, offset = clip_window(start, end, self._lengths.get(chromosome, 0))
        if first == last:
            return result
        try:
            found = self._track.values(chromosome, first, last, numpy=True)
        except RuntimeError as error:
            raise _unreadable(self._path, chromosome, first, last, error) from None
        result[offset : offset + last - first] = np.where(np.isnan(found), 0, found)
        return result


class _BigBedSignal:
    def __init__(self, path: Path | str, track: "pyBigWig.bigWigFile") -> None:
        self._path, self._track, self._lengths = path, track, track.chroms()
        self._column = _value_column(path)

    def values(self, chromosome: str, start: int, end: int) -> NDArray[np.float32]:
        first, last, _ = clip_window(start, end, self._lengths.get(chromosome, 0))
        if first == last:
            return np.zeros(end - start, dtype=np.float32)
        try:
            rows = self._track.entries(chromosome, first, last) or []
        except RuntimeError as error:
            raise _unreadable(self._path, chromosome, first, last, error) from None
        value = [self._value(chromosome, *row) for row in rows]
        starts, ends = (np.array([row[place] for row in rows], dtype=np.int64) for place in (0, 1))
        return _fill(start, end, starts, ends, np.array(value, dtype=np.float64))

    def _value(self, chromosome: str, start: int, end: int, rest: str) -> float:
        if self._column is None:
            return 1.0
        fields = rest.split("\t")
        text = fields[self._column] if self._column < len(fields) else ""
        try:
            return float(text)
        except ValueError:
            raise TR300MError(
                f"{self._path}, {chromosome}:{start}-{end}: the value is {text!r}", "a number is expected"
            ) from None


class _StepSignal:
    """Intervals of a text file, by chromosome and start."""

    def __init__(self, found: Intervals) -> None:
        self._by_name: dict[str, _Steps] = {}
        order = np.lexsort((found.start, found.chromosome))
        edges = np.searchsorted(found.chromosome[order], np.arange(len(found.names) + 1))
        for name, first, last in zip(found.names, edges[:-1], edges[1:], strict=True):
            rows = order[first:last]
            ends = found.end[rows]
            self._by_name[name] = _Steps(found.start[rows], ends, found.value[rows], np.maximum.accumulate(ends))

    def values(self, chromosome: str, start: int, end: int) -> NDArray[np.float32]:
        steps = self._by_name.get(chromosome)
        if steps is None:
            return np.zeros(end - start, dtype=np.float32)
        # No interval before `first` reaches the window, and none from `last` on starts before its end.
        first, last = np.searchsorted(steps.reach, start, "right"), np.searchsorted(steps.start, end, "left")
        near = slice(first, max(first, last))
        return _fill(start, end, steps.start[near], steps.end[near], steps.value[near])


class _Steps(NamedTuple):
    """Intervals of a chromosome, sorted by start; `reach` is the largest end so far."""

    start: Ints
    end: Ints
    value: Floats
    reach: Ints


def _fill(start: int, end: int, starts: Ints, ends: Ints, values: Floats) -> NDArray[np.float32]:
    """Return the largest value of the intervals at each position of [`start`, `end`), 0 where there is none."""
    first, last = np.clip(starts - start, 0, end - start), np.clip(ends - start, 0, end - start)
    size = np.maximum(last - first, 0)
    # Positions of all intervals, one interval after the other.
    position = np.repeat(first - np.concatenate([[0], np.cumsum(size)[:-1]]), size) + np.arange(size.sum())
    result = np.full(end - start, -np.inf, dtype=np.float32)
    np.maximum.at(result, position, np.repeat(values, size).astype(np.float32))
    result[np.isneginf(result)] = 0
    return result


def _refuse_overlaps(path: Path | str, found: Intervals) -> None:
    order = np.lexsort((found.start, found.chromosome))
    chromosome, start, end = found.chromosome[order], found.start[order], found.end[order]
    wrong = np.zeros(len(order), dtype=bool)
    wrong[order[1:]] = (chromosome[1:] == chromosome[:-1]) & (start[1:] < end[:-1])
    if wrong.any():
        raise wrong_interval(
            path, found, wrong, "it overlaps another interval", "a bedGraph has one value at each position"
        )


def _value_column(path: Path | str) -> int | None:
    """Return the index of a bigBed's value among the columns behind the end: signalValue, else the score, else None.

    Columns are found by their names, which a bigBed states (autoSql); one that does not has the columns of a BED.
    pyBigWig reads the names of some files only, and prints to the terminal if it fails.
    """
    with open(path, "rb") as handle:
        head = handle.read(_HEADER.size)
        order = "<" if head[:4] == MAGIC_BYTES["bigBed"] else ">"
        bed_columns, offset = struct.unpack(order + _HEADER.format[1:], head)
        handle.seek(offset or len(head))
        text = handle.read(_AUTOSQL_BYTES).partition(b"\0")[0].decode("utf-8", "replace") if offset else ""
    names = _FIELD.findall(text)[3:]
    for name in ("signalValue", "score"):
        if name in names:
            return names.index(name)
    return 1 if not names and bed_columns >= 5 else None


def _unreadable(path: Path | str, chromosome: str, start: int, end: int, error: RuntimeError) -> TR300MError:
    return TR300MError(f"{path}: cannot read {chromosome}:{start}-{end}: {error}", "download it again")

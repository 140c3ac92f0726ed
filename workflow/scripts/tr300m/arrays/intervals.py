"""Read intervals with values from text files: narrowPeak, broadPeak, bedGraph and BED, plain or gzip."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..base.errors import TR300MError
from ..base.files import gzip_errors, open_text, read_lines
from ..base.types import Bools, Floats, Ints

HEADER_WORDS = ("#", "track", "browser")
"""Beginnings of the lines above the intervals."""
# The columns chrom, chromStart and chromEnd.
_NAME, _START, _END = 0, 1, 2
_WHOLE_NUMBER = r"-?\d{1,18}"


class IntervalFormat(NamedTuple):
    """A text format: its name, the least number of its columns, and the index of the value's column."""

    name: str
    columns: int
    value: int


INTERVAL_FORMATS = {
    "narrowpeak": IntervalFormat("narrowPeak", 10, 6),
    "broadpeak": IntervalFormat("broadPeak", 9, 6),
    "bedgraph": IntervalFormat("bedGraph", 4, 3),
    "bed": IntervalFormat("BED", 3, 4),
}


@dataclass(frozen=True)
class Intervals:
    """Intervals of one file, in its order.

    Attributes
    ----------
    names
        Names of the chromosomes in the file.
    chromosome
        Index of each interval's chromosome in `names` [interval].
    start, end
        0-based and half-open, in base pairs [interval].
    value
        Signal [interval].
    """

    names: tuple[str, ...]
    chromosome: Ints
    start: Ints
    end: Ints
    value: Floats


def read_intervals(path: Path | str, reader: str, genome: Mapping[str, int] | None = None) -> Intervals:
    """Read the intervals of a text file and check each of them.

    Lines above the intervals that start with ``#``, ``track`` or ``browser``, and empty lines, are skipped. Columns are
    separated by tabs or, if the first interval has no tab, by blanks.

    Parameters
    ----------
    path
        Plain or gzip file.
    reader
        A key of `INTERVAL_FORMATS`. The value is signalValue of a narrowPeak or broadPeak, the value of a bedGraph, and
        the score of a BED, or 1 if it has none.
    genome
        Lengths of the chromosomes in the FASTA (base pairs), which no interval may exceed. None if unknown.

    Raises
    ------
    TR300MError
        If the file has no intervals, or an interval has too few columns, a position or value that is not a number, an
        end that is not after its start, or a position outside the chromosome; the line is named.
    """
    form = INTERVAL_FORMATS[reader]
    number, text = next(data_lines(path), (0, ""))
    if not number:
        raise TR300MError(f"{path} has no intervals", f"a {form.name} file is expected")
    separator = "\t" if "\t" in text else None
    width = len(text.split(separator))
    if width < form.columns:
        raise TR300MError(
            f"{path}, line {number}: {width} columns, a {form.name} has {form.columns}",
            "correct the column `reader` of the table of tracks, or separate the columns by tabs",
        )
    value = form.value if width > form.value else None
    found = _parse(path, form, _Layout(number - 1, separator or r"\s+", value))
    _check(path, found, genome or {})
    return found


def data_lines(path: Path | str) -> Iterator[tuple[int, str]]:
    """Yield number and text of the lines that hold intervals."""
    above = True
    for number, line in enumerate(read_lines(path), start=1):
        above = above and (not line.strip() or line.startswith(HEADER_WORDS))
        if not above and line.strip():
            yield number, line


def line_of(path: Path | str, interval: int) -> int:
    """Return the number of the line that holds an interval, given by its place in the file."""
    return next(number for place, (number, _) in enumerate(data_lines(path)) if place == interval)


class _Layout(NamedTuple):
    """Number of lines above the first interval, separator, and the value's column if there is one."""

    above: int
    separator: str
    value: int | None


def _parse(path: Path | str, form: IntervalFormat, layout: _Layout) -> Intervals:
    numbers: dict[int, type] = {_START: np.int64, _END: np.int64}
    if layout.value is not None:
        numbers[layout.value] = np.float64
    try:
        table = _read(path, layout, {_NAME: "category", **numbers})
    except ValueError as error:
        raise _not_a_number(path, form, layout, error) from None
    # A row of white space alone has neither a name nor positions, which are whole numbers.
    value = np.ones(len(table)) if layout.value is None else table[layout.value].to_numpy(np.float64)
    names = table[_NAME].cat
    return Intervals(
        tuple(map(str, names.categories)),
        names.codes.to_numpy().astype(np.int64),
        table[_START].to_numpy(np.int64),
        table[_END].to_numpy(np.int64),
        value,
    )


def _read(path: Path | str, layout: _Layout, types: Mapping[int, Any]) -> pd.DataFrame:
    with open_text(path) as handle, gzip_errors(path):
        return pd.read_csv(
            handle,
            sep=layout.separator,
            header=None,
            names=list(range(max(types) + 1)),
            # Columns behind these are not looked at; rows may differ in their number.
            usecols=list(types),
            dtype=dict(types),
            skiprows=layout.above,
            quoting=csv.QUOTE_NONE,
            keep_default_na=False,
            na_values=[""],
        )


def _not_a_number(path: Path | str, form: IntervalFormat, layout: _Layout, error: ValueError) -> TR300MError:
    """Return the error for the first line with a position or value that is not a number; the file is read as text."""
    columns = {_START: "start", _END: "end"} | ({} if layout.value is None else {layout.value: "value"})
    table = _read(path, layout, dict.fromkeys((_NAME, *columns), str)).fillna("")
    for column, name in columns.items():
        text = table[column]
        valid = pd.to_numeric(text, errors="coerce").notna() if column > _END else text.str.fullmatch(_WHOLE_NUMBER)
        wrong = np.flatnonzero(~valid.to_numpy(bool))
        if len(wrong):
            row, kind = int(wrong[0]), "number" if column > _END else "whole number"
            return TR300MError(
                f"{path}, line {line_of(path, row)}: the {name} is {text[row]!r}, not a {kind}",
                f"a {form.name} file is expected",
            )
    return TR300MError(f"{path}: {error}", f"a {form.name} file is expected")


def _check(path: Path | str, found: Intervals, genome: Mapping[str, int]) -> None:
    length = np.array([genome.get(name, np.iinfo(np.int64).max) for name in found.names], dtype=np.int64)
    checks = (
        (found.chromosome < 0, "there is no chromosome", "correct the file"),
        (found.end <= found.start, "the end is not after the start", "correct the file; ends are half-open"),
        (found.start < 0, "the start is negative", "correct the file; starts are 0-based"),
        (
            found.end > length[found.chromosome],
            "the end is outside the chromosome",
            "track, FASTA and annotation must be of the same genome build",
        ),
        (~np.isfinite(found.value), "the value is not finite", "correct the file"),
    )
    for wrong, problem, hint in checks:
        if wrong.any():
            raise wrong_interval(path, found, wrong, problem, hint)


def wrong_interval(path: Path | str, found: Intervals, wrong: Bools, problem: str, hint: str) -> TR300MError:
    """Return an error that names line and content of the first of the intervals that are `wrong`, and their number."""
    row, count = int(np.flatnonzero(wrong)[0]), int(wrong.sum())
    name = found.names[found.chromosome[row]] if found.chromosome[row] >= 0 else ""
    place = f"{name}:{found.start[row]}-{found.end[row]}, value {found.value[row]:g}"
    more = f" ({count:,} intervals in all)" if count > 1 else ""
    return TR300MError(f"{path}, line {line_of(path, row)} ({place}): {problem}{more}", hint)

"""Text files: atomic writes, streaming readers of plain and gzip text, tab-separated tables, JSON, checksums."""

import csv
import gzip
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import dropwhile
from pathlib import Path
from typing import Any, BinaryIO, Literal, TextIO, cast

import numpy as np
from isal import igzip_lib, igzip_threaded
from numpy.typing import NDArray

from .disk import check_writable, disk_errors
from .errors import TR300MError
from .temporary_files import remove_abandoned, temporary_path
from .types import Strings

# The type stubs of isal declare this class as an instance.
ISAL_ERROR = cast(type[Exception], igzip_lib.IsalError)

# Bytes per block. For each block the decompressing thread waits some milliseconds for Python's global lock.
UNPACKED = 8 << 20

GZIP_MAGIC = b"\x1f\x8b"

READ_BYTES = 1 << 20

BOM = b"\xef\xbb\xbf"
"""Byte order mark, which some programs write at the start of a UTF-8 file."""

BLANKS = "".join(chr(code) for code in range(0x3001) if chr(code).isspace()) + "\u200b\u200c\u200d\u2060\ufeff"
"""Characters without a visible sign: all white space, including non-breaking and zero-width spaces."""


@contextmanager
def atomic_path(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` on success, delete it on failure.

    A reader therefore never sees an incomplete file under the final name. Temporary files that killed processes left
    for the same `path` are deleted first.

    Raises
    ------
    DiskError
        If the disk is full, or the path may not be written; the latter before the body of the `with` statement.
    """
    final = Path(path)
    with disk_errors(final):
        final.parent.mkdir(parents=True, exist_ok=True)
        check_writable(final.parent)
        remove_abandoned(final)
        # The temporary name keeps the suffixes, because np.save and Keras choose the format by them.
        temporary = temporary_path(final)
        try:
            yield temporary
            temporary.replace(final)
        finally:
            temporary.unlink(missing_ok=True)


def clean(text: str) -> str:
    """Return `text` without `BLANKS` at its start and end."""
    return text.strip(BLANKS)


def open_binary(path: Path | str) -> BinaryIO:
    """Open a plain or gzip file, as its first bytes say, for reading; gzip is decompressed in a separate thread.

    Raises
    ------
    TR300MError
        If the file cannot be read.
    """
    try:
        with open(path, "rb") as handle:
            zipped = handle.read(2) == GZIP_MAGIC
    except PermissionError as error:
        raise TR300MError(f"cannot read {path}: {error.strerror}", "ask its owner for the right to read it") from None
    except OSError as error:
        raise TR300MError(f"cannot read {path}: {error.strerror}", "check the path in the config's `sources`") from None
    if zipped:
        return cast(BinaryIO, igzip_threaded.open(path, "rb", block_size=UNPACKED))  # type: ignore[no-untyped-call]
    return open(path, "rb")


@contextmanager
def gzip_errors(path: Path | str) -> Iterator[None]:
    """Turn a truncated or corrupt gzip stream into a `TR300MError` that names the file."""
    try:
        yield
    except (EOFError, gzip.BadGzipFile, ISAL_ERROR) as error:
        raise TR300MError(f"{path} is truncated or corrupt: {error}", "delete it and download it again") from None


def read_lines(path: Path | str) -> Iterator[str]:
    """Yield the lines of a plain or gzip text file one by one, without line ends and byte order mark.

    Raises
    ------
    TR300MError
        If the file is missing, truncated, corrupt or not text.
    """
    with open_binary(path) as handle, gzip_errors(path):
        for number, line in enumerate(handle, start=1):
            try:
                yield (line.removeprefix(BOM) if number == 1 else line).decode("utf-8").rstrip("\r\n")
            except UnicodeDecodeError:
                raise TR300MError(f"{path}, line {number}: not UTF-8 text", "is this the right file?") from None


def open_text(path: Path | str) -> TextIO:
    """Open a plain or gzip file as UTF-8 text, without its byte order mark."""
    import io

    return io.TextIOWrapper(open_binary(path), encoding="utf-8-sig", newline="")


def read_list(path: Path | str) -> list[str]:
    """Read a list of names, one per line, in file order; repeated names are returned once.

    Blanks around a name are removed. Empty lines and lines that start with ``#`` are skipped.

    Raises
    ------
    TR300MError
        If the file cannot be read.
    """
    names = (clean(line) for line in read_lines(path))
    return list(dict.fromkeys(name for name in names if name and not name.startswith("#")))


def read_table(path: Path | str, separator: str = "\t") -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Read the header of a text table, and its rows with their line numbers.

    Blanks around cells are removed. Empty lines are skipped, and so are lines that start with ``#`` before the header.
    Delimiters after the last column, in the header or in a row, add no column. In a comma-separated table a cell may be
    quoted; in a tab-separated table a quotation mark is an ordinary character.

    Returns
    -------
    header
        Column names.
    rows
        Line number and cells of each row; a row may be shorter than the header.

    Raises
    ------
    TR300MError
        If the file is empty or not a table, or a row has more cells than the header.
    """
    quoting: Literal[0, 3] = csv.QUOTE_NONE if separator == "\t" else csv.QUOTE_MINIMAL
    rows = dropwhile(lambda row: row[1][0].startswith("#"), _rows(path, separator, quoting))
    _, header = next(rows, (0, []))
    header = _without_end(header, 0)
    if not header:
        raise TR300MError(f"{path} is empty", "a table with a header line is expected")
    table = []
    for number, cells in rows:
        row = _without_end(cells, len(header))
        if len(row) > len(header):
            raise _wrong_width(path, number, row, header)
        table.append((number, row))
    return header, table


def text_separator(path: Path | str) -> str:
    """Return the separator of a text table: a tab if the header has one, otherwise a comma.

    Raises
    ------
    TR300MError
        If the file cannot be read.
    """
    lines = (line for line in read_lines(path) if clean(line) and not line.startswith("#"))
    return "," if "\t" not in (header := next(lines, "")) and "," in header else "\t"


def _rows(path: Path | str, separator: str, quoting: Literal[0, 3]) -> Iterator[tuple[int, list[str]]]:
    lines: Iterable[str] = read_lines(path)
    reader = csv.reader(lines, delimiter=separator, quoting=quoting)
    try:
        for row in reader:
            cells = [clean(cell) for cell in row]
            # A line of delimiters is a row of empty cells; a line of blanks is skipped.
            if cells and cells != [""]:
                yield reader.line_num, cells
    except csv.Error as error:
        raise TR300MError(f"{path}, line {reader.line_num}: {error}", "is this the right, complete file?") from None


def _without_end(cells: list[str], width: int) -> list[str]:
    """Remove empty cells at the end of a row that is longer than `width`."""
    while len(cells) > width and not cells[-1]:
        cells = cells[:-1]
    return cells


def _wrong_width(path: Path | str, number: int, row: list[str], header: list[str]) -> TR300MError:
    return TR300MError(
        f"{path}, line {number}: {len(row)} fields where the header has {len(header)}",
        "write as many fields in each line as in the header, separated by single delimiters",
    )


def read_columns(path: Path | str, columns: Sequence[str], separator: str = "\t") -> dict[str, Strings]:
    """Read columns of a table (`read_table`) by name, as string arrays [row].

    Raises
    ------
    TR300MError
        If the file cannot be read, lacks a column or has it twice, or a row is too short.
    """
    header, rows = read_table(path, separator)
    if missing := [name for name in columns if name not in header]:
        raise TR300MError(f"{path} lacks the column {', '.join(missing)}", f"found {', '.join(header[:8])} ...")
    return _select(path, header, rows, columns, width=max(map(header.index, columns)) + 1)


def _select(
    path: Path | str, header: list[str], rows: list[tuple[int, list[str]]], columns: Sequence[str], width: int
) -> dict[str, Strings]:
    """Return columns of a table by name; refuse one that is there twice, and rows of fewer cells than `width`."""
    repeated = [name for name in header if name in columns]
    if len(set(repeated)) != len(repeated):
        raise TR300MError(f"{path}: a column name appears twice in the header {' '.join(repeated)}")
    for number, row in rows:
        if len(row) < width:
            raise _wrong_width(path, number, row, header)
    places = [header.index(name) for name in columns]
    return {
        name: np.array([row[place] for _, row in rows], dtype=np.str_)
        for name, place in zip(columns, places, strict=True)
    }


def sha256(path: Path | str) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    digest = hashlib.sha256()
    with open(path, "rb") as handle:
        while block := handle.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()


def read_tsv(path: Path | str) -> dict[str, Strings]:
    """Read a tab-separated table with a header line (`read_table`).

    Returns
    -------
    dict
        Column name to string array [row], in file order.

    Raises
    ------
    TR300MError
        If there is no header, a column name appears twice, or a row is longer or shorter than the header.
    """
    header, rows = read_table(path)
    return _select(path, header, rows, header, width=len(header))


def write_tsv(path: Path | str, columns: Mapping[str, Sequence[Any] | NDArray[Any]]) -> None:
    """Write columns of equal length as a tab-separated table with a header line, atomically."""
    rows = [list(map(str, row)) for row in zip(*columns.values(), strict=True)]
    for row in rows:
        if any("\t" in value or "\n" in value for value in row):
            raise TR300MError(f"{path}: a value in the row {row} contains a tab or a line end")
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8") as handle:
        handle.writelines("\t".join(row) + "\n" for row in [list(columns), *rows])


def read_json(path: Path | str) -> Any:
    """Read a JSON file.

    Raises
    ------
    TR300MError
        If it is missing or not JSON.
    """
    try:
        with open(path, encoding="utf-8-sig") as handle:
            return json.load(handle)
    except OSError as error:
        raise TR300MError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise TR300MError(f"{path} is not JSON: {error}", "delete it and let the workflow write it again") from None


def write_json(path: Path | str, value: Any) -> None:
    """Write a value as indented JSON, atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")

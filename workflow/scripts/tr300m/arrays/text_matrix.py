"""Read expression from text tables: TSV, CSV and GCT 1.3, one line at a time."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Literal

from ..base.errors import TR300MError
from ..base.files import clean, read_lines
from ..base.progress import progress
from ..base.types import Floats
from .decimals import parse_decimals
from .expression_matrix import ONE_ROW_A_GENE, ExpressionMatrix, check_names, check_tpm

DESCRIPTIONS = frozenset({"description", "gene", "gene id", "gene name", "gene symbol", "name", "symbol"})
"""Columns behind the first one that describe the genes, in lower case with spaces for underscores."""


@dataclass(frozen=True)
class _Layout:
    """Where things are in a text table.

    `first` is the first column of values, `last_line` the last line before the rows of genes, `rows` the number of
    genes that the file states, if it does.
    """

    separator: str
    quoting: Literal[0, 3]
    sample_ids: list[str]
    first: int
    last_line: int
    rows: int | None = None


def is_description(column: str) -> bool:
    """Return whether a column behind the gene identifiers describes the genes and holds no values."""
    return column.casefold().replace("_", " ") in DESCRIPTIONS


def open_delimited(path: Path | str) -> ExpressionMatrix:
    """Open a TSV or CSV file (plain or gzip) with one row per gene and one column per sample.

    The first column has the gene identifiers; its name may be missing, as R writes it. Columns of `DESCRIPTIONS` may
    follow. Lines before the header that start with ``#`` are skipped.

    Raises
    ------
    TR300MError
        If its first two lines have neither tabs nor commas, or a sample has no ID or one that appears twice.
    """
    lines = islice((line for line in read_lines(path) if clean(line) and not line.startswith("#")), 2)
    # R's header of a single sample has no separator.
    first = "\n".join(lines)
    separator = "\t" if "\t" in first else ","
    if separator not in first:
        raise TR300MError(
            f"{path}: no tab and no comma in its first lines, {first[:40]!r}",
            "a header line is expected with one column for the genes and one for each sample",
        )
    rows = _cells(path, separator, csv.QUOTE_MINIMAL)
    (line, header), *more = islice((row for row in rows if not row[1][0].startswith("#")), 2)
    header = _without_empty_end(header, 0)
    width = len(_without_empty_end(more[0][1], len(header))) if more else len(header)
    labels = header if width == len(header) + 1 else header[1:]
    described = next((place for place, name in enumerate(labels) if not is_description(name)), len(labels))
    sample_ids = labels[described:]
    where = f"{path}, line {line}"
    if not sample_ids:
        raise TR300MError(f"{where}: the header has no sample", "write one column for each sample")
    check_names(where, "sample", sample_ids)
    layout = _Layout(separator, csv.QUOTE_MINIMAL, sample_ids, 1 + described, line)
    return ExpressionMatrix(str(path), "TSV" if separator == "\t" else "CSV", sample_ids, partial(_rows, path, layout))


def open_gct_13(path: Path | str) -> ExpressionMatrix:
    """Open a GCT 1.3 file (plain or gzip); its metadata of rows and columns are skipped.

    Raises
    ------
    TR300MError
        If line 2 does not hold four whole numbers, its counts disagree with line 3, or a sample has no ID or one that
        appears twice.
    """
    lines = [line.split("\t") for line in islice(read_lines(path), 3)]
    try:
        rows, columns, row_fields, column_fields = (int(field) for field in _without_empty_end(lines[1], 0))
    except (ValueError, IndexError):
        raise TR300MError(
            f"{path}, line 2: numbers of rows, columns, row metadata and column metadata expected",
            "is it a GCT 1.3 file?",
        ) from None
    header = [clean(field) for field in lines[2]] if len(lines) > 2 else []
    sample_ids = _without_empty_end(header, 1 + row_fields + columns)[1 + row_fields :]
    if len(sample_ids) != columns:
        raise TR300MError(
            f"{path}: line 2 states {columns} samples and {row_fields} columns of row metadata, line 3 has "
            f"{len(header)} columns",
            "the file is truncated or edited: make it anew, or correct line 2",
        )
    check_names(f"{path}, line 3", "sample", sample_ids)
    layout = _Layout("\t", csv.QUOTE_NONE, sample_ids, 1 + row_fields, 3 + column_fields, rows)
    return ExpressionMatrix(str(path), "GCT 1.3", sample_ids, partial(_rows, path, layout))


def _cells(path: Path | str, separator: str, quoting: Literal[0, 3]) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of each line that is not empty."""
    reader = csv.reader(read_lines(path), delimiter=separator, quoting=quoting)
    try:
        for cells in reader:
            if any(cells):
                yield reader.line_num, [*map(clean, cells)] if reader.line_num < 4 else cells
    except csv.Error as error:
        raise TR300MError(f"{path}, line {reader.line_num}: {error}", "is this the right, complete file?") from None


def _without_empty_end(cells: list[str], width: int) -> list[str]:
    """Remove empty cells at the end of a row that is longer than `width`: spreadsheets add delimiters."""
    while len(cells) > width and not clean(cells[-1]):
        cells = cells[:-1]
    return cells


def _rows(
    path: Path | str, layout: _Layout, wanted: Callable[[str], bool], columns: int | None = None
) -> Iterator[tuple[str, Floats]]:
    seen: set[str] = set()
    width = layout.first + len(layout.sample_ids)
    lines = _cells(path, layout.separator, layout.quoting)
    lines = progress(lines, total=layout.rows, what=f"reading {Path(path).name}", unit="rows")
    for number, cells in lines:
        if number <= layout.last_line:
            continue
        gene = clean(cells[0])
        where = f"{path}, line {number}, gene {gene}"
        cells = _without_empty_end(cells, width)
        if len(cells) != width:
            raise TR300MError(
                f"{where}: {len(cells) - layout.first} values where the header has {len(layout.sample_ids)} samples",
                "write as many fields in each line as in the header",
            )
        if not gene:
            raise TR300MError(f"{path}, line {number}: the gene has no identifier")
        if gene in seen:
            raise TR300MError(f"{path}, line {number}: gene {gene} appears twice", ONE_ROW_A_GENE)
        seen.add(gene)
        if wanted(gene):
            yield gene, _parse(where, layout, cells[layout.first :][:columns])
    if layout.rows is not None and len(seen) != layout.rows:
        raise TR300MError(
            f"{path}: line 2 states {layout.rows} rows, the file has {len(seen)}",
            "the file is truncated or edited: make it anew, or correct line 2",
        )


def _parse(where: str, layout: _Layout, cells: list[str]) -> Floats:
    try:
        values = parse_decimals("\t".join(cells).encode())
    except TR300MError as error:
        raise TR300MError(
            f"{where}: {error.message}",
            f"all columns from {layout.sample_ids[0]!r} on are taken as samples: remove other columns",
        ) from None
    check_tpm(where, values)
    return values

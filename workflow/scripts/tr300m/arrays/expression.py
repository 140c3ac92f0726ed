"""Read GTEx's GCT files fast, and target expression and regulator levels from an expression file in one pass."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from ..base.array_files import read_row_blocks
from ..base.axes import Genes
from ..base.errors import TR300MError
from ..base.files import BOM, clean, gzip_errors, open_binary
from ..base.progress import progress
from ..base.types import Bools, Floats, Strings
from .decimals import parse_decimals
from .expression_matrix import ExpressionMatrix, check_tpm
from .genes import check_edition

TAB = ord("\t")
ROWS_PER_BLOCK = 256


@dataclass(frozen=True)
class GctHeader:
    """The header of a GCT: number of rows, and sample IDs in column order."""

    rows: int
    sample_ids: list[str]


def read_gct_header(gct: Path | str) -> GctHeader:
    """Read the header of a GCT 1.2 file (plain or gzip).

    Raises
    ------
    TR300MError
        If it is not a GCT, its counts disagree with its columns, or a sample ID is duplicated.
    """
    with open_binary(gct) as handle, gzip_errors(gct):
        return _parse_gct_header(gct, handle)


def _parse_gct_header(gct: Path | str, handle: BinaryIO) -> GctHeader:
    lines = [handle.readline().removeprefix(BOM).decode("utf-8", "replace") for _ in range(3)]
    # Spreadsheet programs pad short lines with tabs.
    lines[:2] = map(clean, lines[:2])
    if lines[0] != "#1.2":
        raise TR300MError(f"{gct}, line 1: '#1.2' expected, found {lines[0][:40]!r}", "is it a GCT 1.2 file?")
    try:
        rows, columns = (int(field) for field in lines[1].split("\t"))
    except ValueError:
        raise TR300MError(f"{gct}, line 2: numbers of rows and columns expected, found {lines[1][:40]!r}") from None
    fields = [clean(field) for field in lines[2].split("\t")]
    while len(fields) > columns + 2 and not fields[-1]:
        fields.pop()
    sample_ids = fields[2:]
    if fields[:2] != ["Name", "Description"]:
        raise TR300MError(f"{gct}, line 3: the columns must begin with Name and Description")
    if len(sample_ids) != columns:
        raise TR300MError(
            f"{gct}: line 2 states {columns} samples, line 3 has {len(sample_ids)}",
            "the file is truncated or edited: download it again, or correct line 2",
        )
    if "" in sample_ids:
        raise TR300MError(f"{gct}, line 3: sample {sample_ids.index('') + 1} has no ID")
    if len(set(sample_ids)) != columns:
        repeated = next(name for i, name in enumerate(sample_ids) if name in sample_ids[:i])
        raise TR300MError(f"{gct}, line 3: sample {repeated} appears twice")
    return GctHeader(rows, sample_ids)


def read_gct_rows(
    gct: Path | str, wanted: Callable[[str], bool], columns: int | None = None
) -> Iterator[tuple[str, Floats]]:
    """Yield gene ID and TPM [sample] of the wanted rows, in file order.

    Only wanted rows are parsed, and of these only the first `columns` samples, or all; for the others the ID and the
    number of columns are checked.

    Raises
    ------
    TR300MError
        If the file is truncated, has more or fewer rows than line 2 states, a row of another width or a duplicated gene
        ID, or a TPM is negative or not a finite number.
    """
    with open_binary(gct) as handle, gzip_errors(gct):
        header = _parse_gct_header(gct, handle)
        tabs = len(header.sample_ids) + 1
        seen: set[str] = set()
        rows = progress(handle, total=header.rows, what=f"reading {Path(gct).name}", unit="rows")
        for number, line in enumerate(rows, start=4):
            if not line.strip():
                raise TR300MError(
                    f"{gct}, line {number} is empty", "the file is truncated or edited: download it again"
                )
            gene = clean(line[: line.find(b"\t")].decode("utf-8", "replace"))
            # Several times faster than bytes.count.
            found = int(np.count_nonzero(np.frombuffer(line, dtype=np.uint8) == TAB))
            if found > tabs:
                line = _without_last_tabs(line, found - tabs)
                found = line.count(b"\t")
            if found != tabs:
                raise TR300MError(
                    f"{gct}, line {number}, gene {gene}: {found - 1} values where the header has {tabs - 1} samples",
                    "the file is truncated or edited: download it again",
                )
            if gene in seen:
                raise TR300MError(f"{gct}, line {number}: gene {gene} appears twice")
            seen.add(gene)
            if wanted(gene):
                text = line.rstrip(b"\r\n").split(b"\t", 2)[2]
                if columns is not None:
                    text = b"\t".join(text.split(b"\t", columns)[:columns])
                yield gene, _parse_tpm(gct, number, gene, text)
    if len(seen) != header.rows:
        raise TR300MError(
            f"{gct}: line 2 states {header.rows} rows, the file has {len(seen)}",
            "the file is truncated or edited: download it again, or correct line 2",
        )


def _without_last_tabs(line: bytes, most: int) -> bytes:
    """Remove at most `most` tabs at the end of a line; they add no column."""
    text = line.rstrip(b"\r\n")
    return text[: max(len(text.rstrip(b"\t")), len(text) - most)]


def _parse_tpm(gct: Path | str, number: int, gene: str, text: bytes) -> Floats:
    try:
        values = parse_decimals(text)
    except TR300MError as error:
        raise TR300MError(f"{gct}, line {number}, gene {gene}: {error.message}") from None
    check_tpm(f"{gct}, line {number}, gene {gene}", values)
    return values


def stem(gene_id: str) -> str:
    """Return an Ensembl ID without its version: the part before the first dot."""
    return gene_id.partition(".")[0]


class RowWriter(Protocol):
    """An array, or an `ArrayWriter`, to which rows are written."""

    def __setitem__(self, row: int, values: NDArray[Any], /) -> None:
        """Write one row."""


def read_expression(
    matrix: ExpressionMatrix,
    genes: Genes,
    samples: Strings,
    regulator_stems: frozenset[str],
    edition: str,
    out: RowWriter,
) -> tuple[Bools, list[str], NDArray[np.float32]]:
    """Read target expression and regulator levels in one pass over an expression file.

    Parameters
    ----------
    matrix
        Expression file, with the annotation's gene IDs.
    genes
        Target genes. In edition ``corrected`` genes that share a TSS are summed; in ``release`` the first one is taken.
    samples
        IDs of the samples to keep, in the order of the result.
    regulator_stems
        Ensembl IDs of regulators, without version.
    edition
        ``release`` or ``corrected``.
    out
        Array [gene, sample], float32, that receives the TPM row by row in file order. It must hold zeros: the rows of
        target genes that the file lacks are not written.

    Returns
    -------
    present [gene]
        Which target genes have a row in the file.
    regulator_ids
        IDs of the regulators in the file, sorted.
    levels [sample, regulator], float32
        TPM of these regulators.

    Raises
    ------
    TR300MError
        If the edition is unknown, a sample is not in the file or no row is a regulator; see also the reader.
    """
    check_edition(edition)
    row_of: dict[str, int] = {gene: row for row, gene in enumerate(genes.gene_id.tolist())}
    if edition == "corrected":
        for row, merged in enumerate(genes.merged.tolist()):
            row_of.update((gene, row) for gene in merged.split(";") if gene)
    position = {sample: column for column, sample in enumerate(matrix.sample_ids)}
    missing = [sample for sample in samples.tolist() if sample not in position]
    if missing:
        raise TR300MError(f"{matrix.path} has no sample {missing[0]}", "build the sample axis from the same file")
    columns = np.array([position[sample] for sample in samples.tolist()], dtype=np.intp)
    present = np.zeros(len(genes), dtype=bool)
    summed: dict[int, Floats] = {}
    levels: dict[str, NDArray[np.float32]] = {}
    for gene, values in matrix.rows(lambda gene: gene in row_of or stem(gene) in regulator_stems):
        kept = values[columns]
        if stem(gene) in regulator_stems:
            levels[gene] = kept.astype(np.float32)
        target = row_of.get(gene)
        if target is not None:
            if genes.merged[target] and edition == "corrected":
                # The sum is in float64 and rounded once.
                kept = summed[target] = summed.get(target, 0.0) + kept
            out[target] = kept.astype(np.float32)
            present[target] = True
    regulator_ids = sorted(levels)
    if not regulator_ids:
        raise TR300MError(
            f"{matrix.path} has no row of a regulator", "are expression, annotation and regulators of one species?"
        )
    return present, regulator_ids, np.stack([levels[gene] for gene in regulator_ids], axis=1)


def check_any_expression(expression: Path | str, gct: Path | str) -> None:
    """Raise an error if no TPM of an expression array [gene, sample] is above 0.

    Parameters
    ----------
    expression
        The array file.
    gct
        The file that it was read from, for the message.

    Raises
    ------
    TR300MError
        If all TPM are 0.
    """
    rows = 0
    for block in read_row_blocks(expression, ROWS_PER_BLOCK):
        if block.any():
            return
        rows += len(block)
    raise TR300MError(
        f"{gct}: none of the {rows} target genes has any expression in it",
        "the GCT and the GTF must be of the same GENCODE release (GTEx v8: v26)",
    )

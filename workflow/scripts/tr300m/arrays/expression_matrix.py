"""The interface to expression files of any format: sample IDs, and one row of TPM per gene."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from ..base.errors import TR300MError
from ..base.types import Floats
from .gene_lookup import GeneLookup

LARGEST_TPM = np.finfo(np.float32).max
LOG_VALUES = (
    "a logarithm has negative values: give the TPM themselves, such as 2**x - 1 for values that are log2(TPM + 1)"
)


class MatrixRows(Protocol):
    """A function that reads an expression file from its beginning."""

    def __call__(self, wanted: Callable[[str], bool], columns: int | None = None) -> Iterator[tuple[str, Floats]]:
        """Yield gene identifier and TPM [sample] of the wanted rows, in file order.

        `wanted` is called once for the identifier of each row. With `columns`, only the first so many samples are
        read.
        """


@dataclass(frozen=True)
class ExpressionMatrix:
    """An expression file.

    Attributes
    ----------
    path
        The file, for messages.
    form
        Name of its format.
    sample_ids
        IDs of the samples, which are distinct and not empty, in the order of the values of a row.
    rows
        Reads the rows. Identifiers are distinct and not empty; TPM are finite and not negative.
    """

    path: str
    form: str
    sample_ids: list[str]
    rows: MatrixRows


def check_names(where: str, what: str, names: Sequence[str]) -> None:
    """Raise a `TR300MError` if one of the names of samples or genes is empty or appears twice."""
    if "" in names:
        raise TR300MError(f"{where}: {what} {list(names).index('') + 1} has no ID")
    if len(set(names)) != len(names):
        seen: set[str] = set()
        repeated = next(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise TR300MError(f"{where}: {what} {repeated} appears twice", f"keep one {what} of each name")


def check_tpm(where: str, values: Floats) -> None:
    """Raise a `TR300MError` if a TPM is negative, not a number, or too large for float32.

    Parameters
    ----------
    where
        File, line and gene, for the message.
    values
        TPM [sample].
    """
    # Both comparisons are false for NaN.
    if np.all((values >= 0) & (values <= LARGEST_TPM)):
        return
    wrong = values[~((values >= 0) & (values <= LARGEST_TPM))][0]
    if wrong < 0:
        raise TR300MError(f"{where}: a TPM is negative: {wrong:g}", LOG_VALUES)
    raise TR300MError(f"{where}: a TPM is NaN or infinite, or a value is missing", "write 0 for a gene that is silent")


def with_gene_ids(matrix: ExpressionMatrix, genes: GeneLookup) -> ExpressionMatrix:
    """Return the matrix with the annotation's gene IDs in place of its own identifiers; other rows are never wanted.

    Reading it raises a `TR300MError` if two rows stand for one gene.
    """

    def rows(wanted: Callable[[str], bool], columns: int | None = None) -> Iterator[tuple[str, Floats]]:
        taken: dict[str, str] = {}

        def wanted_identifier(identifier: str) -> bool:
            gene = genes.find(identifier).gene_id
            refuse_second_row(matrix.path, taken, identifier, gene)
            return bool(gene) and wanted(gene)

        for identifier, values in matrix.rows(wanted_identifier, columns):
            yield genes.find(identifier).gene_id, values

    return replace(matrix, rows=rows)


def refuse_second_row(path: str, taken: dict[str, str], identifier: str, gene_id: str) -> None:
    """Note in `taken`, identifier by gene ID, which gene a row stands for (or none); refuse a second row of a gene."""
    if gene_id in taken:
        raise TR300MError(
            f"{path}: the rows {taken[gene_id]} and {identifier} are both gene {gene_id}",
            "keep one of them, or add up their TPM",
        )
    if gene_id:
        taken[gene_id] = identifier

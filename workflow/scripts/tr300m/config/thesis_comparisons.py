"""Which two architectures each of the thesis's Tables 3-7 compares."""

from dataclasses import dataclass
from pathlib import Path

from ..base.errors import TR300MError
from ..base.files import read_tsv

TESTED = ("pearson", "log_pearson", "spearman", "accuracy")
"""The metrics that the thesis gives a T for; log R2 has none."""


@dataclass(frozen=True)
class Comparison:
    """One of Tables 3-7: architecture keys, and the T that the thesis prints by metric."""

    table: str
    first: str
    second: str
    printed: dict[str, float]


def read_comparisons(path: Path | str) -> dict[str, Comparison]:
    """Read which two architectures each table compares, by the table's number.

    Raises
    ------
    TR300MError
        If a column is missing, a table stands twice or a T is no number.
    """
    columns = read_tsv(path)
    missing = [name for name in ("table", "first", "second", *TESTED) if name not in columns]
    if missing:
        raise TR300MError(f"{path} lacks the columns {', '.join(missing)}", "restore it from the repository")
    found: dict[str, Comparison] = {}
    for row, table in enumerate(columns["table"].tolist()):
        if table in found:
            raise TR300MError(f"{path}: table {table} stands twice", "give each comparison its own number")
        try:
            printed = {name: float(columns[name][row]) for name in TESTED}
        except ValueError as error:
            raise TR300MError(f"{path}, table {table}: {error}", "write T as a number") from None
        found[table] = Comparison(table, str(columns["first"][row]), str(columns["second"][row]), printed)
    return found

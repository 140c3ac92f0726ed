"""The two architectures that each of the thesis's Tables 3-7 compares."""

from dataclasses import dataclass
from pathlib import Path

from ..base.errors import TR300MError
from ..base.files import read_tsv

TESTED = ("pearson", "log_pearson", "spearman", "accuracy")
"""Metrics for which the thesis prints a T; log R2 has none."""


@dataclass(frozen=True)
class Comparison:
    """One of Tables 3-7: the keys of two architectures, and by metric the T that the thesis prints."""

    table: str
    first: str
    second: str
    printed: dict[str, float]


def read_comparisons(path: Path | str) -> dict[str, Comparison]:
    """Read the comparisons by table number.

    Raises
    ------
    TR300MError
        If a column is missing, a table is duplicated or a T is not a number.
    """
    columns = read_tsv(path)
    missing = [name for name in ("table", "first", "second", *TESTED) if name not in columns]
    if missing:
        raise TR300MError(f"{path} lacks the columns {', '.join(missing)}", "restore it from the repository")
    found: dict[str, Comparison] = {}
    for row, table in enumerate(columns["table"].tolist()):
        if table in found:
            raise TR300MError(f"{path}: table {table} is duplicated", "give each comparison its own number")
        try:
            printed = {name: float(columns[name][row]) for name in TESTED}
        except ValueError as error:
            raise TR300MError(f"{path}, table {table}: {error}", "write T as a number") from None
        found[table] = Comparison(table, str(columns["first"][row]), str(columns["second"][row]), printed)
    return found

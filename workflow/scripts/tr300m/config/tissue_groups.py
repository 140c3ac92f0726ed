"""The table of tissues and their groups."""

from pathlib import Path

from ..base.errors import TR300MError
from ..base.files import read_tsv

TISSUE_GROUP_COLUMNS = ("tissue", "group")


def read_tissue_groups(path: Path | str) -> dict[str, str]:
    """Read a table with the columns tissue and group, tab-separated: the group of each tissue by name.

    Raises
    ------
    TR300MError
        If the file cannot be read, has other columns, or a row is empty or repeats a tissue.
    """
    table = read_tsv(path)
    if tuple(table) != TISSUE_GROUP_COLUMNS:
        raise TR300MError(
            f"{path}: columns {' '.join(table)} found", f"write {' '.join(TISSUE_GROUP_COLUMNS)}, separated by tabs"
        )
    groups: dict[str, str] = {}
    for line, (tissue, group) in enumerate(zip(*(column.tolist() for column in table.values()), strict=True), start=2):
        if not tissue or not group:
            raise TR300MError(f"{path}, line {line}: tissue {tissue!r} has group {group!r}", "write both")
        if tissue in groups:
            raise TR300MError(f"{path}, line {line}: tissue {tissue} appears twice", "give each tissue one group")
        groups[tissue] = group
    return groups

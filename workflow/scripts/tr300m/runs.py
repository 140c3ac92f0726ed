"""The run table: one training a row."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from .config import check, find_problems, read_schema
from .errors import TR300MError
from .io import read_tsv


@dataclass(frozen=True)
class Run:
    """A row of `config/runs.tsv`; docs/architecture.md says what the columns mean."""

    run: str
    architecture: str
    split: str
    likelihood: str
    control: str
    scan: str
    seed: int
    steps: int


def _value(text: str) -> Any:
    return int(text) if re.fullmatch(r"\d+", text) else text


def split_names(folds: int) -> list[str]:
    """Return the names of all splits: the thesis's, that by donors, and `folds` folds of chromosomes."""
    return ["thesis", "donor", *(f"chromosome_{fold}" for fold in range(1, folds + 1))]


def read_runs(path: Path | str, known: Mapping[str, Collection[str]], schema: Path | str) -> dict[str, Run]:
    """Read a run table, by run name.

    Parameters
    ----------
    path
        The run table.
    known
        What the columns `architecture` and `split` may hold.
    schema
        JSON schema of a row.

    Raises
    ------
    TR300MError
        If a column is missing or unknown, a value is not allowed, a run is named twice, or there is none.
    """
    table = read_tsv(path)
    names = [field.name for field in fields(Run)]
    if list(table) != names:
        raise TR300MError(f"{path}: columns {' '.join(table)} found", f"write {' '.join(names)}, separated by tabs")
    row_schema = read_schema(schema)
    runs: dict[str, Run] = {}
    problems: list[str] = []
    for values in zip(*(column.tolist() for column in table.values()), strict=True):
        # Names stay text even where they look like numbers.
        row = {name: value if name == "run" else _value(value) for name, value in zip(names, values, strict=True)}
        found = find_problems(row, row_schema)
        if not found:
            wrong = [column for column in known if row[column] not in known[column]]
            found = [f"`{name}`: {row[name]} is not known; write one of {', '.join(known[name])}" for name in wrong]
        if row["run"] in runs:
            found.append("the name appears twice; give each run its own")
        problems += [f"run {row['run']}: {problem}" for problem in found]
        if not found:
            runs[str(row["run"])] = Run(**row)
    if not runs and not problems:
        problems.append("no run; write at least one row")
    check(str(path), problems)
    return runs

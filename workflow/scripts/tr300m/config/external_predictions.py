"""Predictions of other programs that are scored beside the runs: the section `external_predictions`."""

import math
import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from ..base.errors import TR300MError
from ..base.files import clean, read_lines

REQUIRED_COLUMNS = ("gene", "sample", "median")
_NAME = re.compile(r"[A-Za-z0-9][\w.+-]*", re.ASCII)
_QUANTILE = re.compile(r"q(\d+(?:\.\d+)?)")
_MOST_COMMENTS = 1000


class External(NamedTuple):
    """A file with predictions of another program.

    Attributes
    ----------
    name
        Name in tables and paths.
    file
        Path of the table.
    splits
        Splits whose held-out pairs are scored.
    quantiles
        Whether the table has quantiles.
    """

    name: str
    file: str
    splits: tuple[str, ...]
    quantiles: bool = False


def external_notes(names: Iterable[str]) -> list[str]:
    """Return the note of a table with external predictions, by their names in it; none if there are none."""
    shown = ", ".join(dict.fromkeys(names))
    note = (
        f"Predictions of other programs on the same pairs: {shown}. The workflow does not know what these programs "
        "read and what they were trained on."
    )
    return [note] if shown else []


def external_table(
    given: Mapping[str, str | Mapping[str, Any]], default_split: str, known_splits: str, taken: Collection[str]
) -> tuple[tuple[External, ...], list[str]]:
    """Return the entries of the section `external_predictions`, and a message for each problem.

    Parameters
    ----------
    given
        Name to path, or to a mapping with `file` and, optionally, `split`, one split or a list of splits.
    default_split
        Split of the entries without one.
    known_splits
        Regular expression of the names of splits.
    taken
        Names that an entry must not have: those of baselines.
    """
    found, problems = [], []
    for name, entry in given.items():
        external, wrong = _external(str(name), entry, default_split)
        wrong += [
            f"{split} is no split; write the name of one, as in the run table"
            for split in external.splits
            if not re.fullmatch(known_splits, split)
        ]
        if external.name in taken:
            wrong.append("a baseline has this name; choose another")
        problems += [f"`external_predictions: {name}`: {problem}" for problem in wrong]
        found.append(external)
    return tuple(found), problems


def _external(name: str, entry: str | Mapping[str, Any], default_split: str) -> tuple[External, list[str]]:
    """Return an entry after a look at its file, and a message for each problem."""
    chosen = {"file": entry} if isinstance(entry, str) else entry
    splits = chosen.get("split", default_split)
    # A leading ~ is the home folder, as in other paths of the configuration.
    external = External(
        name, os.path.expanduser(chosen["file"]), (splits,) if isinstance(splits, str) else tuple(splits)
    )
    problems = []
    if not _NAME.fullmatch(name):
        problems.append("the name is part of paths; write letters, digits and `_ . + -`, the first a letter or digit")
    if not Path(external.file).is_file():
        return external, [*problems, f"{external.file} does not exist; write the path of a file"]
    try:
        columns = prediction_columns(external.file, read_header(external.file)[1])
    except TR300MError as error:
        return external, [*problems, f"{error.message}; {error.hint}"]
    return external._replace(quantiles=not all(map(math.isnan, columns.values()))), problems


def read_header(path: Path | str) -> tuple[int, list[str]]:
    """Return the number of the header line of a table of predictions, and its column names.

    Empty lines and lines that start with ``#`` are skipped.

    Raises
    ------
    TR300MError
        If the file cannot be read or has no header.
    """
    for number, line in enumerate(islice(read_lines(path), _MOST_COMMENTS), start=1):
        if clean(line) and not line.startswith("#"):
            return number, [clean(name) for name in line.split("\t")]
    raise TR300MError(f"{path} has no header line", f"write the columns {', '.join(REQUIRED_COLUMNS)} first")


def prediction_columns(path: Path | str, header: Sequence[str]) -> dict[str, float]:
    """Return the columns of values and the probability of each quantile, in increasing order of the probability.

    Parameters
    ----------
    path
        Path of the table, for messages.
    header
        Its column names.

    Returns
    -------
    dict
        Column name to probability, NaN for `median` and `mean`, which come first. A quantile is named ``q`` and the
        probability in percent: ``q05``, ``q5`` or ``q97.5``. Other columns are not in it.

    Raises
    ------
    TR300MError
        If a column is missing or there twice, or a probability is not between 0 and 100 percent.
    """
    hint = f"write the columns {', '.join(REQUIRED_COLUMNS)} and, if you have them, mean, q05, q95, separated by tabs"
    if missing := [name for name in REQUIRED_COLUMNS if name not in header]:
        raise TR300MError(f"{path} lacks the column {', '.join(missing)}; found {', '.join(header[:8])}", hint)
    quantiles = {name: float(found[1]) / 100 for name in header if (found := _QUANTILE.fullmatch(name))}
    for name, probability in quantiles.items():
        if not 0 < probability < 1:
            raise TR300MError(f"{path}: column {name} is no quantile between 0 and 100 percent", hint)
    read = [*REQUIRED_COLUMNS, "mean", *quantiles]
    twice = [name for name in read if header.count(name) > 1] or [
        name for name, value in quantiles.items() if list(quantiles.values()).count(value) > 1
    ]
    if twice:
        raise TR300MError(f"{path}: the column {twice[0]} is there twice", hint)
    values = dict.fromkeys([name for name in ("median", "mean") if name in header], float("nan"))
    return values | dict(sorted(quantiles.items(), key=lambda item: item[1]))

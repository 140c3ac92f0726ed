"""The table of tracks: mark, cell, source and reader of each, in the order of the track axis."""

import difflib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from ..base.errors import TR300MError
from ..base.files import read_table
from .schema import check
from .source_table import HISTONE_PREFIX, URL_SCHEMES, Source, locate

TRACK_COLUMNS = ("mark", "cell", "source", "reader")
READERS = {
    "bigwig": (".bigwig", ".bw"),
    "bigbed": (".bigbed", ".bb"),
    "narrowpeak": (".narrowpeak",),
    "broadpeak": (".broadpeak",),
    "bedgraph": (".bedgraph", ".bdg", ".bg"),
    "bed": (),
}
"""Endings of the files of each reader, besides ``.gz``; ``.bed`` tells nothing, because peaks have it too."""
AUTO = "auto"
OWN_PREFIX = "track_"
"""Of the keys of sources that the table of tracks adds to those of `config/sources.tsv`."""
# Letters of any script, digits and a few signs: valid in file names, and no part of a path or wildcard.
TRACK_NAME = re.compile(r"\w(?:[\w .+-]*[\w.+-])?")


@dataclass(frozen=True)
class TrackRow:
    """A row of the table of tracks.

    Attributes
    ----------
    mark, cell
        Names of the mark and of the cell, tissue or experiment.
    key
        Key of the source among those of the configuration.
    reader
        One of `READERS`.
    """

    mark: str
    cell: str
    key: str
    reader: str

    @property
    def name(self) -> str:
        """Name of the track, used in paths."""
        return f"{self.mark}_{self.cell}"


@dataclass(frozen=True)
class TrackTable:
    """The table of tracks, and the sources that are named in it.

    Attributes
    ----------
    rows
        Tracks in the order of the axis.
    sources
        Sources that the table names by a path or a URL, by key.
    choices
        Path or URL of each of these, as in the section `sources` of the configuration.
    """

    rows: tuple[TrackRow, ...]
    sources: dict[str, Source]
    choices: dict[str, str]


def read_tracks(
    path: Path | str,
    sources: Mapping[str, Source],
    choices: Mapping[str, str],
    data: str | None,
    files: bool = True,
) -> TrackTable:
    """Read the table of tracks.

    Parameters
    ----------
    path
        Tab-separated table with the columns mark, cell, source and reader; the last may be absent or empty.
    sources
        Rows of the sources table.
    choices
        Section `sources` of the configuration.
    data
        Folder that replaces ``{data}`` in a path.
    files
        Whether a missing local file is a problem.

    Raises
    ------
    TR300MError
        If a column is missing, a name is not valid in file names, a pair of mark and cell appears twice, tracks of one
        mark are apart, or a source or reader is unknown. All problems are listed.
    """
    header, table = read_table(path)
    missing = [name for name in TRACK_COLUMNS[:3] if name not in header]
    if missing or set(header) - set(TRACK_COLUMNS) or len(set(header)) < len(header):
        raise TR300MError(
            f"{path} has the columns {', '.join(header)}", f"write a table with the columns {', '.join(TRACK_COLUMNS)}"
        )
    found = TrackTable((), {}, {})
    problems = [] if table else ["no tracks; write one in each row"]
    for number, cells in table:
        written = {**dict.fromkeys(TRACK_COLUMNS, ""), **dict(zip(header, cells, strict=False))}
        row, file = _read_row(written, sources, choices, data)
        wrong = [*_problems_of_names(row), *_problems_of_order(row, found.rows)]
        if row.key not in sources:
            wrong += _problems_of_source(written["source"], sources, data, files)
            found.sources[row.key] = Source(row.key, f"{row.name}.{row.reader}", (file,), None, "", True, "", "")
            found.choices[row.key] = os.path.expanduser(written["source"])
        if row.reader not in READERS:
            wrong.append(_unknown_reader(written["reader"], file))
        problems += [f"line {number}: {problem}" for problem in wrong]
        found = replace(found, rows=(*found.rows, row))
    check(str(path), problems)
    return found


def _read_row(
    written: Mapping[str, str], sources: Mapping[str, Source], choices: Mapping[str, str], data: str | None
) -> tuple[TrackRow, str]:
    """Return a row of the table, and the path or URL of the file that the configuration chooses for it."""
    mark, cell, source, reader = (written[name] for name in TRACK_COLUMNS)
    key = source if source in sources else f"{OWN_PREFIX}{mark}_{cell}"
    file = _file_of(key, sources, choices, data) if key in sources else os.path.expanduser(source)
    reader = reader.lower()
    return TrackRow(mark, cell, key, _reader_of(file) if reader in ("", AUTO) else reader), file


def with_needed(sources: Mapping[str, Source], tracks: TrackTable) -> dict[str, Source]:
    """Return the rows of the sources table; a source is needed if the tracks name it, a histone track only then."""
    named = {row.key for row in tracks.rows}
    return {
        key: replace(source, needed=key in named or (source.needed and not key.startswith(HISTONE_PREFIX)))
        for key, source in sources.items()
    }


def _problems_of_names(row: TrackRow) -> Iterator[str]:
    for column, name in (("mark", row.mark), ("cell", row.cell)):
        if not TRACK_NAME.fullmatch(name):
            yield f"{column} is {name!r}; write a name of letters, digits, blanks, `.`, `_`, `+` and `-`"


def _problems_of_order(row: TrackRow, before: Sequence[TrackRow]) -> Iterator[str]:
    if row.name.casefold() in {other.name.casefold() for other in before}:
        yield f"{row.mark} {row.cell} is there twice, or its file name {row.name} is; give each track its own"
    elif before and row.mark != before[-1].mark and row.mark in {other.mark for other in before}:
        yield (
            f"{row.mark} {row.cell} is apart from the other tracks of {row.mark}; put the tracks of one mark in rows "
            "that follow each other, because networks mix the cells of each mark"
        )


def _problems_of_source(source: str, sources: Mapping[str, Source], data: str | None, files: bool) -> Iterator[str]:
    if not source or source in ("upstream", "simulated"):
        yield f"source is {source!r}; write a key of config/sources.tsv, a path or a URL"
    elif "://" in source and not _is_url(source):
        yield f"source is {source}; write a path, or a URL that starts with http:// or https://"
    elif "{data}" in source and not data:
        yield f"{source} needs a folder for {{data}}; give --config data=FOLDER"
    elif files and not _is_url(source):
        path = os.path.expanduser(source).replace("{data}", (data or "").rstrip("/"))
        close = difflib.get_close_matches(source, sources, n=1)
        advice = f"did you mean {close[0]}?" if close else "write a path, a URL or a key of config/sources.tsv"
        if not Path(path).is_file():
            yield f"{path} does not exist; {advice}"


def _unknown_reader(reader: str, file: str) -> str:
    known = f"write {', '.join(READERS)}"
    if reader.lower() in ("", AUTO):
        return f"the ending of {file} tells no reader; {known}"
    return f"reader is {reader!r}; {known}, or nothing to choose it by the file's ending"


def _reader_of(file: str) -> str:
    """Return the reader of files with the ending of a path or URL; empty if there is none."""
    name = (urlsplit(file).path if _is_url(file) else file).lower().removesuffix(".gz")
    return next((known for known, endings in READERS.items() if name.endswith(endings)), "")


def _file_of(key: str, sources: Mapping[str, Source], choices: Mapping[str, str], data: str | None) -> str:
    """Return path, URL or name of the file that a configuration chooses for a row of the sources table."""
    try:
        location = locate(key, sources, choices, data)
    except TR300MError:
        # Reported with the section `sources`.
        return sources[key].local_name
    return location.value if location.kind in ("local", "url") else sources[location.value or key].local_name


def _is_url(value: str) -> bool:
    return urlsplit(value).scheme in URL_SCHEMES

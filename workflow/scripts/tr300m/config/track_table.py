"""The table of tracks: mark, cell, source and reader of each, in the order of the track axis."""

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from ..base.errors import TR300MError
from ..base.files import read_table
from .schema import check
from .source_table import URL_SCHEMES, Source, locate

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
    rows: list[TrackRow] = []
    own: dict[str, Source] = {}
    chosen: dict[str, str] = {}
    problems = [] if table else ["no tracks; write one in each row"]
    lines: dict[str, int] = {}
    for number, cells in table:
        mark, cell, source, reader = (dict(zip(header, cells, strict=False)).get(name, "") for name in TRACK_COLUMNS)
        row = TrackRow(mark, cell, source if source in sources else f"{OWN_PREFIX}{mark}_{cell}", reader.lower())
        found = [*_problems_of_names(row), *_problems_of_order(row, rows, lines)]
        if row.key in sources:
            file = _file_name(row.key, sources, choices, data)
        else:
            value = os.path.expanduser(source)
            found += _problems_of_source(value, sources, data, files)
            chosen[row.key], file = value, urlsplit(value).path if _is_url(value) else value
        row = TrackRow(mark, cell, row.key, _reader(row.reader, file))
        if row.reader not in READERS:
            found.append(_unknown_reader(reader, file))
        if row.key not in sources and not found:
            urls = (value,) if _is_url(value) else ()
            own[row.key] = Source(row.key, f"{row.name}.{row.reader}", urls, None, "", True, "", "")
        problems += [f"line {number}: {problem}" for problem in found]
        rows.append(row)
        lines.setdefault(row.name.casefold(), number)
    check(str(path), problems)
    return TrackTable(tuple(rows), own, chosen)


def with_needed(sources: Mapping[str, Source], tracks: TrackTable, prefix: str) -> dict[str, Source]:
    """Return the rows of the sources table, of which those with `prefix` are needed only if the tracks name them."""
    named = {row.key for row in tracks.rows}
    return {
        key: replace(source, needed=key in named or (source.needed and not key.startswith(prefix)))
        for key, source in sources.items()
    }


def _problems_of_names(row: TrackRow) -> Iterator[str]:
    for column, name in (("mark", row.mark), ("cell", row.cell)):
        if not TRACK_NAME.fullmatch(name):
            yield f"{column} is {name!r}; write a name of letters, digits, blanks, `.`, `_`, `+` and `-`"


def _problems_of_order(row: TrackRow, before: list[TrackRow], lines: Mapping[str, int]) -> Iterator[str]:
    if first := lines.get(row.name.casefold()):
        yield f"{row.mark} {row.cell} has the same file name as line {first}; name each mark and cell once"
    elif before and row.mark != before[-1].mark and row.mark in {other.mark for other in before}:
        yield (
            f"{row.mark} {row.cell} is apart from the other tracks of {row.mark}; "
            "tracks of one mark must stand together, because networks mix the cells of each mark"
        )


def _problems_of_source(value: str, sources: Mapping[str, Source], data: str | None, files: bool) -> Iterator[str]:
    if not value or value in ("upstream", "simulated"):
        yield f"source is {value!r}; write a key of config/sources.tsv, a path or a URL"
    elif "://" in value and not _is_url(value):
        yield f"source is {value}; write a path, or a URL that starts with http:// or https://"
    elif "{data}" in value and not data:
        yield f"{value} needs a folder for {{data}}; give --config data=FOLDER"
    elif not _is_url(value) and files and not Path(file := value.replace("{data}", (data or "").rstrip("/"))).is_file():
        close = difflib.get_close_matches(value, sources, n=1)
        advice = (
            f"did you mean {close[0]}?"
            if close
            else "write the path of your file, a URL or a key of config/sources.tsv"
        )
        yield f"{file} does not exist; {advice}"


def _unknown_reader(reader: str, file: str) -> str:
    known = f"write {', '.join(READERS)}"
    if reader.lower() in ("", AUTO):
        return f"the ending of {file} tells no reader; {known}"
    return f"reader is {reader!r}; {known}, or nothing to choose it by the file's ending"


def _reader(reader: str, file: str) -> str:
    """Return the reader that a row names or, if it names none, that of the file's ending; empty if there is none."""
    if reader not in ("", AUTO):
        return reader
    name = file.lower().removesuffix(".gz")
    return next((known for known, endings in READERS.items() if name.endswith(endings)), "")


def _file_name(key: str, sources: Mapping[str, Source], choices: Mapping[str, str], data: str | None) -> str:
    """Return the name of the file that a configuration chooses for a source of the sources table."""
    try:
        location = locate(key, sources, choices, data)
    except TR300MError:
        # Reported with the section `sources`.
        return sources[key].local_name
    if location.kind in ("local", "url"):
        return urlsplit(location.value).path if location.kind == "url" else location.value
    return sources[location.value or key].local_name


def _is_url(value: str) -> bool:
    return urlsplit(value).scheme in URL_SCHEMES

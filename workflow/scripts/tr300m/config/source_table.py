"""The table of upstream files, and the location of each file in a configuration."""

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from ..base.errors import TR300MError
from ..base.files import read_tsv
from ..base.redaction import redacted

SOURCES_TABLE = Path("config/sources.tsv")
"""Relative to the checkout."""
HISTONE_PREFIX = "histone_"
# Keys of the section `sources` that hold for several files.
DEFAULT, HISTONES = "default", "histones"
MAY_BE_NONE = ("samples", "donors")
"""Keys of the sources that can be absent."""
URL_SCHEMES = ("http", "https")
# Excludes folders, `..` and wildcards of Snakemake.
FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


@dataclass(frozen=True)
class Source:
    """An upstream file: one row of `config/sources.tsv`.

    Attributes
    ----------
    key, local_name
        Name in the configuration, and name of the file.
    urls
        Address and, if there is one, mirror.
    size
        Bytes, or None if unknown.
    checksum
        ``sha256:HEX``, ``md5:HEX`` or ``uncompressed-sha256:HEX``; empty if unknown.
    needed
        Whether the full run reads it.
    terms, citation
        Terms of use, and citation.
    """

    key: str
    local_name: str
    urls: tuple[str, ...]
    size: int | None
    checksum: str
    needed: bool
    terms: str
    citation: str


@dataclass(frozen=True)
class Location:
    """Where a source comes from.

    Attributes
    ----------
    kind
        One of the five kinds; ``none`` if there is no such file.
    value
        Configured path or URL of a local file or a URL; key of the row in the sources table if it is downloaded.
    """

    kind: Literal["upstream", "simulated", "local", "url", "none"]
    value: str = ""


def read_sources(path: Path | str) -> dict[str, Source]:
    """Read `config/sources.tsv`, by key.

    Raises
    ------
    TR300MError
        If a column is missing, a key or file name appears twice, or a file name, URL or size is not valid.
    """
    table = read_tsv(path)
    try:
        rows = zip(
            *(table[name].tolist() for name in ("key", "local_name", "url", "mirror", "bytes", "checksum")),
            *(table[name].tolist() for name in ("needed", "terms", "citation")),
            strict=True,
        )
    except KeyError as error:
        raise TR300MError(f"{path} lacks the column {error}") from None
    sources: dict[str, Source] = {}
    for key, name, url, mirror, size, checksum, needed, terms, citation in rows:
        if key in sources or any(name == other.local_name for other in sources.values()):
            raise TR300MError(f"{path}: key {key} or file name {name} appears twice")
        if not FILE_NAME.fullmatch(name):
            raise TR300MError(
                f"{path}: local_name of {key} is {name!r}, not a valid file name",
                "use letters, digits, `.`, `_`, `+` and `-`; the workflow chooses the folder",
            )
        if size and not size.isdigit():
            raise TR300MError(f"{path}: bytes of {key} is {size!r}", "write a whole number, or nothing if unknown")
        urls = tuple(address for address in (url, mirror) if address)
        if not urls or any(urlsplit(address).scheme not in URL_SCHEMES for address in urls):
            raise TR300MError(f"{path}: url or mirror of {key} is not a URL", "write one that starts with https://")
        sources[key] = Source(key, name, urls, int(size) if size else None, checksum, needed == "yes", terms, citation)
    return sources


def locate(key: str, sources: Mapping[str, Source], choices: Mapping[str, str], data: str | None) -> Location:
    """Return the location of a source in a configuration.

    Parameters
    ----------
    key
        Key in the sources table.
    sources
        Rows of the sources table.
    choices
        Section `sources` of the configuration: ``upstream``, ``simulated``, the key of another row of the sources table
        (another release of the same file), a path or a URL by key; ``none`` for those of `MAY_BE_NONE`.
    data
        Folder that replaces ``{data}`` in a path.

    Raises
    ------
    TR300MError
        If a path contains ``{data}`` and no folder is given, or a source is ``none`` that the workflow needs.
    """
    histone = choices.get(HISTONES) if key.startswith(HISTONE_PREFIX) else None
    choice = choices.get(key) or histone or choices.get(DEFAULT, "upstream")
    if choice == "simulated":
        return Location("simulated")
    if choice == "none":
        if key not in MAY_BE_NONE:
            raise TR300MError(
                f"`sources: {key}: none`: the workflow needs this file",
                f"only {' and '.join(MAY_BE_NONE)} can be `none`",
            )
        return Location("none")
    if choice == "upstream" or choice in sources:
        return Location("upstream", key if choice == "upstream" else choice)
    if "{data}" in choice:
        if not data:
            raise TR300MError(
                f"`sources: {key}: {redacted(choice)}` needs a folder for {{data}}",
                "give --config data=FOLDER",
            )
        choice = choice.replace("{data}", data.rstrip("/"))
    return Location("url" if urlsplit(choice).scheme in URL_SCHEMES else "local", choice)


def check_choices(
    sources: Mapping[str, Source], choices: Mapping[str, str], data: str | None, files: bool = True
) -> list[str]:
    """Return the problems in the section `sources`: unknown keys and, if `files`, missing local files."""
    problems = []
    known = [*sources, DEFAULT, HISTONES]
    for key in choices:
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            advice = f"did you mean {close[0]}?" if close else "see config/sources.tsv"
            problems.append(f"`sources: {key}`: unknown source; {advice}")
    for key, source in sources.items():
        if not source.needed and key not in choices:
            continue
        try:
            location = locate(key, sources, choices, data)
        except TR300MError as error:
            problems.append(f"{error.message}; {error.hint}")
            continue
        if files and location.kind == "local" and not Path(location.value).is_file():
            problems.append(
                f"`sources: {key}`: {location.value} does not exist; write the path of your file, a URL, "
                "`upstream` to download it, or `simulated`"
            )
    return problems

"""The addresses of a download with their credentials, for the scripts that fetch it.

They are not parameters of the rules, because Snakemake keeps parameters; neither are terms of use, whose change, like
that of the folder of the checkout, must not rerun a download.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .source_table import SOURCES_TABLE, Source, locate, read_sources
from .track_table import read_tracks


def download_addresses(name: str, config: Mapping[str, Any], scripts: Path | str) -> tuple[Source, list[str]]:
    """Return the source with a local file name, and its addresses in order of preference.

    Parameters
    ----------
    name
        Local file name.
    config
        Configuration, resolved.
    scripts
        Folder of the scripts in the checkout.
    """
    rows = read_sources(Path(scripts).resolve().parents[1] / SOURCES_TABLE)
    tracks = read_tracks(config["tracks"], rows, config["sources"], config["data"], files=False)
    rows |= tracks.sources
    row = next(row for row in rows.values() if row.local_name == name)
    location = locate(row.key, rows, config["sources"] | tracks.choices, config["data"])
    return row, [location.value] if location.kind == "url" else list(row.urls)

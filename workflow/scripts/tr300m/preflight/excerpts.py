"""Checks of the tracks of which only the genes' windows are fetched."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from ..arrays.excerpts import most_excerpt_bytes
from ..config.settings import Settings
from ..sources.http import range_size
from .axes import axis_lengths
from .check import Check
from .sources import ask_addresses


def check_excerpt(settings: Settings, key: str, timeouts: tuple[float, float]) -> Check:
    """Check a track of which only windows are fetched: they are there, or an address offers ranges of the file."""
    path = Path(settings.source_path(key))
    if path.is_file():
        return Check(key, path.stat().st_size, "windows fetched")
    wanted = settings.download_of(path.name)
    check = ask_addresses(key, path, wanted["urls"], wanted["size"], partial(range_size, timeouts=timeouts))
    span = settings.window.width + 2 * max(settings.config["wide"]["mark_edges"], default=0)
    most = most_excerpt_bytes(check.to_fetch, axis_lengths(settings)["gene"], span)
    return replace(check, size=most, state=f"{check.state}; windows of {check.to_fetch:,} bytes", to_fetch=most)

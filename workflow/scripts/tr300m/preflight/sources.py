"""Checks of the sources: the user's files, downloaded files, and addresses."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from ..base.errors import TR300MError
from ..base.redaction import public
from ..config.settings import Settings
from ..sources.http import remote_size
from ..sources.partial_file import PartialFile
from ..sources.store import recorded
from .check import Check

# Shorter than those of a download (seconds).
PROBE_TIMEOUTS = (5.0, 15.0)


def check_source(settings: Settings, key: str, timeouts: tuple[float, float]) -> Check:
    """Check one source: the user's file, the downloaded file, or the addresses to download it from."""
    path, kind = Path(settings.source_path(key)), settings.locations[key].kind
    if kind in ("simulated", "none", "joined"):
        return Check(key, None, f"joined: {settings.locations[key].value}" if kind == "joined" else kind)
    if kind == "local":
        if path.is_file():
            return Check(key, path.stat().st_size, "your file")
        advice = "write the path of your file, a URL, `upstream` to download it, or `simulated`"
        return Check(key, None, "missing", f"{path} does not exist; {advice}")
    wanted = settings.download_of(path.name)
    if record := recorded(path, **wanted):
        return Check(key, record.size, "downloaded and verified")
    return ask_addresses(key, path, wanted["urls"], wanted["size"], partial(remote_size, timeouts=timeouts))


def ask_addresses(
    key: str, path: Path, urls: Sequence[str], size: int | None, length: Callable[[str], int | None]
) -> Check:
    """Check the addresses of a source: one of them must offer the file.

    Parameters
    ----------
    key
        Source.
    path
        Path of the file once it is downloaded.
    urls, size
        Addresses, and expected bytes or None.
    length
        Returns the bytes of the file at an address.
    """
    failures: dict[str, str] = {}
    advice = "check network and proxy, try later, or give your own copy: `sources: KEY: PATH`"
    for url in urls:
        try:
            found = length(url)
            if size is not None and found not in (None, size):
                raise TR300MError(f"the server's file has {found:,} bytes, {size:,} expected")
            size = size or found
        except TR300MError as error:
            failures[url], advice = _reason(url, error), error.hint or advice
    to_fetch = max((size or 0) - PartialFile.of(path).size(), 0)
    reasons = "; ".join(dict.fromkeys(failures.values()))
    if len(failures) == len(urls):
        return Check(key, size, "cannot be downloaded", f"{reasons}; {advice}", to_fetch)
    return Check(key, size, f"reachable (but: {reasons})" if failures else "reachable", "", to_fetch)


def _reason(url: str, error: TR300MError) -> str:
    """Return what is wrong with an address; what holds for its whole host names the host alone, once for all files."""
    host = str(urlsplit(url).hostname)
    return error.message if host in error.message else f"{public(url)}: {error.message}"


def existing_file(settings: Settings, key: str) -> Path | None:
    """Return the path of a source if it is the user's file or was downloaded; simulated files may be made again."""
    path, kind = Path(settings.source_path(key)), settings.locations[key].kind
    if kind == "simulated" or not path.is_file():
        return None
    return path if kind in ("local", "joined") or recorded(path, **settings.download_of(path.name)) else None

"""Downloads of upstream files: resumed, verified before they get their final name, and kept."""

import sys
from collections.abc import Sequence
from pathlib import Path

import urllib3

from ..base.disk import DiskError, disk_errors
from ..base.errors import TR300MError
from ..base.redaction import public
from .http import RETRY, TIMEOUTS, download
from .partial_file import PartialFile
from .store import keep, reuse, verify_file


def fetch(
    urls: Sequence[str],
    out: Path,
    size: int | None,
    checksum: str,
    retry: urllib3.Retry = RETRY,
    timeouts: tuple[float, float] = TIMEOUTS,
) -> None:
    """Download a file from the first of `urls` that gives it complete and correct.

    The bytes so far are kept in ``OUT.part``, and a later call resumes after them. `out` appears only once the file is
    verified, as a link to the file in ``verified/``. A verified file is not downloaded again.

    Parameters
    ----------
    urls
        http or https addresses of the same file, in order of preference.
    out
        Final path.
    size, checksum
        Expected bytes and checksum. None and empty if unknown; a line on stderr then says so.
    retry, timeouts
        As in `download`.

    Raises
    ------
    TR300MError
        If no address gives the file, with the failure of each, or if the file cannot be written.
    """
    if reuse(out, urls, size, checksum):
        print(f"{out.name}: already downloaded, verified again", file=sys.stderr)
        return
    if size is None or not checksum:
        missing = " and ".join(["size"] * (size is None) + ["checksum"] * (not checksum))
        print(f"{out.name}: upstream publishes no {missing}, so none is checked", file=sys.stderr)
    with disk_errors(out):
        out.parent.mkdir(parents=True, exist_ok=True)
    part = PartialFile.of(out)
    failures = []
    for url in urls:
        try:
            _fetch_from(url, part, size, checksum, retry, timeouts)
        except DiskError:
            raise
        except TR300MError as error:
            failures.append(f"  {public(url)}: {error.message}")
            continue
        keep(part.path, out, url, checksum)
        part.drop()
        return
    raise TR300MError(
        "\n".join([f"cannot download {out.name}:", *failures]),
        "run the same command again to resume, or give your own copy: `sources: KEY: PATH` in the config",
    )


def _fetch_from(
    url: str, part: PartialFile, size: int | None, checksum: str, retry: urllib3.Retry, timeouts: tuple[float, float]
) -> None:
    """Complete a partial file from one address and verify it; a complete file that is wrong is deleted."""
    while True:
        resumed = part.size() > 0
        download(url, part, size, bool(checksum), retry, timeouts)
        try:
            verify_file(part.path, size, checksum)
            return
        except TR300MError as error:
            part.drop()
            # The wrong bytes may be those of an earlier call.
            if not resumed:
                raise
            print(f"{error.message}; it was resumed, so the whole file is downloaded again", file=sys.stderr)

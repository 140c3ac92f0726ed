"""Downloads: resumed where they broke off, checked before they get their final name, fetched once."""

import sys
from collections.abc import Sequence
from pathlib import Path

from ..base.errors import TR300MError
from ..base.redaction import public
from .protocols import PATIENCE, Patience
from .store import keep, reuse, verify_file
from .transfer import DiskError, PartialFile, part_of, transfer


def fetch(urls: Sequence[str], out: Path, size: int | None, checksum: str, patience: Patience = PATIENCE) -> None:
    """Fetch a file from the first of `urls` that gives it whole and right.

    What came so far stays in ``OUT.part`` and is resumed by a later call; `out` appears only when checked, as a link to
    the file in ``verified/``. A file that is there and still right is not fetched again.

    Parameters
    ----------
    urls
        http(s), ftp or file addresses of the same file, in order of preference.
    out
        Final path.
    size, checksum
        Expected bytes and checksum; None and empty where unknown, which is said on stderr.
    patience
        Attempts, waits and timeouts.

    Raises
    ------
    TR300MError
        If no address gives the file, with what each answered, or if it cannot be written.
    """
    if reuse(out, urls, size, checksum):
        print(f"{out.name}: fetched earlier and still right", file=sys.stderr)
        return
    if size is None or not checksum:
        missing = " and ".join(["size"] * (size is None) + ["checksum"] * (not checksum))
        print(f"{out.name}: upstream publishes no {missing}; it cannot be checked against one", file=sys.stderr)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = part_of(out)
    failures = []
    for url in urls:
        try:
            _fetch_from(url, part, size, checksum, patience)
        except DiskError:
            raise
        except TR300MError as error:
            failures.append(f"  {public(url)}: {error.message}")
            continue
        keep(part.path, out, url, checksum)
        part.drop()
        return
    raise TR300MError(
        "\n".join([f"cannot fetch {out.name}:", *failures]),
        "run the same command again to resume, or give your own copy: `sources: KEY: PATH` in the config",
    )


def _fetch_from(url: str, part: PartialFile, size: int | None, checksum: str, patience: Patience) -> None:
    """Bring a part to its full length and check it; what is whole and wrong is worth nothing and deleted."""
    while True:
        resumed = part.size() > 0
        transfer(url, part, size, bool(checksum), patience)
        try:
            verify_file(part.path, size, checksum)
            return
        except TR300MError as error:
            part.drop()
            # The bytes of an earlier call may have been the wrong ones.
            if not resumed:
                raise
            print(f"{error.message}; it was resumed: fetching it whole", file=sys.stderr)

"""Downloads: resumed where they broke off, checked before they get their final name."""

import gzip
import hashlib
import random
import shutil
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit

import requests

from .errors import TR300MError
from .io import BLOCK, gzip_errors
from .progress import bar

ATTEMPTS = 6
FIRST_WAIT, LONGEST_WAIT = 2.0, 120.0
TIMEOUT = (20.0, 60.0)
# At most so many bytes are lost when a connection breaks off.
CHUNK = 1 << 16
RANGE_NOT_SATISFIABLE = 416
GIVE_UP = (400, 401, 403, 404, 410)


class _RetryError(Exception):
    """A failure that may pass; `wait` seconds are the server's wish, if it had one."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


PASSING = (_RetryError, requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


def content_digest(path: Path, checksum: str) -> str:
    """Return the digest of a file in the manner of `checksum`: its algorithm, of the bytes or the gzip's content."""
    algorithm = checksum.partition(":")[0]
    unzip = algorithm.startswith("uncompressed-")
    digest = hashlib.new(algorithm.removeprefix("uncompressed-"))
    with gzip_errors(path), gzip.open(path, "rb") if unzip else open(path, "rb") as handle:
        while block := handle.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()


def verify(path: Path, size: int | None, checksum: str) -> None:
    """Check size and checksum of a file, where they are known.

    Raises
    ------
    TR300MError
        If one differs.
    """
    found = path.stat().st_size
    if size is not None and found != size:
        raise TR300MError(f"{path} has {found:,} bytes, {size:,} expected")
    algorithm, _, expected = checksum.partition(":")
    if checksum and content_digest(path, checksum) != expected.lower():
        raise TR300MError(f"{path}: its {algorithm} is not the expected one", "upstream may have changed")


def fetch(urls: Sequence[str], out: Path, size: int | None, checksum: str) -> None:
    """Fetch a file from the first of `urls` that gives it whole and right.

    What came so far stays in ``OUT.part`` and is resumed by a later call; `out` appears only when checked.

    Parameters
    ----------
    urls
        http(s), ftp or file addresses of the same file, in order of preference.
    out
        Final path.
    size, checksum
        Expected bytes and checksum; None and empty where unknown, which is said on stderr.

    Raises
    ------
    TR300MError
        If no address gives the file, with what each answered.
    """
    part = out.with_name(out.name + ".part")
    part.parent.mkdir(parents=True, exist_ok=True)
    if size is None or not checksum:
        missing = " and ".join(["size"] * (size is None) + ["checksum"] * (not checksum))
        print(f"{out.name}: upstream publishes no {missing}; it cannot be checked against one", file=sys.stderr)
    failures = []
    for url in urls:
        try:
            _fetch_one(url, part, size)
        except TR300MError as error:
            failures.append(f"  {url}: {error.message}")
            continue
        try:
            verify(part, size, checksum)
        except TR300MError as error:
            failures.append(f"  {url}: {error.message}")
            # Whole and wrong: worth nothing. What an interrupted transfer left is kept for the next call.
            part.unlink()
            continue
        part.replace(out)
        return
    raise TR300MError(
        "\n".join([f"cannot fetch {out.name}:", *failures]),
        "run the same command again to resume, or give your own copy: `sources: KEY: PATH` in the config",
    )


def _fetch_one(url: str, part: Path, size: int | None) -> None:
    if urlsplit(url).scheme in ("ftp", "file"):
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT[1]) as response, open(part, "wb") as handle:
                shutil.copyfileobj(response, handle, BLOCK)
        except (URLError, OSError) as error:
            raise TR300MError(str(error)) from None
        return
    wait = FIRST_WAIT
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _fetch_http(url, part, size)
            return
        except PASSING as error:
            if attempt == ATTEMPTS:
                raise TR300MError(f"gave up after {ATTEMPTS} attempts: {error}") from None
            asked = error.wait if isinstance(error, _RetryError) else None
            pause = min(asked if asked is not None else wait * random.uniform(0.5, 1.5), LONGEST_WAIT)
            print(f"{url}: {error}; trying again in {pause:.0f} s", file=sys.stderr)
            time.sleep(pause)
            wait *= 2


def _fetch_http(url: str, part: Path, size: int | None) -> None:
    have = part.stat().st_size if part.exists() else 0
    if size is not None and have >= size:
        return
    headers = {"Range": f"bytes={have}-"} if have else {}
    # Without this, requests would unzip what a server labels as gzip-encoded, and the checksum would not fit.
    headers["Accept-Encoding"] = "identity"
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        if response.status_code in GIVE_UP:
            raise TR300MError(f"the server answered {response.status_code} {response.reason}")
        if response.status_code == RANGE_NOT_SATISFIABLE and have:
            # There is nothing behind what we have: the file is whole, or the check of its content will say it is not.
            return
        if response.status_code not in (200, 206):
            after = response.headers.get("Retry-After", "")
            raise _RetryError(f"status {response.status_code}", float(after) if after.isdigit() else None)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise TR300MError("the server answered with a web page, not with the file")
        # What came before the connection broke off is kept; the length is checked below.
        response.raw.enforce_content_length = False
        resumed = response.status_code == 206
        expected = int(response.headers.get("Content-Length", 0)) + (have if resumed else 0)
        with open(part, "ab" if resumed else "wb") as handle:
            for block in _with_bar(response, part.name, have if resumed else 0, expected or size):
                handle.write(block)
    got = part.stat().st_size
    if expected and got < expected:
        raise _RetryError(f"the connection broke off at {got:,} of {expected:,} bytes")


def _with_bar(response: requests.Response, name: str, start: int, total: int | None) -> Iterator[bytes]:
    with bar(total, f"fetching {name.removesuffix('.part')}", "B") as meter:
        meter.update(start)
        for block in response.iter_content(CHUNK):
            yield block
            meter.update(len(block))

"""HTTP downloads that resume: one address to one partial file, over as many connections as it takes.

Proxies and certificates come from the environment, as requests reads them (HTTPS_PROXY, NO_PROXY, REQUESTS_CA_BUNDLE).
If an address has no credentials, those of its host are read from ``~/.netrc``.
"""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import requests
import urllib3

from ..base.errors import TR300MError
from ..base.progress import bar
from ..base.redaction import public
from .network_errors import RetryableError, network_errors
from .partial_file import Origin, PartialFile

RETRY = urllib3.Retry(5, backoff_factor=1, backoff_max=120, backoff_jitter=1)
"""Retries after failures without a new byte in between, and the waits before them (seconds)."""
RETRY_AFTER_MAX = 600.0
"""Longest wait that a server may ask for (seconds); an address that asks for more is given up."""
TIMEOUTS = (10.0, 60.0)
"""Longest wait for a connection, and for the next bytes (seconds)."""
# Bytes that are there are read at once, so a broken connection loses none of them.
READ_SIZE = 1 << 18
# Otherwise a server may compress the file, and neither length nor checksum would match.
IDENTITY = {"Accept-Encoding": "identity"}
RETRYABLE_STATUS = (408, 425, 429)
PARTIAL_CONTENT, RANGE_NOT_SATISFIABLE = 206, 416
WHOLE_HINT = "set `tracks_by_range: false` to download the whole file"
CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")


@dataclass(frozen=True)
class Answer:
    """A server's answer to a request for a file.

    Attributes
    ----------
    start
        Position of the first byte sent.
    total
        Length of the whole file, or None if the server does not state it.
    version
        Strong ETag, else date of the last change, else empty.
    blocks
        The bytes from `start` on.
    """

    start: int
    total: int | None
    version: str
    blocks: Iterator[bytes]


def remote_size(url: str, timeouts: tuple[float, float] = TIMEOUTS) -> int | None:
    """Return the length of the file at an address without downloading it; None if the server does not state it.

    Raises
    ------
    TR300MError
        If the address does not offer the file.
    """
    with network_errors(url):
        head = requests.head(url, headers=IDENTITY, timeout=timeouts, allow_redirects=True)
        if head.ok:
            return _answer(head, 0).total
        # Some servers refuse HEAD; they are asked for one byte instead.
        headers = {**IDENTITY, "Range": "bytes=0-0"}
        with requests.get(url, headers=headers, stream=True, timeout=timeouts) as response:
            return _answer(response, 0).total


def range_size(url: str, timeouts: tuple[float, float] = TIMEOUTS) -> int:
    """Return the length of the file at an address, of which ranges of bytes can be read; one byte comes.

    Raises
    ------
    TR300MError
        If the address does not offer the file, or no ranges of it.
    """
    with requests.Session() as session:
        return _piece(session, url, 0, 1, timeouts).total


def download(
    url: str,
    part: PartialFile,
    size: int | None,
    checked: bool,
    retry: urllib3.Retry = RETRY,
    timeouts: tuple[float, float] = TIMEOUTS,
) -> None:
    """Complete a partial file from one address.

    Parameters
    ----------
    url
        http or https address.
    part
        Bytes so far. They are kept if the server or a checksum proves that they belong to the same file.
    size
        Expected bytes, or None.
    checked
        Whether the caller checks the whole file against a checksum.
    retry
        Number of retries and back-off. The number counts from the last new byte.
    timeouts
        Longest wait for a connection, and for the next bytes (seconds).

    Raises
    ------
    DiskError
        If the file cannot be written; the bytes so far are kept.
    TR300MError
        If the address does not give the file.
    """
    furthest, left = part.size(), retry
    while True:
        try:
            _attempt(url, part, size, checked, timeouts)
            return
        except RetryableError as error:
            # Only bytes beyond the furthest position are progress: otherwise a server could be asked for ever.
            if part.size() > furthest:
                furthest, left = part.size(), retry
            left = _next_retry(left, error)
            _wait(url, left, error)


@dataclass(frozen=True)
class Piece:
    """Bytes of a file, with the length and the version of the whole file (as in `Answer`)."""

    content: bytes
    total: int
    version: str


def read_range(
    session: requests.Session,
    url: str,
    start: int,
    stop: int,
    retry: urllib3.Retry = RETRY,
    timeouts: tuple[float, float] = TIMEOUTS,
) -> Piece:
    """Return the bytes [`start`, `stop`) of the file at an address, or those up to its end.

    Parameters
    ----------
    session
        Keeps connections open between calls; threads may share it.
    url
        http or https address.
    start, stop
        Range of bytes; `start` is inside the file.
    retry
        Number of retries and back-off.
    timeouts
        Longest wait for a connection, and for the next bytes (seconds).

    Raises
    ------
    TR300MError
        If the address does not give these bytes, or gives the whole file instead.
    """
    left = retry
    while True:
        try:
            return _piece(session, url, start, stop, timeouts)
        except RetryableError as error:
            left = _next_retry(left, error)
            _wait(url, left, error)


def _piece(session: requests.Session, url: str, start: int, stop: int, timeouts: tuple[float, float]) -> Piece:
    headers = {**IDENTITY, "Range": f"bytes={start}-{stop - 1}"}
    with network_errors(url), session.get(url, headers=headers, stream=True, timeout=timeouts) as response:
        answer = _answer(response, start)
        # The file may have become shorter; the caller sees it by the length.
        if response.status_code not in (PARTIAL_CONTENT, RANGE_NOT_SATISFIABLE) or answer.total is None:
            raise TR300MError("the server does not send ranges of bytes", WHOLE_HINT)
        if answer.start != start:
            raise TR300MError(f"the server sent byte {answer.start:,} instead of byte {start:,}", WHOLE_HINT)
        content = b"".join(answer.blocks)
    expected = max(min(stop, answer.total) - start, 0)
    if len(content) != expected:
        raise RetryableError(f"the connection broke off at {len(content):,} of {expected:,} bytes")
    return Piece(content, answer.total, answer.version)


def _wait(url: str, left: urllib3.Retry, error: RetryableError) -> None:
    wait = left.get_backoff_time() if error.wait is None else error.wait
    print(f"{public(url)}: {error}; trying again in {wait:.0f} s", file=sys.stderr)
    time.sleep(wait)


def _next_retry(left: urllib3.Retry, error: RetryableError) -> urllib3.Retry:
    """Return the retries that are left after one more failure."""
    if error.wait is not None and error.wait > RETRY_AFTER_MAX:
        raise TR300MError(f"the server asks to wait {error.wait:,.0f} s")
    try:
        return left.increment(error=error)
    except urllib3.exceptions.MaxRetryError:
        raise TR300MError(f"{error} (given up after {len(left.history) + 1} attempts)") from None


def _attempt(url: str, part: PartialFile, size: int | None, checked: bool, timeouts: tuple[float, float]) -> None:
    """Download the missing bytes of a partial file over one connection."""
    before = part.origin()
    start, version = part.resume_from(url, checked)
    if start and start == (size or before.total):
        return
    if size is not None and start > size:
        part.drop()
        start, version = 0, ""
    with _request(url, start, version, timeouts) as answer:
        if size is not None and answer.total not in (None, size):
            raise TR300MError(f"the server's file has {answer.total:,} bytes, {size:,} expected")
        if conflict := _conflict(answer, start, before, version):
            part.drop()
            raise RetryableError(f"{conflict}; downloading the whole file", wait=0)
        if answer.start < part.size():
            note = f"cannot resume after {part.size():,} bytes; downloading the whole file"
            print(f"{public(url)}: {note}", file=sys.stderr)
        total = size or answer.total
        if total is not None:
            part.check_space(total, answer.start)
        origin = Origin(public(url), answer.version if answer.start == 0 else version, answer.total)
        part.write(_with_progress(answer, part), answer.start, origin)
    if total is not None and part.size() > total:
        message = f"{part.size():,} bytes came, {total:,} were announced"
        part.drop()
        raise RetryableError(f"{message}; downloading the whole file")
    if total is not None and part.size() < total:
        raise RetryableError(f"the connection broke off at {part.size():,} of {total:,} bytes")


def _conflict(answer: Answer, asked: int, before: Origin, version: str) -> str:
    """Return why an answer must not be appended to a partial file; empty if it may."""
    if answer.start == 0:
        return ""
    if answer.start != asked:
        return f"the server sent byte {answer.start:,} instead of byte {asked:,}"
    if None not in (before.total, answer.total) and before.total != answer.total:
        return f"the file has {answer.total:,} bytes now, it had {before.total:,}"
    if version and answer.version and version != answer.version:
        return "the file has changed since its first bytes were downloaded"
    return ""


@contextmanager
def _request(url: str, start: int, version: str, timeouts: tuple[float, float]) -> Iterator[Answer]:
    """Request the bytes of a file from `start` on, or all bytes if the file is no longer of `version`."""
    headers = dict(IDENTITY)
    if start:
        headers["Range"] = f"bytes={start}-"
        if version:
            headers["If-Range"] = version
    with network_errors(url), requests.get(url, headers=headers, stream=True, timeout=timeouts) as response:
        yield _answer(response, start)


def _answer(response: requests.Response, start: int) -> Answer:
    """Read status and headers of a response to a request for the bytes from `start` on."""
    status, headers = response.status_code, response.headers
    if status in RETRYABLE_STATUS or status >= 500:
        raise RetryableError(f"the server answered {status} {response.reason}", _seconds(headers.get("Retry-After")))
    span = CONTENT_RANGE.fullmatch(headers.get("Content-Range", ""))
    if status == RANGE_NOT_SATISFIABLE and start:
        # The file ends at `start`, unless the server states another length.
        return Answer(start, int(span[2]) if span and span[2] != "*" else start, "", iter(()))
    if status not in (200, 206):
        raise TR300MError(f"the server answered {status} {response.reason}")
    if headers.get("Content-Type", "").lower().startswith("text/html"):
        raise RetryableError("the server answered with a web page instead of the file")
    etag = headers.get("ETag", "")
    version = etag if etag.startswith('"') else headers.get("Last-Modified", "")
    if status == 206:
        if span is None or span[1] is None:
            raise TR300MError("the server sent a range of bytes and does not state which")
        total = None if span[2] == "*" else int(span[2])
        return Answer(int(span[1]), total, version, _blocks(response))
    length = headers.get("Content-Length", "")
    return Answer(0, int(length) if length.isdigit() else None, version, _blocks(response))


def _blocks(response: requests.Response) -> Iterator[bytes]:
    # Not `iter_content`: it waits for whole chunks, and undoes the Content-Encoding that some servers state for every
    # .gz file. The length is checked in `_attempt`, which keeps the bytes of a broken connection.
    response.raw.enforce_content_length = False
    while block := response.raw.read1(READ_SIZE, decode_content=False):
        yield block


def _with_progress(answer: Answer, part: PartialFile) -> Iterator[bytes]:
    with bar(answer.total, f"downloading {part.path.stem}", "B") as meter:
        # Resumed bytes count as done, and not in the rate.
        meter.initial = meter.n = answer.start
        for block in answer.blocks:
            yield block
            meter.update(len(block))


def _seconds(retry_after: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for; it holds seconds or a date."""
    try:
        return None if retry_after is None else RETRY.parse_retry_after(retry_after)
    except urllib3.exceptions.InvalidHeader:
        return None

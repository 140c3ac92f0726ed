"""What a server says and sends for an address: http(s), ftp and file, from any byte on.

Proxies and certificates come from the environment, as requests reads them (HTTPS_PROXY, NO_PROXY, REQUESTS_CA_BUNDLE),
and the user's credentials for a host from ``~/.netrc`` where its address has none: they open a door and change no byte
of a file. ftp goes past a proxy, and reads no ``.netrc``.
"""

import email.utils
import ftplib
import os
import re
import socket
import ssl
import time
import urllib.request
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import requests
import urllib3

from ..base.errors import TR300MError
from ..base.redaction import redacted

# Largest read: what is there comes at once, so a connection that breaks off loses nothing that arrived.
CHUNK = 1 << 18
# Without this a server may zip what it sends, and neither length nor checksum would fit.
IDENTITY = {"Accept-Encoding": "identity"}
PASSING_STATUS = (408, 425, 429)
RANGE_NOT_SATISFIABLE = 416
CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+|\*)")


@dataclass(frozen=True)
class Patience:
    """How long a server is waited for; times in seconds.

    Attributes
    ----------
    attempts
        Failures in a row, without a new byte between them, until an address is given up.
    quick_attempts
        The same for failures that seldom pass and come before any byte: no network, no such host, a web page.
    first_wait, longest_wait
        Mean wait after the first failure; it doubles from one failure to the next, up to the longest.
    longest_asked
        Longest wait that a server may ask for (Retry-After); an address that asks for more is given up.
    connect_timeout, read_timeout
        Longest silence before the connection stands, and after.
    """

    attempts: int = 6
    quick_attempts: int = 2
    first_wait: float = 2.0
    longest_wait: float = 120.0
    longest_asked: float = 600.0
    connect_timeout: float = 10.0
    read_timeout: float = 60.0


PATIENCE = Patience()


class PassingError(Exception):
    """A failure that may pass.

    Parameters
    ----------
    reason
        What happened.
    wait
        Seconds the server asks for, or None.
    quick
        Whether waiting long is of little use.
    """

    def __init__(self, reason: str, wait: float | None = None, quick: bool = False) -> None:
        super().__init__(reason)
        self.wait = wait
        self.quick = quick


@dataclass(frozen=True)
class Answer:
    """What a server gives.

    Attributes
    ----------
    start
        Position of the first byte that comes.
    total
        Length of the whole file, or None where the server does not say.
    version
        Strong ETag, else date of the last change, else empty.
    blocks
        The bytes from `start` on.
    """

    start: int
    total: int | None
    version: str
    blocks: Iterator[bytes]


def remote_size(url: str, patience: Patience) -> int | None:
    """Ask an address for the file's length without fetching it; None where the server does not say.

    Raises
    ------
    PassingError, TR300MError
        If it does not offer the file.
    """
    if urlsplit(url).scheme in ("ftp", "file"):
        with open_at(url, 0, "", patience) as answer:
            return answer.total
    timeout = (patience.connect_timeout, patience.read_timeout)
    with _http_errors(url):
        head = requests.head(url, headers=IDENTITY, timeout=timeout, allow_redirects=True)
        if head.ok:
            return _answer(head, 0).total
        # Some servers refuse HEAD; one byte is asked for instead.
        headers = {**IDENTITY, "Range": "bytes=0-0"}
        with requests.get(url, headers=headers, stream=True, timeout=timeout) as response:
            return _answer(response, 0).total


def open_at(url: str, start: int, version: str, patience: Patience) -> AbstractContextManager[Answer]:
    """Ask an address for its bytes from `start` on, in a `with` statement.

    Parameters
    ----------
    url
        http(s), ftp or file address.
    start, version
        First byte wanted. If the file is no longer of this version, the answer starts at 0; empty for any version.
    patience
        Timeouts.

    Raises
    ------
    PassingError
        If the failure may pass, here or in the `with` statement.
    TR300MError
        If it will not.
    """
    return {"ftp": _open_ftp, "file": _open_file}.get(urlsplit(url).scheme, _open_http)(url, start, version, patience)


@contextmanager
def _open_http(url: str, start: int, version: str, patience: Patience) -> Iterator[Answer]:
    headers = dict(IDENTITY)
    if start:
        headers["Range"] = f"bytes={start}-"
        if version:
            headers["If-Range"] = version
    timeout = (patience.connect_timeout, patience.read_timeout)
    with _http_errors(url), requests.get(url, headers=headers, stream=True, timeout=timeout) as response:
        yield _answer(response, start)


def _answer(response: requests.Response, start: int) -> Answer:
    """Read an HTTP response's status and headers; `start` is the byte that was asked for."""
    status, headers = response.status_code, response.headers
    if status in PASSING_STATUS or status >= 500:
        raise PassingError(f"the server answered {status} {response.reason}", _seconds(headers.get("Retry-After", "")))
    span = CONTENT_RANGE.fullmatch(headers.get("Content-Range", ""))
    if status == RANGE_NOT_SATISFIABLE and start:
        # Nothing lies behind what we have, unless the server names another length.
        return Answer(start, int(span[2]) if span and span[2] != "*" else start, "", iter(()))
    if status not in (200, 206):
        raise TR300MError(f"the server answered {status} {response.reason}")
    if headers.get("Content-Type", "").lower().startswith("text/html"):
        raise PassingError("the server answered with a web page, not with the file", quick=True)
    etag = headers.get("ETag", "")
    version = etag if etag.startswith('"') else headers.get("Last-Modified", "")
    if status == 206:
        if span is None or span[1] is None:
            raise TR300MError("the server answered with a part of the file and does not say which")
        total = None if span[2] == "*" else int(span[2])
        return Answer(int(span[1]), total, version, _blocks(response))
    length = headers.get("Content-Length", "")
    return Answer(0, int(length) if length.isdigit() else None, version, _blocks(response))


def _blocks(response: requests.Response) -> Iterator[bytes]:
    # Not iter_content: it undoes a Content-Encoding, which some servers give to every .gz, and waits for whole chunks.
    # The length is checked by the caller, who keeps what came.
    response.raw.enforce_content_length = False
    while block := response.raw.read1(CHUNK, decode_content=False):
        yield block


def _seconds(retry_after: str) -> float | None:
    """Return the wait that a Retry-After header asks for: it holds seconds or a date."""
    if retry_after.isdigit():
        return float(retry_after)
    try:
        return max(email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time(), 0.0)
    except ValueError:
        return None


@contextmanager
def _http_errors(url: str) -> Iterator[None]:
    """Tell failures that may pass from those that will not."""
    try:
        yield
    except urllib3.exceptions.ReadTimeoutError:
        raise PassingError("the server fell silent") from None
    except urllib3.exceptions.HTTPError as error:
        raise PassingError(f"the connection broke off: {redacted(str(_root(error)))}") from None
    except requests.ReadTimeout:
        raise PassingError("the server does not answer") from None
    except requests.ConnectionError as error:
        raise _no_connection(url, _root(error)) from None
    except OSError as error:
        # All others of requests', and a bundle of certificates that is not there.
        raise TR300MError(redacted(str(error))) from None


def _root(error: BaseException) -> BaseException:
    """Return the first of a chain of exceptions: what happened at the socket."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    return error


def _no_connection(url: str, root: BaseException) -> Exception:
    host = urlsplit(url).hostname
    if isinstance(root, ssl.SSLCertVerificationError):
        return TR300MError(
            f"the certificate of {host} is not trusted: {root.verify_message}; name your organisation's certificates "
            "in the environment variable REQUESTS_CA_BUNDLE"
        )
    if isinstance(root, socket.gaierror):
        return PassingError(f"{host} is not found ({root.strerror}): no network?", quick=True)
    reason = root.strerror if isinstance(root, OSError) and root.strerror else redacted(str(root))
    return PassingError(f"no connection to {host}: {reason}", quick=True)


@contextmanager
def _open_ftp(url: str, start: int, version: str, patience: Patience) -> Iterator[Answer]:
    address = urlsplit(url)
    path = unquote(address.path)
    try:
        with closing(ftplib.FTP(timeout=patience.connect_timeout)) as ftp:
            try:
                ftp.connect(address.hostname or "", address.port or ftplib.FTP_PORT)
            except OSError as error:
                raise _no_connection(url, error) from None
            ftp.login(unquote(address.username or ""), unquote(address.password or ""))
            ftp.voidcmd("TYPE I")
            total, now = None, ""
            # Both are extensions that a server need not know.
            with suppress(ftplib.error_perm):
                total = ftp.size(path)
            with suppress(ftplib.error_perm):
                now = ftp.voidcmd(f"MDTM {path}")
            start = start if version in ("", now) else 0
            with ftp.transfercmd(f"RETR {path}", rest=start or None) as connection:
                connection.settimeout(patience.read_timeout)
                yield Answer(start, total, now, _ftp_blocks(ftp, connection))
    except ftplib.error_perm as error:
        raise TR300MError(f"the server answered {error}") from None
    except ftplib.Error as error:
        raise PassingError(f"the server answered {error}") from None
    except (OSError, EOFError) as error:
        raise PassingError(f"the connection broke off: {str(error) or 'the server closed it'}") from None


def _ftp_blocks(ftp: ftplib.FTP, connection: socket.socket) -> Iterator[bytes]:
    while block := connection.recv(CHUNK):
        yield block
    connection.close()
    # A file that broke off ends like a whole one; the server's last word tells them apart.
    ftp.voidresp()


@contextmanager
def _open_file(url: str, start: int, version: str, patience: Patience) -> Iterator[Answer]:
    path = urllib.request.url2pathname(urlsplit(url).path)
    try:
        with open(path, "rb") as handle:
            status = os.stat(handle.fileno())
            now = str(status.st_mtime_ns)
            start = start if version in ("", now) else 0
            handle.seek(start)
            yield Answer(start, status.st_size, now, iter(lambda: handle.read(CHUNK), b""))
    except OSError as error:
        raise TR300MError(f"cannot read {path}: {error.strerror}") from None

"""A loopback HTTP server with planned faults, which counts the bytes that it sends."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast
from urllib.parse import urlsplit

import pytest
from helpers.server_thread import in_thread

BLOCK = 4096


@dataclass(frozen=True)
class Reply:
    """How one request is answered; by default correctly, with support of Range and If-Range.

    Attributes
    ----------
    content
        The file; None for the server's.
    status
        Sent with `headers` and an empty body instead of the file, if it is not 0.
    stop
        Position in the file after which nothing is sent.
    stall
        Whether the connection stays open after `stop`, until the server ends, instead of being closed.
    etag, date
        Version of the file, or empty.
    ranges, if_range
        Whether the headers Range and If-Range are supported.
    shift
        Added to the first byte of a range, in the answer and in its header.
    length
        Sent as Content-Length; None for the correct length.
    chunked
        Whether the length is not stated and the body is sent in chunks.
    pause
        Seconds between two blocks.
    together
        Bytes are sent only after this many connections were open at the same time, or after half a minute.
    head
        Whether HEAD is answered; else it gets 405.
    """

    content: bytes | None = None
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    kind: str = "application/octet-stream"
    stop: int | None = None
    stall: bool = False
    etag: str = ""
    date: str = ""
    ranges: bool = True
    if_range: bool = True
    shift: int = 0
    length: int | None = None
    chunked: bool = False
    pause: float = 0.0
    together: int = 0
    head: bool = True


@dataclass(frozen=True)
class Request:
    """A request."""

    method: str
    target: str
    range: str | None
    if_range: str | None
    time: float


class Server(ThreadingHTTPServer):
    """A server that answers the n-th GET of a path with the n-th of its replies, and later ones with the last."""

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = content
        self.replies: dict[str, list[Reply]] = {}
        self.requests: list[Request] = []
        self.sent = 0
        self.active = self.peak = 0
        self.lock = threading.Lock()
        self.ended = threading.Event()

    def plan(self, path: str, *replies: Reply) -> str:
        """Set the replies of a path and return its URL."""
        self.replies[path] = list(replies)
        return self.url(path)

    def url(self, path: str) -> str:
        """Return the address of a path; without a plan it is answered correctly."""
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def ranges(self) -> list[str | None]:
        """Return the Range header of each GET."""
        return [request.range for request in self.requests if request.method == "GET"]

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing: clients that disconnect are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self._serve(body=False)

    def do_GET(self) -> None:
        self._serve(body=True)

    def _serve(self, body: bool) -> None:
        server = cast(Server, self.server)
        path = urlsplit(self.path).path
        with server.lock:
            earlier = sum(urlsplit(r.target).path == path and r.method == "GET" for r in server.requests)
            asked, if_range = self.headers.get("Range"), self.headers.get("If-Range")
            server.requests.append(Request(self.command, self.path, asked, if_range, time.monotonic()))
            server.active += 1
            server.peak = max(server.peak, server.active)
        replies = server.replies.get(path, [Reply()])
        reply = replies[min(earlier, len(replies) - 1)]
        try:
            if body or reply.head:
                self._answer(server, reply, body)
            else:
                self.send_error(405)
        except (BrokenPipeError, ConnectionResetError):
            pass
        finally:
            with server.lock:
                server.active -= 1

    def _answer(self, server: Server, reply: Reply, body: bool) -> None:
        if reply.status:
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        content = server.content if reply.content is None else reply.content
        start, end = self._span(reply, len(content))
        if start is not None and start >= len(content):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{len(content)}")
            self.end_headers()
            return
        self.send_response(200 if start is None else 206)
        if start is not None:
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{len(content)}")
        version = {"ETag": reply.etag, "Last-Modified": reply.date}
        for name, value in {"Content-Type": reply.kind, **version, **reply.headers}.items():
            if value:
                self.send_header(name, value)
        if reply.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(end - (start or 0) if reply.length is None else reply.length))
        self.end_headers()
        if body:
            self._send(server, reply, content[:end], start or 0)

    def _span(self, reply: Reply, length: int) -> tuple[int | None, int]:
        """Return first byte (None for a plain 200) and end of what is sent."""
        asked, if_range = self.headers.get("Range"), self.headers.get("If-Range")
        stale = reply.if_range and if_range is not None and if_range not in (reply.etag, reply.date)
        if not asked or not reply.ranges or stale:
            return None, length
        first, _, last = asked.removeprefix("bytes=").partition("-")
        return int(first) + reply.shift, min(int(last) + 1, length) if last else length

    def _send(self, server: Server, reply: Reply, content: bytes, start: int) -> None:
        deadline = time.monotonic() + 30
        while server.peak < reply.together and time.monotonic() < deadline:
            time.sleep(0.01)
        end = len(content) if reply.stop is None else min(reply.stop, len(content))
        for position in range(start, end, BLOCK):
            block = content[position : min(position + BLOCK, end)]
            # Before they are written: a client that has all bytes may ask for the count at once.
            with server.lock:
                server.sent += len(block)
            self.wfile.write(b"%x\r\n%s\r\n" % (len(block), block) if reply.chunked else block)
            if reply.pause and server.ended.wait(reply.pause):
                return
        if reply.stall:
            server.ended.wait()
        elif reply.chunked and end == len(content):
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *args: object) -> None:
        """Print nothing."""


def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let requests go to the server itself, whatever the environment says of proxies."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@contextmanager
def serving(content: bytes) -> Iterator[Server]:
    """Run a server of `content` in a thread."""
    with Server(content) as server, in_thread(server, server.ended):
        yield server

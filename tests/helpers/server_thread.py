"""A loopback server in a thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseServer


@contextmanager
def in_thread(server: BaseServer, ended: threading.Event) -> Iterator[None]:
    """Let a server answer in a thread; at the end set `ended`, for which its handlers may be waiting."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        ended.set()
        server.shutdown()
        thread.join()

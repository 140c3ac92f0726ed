"""A loopback FTP server of one file: passive mode, REST, and transfers that break off as told."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import cast

from helpers.server_thread import in_thread


class Server(ThreadingTCPServer):
    """Serves `content` under every path; the n-th transfer ends at the n-th of `stops`, later ones are whole.

    One that ends early closes the connection, or keeps it open where the server is `silent`.
    """

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, content: bytes, stops: list[int]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content, self.stops = content, stops
        self.changed = "20260105000000"
        # Answers by command that are not the usual ones; an empty one hangs up.
        self.refusals: dict[str, str] = {}
        self.rests: list[int] = []
        self.sent = 0
        self.silent = False
        self.ended = threading.Event()

    def url(self, path: str) -> str:
        """Return the address of a path."""
        return f"ftp://127.0.0.1:{self.server_address[1]}{path}"


class _Handler(StreamRequestHandler):
    def handle(self) -> None:
        server, rest = cast(Server, self.server), 0
        self.say("220 ready")
        with socket.create_server(("127.0.0.1", 0)) as data:
            while line := self.rfile.readline().decode().strip():
                command, _, argument = line.partition(" ")
                if server.refusals.get(command) == "":
                    return
                if command in server.refusals:
                    self.say(server.refusals[command])
                elif command == "PASV":
                    port = data.getsockname()[1]
                    self.say(f"227 here (127,0,0,1,{port // 256},{port % 256})")
                elif command == "REST":
                    rest = int(argument)
                    self.say("350 from there on")
                elif command == "RETR":
                    self.retrieve(server, data, rest)
                elif command == "QUIT":
                    return
                else:
                    size, changed = f"213 {len(server.content)}", f"213 {server.changed}"
                    self.say({"USER": "230 in", "SIZE": size, "MDTM": changed}.get(command, "200 fine"))

    def retrieve(self, server: Server, data: socket.socket, rest: int) -> None:
        server.rests.append(rest)
        stop = server.stops.pop(0) if server.stops else len(server.content)
        self.say("150 it comes")
        connection, _ = data.accept()
        with connection:
            connection.sendall(server.content[rest:stop])
            server.sent += max(stop - rest, 0)
            if server.silent and stop < len(server.content):
                server.ended.wait()
        self.say("226 done" if stop == len(server.content) else "426 broken off")

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def serving_ftp(content: bytes, *stops: int) -> Iterator[Server]:
    """Run a server of `content` in a thread."""
    with Server(content, list(stops)) as server, in_thread(server, server.ended):
        yield server

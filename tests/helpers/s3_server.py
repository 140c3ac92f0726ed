"""An S3 server on loopback that refuses some uploads: `python FILE FOLDER NAME=COUNT ...`. Needs .venv-clusters.

The first COUNT uploads of an object of that name are answered with 503. The server's address is written to
FOLDER/address once it listens, and each refusal to FOLDER/refused. It ends when its standard input does.
"""

import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server


class Refusing:
    """The server's application with refusals before it."""

    def __init__(self, folder: Path, counts: dict[str, int]) -> None:
        self.application = DomainDispatcherApplication(create_backend_app)
        self.folder, self.left, self.lock = folder, counts, threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        name = environ["PATH_INFO"].rpartition("/")[2]
        with self.lock:
            refused = environ["REQUEST_METHOD"] == "PUT" and self.left.get(name, 0) > 0
            if refused:
                self.left[name] -= 1
                with open(self.folder / "refused", "a") as log:
                    log.write(f"{name}\n")
        if not refused:
            return self.application(environ, start_response)
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response("503 Service Unavailable", [("Content-Type", "text/plain")])
        return [b"Slow down"]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    counts = {name: int(count) for name, count in (text.split("=") for text in sys.argv[2:])}
    server = make_server("127.0.0.1", 0, Refusing(folder, counts), threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    (folder / "writing").write_text(f"http://127.0.0.1:{server.port}")
    (folder / "writing").rename(folder / "address")
    sys.stdin.read()
    server.shutdown()

"""The sources table and downloads over a local server."""

import gzip
import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tr300m import download
from tr300m.download import fetch
from tr300m.errors import TR300MError
from tr300m.sources import read_sources

ROOT = Path(__file__).parents[1]
CONTENT = bytes(range(256)) * 400
SHA = "sha256:" + hashlib.sha256(CONTENT).hexdigest()


class _Handler(BaseHTTPRequestHandler):
    """Serves CONTENT by Range; /half breaks off once, /page is a web page, /busy is busy once."""

    seen: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        earlier = [path for path, _ in self.seen]
        self.seen.append((self.path, self.headers.get("Range")))
        if self.path == "/busy" and "/busy" not in earlier:
            self.send_response(503)
            self.send_header("Retry-After", "0")
            self.end_headers()
            return
        if self.path == "/missing":
            self.send_error(404)
            return
        start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        if start >= len(CONTENT):
            self.send_error(416)
            return
        body = b"<html></html>" if self.path == "/page" else CONTENT[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Type", "text/html" if self.path == "/page" else "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if self.path == "/half" and "/half" not in earlier else body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    monkeypatch.setattr(download, "FIRST_WAIT", 0.01)
    seen: list[tuple[str, str | None]] = []
    handler = type("Handler", (_Handler,), {"seen": seen})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_address[1]}", seen
        listening.shutdown()
        thread.join()


def test_fetch_and_verify(server: tuple[str, list[tuple[str, str | None]]], tmp_path: Path) -> None:
    fetch([f"{server[0]}/file"], tmp_path / "file", len(CONTENT), SHA)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_broken_connection_is_resumed(server: tuple[str, list[tuple[str, str | None]]], tmp_path: Path) -> None:
    fetch([f"{server[0]}/half"], tmp_path / "file", len(CONTENT), SHA)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server[1] == [("/half", None), ("/half", f"bytes={len(CONTENT) // 2}-")]


def test_an_earlier_part_is_resumed(server: tuple[str, list[tuple[str, str | None]]], tmp_path: Path) -> None:
    (tmp_path / "file.part").write_bytes(CONTENT[:1000])
    fetch([f"{server[0]}/file"], tmp_path / "file", len(CONTENT), SHA)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server[1] == [("/file", "bytes=1000-")]


def test_a_busy_server_is_asked_again(server: tuple[str, list[tuple[str, str | None]]], tmp_path: Path) -> None:
    fetch([f"{server[0]}/busy"], tmp_path / "file", len(CONTENT), SHA)
    assert len(server[1]) == 2


def test_mirror(server: tuple[str, list[tuple[str, str | None]]], tmp_path: Path) -> None:
    fetch([f"{server[0]}/missing", f"{server[0]}/file"], tmp_path / "file", None, SHA)
    assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("path", "size", "checksum", "message"),
    [
        ("/page", None, "", "web page"),
        ("/missing", None, "", "404"),
        ("/file", len(CONTENT), "sha256:" + "0" * 64, "sha256 is not the expected one"),
        ("/file", len(CONTENT) - 1, SHA, "bytes"),
    ],
)
def test_a_wrong_file_never_gets_the_name(
    server: tuple[str, list[tuple[str, str | None]]],
    tmp_path: Path,
    path: str,
    size: int | None,
    checksum: str,
    message: str,
) -> None:
    with pytest.raises(TR300MError, match=message):
        fetch([server[0] + path], tmp_path / "file", size, checksum)
    assert not (tmp_path / "file").exists()


def test_unknown_size_and_checksum_are_said(
    server: tuple[str, list[tuple[str, str | None]]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fetch([f"{server[0]}/file"], tmp_path / "file", None, "")
    assert "upstream publishes no size and checksum" in capsys.readouterr().err


def test_file_url_and_checksum_of_the_content(tmp_path: Path) -> None:
    source = tmp_path / "source.gz"
    source.write_bytes(gzip.compress(CONTENT))
    fetch([source.as_uri()], tmp_path / "out.gz", None, "uncompressed-" + SHA)
    assert gzip.decompress((tmp_path / "out.gz").read_bytes()) == CONTENT


def test_table() -> None:
    sources = read_sources(ROOT / "config/sources.tsv")
    assert sum(source.needed for source in sources.values()) == 27
    assert sum(key.startswith("histone_") for key in sources) == 21
    assert sources["hg38"].size == 983659424
    assert sources["gtex_tpm"].size is None
    assert len(sources["gtex_tpm"].urls) == 2
    assert all(source.terms and source.citation for source in sources.values())


def test_a_size_that_is_no_number(tmp_path: Path) -> None:
    header = "key\tlocal_name\turl\tmirror\tbytes\tchecksum\tneeded\tterms\tcitation\n"
    (tmp_path / "s.tsv").write_text(header + "a\ta.gz\thttp://x\t\tmany\t\tyes\tt\tc\n")
    with pytest.raises(TR300MError, match="bytes of a is 'many'"):
        read_sources(tmp_path / "s.tsv")


def test_a_whole_part_of_unknown_size_is_not_fetched_again(
    server: tuple[str, list[tuple[str, str | None]]], tmp_path: Path
) -> None:
    (tmp_path / "file.part").write_bytes(CONTENT)
    fetch([f"{server[0]}/file"], tmp_path / "file", None, SHA)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert server[1] == [("/file", f"bytes={len(CONTENT)}-")]


def test_an_interrupted_part_of_unknown_size_is_kept(
    server: tuple[str, list[tuple[str, str | None]]], tmp_path: Path
) -> None:
    (tmp_path / "file.part").write_bytes(CONTENT[:1000])
    with pytest.raises(TR300MError, match="404"):
        fetch([f"{server[0]}/missing"], tmp_path / "file", None, SHA)
    assert (tmp_path / "file.part").read_bytes() == CONTENT[:1000]

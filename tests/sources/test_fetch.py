"""Downloads from a faulty server end with the correct file or a clear error, and no byte is downloaded twice.

The server counts the bytes that it sends. It closes connections cleanly, so all of them arrive and counts are exact.
"""

import email.utils
import gzip
import hashlib
import os
import random
import resource
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.child import start_child
from helpers.fixtures import says
from helpers.http_server import Reply, Server, serving, without_proxies
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tr300m.base.errors import TR300MError
from tr300m.base.files import read_json
from tr300m.sources.fetch import fetch
from tr300m.sources.http import RETRY, TIMEOUTS
from tr300m.sources.partial_file import PartialFile
from tr300m.sources.store import kept_path, verify_file
from urllib3 import Retry

CONTENT = random.Random(0).randbytes(300_000)
OTHER = random.Random(1).randbytes(300_000)
SIZE = len(CONTENT)
SHA = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
ATTEMPTS = 4
FAST = Retry(ATTEMPTS - 1, backoff_factor=0.01)
# For tests of servers that stop sending (seconds).
SHORT = (10.0, 0.4)
PAGE = Reply(content=b"<html>Sign in</html>", kind="text/html; charset=utf-8", ranges=False)
OLD, NEW = '"old"', '"new"'
MONDAY, TUESDAY = "Mon, 05 Jan 2026 00:00:00 GMT", "Tue, 06 Jan 2026 00:00:00 GMT"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    without_proxies(monkeypatch)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(CONTENT) as running:
        yield running


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "upstream" / "file"


def get(
    out: Path,
    *urls: str,
    size: int | None = SIZE,
    checksum: str = SHA,
    retry: Retry = FAST,
    timeouts: tuple[float, float] = TIMEOUTS,
) -> None:
    fetch(urls, out, size, checksum, retry, timeouts)


def names(out: Path) -> list[str]:
    """Return all files in the folder of `out`, including the store."""
    return sorted(str(path.relative_to(out.parent)) for path in out.parent.rglob("*") if not path.is_dir())


WHOLE = ["file", "verified/file", "verified/file.json"]


def interrupted(server: Server, out: Path, stop: int, **version: str) -> str:
    """Leave a partial file of `stop` bytes, as an earlier call would, and return the URL."""
    url = server.plan("/file", Reply(stop=stop, **version), Reply(status=404))  # type: ignore[arg-type]
    with pytest.raises(TR300MError, match="404"):
        get(out, url)
    assert PartialFile(out.with_name("file.part")).size() == stop
    assert not out.exists()
    server.sent = 0
    server.requests.clear()
    return url


# Servers without faults.


def test_a_complete_file_and_nothing_else(server: Server, out: Path) -> None:
    get(out, server.url("/file"))
    assert out.read_bytes() == CONTENT
    assert names(out) == WHOLE
    assert server.sent == SIZE


def test_the_kept_file_is_a_link_without_a_path_of_this_machine(server: Server, out: Path) -> None:
    get(out, server.url("/file"))
    assert os.readlink(out) == "verified/file"
    moved = out.parent.with_name("moved")
    out.parent.rename(moved)
    assert (moved / "file").read_bytes() == CONTENT


def test_unknown_size_and_checksum_are_reported(server: Server, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    get(out, server.url("/file"), size=None, checksum="")
    assert says(capsys.readouterr().err, "file")
    assert out.read_bytes() == CONTENT


def test_the_checksum_of_the_content(server: Server, out: Path) -> None:
    packed = gzip.compress(CONTENT)
    get(out, server.plan("/with%20space.gz", Reply(content=packed)), size=None, checksum="uncompressed-" + SHA)
    assert gzip.decompress(out.read_bytes()) == CONTENT


def test_md5(server: Server, out: Path) -> None:
    get(out, server.url("/file"), checksum="md5:" + hashlib.md5(CONTENT).hexdigest())
    assert out.read_bytes() == CONTENT


def test_redirects_are_followed_and_resumed(server: Server, out: Path) -> None:
    url = server.plan("/here", Reply(status=302, headers={"Location": "/there"}))
    server.plan("/there", Reply(stop=100_000, etag=OLD), Reply(etag=OLD))
    get(out, url)
    assert out.read_bytes() == CONTENT
    assert server.sent == SIZE


def test_an_endless_redirect_is_refused(server: Server, out: Path) -> None:
    url = server.plan("/round", Reply(status=302, headers={"Location": "/round"}))
    with pytest.raises(TR300MError, match="/round"):
        get(out, url)


def test_a_content_encoding_is_not_undone(server: Server, out: Path) -> None:
    """Some servers state a Content-Encoding for every .gz file; undoing it would change the bytes."""
    zipped = gzip.compress(CONTENT)
    url = server.plan("/file", Reply(content=zipped, headers={"Content-Encoding": "gzip"}))
    get(out, url, size=len(zipped), checksum="sha256:" + hashlib.sha256(zipped).hexdigest())
    assert out.read_bytes() == zipped


def test_a_slow_server(server: Server, out: Path) -> None:
    """The whole download takes longer than the read timeout, which is only for the wait for the next bytes."""
    get(out, server.plan("/file", Reply(pause=0.02)), timeouts=(10.0, 1.0))
    assert server.sent == SIZE
    assert len(server.requests) == 1


def test_the_proxy_of_the_environment(server: Server, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", server.url(""))
    get(out, "http://upstream.invalid/file")
    assert [request.target for request in server.requests] == ["http://upstream.invalid/file"]
    assert out.read_bytes() == CONTENT


@pytest.fixture
def secure(server: Server, tmp_path: Path) -> Path:
    """Make the server use TLS with an untrusted certificate, and return the certificate."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not there to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=loopback"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    # The handshake is done in the thread of the handler, so that a failure does not stop the server.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    return certificate


def test_the_certificates_of_the_environment(
    server: Server, secure: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.plan("/file", Reply(stop=100_000, etag=OLD), Reply(etag=OLD)).replace("http:", "https:")
    with pytest.raises(TR300MError, match=r"127\.0\.0\.1.*REQUESTS_CA_BUNDLE"):
        get(out, url)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure))
    get(out, url)
    assert out.read_bytes() == CONTENT
    assert server.sent == SIZE


def test_missing_certificates(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "organisation.pem"))
    with pytest.raises(TR300MError, match=r"organisation\.pem"):
        get(out, "https://127.0.0.1:9/file")


# Connections that break off or stall.


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_drop_costs_no_byte(server: Server, out: Path, share: float) -> None:
    stop = int(SIZE * share)
    get(out, server.plan("/file", Reply(stop=stop, etag=OLD), Reply(etag=OLD)))
    assert out.read_bytes() == CONTENT
    assert server.ranges() == [None, f"bytes={stop}-"]
    assert server.requests[1].if_range == OLD
    assert server.sent == SIZE


def test_a_drop_in_a_body_of_unknown_length(server: Server, out: Path) -> None:
    url = server.plan("/file", Reply(stop=100_000, chunked=True), Reply())
    get(out, url, size=None)
    assert out.read_bytes() == CONTENT
    assert server.sent == SIZE


def test_a_stall_costs_no_byte(server: Server, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    get(out, server.plan("/file", Reply(stop=123_456, stall=True), Reply()), timeouts=SHORT)
    assert out.read_bytes() == CONTENT
    assert says(capsys.readouterr().err, "/file")
    assert server.sent == SIZE


def test_a_server_that_never_answers(server: Server, out: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        get(out, f"http://127.0.0.1:{silent.getsockname()[1]}/file", server.url("/file"), timeouts=SHORT)
    assert out.read_bytes() == CONTENT


def test_drops_that_make_progress_are_not_counted(server: Server, out: Path) -> None:
    """There are more drops than attempts, each after new bytes."""
    stops = range(30_000, SIZE, 30_000)
    get(out, server.plan("/file", *(Reply(stop=stop) for stop in stops), Reply()))
    assert len(server.requests) == len(stops) + 1 > 2 * ATTEMPTS
    assert server.sent == SIZE


def test_drops_without_progress_are_given_up(server: Server, out: Path) -> None:
    url = server.plan("/file", Reply(stop=1000))
    with pytest.raises(TR300MError, match=r"1,000.*300,000.*\b4\b"):
        get(out, url)
    # The first attempt gives 1,000 bytes; the other attempts give none.
    assert server.ranges() == [None] + ["bytes=1000-"] * (ATTEMPTS - 1)
    assert server.sent == 1000


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stops=st.lists(st.integers(0, SIZE), max_size=6), chunked=st.booleans())
def test_any_drops_give_the_file_and_cost_no_byte(tmp_path: Path, stops: list[int], chunked: bool) -> None:
    out = tmp_path / "any" / "file"
    shutil.rmtree(out.parent, ignore_errors=True)
    with serving(CONTENT) as server:
        url = server.plan("/file", *(Reply(stop=stop, chunked=chunked) for stop in stops), Reply())
        get(out, url, retry=Retry(9))
        assert out.read_bytes() == CONTENT
        assert server.sent == SIZE


# Servers that are busy, refuse the file or do not exist.


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 408])
def test_a_busy_server_is_retried(server: Server, out: Path, status: int) -> None:
    get(out, server.plan("/file", Reply(status=status), Reply()))
    assert out.read_bytes() == CONTENT
    assert server.ranges() == [None, None]


@pytest.mark.parametrize("dated", [False, True])
def test_retry_after_is_respected(server: Server, out: Path, dated: bool) -> None:
    # A date has whole seconds, so a date two seconds from now is at least one second away.
    after = email.utils.formatdate(time.time() + 2, usegmt=True) if dated else "1"
    get(out, server.plan("/file", Reply(status=429, headers={"Retry-After": after}), Reply()))
    first, second = server.requests
    assert second.time - first.time >= 0.95


def test_a_server_that_asks_for_hours_is_given_up(server: Server, out: Path) -> None:
    url = server.plan("/busy", Reply(status=503, headers={"Retry-After": "7200"}))
    with pytest.raises(TR300MError, match="7,200 s"):
        get(out, url)
    get(out, url, server.url("/file"))
    assert out.read_bytes() == CONTENT


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 451])
def test_a_refusal_is_not_retried(server: Server, out: Path, status: int) -> None:
    with pytest.raises(TR300MError, match=str(status)):
        get(out, server.plan("/file", Reply(status=status)))
    assert len(server.requests) == 1
    assert not out.exists()


def test_a_web_page_is_retried_then_the_mirror(server: Server, out: Path) -> None:
    get(out, server.plan("/page", PAGE), server.url("/file"))
    assert len(server.requests) == ATTEMPTS + 1
    assert out.read_bytes() == CONTENT


def test_a_web_page_is_never_the_file(server: Server, out: Path) -> None:
    with pytest.raises(TR300MError, match="/page"):
        get(out, server.plan("/page", PAGE), size=None, checksum="")
    assert names(out) == []


def test_a_web_page_keeps_the_partial_file(server: Server, out: Path) -> None:
    url = interrupted(server, out, 200_000, etag=OLD)
    server.plan("/file", PAGE, Reply(etag=OLD))
    get(out, url)
    assert out.read_bytes() == CONTENT
    assert server.sent == len(PAGE.content or b"") + SIZE - 200_000


def test_waits_double() -> None:
    """The first retry is immediate; a random second keeps many clients from returning at the same time."""
    left, waits = RETRY, []
    for _ in range(5):
        left = left.increment(error=OSError())
        waits.append(left.get_backoff_time())
    assert waits[0] == 0
    assert all(low <= wait <= low + 1 for low, wait in zip((2, 4, 8, 16), waits[1:], strict=True))


def test_a_closed_port(server: Server, out: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        closed = f"http://127.0.0.1:{listening.getsockname()[1]}/file"
    with pytest.raises(TR300MError, match=r"127\.0\.0\.1: Connection refused.*\b4\b"):
        get(out, closed)
    get(out, closed, server.url("/file"))
    assert out.read_bytes() == CONTENT


def test_no_network(out: Path) -> None:
    with pytest.raises(TR300MError) as error:
        get(out, "http://upstream.invalid/file", "https://mirror.invalid/file")
    assert says(str(error.value), "upstream.invalid", "mirror.invalid")


def test_a_mirror_resumes_where_the_first_address_broke_off(server: Server, out: Path) -> None:
    first = server.plan("/first", Reply(stop=200_000, etag=OLD), Reply(status=404))
    get(out, first, server.plan("/mirror", Reply(etag=NEW)))
    assert out.read_bytes() == CONTENT
    assert server.requests[-1].if_range is None
    assert server.sent == SIZE


def test_a_mirror_starts_again_without_a_checksum(server: Server, out: Path) -> None:
    first = server.plan("/first", Reply(stop=200_000, etag=OLD), Reply(status=404))
    get(out, first, server.plan("/mirror", Reply(content=OTHER, etag=NEW)), size=None, checksum="")
    assert out.read_bytes() == OTHER


# Partial files of earlier calls.


def test_an_earlier_partial_file_is_resumed(server: Server, out: Path) -> None:
    url = interrupted(server, out, 250_000, etag=OLD)
    server.plan("/file", Reply(etag=OLD))
    get(out, url)
    assert out.read_bytes() == CONTENT
    assert names(out) == WHOLE
    assert server.sent == SIZE - 250_000


def test_a_complete_partial_file_is_not_requested(server: Server, out: Path) -> None:
    interrupted(server, out, 250_000)
    out.with_name("file.part").write_bytes(CONTENT)
    get(out, server.url("/file"))
    assert out.read_bytes() == CONTENT
    assert server.requests == []


def test_a_complete_partial_file_of_unknown_origin_costs_no_byte(server: Server, out: Path) -> None:
    out.parent.mkdir()
    out.with_name("file.part").write_bytes(CONTENT)
    get(out, server.url("/file"), size=None)
    assert out.read_bytes() == CONTENT
    assert server.ranges() == [f"bytes={SIZE}-"]
    assert server.sent == 0


@pytest.mark.parametrize("record", [None, "", "[]", '{"url": 1, "other": 2}', '{"url": "http://x/file"}'])
def test_without_a_valid_record_only_a_checksum_allows_resuming(server: Server, out: Path, record: str | None) -> None:
    out.parent.mkdir()
    for checksum, first in ((SHA, "bytes=1000-"), ("", None)):
        out.with_name("file.part").write_bytes(CONTENT[:1000])
        if record is not None:
            out.with_name("file.part.json").write_text(record)
        get(out, server.url("/file"), checksum=checksum, size=None)
        assert server.ranges()[-1] == first
        assert out.read_bytes() == CONTENT
        shutil.rmtree(out.parent / "verified")


@pytest.mark.parametrize("checksum", [SHA, ""])
@pytest.mark.parametrize(
    ("before", "now"),
    [
        ({"etag": OLD}, {"etag": NEW}),
        ({"date": MONDAY}, {"date": TUESDAY}),
        ({"etag": 'W/"same"', "date": MONDAY}, {"etag": 'W/"same"', "date": TUESDAY}),
        # A server that ignores If-Range; the headers of its answer show the other version.
        ({"etag": OLD}, {"etag": NEW, "if_range": False}),
    ],
)
def test_a_partial_file_of_an_older_version_is_never_resumed(
    server: Server, out: Path, before: dict[str, str], now: dict[str, str], checksum: str
) -> None:
    url = server.plan("/file", Reply(content=OTHER, stop=200_000, **before), Reply(status=404))  # type: ignore[arg-type]
    with pytest.raises(TR300MError):
        get(out, url, checksum=checksum)
    server.plan("/file", Reply(**now))  # type: ignore[arg-type]
    get(out, url, checksum=checksum)
    assert out.read_bytes() == CONTENT


def test_a_change_during_a_call(server: Server, out: Path) -> None:
    """Size and checksum are unknown, so only the version shows the change."""
    url = server.plan("/file", Reply(content=OTHER, stop=200_000, etag=OLD), Reply(etag=NEW))
    get(out, url, size=None, checksum="")
    assert out.read_bytes() == CONTENT


def test_a_file_of_another_length_is_not_resumed(server: Server, out: Path) -> None:
    url = server.plan("/file", Reply(content=OTHER[:250_000], stop=200_000), Reply(status=404))
    with pytest.raises(TR300MError):
        get(out, url, size=None)
    server.plan("/file", Reply())
    get(out, url, size=None)
    assert out.read_bytes() == CONTENT


def test_a_wrong_partial_file_is_found_by_the_checksum(
    server: Server, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out.parent.mkdir()
    out.with_name("file.part").write_bytes(OTHER[:200_000])
    get(out, server.url("/file"))
    assert out.read_bytes() == CONTENT
    assert says(capsys.readouterr().err, "file.part", "sha256")
    assert server.ranges() == ["bytes=200000-", None]


def test_a_partial_file_longer_than_the_file(server: Server, out: Path) -> None:
    for size in (SIZE, None):
        out.parent.mkdir(exist_ok=True)
        out.with_name("file.part").write_bytes(CONTENT + b"more")
        get(out, server.url("/file"), size=size)
        assert out.read_bytes() == CONTENT
        shutil.rmtree(out.parent)


def test_without_range_requests_the_download_starts_again(
    server: Server, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    get(out, server.plan("/file", Reply(stop=200_000, ranges=False), Reply(ranges=False)))
    assert out.read_bytes() == CONTENT
    assert says(capsys.readouterr().err, "200,000")
    assert server.sent == 200_000 + SIZE


def test_without_range_requests_drops_are_given_up(server: Server, out: Path) -> None:
    """Each attempt ends at the same byte, which is no progress."""
    with pytest.raises(TR300MError, match=r"200,000.*300,000.*\b4\b"):
        get(out, server.plan("/file", Reply(stop=200_000, ranges=False)))
    assert len(server.requests) == ATTEMPTS


def test_another_range_than_requested_is_refused(server: Server, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = server.plan("/file", Reply(stop=200_000, etag=OLD), Reply(shift=-7, etag=OLD), Reply(etag=OLD))
    get(out, url)
    assert out.read_bytes() == CONTENT
    assert says(capsys.readouterr().err, "199,993", "200,000")
    assert server.ranges() == [None, "bytes=200000-", None]


# Wrong files.


def test_a_wrong_length_is_found_before_the_first_byte(server: Server, out: Path) -> None:
    with pytest.raises(TR300MError, match=r"300,000.*299,999"):
        get(out, server.url("/file"), size=SIZE - 1)
    assert names(out) == []


def test_a_body_shorter_than_announced(server: Server, out: Path) -> None:
    with pytest.raises(TR300MError, match=r"300,000.*300,005"):
        get(out, server.plan("/file", Reply(length=SIZE + 5)), size=None, checksum="")
    assert not out.exists()


def test_a_body_shorter_than_the_table_says(server: Server, out: Path) -> None:
    url = server.plan("/file", Reply(chunked=True))
    with pytest.raises(TR300MError, match=r"300,000.*300,005"):
        get(out, url, size=SIZE + 5)
    assert not out.exists()


def test_wrong_bytes_are_deleted_and_the_mirror_is_used(server: Server, out: Path) -> None:
    get(out, server.plan("/wrong", Reply(content=OTHER)), server.url("/file"))
    assert out.read_bytes() == CONTENT
    assert server.sent == 2 * SIZE


def test_wrong_bytes_everywhere(server: Server, out: Path) -> None:
    wrong = [server.plan(path, Reply(content=OTHER)) for path in ("/a", "/b")]
    with pytest.raises(TR300MError) as error:
        get(out, *wrong)
    assert str(error.value).count("sha256") == 2
    assert all(url in str(error.value) for url in wrong)
    assert names(out) == []
    assert server.sent == 2 * SIZE


@pytest.mark.parametrize(
    ("size", "checksum", "message"),
    [(SIZE + 1, "", "300,001"), (None, "sha256:" + "0" * 64, "sha256"), (None, "md5:0", "md5")],
)
def test_verify_file(tmp_path: Path, size: int | None, checksum: str, message: str) -> None:
    (tmp_path / "file").write_bytes(CONTENT)
    verify_file(tmp_path / "file", SIZE, SHA)
    with pytest.raises(TR300MError, match=message):
        verify_file(tmp_path / "file", size, checksum)


def test_a_truncated_gzip_file_is_refused(server: Server, out: Path) -> None:
    url = server.plan("/file", Reply(content=gzip.compress(CONTENT)[:-100]))
    with pytest.raises(TR300MError, match=r"file\.part"):
        get(out, url, size=None, checksum="uncompressed-" + SHA)
    assert names(out) == []


# Files that were downloaded before.


def test_a_kept_file_is_not_downloaded_again(server: Server, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    get(out, server.url("/file"))
    out.unlink()
    get(out, "http://upstream.invalid/file")
    assert out.read_bytes() == CONTENT
    assert says(capsys.readouterr().err, "file")
    assert server.sent == SIZE


def test_without_a_checksum_a_kept_file_is_identified_by_its_address(server: Server, out: Path) -> None:
    get(out, server.url("/file"), size=None, checksum="")
    get(out, server.url("/file"), size=None, checksum="")
    assert server.sent == SIZE
    get(out, server.plan("/other", Reply(content=OTHER)), size=None, checksum="")
    assert out.read_bytes() == OTHER


@pytest.mark.parametrize("checksum", [SHA, ""])
def test_a_changed_file_is_downloaded_again(server: Server, out: Path, checksum: str) -> None:
    get(out, server.url("/file"), size=None, checksum=checksum)
    with open(kept_path(out), "r+b") as handle:
        handle.write(b"other")
    get(out, server.url("/file"), size=None, checksum=checksum)
    assert out.read_bytes() == CONTENT
    assert server.sent == 2 * SIZE


def test_another_checksum_in_the_table_downloads_again(server: Server, out: Path) -> None:
    get(out, server.url("/file"))
    server.plan("/file", Reply(content=OTHER))
    get(out, server.url("/file"), checksum="sha256:" + hashlib.sha256(OTHER).hexdigest())
    assert out.read_bytes() == OTHER


def test_with_a_checksum_a_lost_record_costs_no_byte(server: Server, out: Path) -> None:
    get(out, server.url("/file"))
    kept_path(out).with_name("file.json").unlink()
    get(out, server.url("/file"))
    assert server.sent == SIZE


# Failures of this machine, in a child process that is limited or killed.


def fetch_limited(url: str, out: str, limit: str) -> None:
    """Download with a limit on the size of files, unless it is 0."""
    if int(limit):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    try:
        fetch([url, url + "/mirror"], Path(out), SIZE, SHA, timeouts=(10.0, 20.0))
    except TR300MError as error:
        sys.exit(str(error))


def test_a_full_disk(server: Server, out: Path) -> None:
    limit = 123_457
    with start_child(fetch_limited, server.plan("/file", Reply(etag=OLD)), out, limit) as process:
        _, message = process.communicate(timeout=60)
    assert process.returncode == 1
    assert says(message, "file.part", "123,457", "176,543")
    assert len(server.requests) == 1
    assert names(out) == ["file.part", "file.part.json"]
    assert out.with_name("file.part").read_bytes() == CONTENT[:limit]
    server.sent = 0
    get(out, server.url("/file"))
    assert out.read_bytes() == CONTENT
    assert server.sent == SIZE - limit


def test_kill_9_and_a_restart(server: Server, out: Path) -> None:
    url = server.plan("/file", Reply(stop=200_000, stall=True, etag=OLD), Reply(etag=OLD))
    part = PartialFile(out.with_name("file.part"))
    with start_child(fetch_limited, url, out, 0) as process:
        while part.size() < 200_000:
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
    assert process.returncode == -9
    assert not out.exists()
    get(out, url)
    assert out.read_bytes() == CONTENT
    assert names(out) == WHOLE
    assert server.ranges() == [None, "bytes=200000-"]
    assert server.sent == SIZE


def test_a_file_larger_than_the_free_disk_is_not_started(server: Server, out: Path) -> None:
    free = shutil.disk_usage(out.parent.parent).free
    url = server.plan("/file", Reply(length=free + 10**12, stall=True))
    with pytest.raises(TR300MError, match=r"file\.part: [\d,]+ .* [\d,]+ .*\nHint: .* [\d,]+ "):
        get(out, url, server.url("/file"), size=None)
    assert len(server.requests) == 1
    assert names(out) == []


def test_a_folder_that_cannot_be_written(server: Server, out: Path) -> None:
    out.with_name("file.part").mkdir(parents=True)
    with pytest.raises(TR300MError, match=r"file\.part"):
        get(out, server.url("/file"), size=None, checksum="")
    assert len(server.requests) == 1


def test_the_record_has_the_origin(server: Server, out: Path) -> None:
    url = interrupted(server, out, 1000, etag=OLD)
    assert read_json(out.with_name("file.part.json")) == {"url": url, "version": OLD, "total": SIZE}


# --- credentials ------------------------------------------------------------------------------------------------------


def test_credentials_are_used_and_written_nowhere(
    server: Server, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither the record of a broken download nor messages about retries and refusals contain them."""
    url = server.url("/file").replace("http://", "http://me:hunter2@") + "?sig=hunter2"
    server.plan("/file", Reply(stop=SIZE // 2), Reply(status=503), Reply(status=404))
    with pytest.raises(TR300MError) as caught:
        get(out, url, size=None, checksum="")
    said = str(caught.value) + capsys.readouterr().err
    written = [path for path in out.parent.rglob("*") if path.is_file()]
    assert any(path.suffix == ".json" for path in written)
    assert not any(b"hunter2" in path.read_bytes() for path in written)
    assert "hunter2" not in said and "/file?..." in said

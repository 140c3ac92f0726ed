"""A remote file read by ranges: what is asked for once is kept, versions never meet, faults are survived."""

import errno
import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.fixtures import Refuses
from helpers.http_server import Reply, Server, serving, without_proxies
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tr300m.sources.ranges import BLOCK, HEAD, ChangedFileError, RangeFile
from urllib3 import Retry

CONTENT = random.Random(0).randbytes(300_100)
OTHER = random.Random(1).randbytes(300_100)
FAST = Retry(3, backoff_factor=0.01)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    without_proxies(monkeypatch)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(CONTENT) as running:
        yield running


def test_reads_equal_those_of_a_local_file(server: Server, tmp_path: Path) -> None:
    with RangeFile(server.url("/a"), tmp_path / "a", len(CONTENT)) as file:
        assert file.read_at(100_000, 50) == CONTENT[100_000:100_050]
        assert file.tell() == 100_050
        file.seek(-10, 2)
        assert file.read() == CONTENT[-10:]
        assert file.read(5) == b""
        assert file.read_at(len(CONTENT) + 5, 5) == b""
    # The first request, then whole blocks.
    first = 100_000 // BLOCK * BLOCK
    assert server.ranges() == [
        f"bytes=0-{HEAD - 1}",
        f"bytes={first}-{first + BLOCK - 1}",
        f"bytes={300_100 // BLOCK * BLOCK}-{300_100 - 1}",
    ]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 300_200), st.integers(0, 20_000)), max_size=8))
def test_any_ranges_are_right_and_no_byte_comes_twice(
    server: Server, tmp_path_factory: pytest.TempPathFactory, ranges: list[tuple[int, int]]
) -> None:
    before = server.sent
    with RangeFile(server.url("/a"), tmp_path_factory.mktemp("any") / "a") as file:
        file.fetch(ranges)
        requests = len(server.requests)
        for start, size in ranges:
            assert file.read_at(start, size) == CONTENT[start : start + size]
        assert len(server.requests) == requests
    assert server.sent - before <= len(CONTENT) + HEAD


def test_near_blocks_are_asked_for_together_and_far_ones_apart(server: Server, tmp_path: Path) -> None:
    with RangeFile(server.url("/a"), tmp_path / "a") as file:
        file.fetch([(100 * BLOCK, 10), (102 * BLOCK, 10), (400 * BLOCK, 10)])
    assert set(server.ranges()[1:]) == {
        f"bytes={100 * BLOCK}-{103 * BLOCK - 1}",
        f"bytes={400 * BLOCK}-{401 * BLOCK - 1}",
    }


def test_a_second_call_asks_for_nothing_and_a_resumed_one_for_the_rest(server: Server, tmp_path: Path) -> None:
    server.plan("/a", Reply(etag='"v1"'))
    for _ in range(2):
        with RangeFile(server.url("/a"), tmp_path / "a") as file:
            assert file.read_at(50_000, 3_000) == CONTENT[50_000:53_000]
    assert len(server.requests) == 2
    with RangeFile(server.url("/a"), tmp_path / "a") as file:
        assert file.read_at(50_000, 6_000) == CONTENT[50_000:56_000]
    assert server.ranges()[2] == f"bytes={208 * BLOCK}-{219 * BLOCK - 1}"


@pytest.mark.parametrize("new", [Reply(content=OTHER, etag='"v2"'), Reply(content=CONTENT + b"more", etag='"v1"')])
def test_blocks_of_another_version_are_never_mixed(server: Server, tmp_path: Path, new: Reply) -> None:
    url = server.plan("/a", Reply(etag='"v1"'), Reply(etag='"v1"'), new)
    with RangeFile(url, tmp_path / "a") as file:
        file.read_at(50_000, 100)
    with RangeFile(url, tmp_path / "a") as file, pytest.raises(ChangedFileError):
        file.read_at(70_000, 100)
    assert not (tmp_path / "a").exists()
    with RangeFile(url, tmp_path / "a") as file:
        assert file.read_at(50_000, 100) == (new.content or b"")[50_000:50_100]


def test_another_address_starts_anew(server: Server, tmp_path: Path) -> None:
    server.plan("/b", Reply(content=OTHER))
    for path, content in (("/a", CONTENT), ("/b", OTHER)):
        with RangeFile(server.url(path), tmp_path / "a") as file:
            assert file.read_at(9_000, 100) == content[9_000:9_100]


def test_damaged_records_start_anew(server: Server, tmp_path: Path) -> None:
    for damage in (None, "origin.json", "blocks", "content"):
        if damage:
            (tmp_path / "a" / damage).write_bytes(b"{")
        with RangeFile(server.url("/a"), tmp_path / "a") as file:
            assert file.read_at(9_000, 100) == CONTENT[9_000:9_100]
    assert len(server.requests) == 2 * 4


def test_faults_that_pass_are_survived(server: Server, tmp_path: Path) -> None:
    busy, broken = Reply(status=503, headers={"Retry-After": "0"}), Reply(stop=9_500)
    url = server.plan("/a", busy, Reply(), busy, broken, Reply())
    with RangeFile(url, tmp_path / "a", retry=FAST) as file:
        assert file.read_at(9_000, 3_000) == CONTENT[9_000:12_000]
    assert len(server.requests) == 5


@pytest.mark.parametrize(
    ("reply", "parts"),
    [
        (Reply(ranges=False), ["ranges", "tracks_by_range: false"]),
        (Reply(status=404), ["404"]),
        (Reply(status=503, headers={"Retry-After": "0"}), ["503", "4 attempts"]),
        (Reply(content=CONTENT[:-1]), ["300,099", "300,100"]),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(
    server: Server, tmp_path: Path, reply: Reply, parts: list[str], refuses: Refuses
) -> None:
    url = server.plan("/a", reply)
    with refuses(*parts):
        RangeFile(url, tmp_path / "a", len(CONTENT), retry=FAST)


def test_credentials_are_written_nowhere(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    url = server.plan("/a", Reply(status=503, headers={"Retry-After": "0"}), Reply()) + "?token=hunter2"
    with RangeFile(url, tmp_path / "a", retry=FAST) as file:
        assert file.read_at(9_000, 10) == CONTENT[9_000:9_010]
        assert "hunter2" not in file.name
    assert server.requests[-1].target.endswith("?token=hunter2")
    assert "503" in (output := capsys.readouterr().err) and "hunter2" not in output
    assert not [path for path in (tmp_path / "a").iterdir() if b"hunter2" in path.read_bytes()]


def test_a_full_disk_is_said_and_what_came_is_kept(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refuses: Refuses
) -> None:
    with RangeFile(server.url("/a"), tmp_path / "a") as file:
        with monkeypatch.context() as patch:
            patch.setattr(os, "pwrite", _full)
            with refuses("/a/content", os.strerror(errno.ENOSPC)):
                file.read_at(50_000, 10)
        assert file.read_at(0, 10) == CONTENT[:10]
        assert file.read_at(50_000, 10) == CONTENT[50_000:50_010]


def _full(*arguments: object) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

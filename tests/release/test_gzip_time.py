"""The search for unknown gzip times: the order of trying, the bytes tried, and the command."""

import gzip
import hashlib
import io
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from helpers.fixtures import Refuses, says
from hypothesis import given
from hypothesis import strategies as st
from tr300m.cli import main
from tr300m.release.gzip_time import (
    LARGEST_FILE_BYTES,
    Outcome,
    Target,
    check_size,
    interval,
    matching,
    nearest_first,
    packed,
    search,
    seconds_each,
)

KNOWN = [1674506463, 1680751936]
HIDDEN = 1675000000


def npy() -> bytes:
    file = io.BytesIO()
    np.save(file, np.arange(500) / 7)
    return file.getvalue()


def released(time: int, name: str = "X.npy.gz") -> bytes:
    out = io.BytesIO()
    with gzip.GzipFile(name, "wb", 9, out, time) as handle:
        handle.write(npy())
    return out.getvalue()


def target(time: int = HIDDEN) -> Target:
    content = released(time)
    return Target(len(content), hashlib.sha256(content).hexdigest())


@given(st.integers(0, 300), st.integers(0, 300), st.lists(st.integers(-50, 700), max_size=5))
def test_times_come_once_each_and_nearest_first(first: int, more: int, known: list[int]) -> None:
    last = first + more
    found = list(nearest_first(first, last, known))
    assert sorted(found) == list(range(first, last + 1))
    # A known time outside counts as the end that is nearest to it.
    inside = [min(max(number, first), last) for number in known] or [first]
    away = [min(abs(number - one) for one in inside) for number in found]
    assert away == sorted(away)


def test_npy_and_gzip_are_packed_like_the_release() -> None:
    assert packed(npy(), "X.npy") == released(0)
    assert packed(released(77), "X.npy") == released(0)


@pytest.mark.parametrize("content", [b"", b"text", released(0, "Y.npy.gz"), gzip.compress(npy(), mtime=0)])
def test_what_is_not_a_released_file(refuses: Refuses, content: bytes) -> None:
    with refuses("npy"):
        packed(content, "X.npy")


def test_matching_tries_each_time() -> None:
    assert matching(released(0), [1, HIDDEN, 2], target().gz_sha256) == HIDDEN
    assert matching(released(0), [1, 2], target().gz_sha256) is None


@pytest.mark.parametrize("workers", [1, 3])
def test_search_finds_the_time(workers: int) -> None:
    times = nearest_first(HIDDEN - 5000, HIDDEN + 5000, [HIDDEN - 700])
    found = search(released(0), target(), times, 10_001, 1e-3, workers)
    assert found.time == HIDDEN
    assert 1400 <= found.tried < 4000


def test_search_in_vain_tries_all() -> None:
    assert search(released(0), target(), iter(range(3000)), 3000, 1e-3, 2) == Outcome(None, 3000)


def test_an_interruption_says_how_many_were_tried() -> None:
    def interrupted() -> Iterator[int]:
        yield from range(2000)
        raise KeyboardInterrupt

    # Tasks of 500 times, two at once: the third pair is not whole.
    assert search(released(0), target(), interrupted(), 9999, 1e-3, 2) == Outcome(None, 2000)


def test_a_try_takes_time() -> None:
    assert seconds_each(released(0)) > 0


def test_sizes_that_cannot_match(refuses: Refuses) -> None:
    with refuses("1,000"):
        check_size(released(0), Target(1000, ""))
    with refuses(f"{LARGEST_FILE_BYTES + 1:,}", f"{LARGEST_FILE_BYTES:,}"):
        check_size(bytes(LARGEST_FILE_BYTES + 1), Target(LARGEST_FILE_BYTES + 1, ""))


def test_interval_is_utc_and_a_day_around_the_known_times() -> None:
    assert interval(None, None, KNOWN) == (KNOWN[0] - 86400, KNOWN[1] + 86400)
    assert interval(datetime(2023, 4, 6, 3, 32, 16), None, KNOWN)[0] == KNOWN[1]


@pytest.mark.parametrize("dates", [(2023, 2022), (1960, 2023), (2023, 2200)])
def test_intervals_that_are_none(refuses: Refuses, dates: tuple[int, int]) -> None:
    with refuses("--from", "--to", "1970", "2106"):
        interval(datetime(dates[0], 1, 1), datetime(dates[1], 1, 1), KNOWN)


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["gzip-time", *map(str, arguments)])


def test_command_finds_a_planted_time(tmp_path: Path) -> None:
    (tmp_path / "X.npy").write_bytes(npy())
    options = ["--sha256", target().gz_sha256.upper(), "--size", target().gz_bytes]
    result = call(tmp_path / "X.npy", *options, "--from", "2023-01-29T13:00:00", "--to", "2023-01-29T14:00:00")
    assert result.exit_code == 0, result.output
    assert result.stdout == "1675000000\t2023-01-29T13:46:40\n"
    assert says(result.stderr, "3,601", "2023-01-29T13:00:00", "2023-01-29T14:00:00")


def test_command_goes_on_where_it_stopped(tmp_path: Path) -> None:
    (tmp_path / "X.npy").write_bytes(npy())
    options = ["--sha256", target().gz_sha256, "--size", target().gz_bytes]
    options += ["--from", "2023-01-29T13:46:40", "--to", "2023-01-29T13:46:49"]
    assert call(tmp_path / "X.npy", *options).exit_code == 0
    # The only time that fits is the first of the order: it stands at the end that is nearest to a known one.
    result = call(tmp_path / "X.npy", *options, "--skip", 1)
    assert result.exit_code == 1
    assert says(result.output, "9", "SHA-256")


def test_command_knows_the_published_arrays(tmp_path: Path) -> None:
    (tmp_path / "PSSMKernels.npy").write_bytes(npy())
    result = call(tmp_path / "PSSMKernels.npy")
    assert result.exit_code == 1
    assert says(result.output, "408,130")


def test_command_needs_a_target(tmp_path: Path) -> None:
    (tmp_path / "X.npy").write_bytes(npy())
    result = call(tmp_path / "X.npy")
    assert result.exit_code == 2
    assert says(result.output, "--sha256", "--size")

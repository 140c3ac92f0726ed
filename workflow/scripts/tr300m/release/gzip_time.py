"""Search the unknown time in a gzip header: the time that gives the published SHA-256."""

import gzip
import hashlib
import io
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice, pairwise

from ..base.errors import TR300MError
from ..base.files import GZIP_MAGIC
from ..base.progress import bar
from .published import COMPRESSION_LEVEL

# Position of the time in the header.
TIME = slice(4, 8)
DAY = 86_400
LARGEST_FILE_BYTES = 150_000_000
# Length of one task: long compared with its overhead, short enough for a smooth progress bar.
TASK_SECONDS = 0.5


@dataclass(frozen=True)
class Target:
    """A published file: its size in bytes and SHA-256 in hex."""

    gz_bytes: int
    gz_sha256: str


def packed(content: bytes, name: str) -> bytes:
    """Return the `.npy.gz` file of an array, compressed as in the release, with time 0.

    Parameters
    ----------
    content
        Content of a `.npy` file, or of a `.npy.gz` file, which is not compressed again.
    name
        File name in the gzip header, such as ``PSSMKernels.npy``.

    Raises
    ------
    TR300MError
        If a `.npy.gz` has another header than the release, or `content` is neither.
    """
    if content.startswith(GZIP_MAGIC):
        header = _header(name)
        if content[: TIME.start] + bytes(4) + content[TIME.stop : len(header)] != header:
            raise TR300MError(
                f"the gzip header differs from that of the release, with the name {name}", "give the .npy file instead"
            )
        return header + content[len(header) :]
    if not content.startswith(b"\x93NUMPY"):
        raise TR300MError("the file is neither .npy nor .npy.gz")
    out = io.BytesIO()
    with gzip.GzipFile(name, "wb", COMPRESSION_LEVEL, out, 0) as handle:
        handle.write(content)
    return out.getvalue()


def _header(name: str) -> bytes:
    """Return the gzip header that Python writes at compression level 9, with time 0."""
    return GZIP_MAGIC + b"\x08\x08" + bytes(4) + b"\x02\xff" + name.encode("latin-1") + b"\0"


def check_size(content: bytes, target: Target) -> None:
    """Check that a file has the published size and is small enough for the search.

    Raises
    ------
    TR300MError
        If its size is not the published size, or is over 150 MB.
    """
    if len(content) != target.gz_bytes:
        raise TR300MError(
            f"compressed it has {len(content):,} bytes, the published file {target.gz_bytes:,}, whatever the time",
            "the array or the zlib build differs; see verification.tsv",
        )
    if len(content) > LARGEST_FILE_BYTES:
        raise TR300MError(
            f"{len(content):,} bytes are too many for the search", f"the limit is {LARGEST_FILE_BYTES:,} bytes"
        )


def interval(first: datetime | None, last: datetime | None, known: Sequence[int]) -> tuple[int, int]:
    """Return the first and last time to try; dates are in UTC and default to a day around the known times.

    Raises
    ------
    TR300MError
        If the last time is before the first, or one does not fit in a gzip header.
    """
    start = min(known) - DAY if first is None else int(first.replace(tzinfo=UTC).timestamp())
    end = max(known) + DAY if last is None else int(last.replace(tzinfo=UTC).timestamp())
    if not 0 <= start <= end < 1 << 32:
        raise TR300MError(
            "the last time is before the first, or a time is not in 1970 to 2106", "correct --from and --to"
        )
    return start, end


def nearest_first(first: int, last: int, known: Sequence[int]) -> Iterator[int]:
    """Yield all whole numbers from `first` to `last` inclusive, those nearest to any of `known` first."""
    starts = sorted({min(max(number, first), last) for number in known} or {first})
    middles = [(left + right) // 2 for left, right in pairwise(starts)]
    # From each known number, go outwards to the middle between it and its neighbours.
    walks = [
        (start, max(first, low + 1), min(last, high))
        for start, low, high in zip(starts, [first - 1, *middles], [*middles, last], strict=True)
    ]
    for step in range(last - first + 1):
        done = True
        for start, low, high in walks:
            if start - step >= low:
                yield start - step
                done = False
            if step and start + step <= high:
                yield start + step
                done = False
        if done:
            return


def matching(content: bytes, times: Sequence[int], sha256: str) -> int | None:
    """Return the first of `times` with which the file has the SHA-256, or None."""
    before, after = content[: TIME.start], memoryview(content)[TIME.stop :]
    for seconds in times:
        digest = hashlib.sha256(before + seconds.to_bytes(4, "little"))
        digest.update(after)
        if digest.hexdigest() == sha256:
            return seconds
    return None


def seconds_each(content: bytes) -> float:
    """Measure how long it takes to try one time (seconds)."""
    started, tries = time.perf_counter(), 0
    while (passed := time.perf_counter() - started) < 0.2:
        matching(content, [0], "")
        tries += 1
    return passed / tries


@dataclass(frozen=True)
class Outcome:
    """The time found, or None, and the number of times tried."""

    time: int | None
    tried: int


def search(content: bytes, target: Target, times: Iterator[int], total: int, each: float, workers: int) -> Outcome:
    """Try times in order until one of them gives the published file.

    Threads are used, because hashing releases Python's global lock, and threads share the bytes of the file.

    Parameters
    ----------
    content
        The `.npy.gz` file, with any time.
    target
        The published file.
    times
        Times to try, in order.
    total
        Number of times.
    each
        Seconds per time (`seconds_each`), which determines the size of the tasks.
    workers
        Number of threads.

    Returns
    -------
    Outcome
        Result of the search. After Ctrl-C no time is found, and fewer times were tried.
    """
    batch = max(1, int(TASK_SECONDS / each))
    tried = 0
    with ThreadPoolExecutor(workers) as pool, bar(total, "trying gzip times", "times") as meter:
        try:
            while batches := [chunk for _ in range(workers) if (chunk := list(islice(times, batch)))]:
                found = list(pool.map(lambda chunk: matching(content, chunk, target.gz_sha256), batches))
                tried += sum(map(len, batches))
                meter.update(sum(map(len, batches)))
                for seconds in found:
                    if seconds is not None:
                        return Outcome(seconds, tried)
        except KeyboardInterrupt:
            pass
    return Outcome(None, tried)

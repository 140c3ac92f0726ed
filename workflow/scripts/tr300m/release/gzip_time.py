"""The unknown time in a gzip header, found by trying: the one that gives the published SHA-256."""

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

# The time stands in four bytes of the header.
TIME = slice(4, 8)
DAY = 86_400
LARGEST_FILE_BYTES = 150_000_000
# Times tried in one task: long enough that handing it out costs nothing, short enough for a steady bar.
TASK_SECONDS = 0.5


@dataclass(frozen=True)
class Target:
    """A published file: its size in bytes and SHA-256 in hex."""

    gz_bytes: int
    gz_sha256: str


def packed(content: bytes, name: str) -> bytes:
    """Return the `.npy.gz` file of an array as the release packs it, with time 0.

    Parameters
    ----------
    content
        A `.npy` file, or a `.npy.gz` file, whose stream is taken as it is.
    name
        File name in the header, such as ``PSSMKernels.npy``.

    Raises
    ------
    TR300MError
        If a `.npy.gz` has another name in its header, or `content` is neither.
    """
    if content.startswith(GZIP_MAGIC):
        header = _header(name)
        if content[: TIME.start] + bytes(4) + content[TIME.stop : len(header)] != header:
            raise TR300MError(
                f"the gzip header is not the release's, with the name {name}", "give the .npy file in its place"
            )
        return header + content[len(header) :]
    if not content.startswith(b"\x93NUMPY"):
        raise TR300MError("the file is neither .npy nor .npy.gz")
    out = io.BytesIO()
    with gzip.GzipFile(name, "wb", COMPRESSION_LEVEL, out, 0) as handle:
        handle.write(content)
    return out.getvalue()


def _header(name: str) -> bytes:
    """Return the gzip header that Python writes at level 9, with time 0."""
    return GZIP_MAGIC + b"\x08\x08" + bytes(4) + b"\x02\xff" + name.encode("latin-1") + b"\0"


def check_size(content: bytes, target: Target) -> None:
    """Refuse a file that no time can turn into the published one, or that is too large to try.

    Raises
    ------
    TR300MError
        If its size is not the published one, or over 150 MB.
    """
    if len(content) != target.gz_bytes:
        raise TR300MError(
            f"packed it is {len(content):,} bytes, the published file {target.gz_bytes:,}: no time makes them equal",
            "the array or the zlib is another one; verification.tsv says which",
        )
    if len(content) > LARGEST_FILE_BYTES:
        raise TR300MError(f"{len(content):,} bytes are too many to try", f"{LARGEST_FILE_BYTES:,} is the most")


def interval(first: datetime | None, last: datetime | None, known: Sequence[int]) -> tuple[int, int]:
    """Return the first and last second to try; dates are UTC, and default to a day around the known times.

    Raises
    ------
    TR300MError
        If the last is before the first, or one does not fit a gzip header.
    """
    start = min(known) - DAY if first is None else int(first.replace(tzinfo=UTC).timestamp())
    end = max(known) + DAY if last is None else int(last.replace(tzinfo=UTC).timestamp())
    if not 0 <= start <= end < 1 << 32:
        raise TR300MError("the last time is before the first, or not in 1970 to 2106", "correct --from and --to")
    return start, end


def nearest_first(first: int, last: int, known: Sequence[int]) -> Iterator[int]:
    """Yield the whole numbers from `first` to `last`, both included, each once, nearest to any of `known` first."""
    starts = sorted({min(max(number, first), last) for number in known} or {first})
    middles = [(left + right) // 2 for left, right in pairwise(starts)]
    # Each known number walks outwards to the middle between it and its neighbours.
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
    """Return the first of `times` that gives the file the SHA-256, or None."""
    before, after = content[: TIME.start], memoryview(content)[TIME.stop :]
    for seconds in times:
        digest = hashlib.sha256(before + seconds.to_bytes(4, "little"))
        digest.update(after)
        if digest.hexdigest() == sha256:
            return seconds
    return None


def seconds_each(content: bytes) -> float:
    """Return how long one time takes, measured now."""
    started, tries = time.perf_counter(), 0
    while (passed := time.perf_counter() - started) < 0.2:
        matching(content, [0], "")
        tries += 1
    return passed / tries


@dataclass(frozen=True)
class Outcome:
    """The time found, or None, and how many times of the order were tried for certain."""

    time: int | None
    tried: int


def search(content: bytes, target: Target, times: Iterator[int], total: int, each: float, workers: int) -> Outcome:
    """Try times in order until one gives the published file.

    Threads suffice, because hashing releases Python's lock; they share the file's bytes.

    Parameters
    ----------
    content
        The `.npy.gz` file, with any time.
    target
        The published file.
    times
        What to try, in order.
    total
        How many they are.
    each
        Seconds that one takes; sizes the tasks.
    workers
        Threads.

    Returns
    -------
    Outcome
        An interruption by Ctrl-C ends the search like an exhausted one, with fewer times tried.
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

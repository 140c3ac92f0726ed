"""One address to one part file, resumed where an earlier transfer stopped.

What came so far lies in a part file, and beside it a record of where it came from: the address, the version (a strong
ETag or a date) and the full length. A transfer goes on behind a part only if it is of the version the server has now.
"""

import errno
import json
import os
import random
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from ..base.errors import TR300MError
from ..base.files import write_json
from ..base.progress import bar
from ..base.redaction import public
from .protocols import Answer, PassingError, Patience, open_at

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class DiskError(TR300MError):
    """The file cannot be written here: no other address would help."""


@dataclass(frozen=True)
class Origin:
    """Where the bytes of a part came from; `url` is public, `version` empty where it is unknown or they are mixed."""

    url: str = ""
    version: str = ""
    total: int | None = None


@dataclass(frozen=True)
class PartialFile:
    """The bytes of a file that came so far: ``PATH``, and their origin in ``PATH.json``."""

    path: Path

    @property
    def record(self) -> Path:
        """Path of the origin's record."""
        return self.path.with_name(self.path.name + ".json")

    def size(self) -> int:
        """Return how many bytes are there."""
        return self.path.stat().st_size if self.path.exists() else 0

    def origin(self) -> Origin:
        """Return where the bytes came from; an empty record where that is unknown."""
        try:
            return Origin(**json.loads(self.record.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return Origin()

    def drop(self) -> None:
        """Delete bytes and record."""
        self.path.unlink(missing_ok=True)
        self.record.unlink(missing_ok=True)

    def resumable(self, url: str, checked: bool) -> tuple[int, str]:
        """Return from which byte on to ask `url`, and for which version.

        A part of another address, or of an unknown version, is gone on with only where the whole will be `checked`
        against a checksum.
        """
        origin = self.origin()
        if origin.version and origin.url == public(url):
            return self.size(), origin.version
        return (self.size() if checked else 0), ""


def part_of(out: Path) -> PartialFile:
    """Return the part of a file that is to become `out`."""
    return PartialFile(out.with_name(out.name + ".part"))


def transfer(url: str, part: PartialFile, size: int | None, checked: bool, patience: Patience) -> None:
    """Bring a part to its full length from one address, over as many connections as it takes.

    Parameters
    ----------
    url
        http(s), ftp or file address.
    part
        Is gone on with where that is safe, else begun anew.
    size
        Expected bytes, or None.
    checked
        Whether the caller checks the whole against a checksum.
    patience
        Attempts, waits and timeouts.

    Raises
    ------
    DiskError
        If the file cannot be written; what came is kept.
    TR300MError
        If the address does not give the file.
    """
    furthest, failures, moved = part.size(), 0, False
    while True:
        try:
            _attempt(url, part, size, checked, patience)
            return
        except PassingError as error:
            # Only bytes never seen before count as progress, or a server could go round in circles for ever.
            if part.size() > furthest:
                furthest, failures, moved = part.size(), 0, True
            failures += 1
            if failures >= (patience.attempts if moved or not error.quick else patience.quick_attempts):
                raise TR300MError(f"{error} (given up after {failures} attempts)") from None
            pause = _pause(error.wait, failures, patience)
            print(f"{public(url)}: {error}; trying again in {pause:.0f} s", file=sys.stderr)
            time.sleep(pause)


def _pause(asked: float | None, failures: int, patience: Patience) -> float:
    """Return the seconds to wait; drawn at random, so that many clients do not come back at once."""
    if asked is None:
        return min(patience.first_wait * 2 ** (failures - 1), patience.longest_wait) * random.uniform(0.5, 1.5)
    if asked > patience.longest_asked:
        raise TR300MError(f"the server asks to come back in {asked:,.0f} s")
    return asked


def _attempt(url: str, part: PartialFile, size: int | None, checked: bool, patience: Patience) -> None:
    """Fetch what a part lacks over one connection."""
    before = part.origin()
    start, version = part.resumable(url, checked)
    if start and start == (size or before.total):
        return
    if size is not None and start > size:
        part.drop()
        start, version = 0, ""
    with open_at(url, start, version, patience) as answer:
        if size is not None and answer.total not in (None, size):
            raise TR300MError(f"the server's file has {answer.total:,} bytes, {size:,} expected")
        _check_resumed(part, start, before, version, answer)
        if answer.start < part.size():
            print(f"{public(url)}: cannot go on behind {part.size():,} bytes; fetching it whole", file=sys.stderr)
        _check_space(part, size or answer.total, answer.start)
        _write(part, url, answer.version if answer.start == 0 else version, answer)
    total, have = size or answer.total, part.size()
    if total is not None and have > total:
        part.drop()
        raise PassingError(f"{have:,} bytes came, {total:,} were announced; fetching it whole")
    if total is not None and have < total:
        raise PassingError(f"the connection broke off at {have:,} of {total:,} bytes")


def _check_resumed(part: PartialFile, asked: int, before: Origin, version: str, answer: Answer) -> None:
    """Refuse to go on behind a part with bytes of another version, length or position; the part is then dropped."""
    if answer.start == 0:
        return
    if answer.start != asked:
        reason = f"byte {answer.start:,} came where {asked:,} was asked for"
    elif None not in (before.total, answer.total) and before.total != answer.total:
        reason = f"the file has {answer.total:,} bytes now, it had {before.total:,}"
    elif version and answer.version and version != answer.version:
        reason = "the file changed since its first bytes came"
    else:
        return
    part.drop()
    raise PassingError(f"{reason}; fetching it whole", wait=0, quick=True)


def _check_space(part: PartialFile, total: int | None, start: int) -> None:
    if total is None:
        return
    # What is written over makes room.
    free = shutil.disk_usage(part.path.parent).free + part.size() - start
    if total - start > free:
        raise DiskError(
            f"{part.path}: {total - start:,} bytes are missing, {free:,} are free on this disk",
            f"free {total - start - free:,} bytes and run the same command again",
        )


def _write(part: PartialFile, url: str, version: str, answer: Answer) -> None:
    """Write an answer behind a part, or over it where the answer begins at 0."""
    with _disk_errors(part, answer.total):
        # Unbuffered: what came is in the file, whatever happens to this process.
        handle = open(part.path, "ab" if answer.start else "wb", buffering=0)  # noqa: SIM115
    with handle:
        with _disk_errors(part, answer.total):
            # Not before the old bytes are gone: a record must never vouch for bytes of another version.
            write_json(part.record, asdict(Origin(public(url), version, answer.total)))
        # Reading from the server stands outside: its errors are no fault of the disk.
        for block in _with_bar(answer, part.path.name.removesuffix(".part")):
            with _disk_errors(part, answer.total):
                rest = memoryview(block)
                while rest:
                    rest = rest[handle.write(rest) :]
        with _disk_errors(part, answer.total):
            os.fsync(handle.fileno())


@contextmanager
def _disk_errors(part: PartialFile, total: int | None) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        have = part.size()
        missing = f"{total - have:,} bytes are missing" if total is not None else "its length is unknown"
        full = "the disk (or your share of it) is full" if error.errno in NO_SPACE else error.strerror
        raise DiskError(
            f"cannot write {part.path} behind {have:,} bytes: {full}; {missing}",
            "what came is kept: make room and run the same command again",
        ) from None


def _with_bar(answer: Answer, name: str) -> Iterator[bytes]:
    with bar(answer.total, f"fetching {name}", "B") as meter:
        # Resumed bytes count as done, and not in the rate.
        meter.initial = meter.n = answer.start
        for block in answer.blocks:
            yield block
            meter.update(len(block))

"""Partial files: the bytes of a download so far, and a record of where they came from.

The bytes are in ``NAME.part``. The record, ``NAME.part.json``, holds the address, the version of the file (a strong
ETag or a date) and its full length. It decides whether a later download may append to the bytes.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from ..base.disk import DISK_FULL, DiskError
from ..base.files import write_json
from ..base.redaction import public


@dataclass(frozen=True)
class Origin:
    """Where the bytes of a partial file came from.

    Attributes
    ----------
    url
        Address without credentials.
    version
        Version of the file; empty if it is unknown or if the bytes came from several addresses.
    total
        Full length in bytes, or None if unknown.
    """

    url: str = ""
    version: str = ""
    total: int | None = None


@dataclass(frozen=True)
class PartialFile:
    """The bytes of a file so far; `path` holds them, and a file beside it their origin."""

    path: Path

    @classmethod
    def of(cls, out: Path) -> "PartialFile":
        """Return the partial file of the download `out`."""
        return cls(out.with_name(out.name + ".part"))

    @property
    def record(self) -> Path:
        """Path of the record of the origin."""
        return self.path.with_name(self.path.name + ".json")

    def size(self) -> int:
        """Return the number of bytes so far."""
        return self.path.stat().st_size if self.path.exists() else 0

    def origin(self) -> Origin:
        """Return where the bytes came from; an empty record if that is unknown."""
        try:
            return Origin(**json.loads(self.record.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return Origin()

    def drop(self) -> None:
        """Delete the bytes and the record."""
        self.path.unlink(missing_ok=True)
        self.record.unlink(missing_ok=True)

    def resume_from(self, url: str, checked: bool) -> tuple[int, str]:
        """Return the first byte to request from `url`, and the version that the file must have.

        Bytes of another address or of an unknown version are kept only if a checksum of the whole file will be
        `checked`; the version is then empty.
        """
        origin = self.origin()
        if origin.version and origin.url == public(url):
            return self.size(), origin.version
        return (self.size() if checked else 0), ""

    def check_space(self, total: int, start: int) -> None:
        """Check that the disk has room for the bytes from `start` to `total`.

        Raises
        ------
        DiskError
            If it has not.
        """
        # Bytes from `start` on are overwritten.
        free = shutil.disk_usage(self.path.parent).free + self.size() - start
        if total - start > free:
            raise DiskError(
                f"{self.path}: {total - start:,} bytes are missing, {free:,} are free on this disk",
                f"free {total - start - free:,} bytes and run the same command again",
            )

    def write(self, blocks: Iterator[bytes], start: int, origin: Origin) -> None:
        """Append blocks of bytes, or replace all bytes if `start` is 0.

        Raises
        ------
        DiskError
            If the disk is full or the file cannot be written; the bytes so far are kept.
        """
        with self._disk_errors(origin.total):
            # Unbuffered, so that all bytes received are in the file even if this process is killed.
            handle = open(self.path, "ab" if start else "wb", buffering=0)  # noqa: SIM115
        with handle:
            with self._disk_errors(origin.total):
                # Written after the old bytes are gone, so that a record never describes bytes of another version.
                write_json(self.record, asdict(origin))
            # Not inside `_disk_errors`: reading a block may raise errors of the network.
            for block in blocks:
                with self._disk_errors(origin.total):
                    rest = memoryview(block)
                    while rest:
                        rest = rest[handle.write(rest) :]
            with self._disk_errors(origin.total):
                os.fsync(handle.fileno())

    @contextmanager
    def _disk_errors(self, total: int | None) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            size = self.size()
            missing = f"{total - size:,} bytes are missing" if total is not None else "the full length is unknown"
            reason = "the disk or your quota is full" if error.errno in DISK_FULL else error.strerror
            raise DiskError(
                f"cannot write {self.path} after {size:,} bytes: {reason}; {missing}",
                "the bytes so far are kept: make room and run the same command again",
            ) from None

"""A remote file that is read by HTTP range requests; the blocks that came are kept on disk.

A folder holds the blocks of one file: ``content``, a sparse file of full length; ``blocks``, one byte for each block,
1 if it is there; and ``origin.json``, address, version and length of the file that they are of.
"""

import io
import json
import os
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

import numpy as np
import requests
import urllib3
from fsspec.utils import merge_offset_ranges

from ..base.disk import DiskError
from ..base.errors import TR300MError
from ..base.files import write_json
from ..base.progress import bar
from ..base.redaction import public
from .http import RETRY, TIMEOUTS, Piece, read_range
from .partial_file import Origin

BLOCK = 1 << 8
"""Bytes of a block. Data of a window of a track are a few thousand bytes; with larger blocks more would come."""
MERGED_GAP = 8 * BLOCK
"""Missing blocks this far apart (bytes) are requested together, with what is between them."""
LONGEST_REQUEST = 1 << 20
"""Most bytes of a request, so that a broken connection costs little."""
CONNECTIONS = 6
HEAD = 1 << 13
"""Bytes of the first request, which also tells length and version."""


class ChangedFileError(TR300MError):
    """The remote file is not the one that the kept blocks are of; they were deleted."""


class RangeFile(io.RawIOBase):
    """A remote file, to be read like a local one.

    Parameters
    ----------
    url
        http or https address.
    folder
        Folder of the blocks; those of an earlier call are used if they are of the same address and size.
    size
        Expected bytes, or None.
    retry, timeouts
        As in `read_range`.

    Raises
    ------
    TR300MError
        If the address does not give ranges of the file, or the file has another size.
    """

    def __init__(
        self,
        url: str,
        folder: Path,
        size: int | None = None,
        retry: urllib3.Retry = RETRY,
        timeouts: tuple[float, float] = TIMEOUTS,
    ) -> None:
        super().__init__()
        self.name = public(url)
        self._url, self._folder, self._retry, self._timeouts = url, folder, retry, timeouts
        self._session = requests.Session()
        self._session.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=CONNECTIONS))
        self._session.mount("http://", requests.adapters.HTTPAdapter(pool_maxsize=CONNECTIONS))
        self._position = 0
        with ExitStack() as self._files:
            self._files.enter_context(self._session)
            self._open(size)
            # Closed by `close`, and here only after an error.
            self._files = self._files.pop_all()

    def _open(self, size: int | None) -> None:
        origin, first = _origin(self._folder), None
        if origin is None or origin.url != self.name or size not in (None, origin.total):
            _drop(self._folder)
            first = self._read(0, HEAD)
            if size not in (None, first.total):
                raise TR300MError(f"the server's file has {first.total:,} bytes, {size:,} expected")
            origin = _create(self._folder, Origin(self.name, first.version, first.total))
        self._origin, self._length = origin, origin.total or 0
        self._there = np.fromfile(self._folder / "blocks", np.uint8)
        # Not mapped into memory: on a full disk a write into a map would end the process without a message.
        self._blocks = self._files.enter_context(open(self._folder / "blocks", "r+b", buffering=0))  # noqa: SIM115
        self._content = self._files.enter_context(open(self._folder / "content", "r+b", buffering=0))  # noqa: SIM115
        if first is not None:
            self._keep(0, first.content)

    def fetch(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Request what is missing of many ranges (first byte, number of bytes), over several connections.

        Raises
        ------
        ChangedFileError
            If the file has changed since its first blocks came.
        TR300MError
            If the address does not give the bytes.
        """
        missing = self._missing(ranges)
        with (
            bar(sum(stop - start for start, stop in missing), f"reading ranges of {self._folder.name}", "B") as meter,
            ThreadPoolExecutor(CONNECTIONS) as pool,
        ):
            try:
                for (start, _), piece in zip(missing, pool.map(lambda span: self._read(*span), missing), strict=True):
                    self._check(piece)
                    self._keep(start, piece.content)
                    meter.update(len(piece.content))
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _missing(self, ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Return the ranges of bytes (start, stop) to request: runs of missing blocks, joined across short gaps."""
        wanted = np.zeros(len(self._there) + 1, np.int8)
        for start, count in ranges:
            if count > 0 and start < self._length:
                wanted[start // BLOCK : -(-min(start + count, self._length) // BLOCK)] = 1
        wanted[:-1] &= self._there == 0
        edges = np.flatnonzero(np.diff(wanted, prepend=np.int8(0))) * BLOCK
        starts, stops = edges[::2].tolist(), np.minimum(edges[1::2], self._length).tolist()
        if not starts:
            return []
        _, starts, stops = merge_offset_ranges(
            [self.name] * len(starts), starts, stops, max_gap=MERGED_GAP, max_block=LONGEST_REQUEST
        )
        return list(zip(starts, stops, strict=True))

    def _read(self, start: int, stop: int) -> Piece:
        return read_range(self._session, self._url, start, stop, self._retry, self._timeouts)

    def _check(self, piece: Piece) -> None:
        if piece.total != self._length or piece.version != self._origin.version:
            _drop(self._folder)
            raise ChangedFileError("the file changed while it was read", "run the same command again")

    def _keep(self, start: int, content: bytes) -> None:
        _write(self._content, start, content)
        # Marked only after the bytes are there. A block that is not complete is not marked, except the file's last.
        first, stop = start // BLOCK, start + len(content)
        last = -(-stop // BLOCK) if stop == self._length else stop // BLOCK
        self._there[first:last] = 1
        _write(self._blocks, first, b"\1" * (last - first))

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Set the position, and return it."""
        self._position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._length}[whence]
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, fewer at the end of the file."""
        stop = self._length if size < 0 else min(self._position + size, self._length)
        if not self._there[self._position // BLOCK : -(-stop // BLOCK)].all():
            self.fetch([(self._position, stop - self._position)])
        content = os.pread(self._content.fileno(), max(stop - self._position, 0), self._position)
        self._position = max(stop, self._position)
        return content

    def read_at(self, start: int, size: int) -> bytes:
        """Return `size` bytes from `start` on, fewer at the end of the file."""
        self.seek(start)
        return self.read(size)

    def close(self) -> None:
        """Close the connections and the files of the blocks."""
        self._files.close()
        super().close()


def _origin(folder: Path) -> Origin | None:
    """Return what the blocks of a folder are of; None if it has none."""
    try:
        origin = Origin(**json.loads((folder / "origin.json").read_text(encoding="utf-8")))
        sizes = [(folder / name).stat().st_size for name in ("content", "blocks")]
    except (OSError, ValueError, TypeError):
        return None
    return origin if origin.total and sizes == [origin.total, -(-origin.total // BLOCK)] else None


def _create(folder: Path, origin: Origin) -> Origin:
    # Another process may still read the old files, so they are replaced and never shortened.
    new = folder.with_name(f"{folder.name}.{os.getpid()}")
    new.mkdir(parents=True, exist_ok=True)
    for name, size in (("content", origin.total or 0), ("blocks", -(-(origin.total or 0) // BLOCK))):
        with open(new / name, "wb") as handle:
            handle.truncate(size)
    write_json(new / "origin.json", asdict(origin))
    _drop(folder)
    new.replace(folder)
    return origin


def _write(file: io.FileIO, start: int, content: bytes) -> None:
    rest = memoryview(content)
    try:
        while rest:
            written = os.pwrite(file.fileno(), rest, start)
            rest, start = rest[written:], start + written
    except OSError as error:
        raise DiskError(
            f"cannot write {file.name!s}: {error.strerror}",
            "what came before is kept: make room and run the same command again",
        ) from None


def _drop(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)

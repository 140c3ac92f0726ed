"""The disk of the results: a full or read-only one ends with a message, before long work where possible."""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from .errors import TR300MError

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EEXIST, errno.EISDIR)
NO_ROOM = 1 << 16
"""Free bytes below which an error without a number, as C libraries raise it, is taken for that of a full disk."""

BIGWIG_BYTES, BIGWIG_INDEX = 24, 1 << 17
"""At most so many bytes does a value of a bigWig take, with its share of the zoom levels, and the rest of the file."""


class DiskError(TR300MError):
    """A file cannot be written on this disk."""


@contextmanager
def disk_errors(path: Path | str) -> Iterator[None]:
    """Turn an error in writing `path`, or in making a folder above it, into a `DiskError`; other errors pass.

    Raises
    ------
    DiskError
        If the disk is full, or the path may not be written.
    """
    path = Path(path)
    try:
        yield
    except OSError as error:
        if is_full(error, path):
            raise disk_full(path) from None
        if error.errno in FORBIDDEN and error.filename is not None and _concerns(Path(error.filename), path):
            raise DiskError(
                f"cannot write {path}: {error.strerror}",
                f"give your account the right to write in {nearest(path.parent)}, or choose another folder",
            ) from None
        raise


def is_full(error: OSError, path: Path) -> bool:
    """Return whether an error in writing `path` says that the disk or the quota is full."""
    if error.errno is None:
        return shutil.disk_usage(nearest(path)).free < NO_ROOM
    return error.errno in DISK_FULL


def disk_full(path: Path) -> DiskError:
    """Return the message of a full disk."""
    free = shutil.disk_usage(nearest(path)).free
    return DiskError(
        f"cannot write {path}: the disk or your quota is full, {free:,} bytes are free on the disk",
        "make room and run the same command again: what is complete is kept",
    )


def explained(error: Exception, folder: Path) -> DiskError | None:
    """Return the message of a full disk, or of a file that this account may not use; None for all other errors.

    The package's own files are messages already: this is for those of libraries.

    Parameters
    ----------
    error
        An error that nothing else has caught.
    folder
        Where results are written. An error without a path comes from there or from the folder of temporary files.
    """
    if isinstance(error, OSError) and error.errno in DISK_FULL:
        places = (folder, Path(tempfile.gettempdir()))
        fullest = min(places, key=lambda place: shutil.disk_usage(nearest(place)).free)
        return disk_full(Path(error.filename) if error.filename else fullest)
    if isinstance(error, PermissionError) and error.filename is not None:
        return DiskError(
            f"{error.filename}: {error.strerror}",
            "ask its owner for the right to read and write it, or choose a folder of your own",
        )
    return None


def check_writable(folder: Path) -> None:
    """Check that files can be made in a folder, or in the nearest one above it that exists.

    Raises
    ------
    DiskError
        If the disk is read-only, or the account may not write there.
    """
    existing = nearest(folder)
    if not existing.is_dir():
        raise DiskError(f"cannot write in {folder}: {existing} is no folder", "choose another folder")
    # The right of root does not count on a read-only disk.
    if not os.access(existing, os.W_OK | os.X_OK):
        raise DiskError(
            f"cannot write in {folder}: {existing} is read-only for this account",
            "ask its owner or administrator for the right to write, or choose a folder of your own",
        )


def check_folders(folder: Path) -> None:
    """Check that files can be made in a folder and in each one below it, some of which may be another user's.

    Raises
    ------
    DiskError
        As `check_writable`.
    """
    check_writable(folder)
    for above, below, _ in os.walk(folder):
        for name in below:
            check_writable(Path(above, name))


def check_room(path: Path, size: int) -> None:
    """Check that a file of `size` bytes can be written, by reserving it: free bytes alone do not show a quota.

    For libraries that crash if a write fails: HDF5 when it closes the file, libBigWig at once.

    Raises
    ------
    OSError
        If it cannot; `atomic_path` and `disk_errors` make it a message.
    """
    try:
        with open(path, "wb") as handle:
            reserve(handle, size)
    finally:
        path.unlink(missing_ok=True)


def reserve(handle: BinaryIO, size: int) -> None:
    """Give a new file its size on the disk; its bytes are zero.

    A full disk is thus noticed at once. In a file that only claims its size a write through a memory map would end
    the process (SIGBUS).
    """
    if hasattr(os, "posix_fallocate") and size:
        os.posix_fallocate(handle.fileno(), 0, size)
    else:
        handle.truncate(size)


def nearest(path: Path) -> Path:
    """Return a path, or the nearest one above it that exists."""
    path = path.absolute()
    return next(parent for parent in (path, *path.parents) if parent.exists())


def _concerns(found: Path, path: Path) -> bool:
    """Return whether the file of an error is `path`, its temporary file, or a folder above it."""
    return found in path.parents or (found.parent == path.parent and found.name.endswith(path.name))

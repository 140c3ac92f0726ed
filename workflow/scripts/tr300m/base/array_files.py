"""Array files: `.npy` and `.npz` files that are written atomically, at once or row by row, and read in blocks."""

import math
import mmap
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .disk import reserve
from .files import atomic_path


def save_array(path: Path | str, array: NDArray[Any]) -> None:
    """Write an array as `.npy`, atomically; the bytes do not depend on how its rows lie in memory."""
    with atomic_path(path) as temporary, open(temporary, "wb") as handle:
        # Not the file itself: NumPy would write it through a C function that does not say why it failed.
        writer = SimpleNamespace(write=handle.write)
        np.lib.format.write_array(writer, np.asarray(array, order="C"), allow_pickle=False)


def read_named(paths: Iterable[Path | str]) -> dict[str, NDArray[Any]]:
    """Read `.npy` files; each array's name is that of its file, without the ending."""
    return {Path(path).stem: np.load(path) for path in paths}


def read_row_blocks(path: Path | str, rows: int) -> Iterator[NDArray[Any]]:
    """Yield the rows of a `.npy` file, `rows` at a time; one block at a time is in memory."""
    for start in range(0, len(np.load(path, mmap_mode="r")), rows):
        # Mapped again for each block: pages of a memory map count as memory until it is closed.
        yield np.array(np.load(path, mmap_mode="r")[start : start + rows])


def release_pages(array: NDArray[Any]) -> None:
    """Let go of the pages of a file that were read through a read-only map; they are read again when needed.

    Otherwise they count as memory of the process until the map is closed. Other arrays are left alone.
    """
    if isinstance(array, np.memmap) and isinstance(array.base, mmap.mmap) and array.mode == "r":
        array.base.madvise(mmap.MADV_DONTNEED)


class ArrayWriter:
    """A `.npy` file that is filled row by row, in any order; rows that are never written are zero.

    The array is not kept in memory. The file gets its name when the `with` block ends without an error.

    Parameters
    ----------
    path
        File to write.
    shape, dtype
        Shape and number type of the whole array.

    Examples
    --------
    >>> with ArrayWriter("levels.npy", (3, 2), np.float32) as out:
    ...     out[0] = [1, 2]
    ...     out[1:3] = [[3, 4], [5, 6]]
    """

    def __init__(self, path: Path | str, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        self.shape, self.dtype = shape, np.dtype(dtype)
        self._path = path

    def __enter__(self) -> Self:
        """Create the file under a temporary name, in its full size, so that a full disk is noticed before the work."""
        header = {"descr": np.lib.format.dtype_to_descr(self.dtype), "fortran_order": False, "shape": self.shape}
        with ExitStack() as stack:
            self._file = stack.enter_context(open(stack.enter_context(atomic_path(self._path)), "wb"))
            np.lib.format.write_array_header_1_0(self._file, header)
            self._begin = self._file.tell()
            reserve(self._file, self._begin + math.prod(self.shape) * self.dtype.itemsize)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        """Give the file its name, or delete it after an error."""
        self._stack.__exit__(*error)

    def __len__(self) -> int:
        """Return the number of rows."""
        return self.shape[0]

    def __setitem__(self, rows: int | slice, values: ArrayLike) -> None:
        """Write one row, or a range of rows."""
        first, last, step = (rows if isinstance(rows, slice) else slice(rows, rows + 1)).indices(len(self))
        shape = (last - first, *self.shape[1:]) if isinstance(rows, slice) else self.shape[1:]
        if step != 1 or last <= first:
            raise IndexError(f"rows {rows} of {len(self)}")
        block = np.broadcast_to(np.asarray(values, dtype=self.dtype), shape)
        self._file.seek(self._begin + first * math.prod(self.shape[1:]) * self.dtype.itemsize)
        self._file.write(np.ascontiguousarray(block).data)


def save_arrays(path: Path | str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays by name as compressed `.npz`, atomically."""
    with atomic_path(path) as temporary, open(temporary, "wb") as handle:
        np.savez_compressed(handle, allow_pickle=False, **arrays)

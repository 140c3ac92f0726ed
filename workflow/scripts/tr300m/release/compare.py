"""Compare the arrays built here with the published files, number by number and block by block."""

import gzip
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.progress import bar
from ..base.types import Floats, Strings
from .export import RECIPES, Rebuilt, slices

SUFFIXES = (".npy.gz", ".npy")
SIGN = np.uint64(1 << 63)


class InvalidNpyError(Exception):
    """A stream is truncated or not a `.npy` file; `PublishedData.open` adds the name of the file."""


class PublishedData:
    """The published files, in a zip such as `data.zip` or in a folder: `X.npy.gz` or `X.npy` at any depth.

    Parameters
    ----------
    path
        Zip file or folder.

    Raises
    ------
    TR300MError
        If it is neither, or contains an array twice.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.zipped = self.path.is_file()
        if self.zipped:
            try:
                with zipfile.ZipFile(self.path) as opened:
                    names = opened.namelist()
            except zipfile.BadZipFile as error:
                raise TR300MError(f"{self.path} is truncated or not a zip file: {error}", "download it again") from None
        elif self.path.is_dir():
            found = (file for file in self.path.rglob("*") if file.is_file())
            names = sorted(str(file.relative_to(self.path)) for file in found)
        else:
            raise TR300MError(
                f"{self.path} does not exist", "set `released_data` to the path of data.zip or of a folder"
            )
        self.members = {array: name for array in RECIPES if (name := self._member(array, names))}

    def _member(self, array: str, names: list[str]) -> str | None:
        # macOS adds files of the same names to a zip, in a folder __MACOSX.
        wanted = [f"{array}{suffix}" for suffix in SUFFIXES]
        found = [name for name in names if PurePosixPath(name).name in wanted and not name.startswith("__MACOSX/")]
        if len(found) > 1:
            raise TR300MError(f"{self.path} contains {array} twice: {', '.join(found)}", "delete one of them")
        return found[0] if found else None

    @contextmanager
    def open(self, array: str) -> Iterator[IO[bytes]]:
        """Open the `.npy` file of an array as a stream.

        Raises
        ------
        TR300MError
            If the file is truncated or corrupt; raised when it is read.
        """
        name = self.members[array]
        with ExitStack() as stack:
            try:
                if self.zipped:
                    whole = stack.enter_context(zipfile.ZipFile(self.path))
                    raw = stack.enter_context(whole.open(name))
                else:
                    raw = stack.enter_context(open(self.path / name, "rb"))
                if name.endswith(".gz"):
                    raw = cast(IO[bytes], stack.enter_context(gzip.open(raw, "rb")))
                yield raw
            except (InvalidNpyError, EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
                raise TR300MError(
                    f"{self.path}, {name} is truncated or corrupt: {error}", "download it again"
                ) from None


@dataclass
class Difference:
    """The difference between two arrays, computed block by block.

    Attributes
    ----------
    elements, differing
        Number of values compared, and of those whose bits differ.
    largest_ulp
        Largest distance in units in the last place (ULP) of float64.
    first
        Index of the first value that differs, the value here and the published value.
    """

    elements: int = 0
    differing: int = 0
    largest_ulp: int = 0
    first: tuple[tuple[int, ...], float, float] | None = None

    def add(self, ours: Floats, theirs: Floats, start: int) -> None:
        """Add a block of both arrays; its first row is row `start` of the array."""
        left, right = _ordered(ours), _ordered(theirs)
        apart = np.maximum(left, right) - np.minimum(left, right)
        differing = int(np.count_nonzero(apart))
        self.elements += apart.size
        self.differing += differing
        if not differing:
            return
        self.largest_ulp = max(self.largest_ulp, int(apart.max()))
        if self.first is None:
            place = np.unravel_index(int(np.argmax(apart != 0)), apart.shape)
            index = (int(place[0]) + start, *(int(part) for part in place[1:]))
            self.first = index, float(ours[place]), float(theirs[place])


def _ordered(values: Floats) -> NDArray[np.uint64]:
    """Return integers in the order of the floats; the integers of neighbours, such as -0.0 and 0.0, differ by 1."""
    bits = np.ascontiguousarray(values).view(np.uint64)
    return np.where(bits & SIGN, ~bits, bits | SIGN)


def _read_npy_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Read the header of a `.npy` stream and return shape, whether in Fortran order, and number type.

    Raises
    ------
    InvalidNpyError
        If it is not a `.npy` file.
    """
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        return read(stream)
    except ValueError as error:
        raise InvalidNpyError(f"not a .npy file: {error}") from None


def _read_blocks(stream: IO[bytes], shape: tuple[int, ...], dtype: np.dtype[Any]) -> Iterator[tuple[slice, Floats]]:
    """Yield the rows after the header of a `.npy` stream as float64, block by block.

    Raises
    ------
    InvalidNpyError
        If the stream ends before the last row or continues after it.
    """
    for rows in slices(shape):
        block_shape = (rows.stop - rows.start, *shape[1:])
        size = int(np.prod(block_shape)) * dtype.itemsize
        # A stream may return fewer bytes than requested.
        content = bytearray()
        while len(content) < size and (piece := stream.read(size - len(content))):
            content += piece
        if len(content) < size:
            raise InvalidNpyError("it ends before the last row")
        yield rows, np.frombuffer(content, dtype).reshape(block_shape).astype(np.float64, copy=False)
    if stream.read(1):
        raise InvalidNpyError("it continues after the last row")


def compare(ours: Rebuilt, stream: IO[bytes], what: str = "comparing") -> Difference | str:
    """Compare an array with a published `.npy` stream.

    Returns
    -------
    Difference or str
        Difference, or a text that says why the two cannot be compared.
    """
    shape, fortran, dtype = _read_npy_header(stream)
    if shape != ours.shape:
        return f"shape {_text(ours.shape)} here, {_text(shape)} published"
    if fortran:
        return "the published array is in Fortran order, which cannot be read row by row"
    if dtype.kind not in "fiub":
        return f"the published array is of type {dtype}, not numbers"
    found = Difference()
    with bar(shape[0], what, "rows") as meter:
        for rows, theirs in _read_blocks(stream, shape, dtype):
            found.add(ours.rows(rows), theirs, rows.start)
            meter.update(rows.stop - rows.start)
    return found


def comparison_row(
    array: str, result: Difference | str, ids: Mapping[str, Strings], member: str | None
) -> dict[str, object]:
    """Return a row of `compare_release.tsv`.

    Parameters
    ----------
    array
        Name of the released array.
    result
        Result of `compare`.
    ids
        IDs along the axes ``gene``, ``sample`` and ``regulator``. Regulators are in the column of genes.
    member
        Name of the published file, or None if there is none.
    """
    row: dict[str, object] = dict.fromkeys(COMPARISON_COLUMNS, "")
    row |= {"array": array, "published_file": member or ""}
    if isinstance(result, str):
        return row | {"verdict": result}
    row |= {"verdict": "differs" if result.differing else "equal"}
    row |= {"elements": result.elements, "differing": result.differing, "largest_ulp": result.largest_ulp}
    if result.first is None:
        return row
    index, ours, theirs = result.first
    row |= {"first_index": _text(index), "ours": repr(ours), "published": repr(theirs)}
    for axis, place in zip(RECIPES[array].axes, index, strict=True):
        if axis is not None and axis in ids:
            row["sample_id" if axis == "sample" else "gene_id"] = str(ids[axis][place])
    return row


COMPARISON_COLUMNS = (
    "array",
    "verdict",
    "elements",
    "differing",
    "largest_ulp",
    "first_index",
    "gene_id",
    "sample_id",
    "ours",
    "published",
    "published_file",
)


def _text(numbers: tuple[int, ...]) -> str:
    return ",".join(map(str, numbers))

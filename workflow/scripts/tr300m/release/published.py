"""Published facts about the arrays of the release IBBME_TR300M (`resources/release_manifest.tsv`)."""

from pathlib import Path
from typing import NamedTuple

from ..base.errors import TR300MError
from ..base.files import read_tsv

COMPRESSION_LEVEL = 9


class Published(NamedTuple):
    """Published facts about one released array.

    Attributes
    ----------
    shape
        Shape of the array.
    gz_bytes, gz_sha256
        Size and SHA-256 of the `.npy.gz` file.
    gz_time
        Time in its gzip header, in seconds since 1970; None if unknown.
    npy_sha256
        SHA-256 of the `.npy` file inside, if a file with the published `gz_sha256` was rebuilt; else empty.
    """

    shape: tuple[int, ...]
    gz_bytes: int
    gz_sha256: str
    gz_time: int | None
    npy_sha256: str


def read_published(path: Path | str) -> dict[str, Published]:
    """Read `resources/release_manifest.tsv`, by array name.

    Raises
    ------
    TR300MError
        If the table lacks a column, or a shape, size or time is not a number.
    """
    table = read_tsv(path)
    found = {}
    try:
        for row in zip(*(table[name].tolist() for name in ("array", *Published._fields)), strict=True):
            name, shape, size, gz_sha256, time, npy_sha256 = row
            sizes = tuple(int(length) for length in shape.split(","))
            found[name] = Published(sizes, int(size), gz_sha256, int(time) if time else None, npy_sha256)
    except KeyError as error:
        raise TR300MError(f"{path} lacks the column {error}") from None
    except ValueError as error:
        raise TR300MError(f"{path}: {error}", "shape, gz_bytes and gz_time are whole numbers") from None
    return found

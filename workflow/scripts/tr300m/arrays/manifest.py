"""The manifest of a dataset folder: its arrays, and the files and code that they were made from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.array_files import read_row_blocks
from ..base.axes import ARRAYS, FORMAT, WIDE_ARRAYS, Genes
from ..base.files import sha256
from ..base.types import Ints
from ..sources.store import content_digest

BLOCK_ROWS = 256


def array_entry(folder: Path, name: str) -> dict[str, Any]:
    """Return shape, dtype, axes, unit and SHA-256 of one array of a dataset folder."""
    path = folder / f"{name}.npy"
    array, spec = np.load(path, mmap_mode="r"), (ARRAYS | WIDE_ARRAYS)[name]
    return {
        "shape": list(array.shape),
        "dtype": str(array.dtype),
        "axes": list(spec.axes),
        "unit": spec.unit,
        "sha256": sha256(path),
    }


def mean_of(path: Path, rows: int = BLOCK_ROWS) -> float:
    """Return the mean of an array file in float64, reading `rows` at a time."""
    size = np.load(path, mmap_mode="r").size
    return float(sum(block.sum(dtype=np.float64) for block in read_row_blocks(path, rows)) / size)


def median_of(path: Path, rows: int = BLOCK_ROWS) -> float:
    """Return the median of a float32 array file without negative values, reading `rows` at a time.

    The bits of such numbers, read as integers, have the same order as the numbers. The middle numbers are found by
    counting the upper 16 bits, then the lower 16 bits of the numbers with the upper bits of the middle. If there is an
    even number of values, the two middle values are averaged in float64.
    """
    size = np.load(path, mmap_mode="r").size
    uppers = _count(bits >> 16 for bits in _bits(path, rows))
    begins = np.concatenate([[0], np.cumsum(uppers)])
    values = []
    for position in ((size - 1) // 2, size // 2):
        upper = int(np.searchsorted(begins, position, side="right")) - 1
        counts = _count(bits[bits >> 16 == upper] & 0xFFFF for bits in _bits(path, rows))
        lower = int(np.searchsorted(np.cumsum(counts), position - begins[upper], side="right"))
        values.append(np.uint32(upper << 16 | lower).view(np.float32))
    return float(np.mean(values, dtype=np.float64))


def _count(halves: Iterable[NDArray[Any]]) -> Ints:
    counts = np.zeros(1 << 16, dtype=np.int64)
    for block in halves:
        counts += np.bincount(block, minlength=1 << 16)
    return counts


def _bits(path: Path, rows: int) -> Iterator[NDArray[np.uint32]]:
    for block in read_row_blocks(path, rows):
        # `abs` turns -0.0 into 0.0.
        yield np.abs(block).view(np.uint32).ravel()


def source_entry(record: Mapping[str, str], file: str) -> dict[str, str]:
    """Return the record of a source with the SHA-256 of its file, and the checksum by the published one's algorithm.

    Both are empty for a source that is ``none``, which has no file.
    """
    if not file:
        return {**record, "sha256": "", "checksum": ""}
    published, digest = record["published_checksum"], sha256(file)
    algorithm = published.partition(":")[0] or "sha256"
    found = digest if algorithm == "sha256" else content_digest(Path(file), published)
    return {**record, "sha256": digest, "checksum": f"{algorithm}:{found}"}


def build_manifest(
    folder: Path,
    arrays: Sequence[str],
    tables: Sequence[str],
    sources: Mapping[str, Any],
    config: Mapping[str, Any],
    code: str,
) -> dict[str, Any]:
    """Describe a dataset folder.

    Parameters
    ----------
    folder
        Folder with the arrays and tables.
    arrays
        Names of the arrays: those of `axes.ARRAYS`, and the `axes.WIDE_ARRAYS` that there are.
    tables
        Names of the table files.
    sources
        Record of each upstream file: origin and checksums.
    config
        Keys of the configuration that affect the arrays.
    code
        Hash of the code that made the arrays.

    Returns
    -------
    dict
        Manifest, with the constants that models use: means of histone signal and TSS, median of expression.
    """
    return {
        "format": FORMAT,
        "code": code,
        "config": dict(config),
        "constants": {
            "histone_mean": mean_of(folder / "histones.npy"),
            "tss_mean": float(Genes.read(folder / "genes.tsv").tss.mean()),
            "expression_median": median_of(folder / "expression.npy"),
        },
        "arrays": {name: array_entry(folder, name) for name in arrays},
        "tables": {name: {"sha256": sha256(folder / name)} for name in tables},
        "sources": dict(sources),
    }

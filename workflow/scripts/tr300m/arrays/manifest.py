"""The manifest of a dataset folder: what each array is, from which files and which code."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.array_files import read_row_blocks
from ..base.axes import ARRAYS, FORMAT, Genes
from ..base.files import sha256
from ..base.types import Ints
from ..sources.store import content_digest

BLOCK_ROWS = 256


def array_entry(folder: Path, name: str) -> dict[str, Any]:
    """Describe one array of a dataset folder: shape, dtype, axes, unit, SHA-256 of the file."""
    path = folder / f"{name}.npy"
    array = np.load(path, mmap_mode="r")
    return {
        "shape": list(array.shape),
        "dtype": str(array.dtype),
        "axes": list(ARRAYS[name].axes),
        "unit": ARRAYS[name].unit,
        "sha256": sha256(path),
    }


def mean_of(path: Path, rows: int = BLOCK_ROWS) -> float:
    """Return the mean of an array file in float64, reading so many rows at a time."""
    size = np.load(path, mmap_mode="r").size
    return float(sum(block.sum(dtype=np.float64) for block in read_row_blocks(path, rows)) / size)


def median_of(path: Path, rows: int = BLOCK_ROWS) -> float:
    """Return the median of a float32 array file without negative values, reading so many rows at a time.

    The bits of such numbers, read as integers, are in the order of the numbers: the middle ones are found by counting
    upper halves, then the lower halves of those that share the middle's upper half. Of an even number of values the
    middle two are averaged in float64.
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
        # A nought may have a sign.
        yield np.abs(block).view(np.uint32).ravel()


def source_entry(record: Mapping[str, str]) -> dict[str, str]:
    """Return a source's record with the SHA-256 of its bytes, and its checksum in the manner of the published one."""
    published, digest = record["published_checksum"], sha256(record["path"])
    algorithm = published.partition(":")[0] or "sha256"
    found = digest if algorithm == "sha256" else content_digest(Path(record["path"]), published)
    return {**record, "sha256": digest, "checksum": f"{algorithm}:{found}"}


def build_manifest(
    folder: Path, tables: list[str], sources: Mapping[str, Any], config: Mapping[str, Any], code: str
) -> dict[str, Any]:
    """Describe a dataset folder.

    Parameters
    ----------
    folder
        Holds the arrays of `axes.ARRAYS` and `tables`.
    tables
        Names of the table files.
    sources
        For each upstream file where it came from and its checksum.
    config
        The part of the configuration that shaped the arrays.
    code
        Hash of the code that built them.

    Returns
    -------
    dict
        With the constants that models need: means of the histone signal and of the TSS, median of the expression.
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
        "arrays": {name: array_entry(folder, name) for name in ARRAYS},
        "tables": {name: {"sha256": sha256(folder / name)} for name in tables},
        "sources": dict(sources),
    }

"""The manifest of a dataset folder: what each array is, from which files and which code."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .axes import ARRAYS, FORMAT, Genes
from .io import sha256


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


def mean_of(array: np.ndarray[Any, Any], block: int = 256) -> float:
    """Return the mean of an array in float64, reading `block` rows at a time."""
    total = sum(array[start : start + block].sum(dtype=np.float64) for start in range(0, len(array), block))
    return float(total / array.size)


def median_of(array: np.ndarray[Any, Any]) -> float:
    """Return the median of an array; of an even number of values the middle two are averaged in float64."""
    middle = [(array.size - 1) // 2, array.size // 2]
    return float(np.partition(array, middle, axis=None)[middle].mean(dtype=np.float64))


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
    expression = np.load(folder / "expression.npy", mmap_mode="r")
    return {
        "format": FORMAT,
        "code": code,
        "config": dict(config),
        "constants": {
            "histone_mean": mean_of(np.load(folder / "histones.npy", mmap_mode="r")),
            "tss_mean": float(Genes.read(folder / "genes.tsv").tss.mean()),
            "expression_median": median_of(expression),
        },
        "arrays": {name: array_entry(folder, name) for name in ARRAYS},
        "tables": {name: {"sha256": sha256(folder / name)} for name in tables},
        "sources": dict(sources),
    }

"""The cached scan: pooled motif scores of all genes on disk, with a record of what they were computed from."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.files import read_json, write_json
from ..base.progress import bar

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset
from .motif_scan import pooled_scan
from .pooling import SCHEDULE, Schedule, check_schedule, pooled_length

SCANNED_GENES_PER_BLOCK = 64

SCAN_ARRAYS = ("pooled", "core")
"""Files of a cached scan, `KIND.npy`: transcription factor motifs, core promoter elements."""

SCAN_RECORD = "scan.json"
"""Beside them: the key of what was scanned."""

_RESCAN_HINT = "delete the scan and let the workflow make it again"


@dataclass(frozen=True)
class ScanTable:
    """Pooled raw motif scores of genes: float16 on disk (`write_scan_table`), float32 in memory (`scan_genes`).

    Parameters
    ----------
    pooled
        Transcription factor motifs [gene, pooled position, motif].
    core
        Core promoter elements [gene, pooled position, element].
    key
        `scan_key` of what was scanned; empty in memory.
    """

    pooled: NDArray[Any]
    core: NDArray[Any]
    key: str = ""

    @classmethod
    def open(cls, folder: Path | str) -> "ScanTable":
        """Map the two arrays of a folder into memory.

        Raises
        ------
        TR300MError
            If a file is missing or the arrays' genes or positions differ.
        """
        arrays = []
        for name in SCAN_ARRAYS:
            path = Path(folder) / f"{name}.npy"
            try:
                arrays.append(np.load(path, mmap_mode="r", allow_pickle=False))
            except (OSError, ValueError) as error:
                raise TR300MError(
                    f"cannot read the cached scan {path}: {error}", "run the rule that writes it"
                ) from None
        if arrays[0].shape[:2] != arrays[1].shape[:2]:
            raise TR300MError(f"the two arrays of the cached scan in {folder} differ in shape", "write both again")
        return cls(arrays[0], arrays[1], str(read_json(Path(folder) / SCAN_RECORD)["key"]))


def scan_key(dataset: "Dataset", schedule: Schedule) -> str:
    """Return a hash of all that pooled scores depend on: kernels, schedule and the windows themselves."""
    digest = hashlib.sha256(json.dumps([list(map(int, segment)) for segment in schedule]).encode())
    for array in (dataset.pssm, dataset.core, dataset.onehot):
        digest.update(f"{array.dtype}{array.shape}".encode())
        # In pieces, because the windows are mapped into memory and need not fit in it.
        for start in range(0, len(array), SCANNED_GENES_PER_BLOCK):
            digest.update(array[start : start + SCANNED_GENES_PER_BLOCK].tobytes())
    return digest.hexdigest()


def check_scan(table: ScanTable | None, dataset: "Dataset", schedule: Schedule = SCHEDULE) -> None:
    """Check that a cached scan is of a dataset's windows and motifs, pooled by a schedule.

    Raises
    ------
    TR300MError
        If it is not.
    """
    if table is None:
        return
    found = (len(table.pooled), table.pooled.shape[2], table.core.shape[2])
    expected = (len(dataset.genes), dataset.pssm.shape[2], dataset.core.shape[2])
    if found != expected:
        raise TR300MError(
            "the cached scan has {} genes, {} motifs, {} core elements; ".format(*found)
            + "the dataset {}, {}, {}".format(*expected),
            _RESCAN_HINT,
        )
    if table.key != scan_key(dataset, schedule):
        raise TR300MError("the cached scan is of other windows, motifs or pooling than the dataset's", _RESCAN_HINT)


def scan_genes(
    onehot: NDArray[Any], pssm: NDArray[Any], core: NDArray[Any] | None, schedule: Schedule = SCHEDULE
) -> ScanTable:
    """Scan and pool genes [gene, position, base] for both kinds of motifs, float32; without `core`, no elements."""
    kernels = np.empty((1, onehot.shape[2], 0)) if core is None else core
    return ScanTable(pooled_scan(onehot, pssm, schedule), pooled_scan(onehot, kernels, schedule))


def write_scan_table(dataset: "Dataset", folder: Path | str, schedule: Schedule = SCHEDULE) -> None:
    """Scan and pool all genes of a dataset, block by block, into `pooled.npy` and `core.npy`, beside `scan.json`.

    Scores are stored as float16, whose spacing makes the error at most 0.13 down to -512 and 0.016 from zero to 64.
    If it is killed, the next call goes on behind the last whole block, unless what is to be scanned has changed.

    Parameters
    ----------
    dataset
        Its `onehot` [gene, position, base], `pssm` and `core` [width, base, motif] are read.
    folder
        Where the files go; each appears under its name only when complete.
    schedule
        Pooling schedule.
    """
    genes, length, _ = dataset.onehot.shape
    check_schedule(schedule, length)
    key = scan_key(dataset, schedule)
    kernels = dict(zip(SCAN_ARRAYS, (dataset.pssm, dataset.core), strict=True))
    shapes = {name: (genes, pooled_length(schedule), kernels[name].shape[2]) for name in SCAN_ARRAYS}
    parts = {name: Path(folder) / f"{name}.part" for name in SCAN_ARRAYS}
    progress = Path(folder) / "part.json"
    done = _done(progress, parts, key)
    tables = {name: _part(parts[name], shapes[name], new=done == 0) for name in SCAN_ARRAYS}
    with bar(genes, f"scanning for {shapes[SCAN_ARRAYS[0]][2]} motifs", "gene") as meter:
        meter.initial = meter.n = done
        for start in range(done, genes, SCANNED_GENES_PER_BLOCK):
            block = slice(start, min(start + SCANNED_GENES_PER_BLOCK, genes))
            for name, table in tables.items():
                pooled_scan(dataset.onehot[block], kernels[name], schedule, out=table[block])
                table.flush()
            write_json(progress, {"key": key, "genes": block.stop})
            meter.update(block.stop - block.start)
    del tables
    for name, part in parts.items():
        part.replace(Path(folder) / f"{name}.npy")
    write_json(Path(folder) / SCAN_RECORD, {"key": key, "schedule": schedule, "genes": genes})
    progress.unlink(missing_ok=True)


def _part(path: Path, shape: tuple[int, ...], *, new: bool) -> np.memmap[Any, np.dtype[np.float16]]:
    """Make a part file of zeros, or open the one there is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return np.lib.format.open_memmap(path, mode="w+" if new else "r+", dtype=np.float16, shape=shape)


def _done(progress: Path, parts: Mapping[str, Path], key: str) -> int:
    """Return how many genes the part files hold of the scan `key`."""
    if not progress.is_file() or not all(path.is_file() for path in parts.values()):
        return 0
    record = read_json(progress)
    return int(record["genes"]) if record["key"] == key else 0

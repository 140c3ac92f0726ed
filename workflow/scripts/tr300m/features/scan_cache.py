"""The cached scan: pooled motif scores of all genes on disk, with a hash of the input."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base.disk import disk_errors, reserve
from ..base.errors import TR300MError
from ..base.files import read_json, write_json
from ..base.progress import bar
from ..base.types import Ints

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset
from .motif_scan import pooled_scan, pooled_scan_of_both_strands
from .pooling import SCHEDULE, Schedule, check_schedule, pooled_length

SCANNED_GENES_PER_BLOCK = 64

SCAN_ARRAYS = ("pooled", "core")
"""Names of the two arrays of a cached scan: TF motifs, core promoter elements."""

SCAN_RECORD = "scan.json"
"""File with the hash of the input."""

_RESCAN_HINT = "delete the folder of the scan: the workflow makes it again"


@dataclass(frozen=True)
class ScanTable:
    """Pooled motif scores of genes, float16 on disk (`write_scan_table`) and float32 in memory (`scan_genes`).

    Parameters
    ----------
    pooled
        Scores of TF motifs [gene, pooled position, motif].
    core
        Scores of core promoter elements [gene, pooled position, element].
    key
        `scan_key` of the input; empty in memory.
    """

    pooled: NDArray[Any]
    core: NDArray[Any]
    key: str = ""

    @classmethod
    def open(cls, folder: Path | str) -> "ScanTable":
        """Open the two arrays of a folder, memory-mapped.

        Raises
        ------
        TR300MError
            If a file is missing, or genes or positions of the two arrays differ.
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
            raise TR300MError(
                f"the two arrays of the cached scan in {folder} differ in shape",
                _RESCAN_HINT,
            )
        return cls(arrays[0], arrays[1], str(read_json(Path(folder) / SCAN_RECORD)["key"]))

    def of_genes(self, genes: Ints) -> "ScanTable":
        """Return the scores of some genes, float32 in memory, in the order of the indices [gene]."""
        return ScanTable(self.pooled[genes].astype(np.float32), self.core[genes].astype(np.float32))


def scan_key(dataset: "Dataset", schedule: Schedule, both_strands: bool = False) -> str:
    """Return a hash of all inputs of the scan: motifs, schedule, strands and windows."""
    digest = hashlib.sha256(json.dumps([list(map(int, segment)) for segment in schedule]).encode())
    digest.update(b"both strands" if both_strands else b"")
    for array in (dataset.pssm, dataset.core, dataset.onehot):
        digest.update(f"{array.dtype}{array.shape}".encode())
        # Block by block, because memory-mapped windows may not fit in memory.
        for start in range(0, len(array), SCANNED_GENES_PER_BLOCK):
            digest.update(array[start : start + SCANNED_GENES_PER_BLOCK].tobytes())
    return digest.hexdigest()


def check_scan(
    table: ScanTable | None, dataset: "Dataset", schedule: Schedule = SCHEDULE, both_strands: bool = False
) -> None:
    """Check that a cached scan was made from the windows and motifs of a dataset with a schedule, of these strands.

    Raises
    ------
    TR300MError
        If it was made from others.
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
    if table.key != scan_key(dataset, schedule, both_strands):
        raise TR300MError(
            "the cached scan was made from other windows, motifs, pooling factors or strands", _RESCAN_HINT
        )


def scan_genes(
    onehot: NDArray[Any],
    pssm: NDArray[Any],
    core: NDArray[Any] | None,
    schedule: Schedule = SCHEDULE,
    *,
    both_strands: bool = False,
) -> ScanTable:
    """Scan and pool genes [gene, position, base] for both kinds of motifs in float32; `core` may be None.

    With `both_strands` the score of a TF motif is the larger of the two strands'. Core promoter elements have a
    direction and are always scanned on the strand of the gene.
    """
    kernels = np.empty((1, onehot.shape[2], 0)) if core is None else core
    scan_motifs = pooled_scan_of_both_strands if both_strands else pooled_scan
    return ScanTable(scan_motifs(onehot, pssm, schedule), pooled_scan(onehot, kernels, schedule))


def write_scan_table(
    dataset: "Dataset", folder: Path | str, schedule: Schedule = SCHEDULE, *, both_strands: bool = False
) -> None:
    """Scan and pool all genes of a dataset block by block, and write `pooled.npy`, `core.npy` and `scan.json`.

    Scores are stored as float16; the rounding error is at most 0.13 down to -512 and 0.016 from 0 to 64. After a kill,
    the next call resumes after the last finished block, unless the input has changed.

    Parameters
    ----------
    dataset
        Dataset whose `onehot` [gene, position, base], `pssm` and `core` [width, base, motif] are read.
    folder
        Folder of the files; a file gets its name when it is complete.
    schedule
        Pooling schedule.
    both_strands
        As in `scan_genes`.
    """
    genes, length, _ = dataset.onehot.shape
    check_schedule(schedule, length)
    key = scan_key(dataset, schedule, both_strands)
    scans = (pooled_scan_of_both_strands if both_strands else pooled_scan, pooled_scan)
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
            for (name, table), scan in zip(tables.items(), scans, strict=True):
                scan(dataset.onehot[block], kernels[name], schedule, out=table[block])
                table.flush()
            write_json(progress, {"key": key, "genes": block.stop})
            meter.update(block.stop - block.start)
    del tables
    for name, part in parts.items():
        part.replace(Path(folder) / f"{name}.npy")
    write_json(Path(folder) / SCAN_RECORD, {"key": key, "schedule": schedule, "genes": genes})
    progress.unlink(missing_ok=True)


def _part(path: Path, shape: tuple[int, ...], *, new: bool) -> np.memmap[Any, np.dtype[np.float16]]:
    """Create an unfinished file of zeros, or open an existing one."""
    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        table = np.lib.format.open_memmap(path, mode="w+" if new else "r+", dtype=np.float16, shape=shape)
        if new:
            try:
                with open(path, "r+b") as handle:
                    reserve(handle, path.stat().st_size)
            except OSError:
                path.unlink()
                raise
    return table


def _done(progress: Path, parts: Mapping[str, Path], key: str) -> int:
    """Return the number of genes that the unfinished files contain of the scan `key`."""
    if not progress.is_file() or not all(path.is_file() for path in parts.values()):
        return 0
    record = read_json(progress)
    return int(record["genes"]) if record["key"] == key else 0

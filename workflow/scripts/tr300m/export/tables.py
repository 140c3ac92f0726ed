"""What both formats share: the axis tables, facts of the manifest, blocks of arrays, and the place of the result."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base.array_files import read_row_blocks
from ..base.disk import check_writable, disk_errors
from ..base.errors import TR300MError
from ..base.progress import bar
from ..base.temporary_files import temporary_path
from ..base.types import Strings
from ..dataset.dataset import Dataset

if TYPE_CHECKING:
    import pandas

_UNKNOWN = "NA"
_HISTONE_ROWS = 64
MANIFEST = "manifest.json"


def sample_table(dataset: Dataset) -> "pandas.DataFrame":
    """Return `samples.tsv` with sex and age of the donors, "NA" where they are unknown; the index is the sample ID."""
    donors = dataset.donors.to_pandas().set_index("donor_id")
    table = dataset.samples.to_pandas().set_index("sample_id")
    return table.join(donors, on="donor_id").fillna(dict.fromkeys(donors, _UNKNOWN))


def track_names(dataset: Dataset) -> Strings:
    """Return the names of the histone tracks, MARK_CELL."""
    return np.array([f"{mark}_{cell}" for mark, cell in zip(dataset.tracks.mark, dataset.tracks.cell, strict=True)])


def table_of_sources(dataset: Dataset) -> "pandas.DataFrame":
    """Return origin and SHA-256 of the sources of a dataset; the index is the key of the source."""
    import pandas

    sources = dataset.manifest["sources"]
    columns = {name: [str(record.get(name, "")) for record in sources.values()] for name in ("origin", "sha256")}
    return pandas.DataFrame(columns, index=pandas.Index(list(sources), name="source"))


def array_blocks(dataset: Dataset, name: str, rows: int, what: str) -> Iterator[tuple[slice, NDArray[Any]]]:
    """Yield an array of the dataset's folder, `rows` rows at a time, each with its place; `what` names the progress."""
    start = 0
    with bar(len(getattr(dataset, name)), what, "rows") as meter:
        for block in read_row_blocks(dataset.folder / f"{name}.npy", rows):
            yield slice(start, start + len(block)), block
            start += len(block)
            meter.update(len(block))


def mean_signals(dataset: Dataset) -> NDArray[np.float32]:
    """Return the mean signal of each histone track over each gene's window [gene, track]."""
    blocks = array_blocks(dataset, "histones", _HISTONE_ROWS, "means of histone tracks")
    means = [block.mean(axis=1, dtype=np.float64).astype(np.float32) for _, block in blocks]
    return np.concatenate(means) if means else np.zeros((0, len(dataset.tracks)), np.float32)


def check_place(out: Path, force: bool, *, folder: bool) -> None:
    """Check, before any work, that a result, a file or a `folder`, may be written to `out`.

    Raises
    ------
    TR300MError
        If `out` exists and `force` is not set, or `out` is a file where a folder is written, or the other way round, or
        it is a folder that no export wrote.
    """
    if not out.exists():
        return
    if out.is_dir() != folder or (folder and not (out / MANIFEST).is_file()):
        raise TR300MError(f"{out} exists and is not of an earlier export: it is not replaced", "choose another path")
    if not force:
        raise TR300MError(f"{out} exists", "add --force to replace it, or choose another path")


@contextmanager
def atomic_folder(out: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `out`; it replaces `out` on success and is deleted on failure."""
    temporary = temporary_path(out)
    with disk_errors(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        check_writable(out.parent)
        temporary.mkdir()
        try:
            yield temporary
            if out.exists():
                shutil.rmtree(out)
            temporary.replace(out)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

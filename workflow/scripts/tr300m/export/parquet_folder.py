"""The dataset as a folder of Parquet tables, for pandas, polars, DuckDB or R."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.types import Strings
from ..dataset.dataset import Dataset
from .tables import MANIFEST, array_blocks, atomic_folder, check_place, mean_signals, sample_table, track_names

# Each row group has metadata of each of up to 17,382 columns, so there are few; one is in memory.
_ROWS_PER_GROUP = 4096


def write_parquet(dataset: Dataset, out: Path | str, *, force: bool = False) -> None:
    """Write a dataset as a folder of Parquet tables.

    There is one table for each axis: `genes`, `samples` with sex and age of the donors, `regulators`, `motifs` and
    `tracks`. The matrices are wide, and their first column is the ID of the row. `expression` has one row per gene and
    one column per sample, as GTEx's files: who needs some samples reads only these columns, and a long table would
    repeat the IDs in 344 million rows. `histone_means` has one row per gene and one column per track,
    `regulator_levels` and `tf_levels` one row per sample, `motif_map` one row per regulator. If the dataset has wide
    marks, `wide_marks` has one row per gene and one column per bin and track, such as ``H3K4me3_K562:-250..0``;
    if it has marks of gene bodies, `body_marks` has columns such as ``H3K4me3_K562:largest``. `manifest.json` is a
    copy.

    Parameters
    ----------
    dataset
        Dataset of a folder.
    out
        Folder to write, atomically.
    force
        Whether an existing folder of an export is replaced.

    Raises
    ------
    TR300MError
        If `out` exists and `force` is not set, or is not a folder that an export wrote.
    """
    final = Path(out)
    check_place(final, force, folder=True)
    genes, samples = dataset.genes.gene_id, dataset.samples.sample_id
    regulators, motifs = dataset.regulators.gene_id, dataset.motifs.matrix_id
    with atomic_folder(final) as folder:
        for name in ("genes", "regulators", "motifs", "tracks"):
            _write_table(folder / f"{name}.parquet", getattr(dataset, name).columns())
        people = sample_table(dataset).reset_index()
        _write_table(folder / "samples.parquet", {str(name): column.to_numpy() for name, column in people.items()})
        _write_wide(folder / "expression.parquet", dataset, "expression", ("gene_id", genes), samples)
        levels = ("sample_id", samples)
        _write_wide(folder / "regulator_levels.parquet", dataset, "regulator_levels", levels, regulators)
        _write_wide(folder / "tf_levels.parquet", dataset, "tf_levels", levels, motifs)
        _write_wide(folder / "motif_map.parquet", dataset, "motif_map", ("gene_id", regulators), motifs)
        means = mean_signals(dataset)
        by_track = dict(zip(track_names(dataset).tolist(), means.T, strict=True))
        _write_table(folder / "histone_means.parquet", {"gene_id": genes, **by_track})
        if dataset.wide_marks is not None:
            bins = zip(dataset.bins.start.tolist(), dataset.bins.end.tolist(), strict=True)
            places = [f"{track}:{start}..{end}" for start, end in bins for track in by_track]
            # [gene, bin, track] to [gene, bin and track].
            marks = np.asarray(dataset.wide_marks).reshape(len(genes), -1)
            _write_table(folder / "wide_marks.parquet", {"gene_id": genes, **dict(zip(places, marks.T, strict=True))})
        if dataset.body_marks is not None:
            named = [f"{track}:{statistic}" for statistic in ("mean", "largest") for track in by_track]
            body = np.asarray(dataset.body_marks).reshape(len(genes), -1)
            _write_table(folder / "body_marks.parquet", {"gene_id": genes, **dict(zip(named, body.T, strict=True))})
        shutil.copyfile(dataset.folder / MANIFEST, folder / MANIFEST)


def _write_table(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    from pyarrow import parquet

    parquet.write_table(_arrow(columns), path)


def _write_wide(path: Path, dataset: Dataset, name: str, index: tuple[str, Strings], columns: Strings) -> None:
    """Write an array [row, column] of the dataset's folder, after a column `index` of row IDs."""
    from pyarrow import parquet

    writer = None
    for rows, block in array_blocks(dataset, name, _ROWS_PER_GROUP, name.replace("_", " ")):
        values = dict(zip(columns.tolist(), np.ascontiguousarray(block.T), strict=True))
        table = _arrow({index[0]: index[1][rows], **values})
        writer = writer or parquet.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer is not None:
        writer.close()


def _arrow(columns: Mapping[str, NDArray[Any]]) -> Any:
    import pyarrow

    # NumPy's strings have a fixed width, which Arrow does not take.
    return pyarrow.table(
        {name: values.tolist() if values.dtype.kind in "UO" else values for name, values in columns.items()}
    )

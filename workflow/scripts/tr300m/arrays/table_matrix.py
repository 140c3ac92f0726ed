"""Read expression from binary tables: Parquet, and AnnData (.h5ad)."""

import json
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow
from pyarrow import parquet

from ..base.errors import TR300MError
from ..base.progress import progress
from ..base.types import Floats, Strings
from .expression_matrix import ExpressionMatrix, check_names, check_tpm
from .text_matrix import is_description

if TYPE_CHECKING:
    import anndata

PARQUET_MAGIC = b"PAR1"
HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
GENES_AT_A_TIME = 256


def open_parquet(path: Path | str) -> ExpressionMatrix:
    """Open a Parquet file with one row per gene and one column of numbers per sample.

    The gene identifiers are the index, if pandas wrote one, otherwise the first column. Columns that describe genes
    may follow it, as in text tables (`text_matrix.DESCRIPTIONS`).

    Raises
    ------
    TR300MError
        If it is not a Parquet file, there is no column of identifiers, a column is not numeric, or a sample appears
        twice.
    """
    try:
        schema = parquet.read_schema(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise TR300MError(f"{path} cannot be read as Parquet: {error}", "is it complete?") from None
    check_names(str(path), "column", schema.names)
    identifiers = _index_column(schema) or schema.names[0]
    if not _is_text(schema.field(identifiers).type):
        raise TR300MError(
            f"{path}: column {identifiers!r} holds no text", "the index or the first column must hold gene identifiers"
        )
    others = [name for name in schema.names if name != identifiers]
    sample_ids = [name for name in others if not (is_description(name) and _is_text(schema.field(name).type))]
    for name in sample_ids:
        kind = schema.field(name).type
        if not (pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind)):
            raise TR300MError(f"{path}: column {name!r} holds {kind}, not numbers", "remove it, or convert it to float")
    if not sample_ids:
        raise TR300MError(f"{path} has no column of numbers", "write one column for each sample")
    return ExpressionMatrix(str(path), "Parquet", sample_ids, partial(_parquet_rows, path, identifiers, sample_ids))


def _index_column(schema: Any) -> str:
    """Return the column that is the index of the data frame that pandas wrote; empty if there is none."""
    columns = json.loads((schema.metadata or {}).get(b"pandas", b"{}")).get("index_columns", [])
    return next((name for name in columns if name in schema.names), "")


def _is_text(kind: Any) -> bool:
    if pyarrow.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind))


def _parquet_rows(
    path: Path | str,
    identifiers: str,
    sample_ids: list[str],
    wanted: Callable[[str], bool],
    columns: int | None = None,
) -> Iterator[tuple[str, Floats]]:
    chosen = sample_ids[:columns]
    with parquet.ParquetFile(path) as file:
        check_names(str(path), "gene", [name or "" for name in _column(file, identifiers)])
        batches = file.iter_batches(GENES_AT_A_TIME, columns=[identifiers, *chosen])
        count = -(-file.metadata.num_rows // GENES_AT_A_TIME)
        for batch in progress(batches, total=count, what=f"reading {Path(path).name}", unit="blocks"):
            values = np.column_stack(
                [batch.column(name).to_numpy(zero_copy_only=False).astype(np.float64) for name in chosen]
            )
            yield from _wanted_rows(path, batch.column(identifiers).to_pylist(), values, wanted)


def _column(file: Any, name: str) -> list[Any]:
    found: list[Any] = file.read(columns=[name]).column(name).to_pylist()
    return found


def _wanted_rows(
    path: Path | str, genes: Sequence[str], values: Floats, wanted: Callable[[str], bool]
) -> Iterator[tuple[str, Floats]]:
    """Yield the wanted rows of a block of values [gene, sample], and check them."""
    for gene, row in zip(genes, values, strict=True):
        if wanted(gene):
            check_tpm(f"{path}, gene {gene}", row)
            yield gene, row


def open_h5ad(path: Path | str) -> ExpressionMatrix:
    """Open an AnnData file (.h5ad), whose matrix X is [sample, gene]: obs are samples, var are genes.

    Raises
    ------
    TR300MError
        If the package anndata is missing, it is not an AnnData file, has no X, or a sample or gene appears twice.
    """
    with opened_h5ad(path) as data:
        sample_ids = [str(name) for name in data.obs_names]
        if "X" not in data.file or data.X is None:
            raise TR300MError(f"{path} has no matrix X", "put the TPM into X, as [sample, gene]")
        check_names(f"{path}, obs_names", "sample", sample_ids)
        check_names(f"{path}, var_names", "gene", [str(name) for name in data.var_names])
    return ExpressionMatrix(str(path), "AnnData", sample_ids, partial(_h5ad_rows, path))


@contextmanager
def opened_h5ad(path: Path | str) -> "Iterator[anndata.AnnData]":
    """Open an AnnData file for reading; X stays in the file.

    Raises
    ------
    TR300MError
        If the package anndata is missing, or the file cannot be read as AnnData.
    """
    try:
        import anndata
    except ImportError:
        raise TR300MError(
            f"{path}: the package anndata is needed to read .h5ad files",
            "pip install anndata; it is in the extra `h5ad` of this package",
        ) from None
    with warnings.catch_warnings():
        # Of names that are not unique, which `check_names` refuses, and of old files.
        warnings.simplefilter("ignore")
        try:
            data = anndata.read_h5ad(path, backed="r")
        except Exception as error:
            raise TR300MError(f"{path} cannot be read as AnnData: {error}", "is it a complete .h5ad file?") from None
        try:
            yield data
        finally:
            data.file.close()


def _h5ad_rows(
    path: Path | str, wanted: Callable[[str], bool], columns: int | None = None
) -> Iterator[tuple[str, Floats]]:
    with opened_h5ad(path) as data:
        genes = [str(name) for name in data.var_names]
        # A sparse matrix is stored by rows and small; a dense one is read in blocks of columns.
        matrix: Any = data.X
        if hasattr(matrix, "to_memory"):
            matrix = matrix.to_memory().tocsc()
        starts = range(0, len(genes), GENES_AT_A_TIME)
        for start in progress(starts, total=len(starts), what=f"reading {Path(path).name}", unit="blocks"):
            block = matrix[:columns, start : start + GENES_AT_A_TIME]
            dense = block.toarray() if hasattr(block, "toarray") else np.asarray(block)
            values = np.ascontiguousarray(dense.T, dtype=np.float64)
            yield from _wanted_rows(path, genes[start : start + GENES_AT_A_TIME], values, wanted)


def is_hdf5(path: Path | str) -> bool:
    """Return whether a file is HDF5, such as AnnData, by its first bytes; also False if it cannot be read."""
    try:
        with open(path, "rb") as handle:
            return handle.read(len(HDF5_MAGIC)) == HDF5_MAGIC
    except OSError:
        return False


def read_obs(path: Path | str) -> dict[str, Strings]:
    """Read the sample table (obs) of an AnnData file as text, by column; obs_names are under the empty name.

    Missing values are empty.

    Raises
    ------
    TR300MError
        If the file cannot be read.
    """
    with opened_h5ad(path) as data:
        table = data.obs.astype(object).where(data.obs.notna(), "")
        columns = {"": table.index, **{str(name): table[name] for name in table.columns}}
        return {name: np.array([str(value) for value in values], dtype=np.str_) for name, values in columns.items()}

"""Open an expression file of any format that the workflow reads."""

from functools import partial
from pathlib import Path

from ..base.errors import TR300MError
from ..base.files import BOM, gzip_errors, open_binary
from .expression import read_gct_header, read_gct_rows
from .expression_matrix import ExpressionMatrix
from .table_matrix import HDF5_MAGIC, PARQUET_MAGIC, open_h5ad, open_parquet
from .text_matrix import open_delimited, open_gct_13

FORMATS = "GCT 1.2 or 1.3, TSV, CSV (each plain or gzip), Parquet and AnnData (.h5ad)"


def open_matrix(path: Path | str) -> ExpressionMatrix:
    """Open an expression file; its first bytes tell the format, so that its name does not matter.

    Parameters
    ----------
    path
        GCT 1.2 or 1.3, TSV or CSV (each plain or gzip), Parquet, or AnnData (.h5ad).

    Raises
    ------
    TR300MError
        If the file cannot be read, has none of these formats, or a sample has no ID or one that appears twice.
    """
    with open_binary(path) as handle, gzip_errors(path):
        # Some formats have no line ends.
        line = handle.readline(1 << 26).removeprefix(BOM)
    if line.startswith(PARQUET_MAGIC):
        return open_parquet(path)
    if line.startswith(HDF5_MAGIC[:4]):
        return open_h5ad(path)
    if line.startswith(b"#1.3"):
        return open_gct_13(path)
    if line.startswith(b"#1."):
        return ExpressionMatrix(str(path), "GCT 1.2", read_gct_header(path).sample_ids, partial(read_gct_rows, path))
    if not line or b"\0" in line or line.lstrip()[:1] in (b"<", b"{", b"%"):
        raise TR300MError(f"{path}, line 1: this is not an expression file", f"the formats are {FORMATS}")
    return open_delimited(path)

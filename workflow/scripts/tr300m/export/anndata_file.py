"""The dataset as an AnnData file (.h5ad): samples x genes."""

from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import TR300MError
from ..base.files import atomic_path
from ..dataset.dataset import Dataset
from .tables import array_blocks, check_place, mean_signals, sample_table, table_of_sources, track_names

# A chunk has 256 kB; a block of genes, which is in memory, is as wide as a chunk, so that each chunk is written once.
_CHUNK = (64, 1024)


def write_h5ad(dataset: Dataset, out: Path | str, *, force: bool = False) -> None:
    """Write a dataset as an AnnData file.

    `X` is the expression [sample, gene] in TPM, float32, written in blocks of genes. `obs` is `samples.tsv` with sex
    and age of the donors, `var` is `genes.tsv`. `obsm` has `tf_levels` [sample, motif] and `regulator_levels`
    [sample, regulator] in TPM and the one-hot `tissue` [sample, tissue]; `varm` has `histone_means` [gene, track], the
    mean signal in the window, and, if the dataset has them, `wide_marks` [gene, bin, track] with their `bins` in `uns`,
    and `body_marks` [gene, statistic, track]. `uns` has the tables of their columns (`motifs`, `regulators`, `tissues`,
    `tracks`), the
    matrix `motif_map` [regulator, motif], and under `tr300m` the edition, the constants, units, and the sources with
    their checksums.

    Parameters
    ----------
    dataset
        Dataset of a folder.
    out
        File to write, atomically.
    force
        Whether an existing file is replaced.

    Raises
    ------
    TR300MError
        If the package anndata is missing, or `out` is a folder, or exists and `force` is not set.
    """
    try:
        import anndata
        import h5py
    except ImportError as error:
        raise TR300MError(f"writing .h5ad needs anndata: {error}", "install it: pip install 'anndata>=0.11'") from None
    import pandas

    final = Path(out)
    check_place(final, force, folder=False)
    obs, var = sample_table(dataset), dataset.genes.to_pandas().set_index("gene_id")
    # The categories are in the order of the axis, which is that of the one-hot tissue.
    obs["tissue"] = pandas.Categorical(obs["tissue"], categories=list(dataset.tissues))
    data = anndata.AnnData(
        obs=obs,
        var=var,
        obsm={name: np.asarray(getattr(dataset, name)) for name in ("tf_levels", "regulator_levels", "tissue")},
        varm={"histone_means": mean_signals(dataset)},
        uns={
            "motifs": dataset.motifs.to_pandas().set_index("matrix_id"),
            "regulators": dataset.regulators.to_pandas().set_index("gene_id"),
            "tissues": np.array(dataset.tissues, dtype=object),
            "tracks": track_names(dataset).astype(object),
            "motif_map": np.asarray(dataset.motif_map),
            "tr300m": {
                "edition": str(dataset.manifest["config"].get("edition", "")),
                "constants": dataset.manifest["constants"],
                "sources": table_of_sources(dataset),
                "units": {name: entry["unit"] for name, entry in dataset.manifest["arrays"].items()},
            },
        },
    )
    if dataset.wide_marks is not None:
        data.varm["wide_marks"], data.uns["bins"] = np.asarray(dataset.wide_marks), dataset.bins.to_pandas()
    if dataset.body_marks is not None:
        data.varm["body_marks"] = np.asarray(dataset.body_marks)
    with atomic_path(final) as temporary:
        data.write_h5ad(temporary)
        with h5py.File(temporary, "r+") as file:
            _write_expression(file, dataset)


def _write_expression(file: Any, dataset: Dataset) -> None:
    """Write `X` in blocks, in AnnData's format of a dense array, version 0.2.0."""
    shape = (len(dataset.samples), len(dataset.genes))
    chunks = tuple(max(1, min(size, most)) for size, most in zip(shape, _CHUNK, strict=True))
    x = file.create_dataset("X", shape, np.float32, chunks=chunks, compression="gzip", compression_opts=1, shuffle=True)
    x.attrs["encoding-type"], x.attrs["encoding-version"] = "array", "0.2.0"
    for genes, block in array_blocks(dataset, "expression", chunks[1], "expression"):
        x[:, genes] = block.T

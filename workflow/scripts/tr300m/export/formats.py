"""Export a dataset in one of the formats, by its name."""

from collections.abc import Callable
from pathlib import Path

from ..base.errors import TR300MError
from ..dataset.dataset import Dataset
from .anndata_file import write_h5ad
from .parquet_folder import write_parquet
from .tables import MANIFEST

WRITERS: dict[str, Callable[..., None]] = {"h5ad": write_h5ad, "parquet": write_parquet}


def export_dataset(folder: Path | str, form: str, out: Path | str, *, force: bool = False) -> str:
    """Write the dataset of a folder in a format of `WRITERS`, and return a sentence about the result.

    Parameters
    ----------
    folder
        Dataset folder, or the folder of the results around it.
    form
        Key of `WRITERS`.
    out
        File or folder to write, atomically.
    force
        Whether the result of an earlier export is replaced.

    Raises
    ------
    TR300MError
        If there is no dataset, or see the format's function.
    """
    dataset = Dataset.open(dataset_folder(folder))
    WRITERS[form](dataset, out, force=force)
    return f"{out}: {len(dataset.samples):,} samples, {len(dataset.genes):,} genes"


def dataset_folder(folder: Path | str) -> Path:
    """Return the dataset folder that is meant by itself or by the folder of the results around it.

    Raises
    ------
    TR300MError
        If neither has a manifest.
    """
    for found in (Path(folder), Path(folder) / "dataset"):
        if (found / MANIFEST).is_file():
            return found
    raise TR300MError(
        f"neither {folder} nor {folder}/dataset has a {MANIFEST}",
        "name a results folder or a dataset folder, such as results/demo, which `make demo` builds",
    )

"""A trained model in one file, with what it needs to predict for sequences, so that it can be used without its dataset.

The file is a zip archive of the runs' folders with their model cards, and of a small dataset: one promoter of unknown
bases with the mean histone marks of the training genes, and one sample a tissue with the median levels of its training
samples.
"""

import shutil
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from ..arrays.manifest import build_manifest
from ..base.array_files import save_array
from ..base.axes import Donors, Samples
from ..base.errors import TR300MError
from ..base.files import atomic_path, write_json, write_tsv
from ..dataset.dataset import BINS_TABLE, TABLES
from .contexts import ALL_TISSUES, in_contexts
from .promoters import OwnSequence, own_promoters

if TYPE_CHECKING:
    from .predictor import Predictor

SUFFIX = ".tr300m"
"""Ending of the file's name, by which commands know a pack."""
RUNS, DATASET, SPLIT_NAME = "runs", "dataset", "split.txt"
CARD = "card.md"
RUN_FILES = ("run.json", "model.weights.h5", "model.npz")
_TIME = (1980, 1, 1, 0, 0, 0)


def write_pack(predictor: "Predictor", runs: list[Path], cards: Mapping[str, str], out: Path | str) -> None:
    """Write runs and what they need to a file; equal models give equal bytes.

    Parameters
    ----------
    predictor
        The opened runs.
    runs
        Their folders.
    cards
        Their model cards, by the name of the run.
    out
        File to write.

    Raises
    ------
    TR300MError
        If two runs have the same name.
    """
    names = [run.name for run in runs]
    if len(set(names)) < len(names):
        raise TR300MError(f"two of the runs {', '.join(names)} have the same name", "name each run once")
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for run in runs:
            (folder / RUNS / run.name).mkdir(parents=True)
            for name in RUN_FILES:
                if (run / name).is_file():
                    shutil.copyfile(run / name, folder / RUNS / run.name / name)
            (folder / RUNS / run.name / CARD).write_text(cards[run.name], encoding="utf-8")
        _write_dataset(predictor, folder / DATASET)
        (folder / SPLIT_NAME).write_text(predictor.split.name, encoding="utf-8")
        with atomic_path(out) as path, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(folder.rglob("*")):
                if file.is_file():
                    # A time of its own would make the bytes differ.
                    entry = zipfile.ZipInfo(str(file.relative_to(folder)), _TIME)
                    entry.compress_type = zipfile.ZIP_DEFLATED
                    archive.writestr(entry, file.read_bytes())


@contextmanager
def unpacked(path: Path | str) -> Iterator[tuple[list[Path], Path, str]]:
    """Yield the folders of the runs, the folder of the dataset and the name of the split of a pack.

    Raises
    ------
    TR300MError
        If it is no pack.
    """
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        try:
            with zipfile.ZipFile(path) as archive:
                archive.extractall(folder)
        except (OSError, zipfile.BadZipFile) as error:
            raise TR300MError(f"{path} cannot be opened: {error}", "make it with `tr300m pack`") from None
        runs = sorted((folder / RUNS).glob("*"))
        if not runs or not (folder / DATASET).is_dir() or not (folder / SPLIT_NAME).is_file():
            raise TR300MError(f"{path} holds no model", "make it with `tr300m pack`")
        yield runs, folder / DATASET, (folder / SPLIT_NAME).read_text(encoding="utf-8")


def cards_of(path: Path | str) -> list[str]:
    """Return the model cards of the runs of a pack, as Markdown.

    Raises
    ------
    TR300MError
        If it is no pack.
    """
    with unpacked(path) as (runs, _, _):
        return [(run / CARD).read_text(encoding="utf-8") for run in runs]


def _write_dataset(predictor: "Predictor", folder: Path) -> None:
    """Write the small dataset."""
    dataset, (genes, _) = predictor.dataset, predictor.training
    unknown = own_promoters(dataset, [OwnSequence("average", "N", 0)], genes, quiet=True)
    small = in_contexts(unknown, predictor.tissues(ALL_TISSUES))
    none = np.array([], dtype=np.str_)
    small = replace(
        small,
        samples=Samples(small.samples.sample_id, small.samples.sample_id, small.samples.tissue),
        donors=Donors(none, none, none),
        expression=np.zeros(small.expression.shape, np.float32),
    )
    for name in TABLES:
        getattr(small, name).write(folder / f"{name}.tsv")
    write_tsv(folder / "tissues.tsv", {"tissue": list(small.tissues)})
    if len(small.bins):
        small.bins.write(folder / BINS_TABLE)
    arrays = list(dataset.manifest["arrays"])
    for name in arrays:
        save_array(folder / f"{name}.npy", np.asarray(getattr(small, name)))
    given = dataset.manifest
    tables = [name for name in given["tables"] if (folder / name).is_file()]
    # Paths of the computer on which it was packed tell others nothing.
    sources = {
        name: {key: value for key, value in record.items() if key != "path"}
        for name, record in given.get("sources", {}).items()
    }
    manifest = build_manifest(folder, arrays, tables, sources, given["config"], given["code"])
    # Units of the data that the runs were trained on.
    write_json(folder / "manifest.json", manifest | {"constants": given["constants"]})

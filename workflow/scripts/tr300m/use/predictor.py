"""A predictor: one trained run or several, and the contexts and promoters that they take."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import numpy as np

from ..base.errors import TR300MError
from ..base.files import read_json, sha256
from ..base.types import Ints
from ..dataset.dataset import Dataset
from ..dataset.splits import PARTS, Split
from .contexts import Contexts
from .model import SequenceModel
from .pack import unpacked
from .promoters import own_promoters, own_tss_index, read_records, with_mean_marks

_MARKS = ("native", "mean")


@dataclass(frozen=True)
class Predictor:
    """Trained runs of one dataset, used together.

    Attributes
    ----------
    models
        The runs.
    dataset
        The dataset that they were trained on.
    split
        The split that they were trained on: its training samples give the levels of a tissue.
    source
        What was opened, with its checksum, for the first lines of files.
    """

    models: tuple[SequenceModel, ...]
    dataset: Dataset = field(repr=False)
    split: Split = field(repr=False)
    source: str = ""

    @classmethod
    def open(
        cls, runs: Path | str | Sequence[Path | str], dataset: Dataset | Path | str, split: Path | str | None = None
    ) -> Self:
        """Open one run or an ensemble.

        Parameters
        ----------
        runs
            Folder of a run, or folders of several, such as ``results/runs/seq_tf``.
        dataset
            The dataset that they were trained on, or its folder.
        split
            File of the split; None finds it beside the runs.

        Raises
        ------
        TR300MError
            If a file is missing, or runs do not fit the dataset or each other.
        """
        folders = [Path(run) for run in ([runs] if isinstance(runs, Path | str) else runs)]
        if not folders:
            raise TR300MError("no run was given", "name the folder of a trained run")
        opened = dataset if isinstance(dataset, Dataset) else Dataset.open(dataset)
        records = [read_json(run_file(folder)) for folder in folders]
        names = {str(record["split"]) for record in records}
        if len(names) > 1:
            raise TR300MError(
                f"the runs were trained on the splits {', '.join(sorted(names))}",
                "average runs of one split only: what one held out, another was trained on",
            )
        for folder, record in zip(folders, records, strict=True):
            if record.get("control", "none") != "none":
                raise TR300MError(
                    f"{folder} is a control ({record['control']}): its inputs were permuted", "name a run without one"
                )
        path = Path(split) if split else folders[0].resolve().parents[1] / "splits" / f"{names.pop()}.tsv"
        if not path.is_file():
            raise TR300MError(f"the split {path} is missing", "give the file of the split on which the run was trained")
        held_out = Split.read(path, opened.genes, opened.samples)
        models = tuple(_open(folder, record, opened) for folder, record in zip(folders, records, strict=True))
        manifest = opened.folder / "manifest.json"
        return cls(models, opened, held_out, f"{opened.folder}, SHA-256 of its manifest {sha256(manifest)}")

    @classmethod
    def open_pack(cls, path: Path | str) -> Self:
        """Open a file that `pack.write_pack` wrote; sequences of one's own and tissues are then all there is.

        Raises
        ------
        TR300MError
            If it is no pack.
        """
        with unpacked(path) as (folders, folder, split):
            dataset = Dataset.open(folder)
            models = tuple(_open(run, read_json(run / "run.json"), dataset) for run in folders)
            none = np.array([], dtype=np.int64)
            return cls(models, dataset, Split(split, none, none, none, none), f"{path}, SHA-256 {sha256(path)}")

    @property
    def training(self) -> tuple[Ints, Ints]:
        """Genes and samples that the runs were trained on."""
        return self.split.training_axes(len(self.dataset.genes), len(self.dataset.samples))

    def tissues(self, *names: str) -> Contexts:
        """Return tissues as contexts, each with the median levels over its training samples; ``all`` for a panel."""
        return Contexts.of_tissues(self.dataset, self.training[1], names)

    def samples(self, *sample_ids: str) -> Contexts:
        """Return samples of the dataset as contexts."""
        return Contexts.of_samples(self.dataset, sample_ids)

    def genes(self, *names: str, histones: str = "native") -> Dataset:
        """Return genes of the dataset, by ID or name, as promoters.

        Parameters
        ----------
        names
            Versioned IDs, IDs without version, or names.
        histones
            ``native`` for the gene's own marks, ``mean`` for the mean over training genes.

        Raises
        ------
        TR300MError
            If a name is no target gene.
        """
        rows = self.dataset.take_genes(self.dataset.genes.find(names))
        if histones not in _MARKS:
            raise TR300MError(f"histones {histones!r} is unknown", f"write {' or '.join(_MARKS)}")
        return rows if histones == "native" else with_mean_marks(rows, self.dataset, self.training[0])

    def fasta(self, path: Path | str, backbone: str = "") -> Dataset:
        """Return the sequences of a FASTA as promoters; see `promoters.read_records`."""
        records = read_records(path, self.dataset.onehot.shape[1], own_tss_index(self.dataset))
        return own_promoters(self.dataset, records, self.training[0], backbone)

    def part(self, gene: str) -> str:
        """Return whether a gene is of the part ``validation`` or ``test``, or was in ``training``."""
        row = self.dataset.genes.find([gene])[0]
        return next((part for part in PARTS if row in self.split.axes(part)[0]), "training")


def run_file(folder: Path) -> Path:
    """Return the record of a run.

    Raises
    ------
    TR300MError
        If the folder has none.
    """
    path = folder / "run.json"
    if not path.is_file():
        raise TR300MError(f"{path} is missing", "name the folder of a trained run, such as results/demo/runs/seq_tf")
    return path


def _open(folder: Path, record: dict[str, object], dataset: Dataset) -> SequenceModel:
    if (folder / "model.npz").is_file():
        from .fitted_model import FittedModel

        return FittedModel.open(folder, dataset)
    from ..model.backend import use_backend

    # Before Keras is imported: the backend of the run, not of the environment.
    use_backend(str(record["backend"]))
    from .network_model import NetworkModel

    return NetworkModel.open(folder, dataset)

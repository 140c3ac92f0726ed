"""The simulator's planted truth on the axes of the dataset, and the predictions of a model that knows it.

log1p TPM of gene g in sample s is, before noise and cut at 0, base + open_weight * open[g, tissue of s]
+ sum over drivers k of effect_k * hit[g, k] * level[s, k] (`simulate.truth`). The gene's own deviation from the base,
the donor effect and the noise are left out, because the inputs have no information about them. They are distributed
around 0, so the value is the median.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..base.axes import CELLS, Genes, Samples
from ..base.errors import TR300MError
from ..base.files import read_tsv
from ..base.types import Floats, Ints


@dataclass(frozen=True)
class Planted:
    """The planted effects on expression.

    Attributes
    ----------
    drivers
        Names of the regulators with an effect [driver].
    effect
        Change of log1p TPM per standard deviation of the driver's log level, for a full motif hit [driver].
    hits
        Completeness of the driver's motif in the promoter, 0 to 1 [gene, driver].
    levels
        Log level of each driver, standardised over samples [sample, driver].
    openness
        Openness of the promoter in each tissue, 0 to 1 [gene, tissue].
    tissue
        Index of each sample's tissue in the second axis of `openness` [sample].
    base, open_weight
        log1p TPM of a gene with openness 0, and the change at openness 1.
    """

    drivers: tuple[str, ...]
    effect: Floats
    hits: Floats
    levels: Floats
    openness: Floats
    tissue: Ints
    base: float
    open_weight: float

    @classmethod
    def read(cls, folder: Path | str, genes: Genes, samples: Samples, base: float, open_weight: float) -> Self:
        """Read the files of `simulate.truth_files.write_truth`, in the order of the dataset's axes.

        Parameters
        ----------
        folder
            Folder of the planted truth.
        genes, samples
            The dataset's axes. For genes that share a TSS, the planted truth of the first is used.
        base, open_weight
            Values from the settings of the simulation.

        Raises
        ------
        TR300MError
            If a gene or a sample of the dataset is missing.
        """
        root = Path(folder)
        effects, mix = read_tsv(root / "regulator_effects.tsv"), read_tsv(root / "tissue_cells.tsv")
        drivers = tuple(effects["regulator"].tolist())
        by_cell = _rows(root / "openness.tsv", "gene_id", CELLS, genes.gene_id)
        tissues = mix["tissue"].tolist()
        return cls(
            drivers=drivers,
            effect=effects["effect"].astype(np.float64),
            hits=_rows(root / "hits.tsv", "gene_id", drivers, genes.gene_id),
            levels=_rows(root / "driver_levels.tsv", "sample_id", drivers, samples.sample_id),
            openness=by_cell @ np.stack([mix[cell].astype(np.float64) for cell in CELLS]),
            tissue=np.array([tissues.index(name) for name in samples.tissue.tolist()], dtype=np.int64),
            base=base,
            open_weight=open_weight,
        )

    def log_expression(self, gene: Ints, sample: Ints, *, openness: bool = True, regulation: bool = True) -> Floats:
        """Return the planted median of log1p TPM of pairs [pair].

        Parameters
        ----------
        gene, sample
            Indices into the dataset's axes [pair].
        openness, regulation
            Whether they are known. Unknown openness is replaced by the mean of all genes, unknown regulation by 0.
        """
        return np.maximum(self._uncut(gene, sample, openness=openness, regulation=regulation), 0.0)

    def changes(self, gene: Ints, sample: Ints) -> Floats:
        """Return the change of log1p TPM per standard deviation of each driver's log level [driver, pair].

        It is half the difference between one standard deviation above the driver's mean and one below, with everything
        else unchanged; `regulator_perturbation.level_changes` computes the same for a model.
        """
        planted = self.effect * self.hits[gene]
        without = self._uncut(gene, sample)[:, None] - planted * self.levels[sample]
        return ((np.maximum(without + planted, 0.0) - np.maximum(without - planted, 0.0)) / 2).T

    def _uncut(self, gene: Ints, sample: Ints, *, openness: bool = True, regulation: bool = True) -> Floats:
        """Return log1p TPM [pair] before negative values are set to 0."""
        opened = self.openness[gene, self.tissue[sample]] if openness else np.full(len(gene), self.openness.mean())
        value = self.base + self.open_weight * opened
        if regulation:
            value = value + np.einsum("pk,pk->p", self.hits[gene] * self.effect, self.levels[sample])
        return value


def _rows(path: Path, key: str, columns: tuple[str, ...], ids: NDArray[np.str_]) -> Floats:
    """Read the rows of a table whose `key` is in `ids`, in this order [id, column]."""
    table = read_tsv(path)
    row_of = {name: row for row, name in enumerate(table[key].tolist())}
    missing = [name for name in ids.tolist() if name not in row_of]
    if missing:
        raise TR300MError(
            f"{path} lacks {len(missing)} IDs of the dataset, such as {missing[0]}",
            "run the workflow again, which simulates the planted truth and the expression with the same settings",
        )
    rows = np.array([row_of[name] for name in ids.tolist()], dtype=np.int64)
    return np.stack([table[column].astype(np.float64)[rows] for column in columns], axis=1)

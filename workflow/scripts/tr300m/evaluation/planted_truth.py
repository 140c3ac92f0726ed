"""The simulator's planted truth on the axes of the dataset: what a model that knows it would say.

log1p TPM of gene g in sample s is, before noise and cut at 0, base + open_weight * open[g, tissue of s]
+ sum over drivers k of effect_k * hit[g, k] * level[s, k] (`simulate.truth`). Left out, because no input tells of them:
each gene's own deviation from the base, the donor effect and the noise. As these lie around 0, the value is the median.
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
    """What acts on expression.

    Attributes
    ----------
    drivers
        Names of the regulators that act [driver].
    effect
        Change of log1p TPM per standard deviation of the driver's log level, at a full hit [driver].
    hits
        How far a driver's motif is in the promoter, 0 to 1 [gene, driver].
    levels
        Log level of each driver, standardised over samples [sample, driver].
    openness
        How open the promoter is in the sample's tissue, 0 to 1 [gene, tissue].
    tissue
        Row of `openness`' second axis for each sample [sample].
    base, open_weight
        log1p TPM of a closed gene, and what full openness adds.
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
        """Read what `simulate.truth_files.write_truth` wrote, and bring it into the order of the dataset's axes.

        Parameters
        ----------
        folder
            Folder of the truth.
        genes, samples
            The dataset's axes. Of genes that share a TSS, the truth of the first is taken.
        base, open_weight
            Of the simulation's settings.

        Raises
        ------
        TR300MError
            If the truth lacks a gene or a sample of the dataset.
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
            Whether each is known; where not, the mean openness of all genes stands in, or no regulation.
        """
        return np.maximum(self._uncut(gene, sample, openness=openness, regulation=regulation), 0.0)

    def changes(self, gene: Ints, sample: Ints) -> Floats:
        """Return what one standard deviation of each driver's log level does: [driver, pair], log1p TPM.

        Half the difference between one standard deviation above the driver's mean and one below, all else as it is:
        `perturbation.level_changes` asks a model the same.
        """
        planted = self.effect * self.hits[gene]
        without = self._uncut(gene, sample)[:, None] - planted * self.levels[sample]
        return ((np.maximum(without + planted, 0.0) - np.maximum(without - planted, 0.0)) / 2).T

    def _uncut(self, gene: Ints, sample: Ints, *, openness: bool = True, regulation: bool = True) -> Floats:
        """Return log1p TPM before the cut at 0 [pair]."""
        opened = self.openness[gene, self.tissue[sample]] if openness else np.full(len(gene), self.openness.mean())
        value = self.base + self.open_weight * opened
        if regulation:
            value = value + np.einsum("pk,pk->p", self.hits[gene] * self.effect, self.levels[sample])
        return value


def _rows(path: Path, key: str, columns: tuple[str, ...], ids: NDArray[np.str_]) -> Floats:
    """Read the rows of a table whose `key` is one of `ids`, in their order: [id, column]."""
    table = read_tsv(path)
    row_of = {name: row for row, name in enumerate(table[key].tolist())}
    missing = [name for name in ids.tolist() if name not in row_of]
    if missing:
        raise TR300MError(
            f"{path} lacks {len(missing)} of the dataset's, such as {missing[0]}",
            "simulate truth and expression with the settings of the dataset: the workflow does so by itself",
        )
    rows = np.array([row_of[name] for name in ids.tolist()], dtype=np.int64)
    return np.stack([table[column].astype(np.float64)[rows] for column in columns], axis=1)

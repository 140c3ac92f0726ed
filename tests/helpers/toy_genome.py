"""A toy genome in a FASTA, a dataset whose promoter windows are cut from it, and a model that any edit changes."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from helpers.toy_dataset import Sizes, names, toy_dataset
from numpy.typing import NDArray
from tr300m.arrays.sequence import onehot, onehot_windows
from tr300m.base.axes import Genes
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.splits import Split
from tr300m.use.predictor import Predictor

Array = NDArray[Any]
UPSTREAM, WIDTH = 70, 90
"""Base pairs upstream of the TSS, and of the window."""
GENES = (
    ("chr1", "+", 400),
    # Head to head with the first: the windows overlap.
    ("chr1", "-", 330),
    ("chr1", "-", 800),
    ("chr2", "+", 60),
    # Its window reaches past the chromosome's end.
    ("chr2", "-", 480),
)
SIZES = Sizes(genes=len(GENES), length=WIDTH)
RUN = 12
"""Length of the runs of A around places of interest."""


def toy_chromosomes(seed: int = 0) -> dict[str, str]:
    """Draw two chromosomes with repeats upstream of the TSS at 400, across it, and at the window's ends."""
    chance = np.random.default_rng(seed)
    drawn = {name: "".join(chance.choice(list("ACGT"), length)) for name, length in (("chr1", 1_000), ("chr2", 500))}
    chr1 = list(drawn["chr1"])
    for place, what in ((325, "A" * RUN), (370, "CAG" * 4), (411, "T" * RUN), (730, "N" * 3), (780, "GT" * 6)):
        chr1[place : place + len(what)] = what
    return drawn | {"chr1": "".join(chr1)}


def write_fasta(path: Path, chromosomes: dict[str, str]) -> Path:
    """Write chromosomes in lines of 60 bases, half of them in lower case."""
    lines = []
    for name, bases in chromosomes.items():
        lines.append(f">{name}")
        pieces = [bases[start : start + 60] for start in range(0, len(bases), 60)]
        lines += [piece.lower() if number % 2 else piece for number, piece in enumerate(pieces)]
    path.write_text("\n".join(lines) + "\n")
    return path


def genome_parts(fasta: Path, rows: Sequence[tuple[str, str, int]]) -> dict[str, Any]:
    """Return the genes and windows of a genome, as parts of a toy dataset."""
    chromosome, strand = (np.array([row[number] for row in rows]) for number in (0, 1))
    tss = np.array([row[2] for row in rows])
    start = np.where(strand == "+", tss - 1 - UPSTREAM, tss + UPSTREAM - WIDTH)
    genes = Genes(
        names("G", len(rows)),
        names("G", len(rows)),
        chromosome,
        strand,
        tss,
        start,
        start + WIDTH,
        np.full(len(rows), ""),
        np.arange(len(rows)),
    )
    return {"genes": genes, "onehot": onehot_windows(fasta, genes)}


def genome_dataset(fasta: Path) -> Dataset:
    """Make a toy dataset of `GENES` with windows of a genome."""
    return toy_dataset(SIZES, **genome_parts(fasta, GENES))


@dataclass(frozen=True)
class PositionModel:
    """A model whose raw number is a sum over positions of a weight of the base there, times a number of the context."""

    name: str = "toy"
    seed: int = 0
    width: int = WIDTH
    reads_tissue: bool = False
    reads_levels: bool = True
    reads_histones: bool = False
    calls: list[int] = field(default_factory=list)

    @property
    def weights(self) -> Array:
        return np.random.default_rng(self.seed).normal(0, 0.2, (self.width, 4))

    def at(self, query: Dataset, row: int) -> Any:
        self.calls.append(row)
        factor = 1 + 0.1 * np.arange(len(query.samples))
        return lambda windows: (np.tensordot(windows.astype(float), self.weights, 2)[:, None] * factor)[:, :, None]

    def mean(self, raw: Array) -> Array:
        return np.exp(raw[..., 0])

    def distribution_mean(self, raw: Any) -> Any:
        return self.mean(raw)

    def median(self, raw: Array) -> Array:
        return np.exp(0.9 * raw[..., 0])

    def quantile(self, probability: float, raw: Array) -> Array:
        return np.exp(probability * raw[..., 0])

    def expected(self, bases: str, context: int = 0) -> float:
        """Return the mean of a promoter given as text, 5' to 3'."""
        return float(np.exp(np.sum(onehot(bases).astype(float) * self.weights) * (1 + 0.1 * context)))


def toy_predictor(dataset: Dataset, *models: Any) -> Predictor:
    """Make a predictor of given models; the first gene is held out."""
    none = np.empty(0, np.int64)
    return Predictor(models, dataset, Split("toy", np.array([0]), none, none, none))

"""Settings of a simulation; the defaults are those of the demo."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..base.axes import CELLS
from ..base.errors import TR300MError
from ..base.from_dict import from_dict

# Each file has its own random streams, so that a change in one file does not change the others.
STREAMS = (
    "annotation",
    "samples",
    "phenotypes",
    "genome",
    "planting",
    "openness",
    "tissues",
    "levels",
    "noise",
    "bigwig",
    "cres",
)


@dataclass(frozen=True)
class SimulationConfig:
    """Settings of a simulation.

    Parameters
    ----------
    seed
        Seed of all random streams.
    chromosomes
        Chromosomes of the target genes, in file order. chrM is always added to a simulated annotation and genome.
    genes
        Protein-coding genes of a simulated annotation, on all chromosomes together.
    spacing
        Base pairs from one gene to the next in a simulated annotation; at least 7,800, so that windows do not overlap.
    samples
        Expression samples. If the sample table is longer, they are chosen evenly over its tissues.
    donors
        Donors of a simulated sample table.
    tissues
        Tissues (SMTSD) of a simulated sample table.
    regulators
        Regulators of a simulated annotation, without the three in the PAR and the pseudogene. Drivers come first.
    drivers
        Names of the regulators that affect target genes.
    planted
        Share of genes that get a site of a driver's motif; also the share of genes that count as hit.
    effect
        Typical change of log1p TPM per standard deviation of a driver's log level, at a gene with a full hit.
    base, open_weight
        log1p TPM of a closed gene (below 0, so that its TPM is exactly 0), and the increase at full openness.
    propensity_spread, cell_spread, gc_weight
        Openness on the logit scale: standard deviation over genes, standard deviation over cells within a gene, and
        the effect of one standard deviation of the promoter's GC content.
    level_spread
        Standard deviation over tissues of a driver's log level.
    donor_spread, noise
        Standard deviations of the donor effect and of the noise, on log1p TPM.
    all_genes
        Whether every gene of the annotation gets an expression row, or only protein-coding genes on `chromosomes` and
        regulators.
    gap_cell, gap_chromosome
        Cell whose bigWigs lack a chromosome, and that chromosome.
    """

    seed: int = 3
    chromosomes: tuple[str, ...] = ("chr1", "chr2", "chr22", "chrX", "chrY")
    genes: int = 300
    spacing: int = 8000
    samples: int = 240
    donors: int = 40
    tissues: tuple[str, ...] = (
        "Artery - Tibial",
        "Brain - Cortex",
        "Cells - EBV-transformed lymphocytes",
        "Liver",
        "Lung",
        "Muscle - Skeletal",
        "Skin - Sun Exposed (Lower leg)",
        "Whole Blood",
    )
    regulators: int = 61
    drivers: tuple[str, ...] = ("CTCF", "REST", "NRF1", "HNF4A", "SRF", "IRF1", "RFX5", "TP53")
    planted: float = 0.3
    effect: float = 0.5
    base: float = -1.0
    open_weight: float = 6.0
    propensity_spread: float = 2.2
    cell_spread: float = 1.0
    gc_weight: float = 0.8
    level_spread: float = 0.9
    donor_spread: float = 0.15
    noise: float = 0.3
    all_genes: bool = True
    gap_cell: str = "Nhlf"
    gap_chromosome: str = "chrY"

    @classmethod
    def from_dict(cls, settings: Mapping[str, Any]) -> "SimulationConfig":
        """Build from plain values, such as a YAML section; missing keys keep their defaults.

        Raises
        ------
        TR300MError
            If a key is unknown, or a value has the wrong type or range.
        """
        return from_dict(cls, "simulation", settings)

    def __post_init__(self) -> None:
        """Check ranges."""
        if self.gap_cell not in CELLS:
            raise TR300MError(
                f"simulation: gap_cell is {self.gap_cell}, which is not a known cell", f"use one of {', '.join(CELLS)}"
            )
        for key in ("genes", "samples", "donors", "regulators"):
            if getattr(self, key) < 1:
                raise TR300MError(f"simulation: {key} is {getattr(self, key)}", "use a positive number")
        if self.spacing < 7_800:
            raise TR300MError(f"simulation: spacing is {self.spacing}", "windows need 7800 or more")
        if not 0 < self.planted < 1:
            raise TR300MError(f"simulation: planted is {self.planted}", "use a share between 0 and 1")
        for key in ("chromosomes", "tissues", "drivers"):
            if not getattr(self, key):
                raise TR300MError(f"simulation: {key} is empty", "name at least one")

    def rng(self, stream: str, *more: int) -> np.random.Generator:
        """Return a new generator for a named stream; `more` numbers select a stream within it."""
        return np.random.default_rng([self.seed, STREAMS.index(stream), *more])

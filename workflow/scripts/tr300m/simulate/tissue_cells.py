"""The mix of the seven cells that a simulated tissue consists of."""

import zlib
from collections.abc import Sequence

import numpy as np

from ..base.axes import CELLS
from ..base.types import Floats
from ..config.simulation import SimulationConfig

MAIN_SHARE = 0.65
# The first word that is in the name of a tissue determines its main cell.
NEAREST = (
    ("Whole Blood", "K562"),
    ("lymphocytes", "Gm12878"),
    ("Spleen", "Gm12878"),
    ("Muscle", "Hsmm"),
    ("Heart", "Hsmm"),
    ("Artery", "Huvec"),
    ("Skin", "Nhek"),
    ("Mucosa", "Nhek"),
    ("Vagina", "Nhek"),
    ("Lung", "Nhlf"),
    ("fibroblasts", "Nhlf"),
    ("Brain", "H1hesc"),
    ("Testis", "H1hesc"),
)


def tissue_cells(config: SimulationConfig, tissues: Sequence[str]) -> Floats:
    """Return the shares of cells in tissues [tissue, cell]; rows sum to 1.

    The shares of a tissue depend only on its name, not on the other tissues.
    """
    mix = np.empty((len(tissues), len(CELLS)))
    for row, tissue in enumerate(tissues):
        rng = config.rng("tissues", zlib.crc32(tissue.encode()))
        other = int(rng.integers(len(CELLS)))
        main = next((CELLS.index(cell) for word, cell in NEAREST if word in tissue), other)
        mix[row] = (1 - MAIN_SHARE) * rng.dirichlet(np.ones(len(CELLS)))
        mix[row, main] += MAIN_SHARE
    return mix

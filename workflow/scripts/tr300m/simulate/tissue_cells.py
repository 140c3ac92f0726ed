"""Which of the seven cells a tissue resembles."""

import zlib
from collections.abc import Sequence

import numpy as np

from ..base.axes import CELLS
from ..base.types import Floats
from ..config.simulation import SimulationConfig

MAIN_SHARE = 0.65
# The first match in a tissue's name names its main cell.
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
    """Return each tissue's mix of cells: [tissue, cell], rows sum to 1.

    A tissue's mix depends on its name alone, not on which other tissues there are.
    """
    mix = np.empty((len(tissues), len(CELLS)))
    for row, tissue in enumerate(tissues):
        rng = config.rng("tissues", zlib.crc32(tissue.encode()))
        other = int(rng.integers(len(CELLS)))
        main = next((CELLS.index(cell) for word, cell in NEAREST if word in tissue), other)
        mix[row] = (1 - MAIN_SHARE) * rng.dirichlet(np.ones(len(CELLS)))
        mix[row, main] += MAIN_SHARE
    return mix

"""Where the simulator's drivers act in a promoter, for a reader who wants to know what there is to be found."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..base.base_codes import base_codes
from ..base.errors import TR300MError
from ..base.files import read_tsv
from ..simulate.driver_motifs import driver_matrix, site_scores

LEAST_HIT = 0.5
"""Hits from which a driver counts as acting: one half at the threshold of the simulator."""


class PlantedSite(NamedTuple):
    """The best site of a driver.

    Attributes
    ----------
    driver
        Name of the regulator.
    start, end
        First index in the window, and the one after the last.
    hit
        Completeness, 0 to 1.
    effect
        Change of log(1 + TPM) per standard deviation of the driver's log level, for a full hit.
    """

    driver: str
    start: int
    end: int
    hit: float
    effect: float


def planted_sites(truth: Path | str, gene: str, window: NDArray[Any]) -> list[PlantedSite]:
    """Return the sites of the drivers that act on a gene, the strongest first.

    Parameters
    ----------
    truth
        Folder of the planted truth, such as ``results/demo/sources/truth``.
    gene
        Versioned ID.
    window
        Its promoter [position, base].

    Raises
    ------
    TR300MError
        If the folder has no truth, or not of this gene.
    """
    root = Path(truth)
    if not (root / "hits.tsv").is_file():
        raise TR300MError(f"{root} holds no planted truth", "give the folder sources/truth of a simulation's results")
    hits, effects = read_tsv(root / "hits.tsv"), read_tsv(root / "regulator_effects.tsv")
    rows = np.flatnonzero(hits["gene_id"] == gene)
    if not len(rows):
        raise TR300MError(f"{root}/hits.tsv has no gene {gene}", "give the truth of the same simulation")
    codes, found = base_codes(window)[None], []
    for driver, effect in zip(effects["regulator"].tolist(), effects["effect"].astype(float).tolist(), strict=True):
        hit = float(hits[driver][rows[0]])
        if hit >= LEAST_HIT:
            scores = site_scores(codes, driver_matrix(driver))[0]
            start = int(scores.argmax())
            found.append(PlantedSite(driver, start, start + codes.shape[1] - len(scores) + 1, hit, effect))
    return sorted(found, key=lambda site: -abs(site.hit * site.effect))


def planted_sentence(sites: list[PlantedSite], tss: int) -> str:
    """Return what was planted as text; positions are distances from the TSS, which is at index `tss`."""
    if not sites:
        return "No driver was planted to act on this gene."
    parts = [
        f"{site.driver} at {site.start - tss} to {site.end - 1 - tss} bp "
        f"({'raises' if site.effect > 0 else 'lowers'} log(1 + TPM) by {abs(site.hit * site.effect):.2f} for one "
        "standard deviation of its log level)"
        for site in sites
    ]
    return f"Planted: {'; '.join(parts)}."

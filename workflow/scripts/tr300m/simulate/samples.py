"""Simulate the tables of samples and donors in the formats of GTEx v8."""

from pathlib import Path

import numpy as np

from ..base.errors import TR300MError
from ..base.files import write_tsv
from ..config.simulation import SimulationConfig

LETTERS = np.array(list("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
AGES = ("20-29", "30-39", "40-49", "50-59", "60-69", "70-79")
# Donors without an expression sample: they are in both tables and not in the expression file.
EXTRA_DONORS = 2
# Organs (SMTS) of tissues whose first word is not the organ.
ORGANS = {
    "Adipose": "Adipose Tissue",
    "Artery": "Blood Vessel",
    "Whole Blood": "Blood",
    "Cells - Cultured fibroblasts": "Skin",
    "Cells - EBV-transformed lymphocytes": "Blood",
    "Cells - Leukemia cell line (CML)": "Bone Marrow",
    "Fallopian Tube": "Fallopian Tube",
    "Minor Salivary Gland": "Salivary Gland",
    "Small Intestine": "Small Intestine",
    "Adrenal Gland": "Adrenal Gland",
}


def simulate_sample_attributes(config: SimulationConfig, out: Path | str) -> None:
    """Write a table of samples (TSV) like the SampleAttributesDS of GTEx.

    Samples with SMAFRZE ``RNASEQ`` are in the expression file. Other samples (whole genomes, excluded samples, a cell
    line without donor) are between and after them.

    Raises
    ------
    TR300MError
        If there are more samples than pairs of donor and tissue.
    """
    if config.samples > config.donors * len(config.tissues):
        raise TR300MError(
            f"{config.samples} samples need more than {config.donors} donors with {len(config.tissues)} tissues",
            "lower `samples`, or raise `donors`",
        )
    rng = config.rng("samples")
    donors = donor_ids(config)
    rows: list[tuple[str, str, str]] = []  # SAMPID, SMTSD, SMAFRZE
    # The numbers of tissues of two donors differ by at most one.
    for donor, count in zip(donors, _spread(config.samples, config.donors), strict=False):
        for tissue in rng.choice(len(config.tissues), size=count, replace=False):
            rows.append((f"{donor}-{tissue + 1:02d}26-SM-{_code(rng, 5)}", config.tissues[tissue], "RNASEQ"))
    for index, donor in enumerate(donors):
        if index % 3 == 0 or index >= config.donors:
            rows.append((f"{donor}-0003-SM-{_code(rng, 5)}", "Whole Blood", "WGS"))
        if index % 7 == 0 or index >= config.donors:
            rows.append((f"{donor}-9926-SM-{_code(rng, 5)}", config.tissues[0], "EXCLUDE"))
    rows.append((f"K-562-SM-{_code(rng, 5)}", "Cells - Leukemia cell line (CML)", "EXCLUDE"))
    rows.sort()
    count = len(rows)
    write_tsv(
        out,
        {
            "SAMPID": [row[0] for row in rows],
            "SMATSSCR": rng.choice(["", "0", "1", "2"], size=count, p=[0.2, 0.4, 0.3, 0.1]),
            "SMCENTER": rng.choice(["B1", "C1", "D1"], size=count),
            "SMPTHNTS": ["2 pieces, simulated" if row[2] == "RNASEQ" else "" for row in rows],
            "SMRIN": [f"{value:.1f}" for value in rng.uniform(5.5, 9.5, size=count)],
            "SMTS": [organ(row[1]) for row in rows],
            "SMTSD": [row[1] for row in rows],
            "SMUBRID": [f"{value:07d}" for value in rng.integers(1_000, 20_000, size=count)],
            "SMTSISCH": rng.integers(30, 1500, size=count),
            "SMAFRZE": [row[2] for row in rows],
        },
    )


def simulate_subject_phenotypes(config: SimulationConfig, out: Path | str) -> None:
    """Write a table of donors (TSV) like the SubjectPhenotypesDS of GTEx: SUBJID, SEX, AGE, DTHHRDY.

    DTHHRDY is empty for one donor, as for some real donors.
    """
    rng = config.rng("phenotypes")
    donors = donor_ids(config)
    hardy = [str(value) for value in rng.integers(0, 5, size=len(donors))]
    hardy[1 % len(hardy)] = ""
    write_tsv(
        out,
        {
            "SUBJID": donors,
            "SEX": rng.choice([1, 2], size=len(donors), p=[0.67, 0.33]),
            "AGE": rng.choice(AGES, size=len(donors), p=[0.08, 0.08, 0.16, 0.32, 0.32, 0.04]),
            "DTHHRDY": hardy,
        },
    )


def donor_ids(config: SimulationConfig) -> list[str]:
    """Return different donor IDs such as ``GTEX-1117F``, sorted; donors with expression samples come first."""
    rng = config.rng("samples", 1)
    found: set[str] = set()
    while len(found) < config.donors + EXTRA_DONORS:
        found.add(f"GTEX-1{_code(rng, int(rng.integers(3, 5)))}")
    return sorted(found)


def organ(tissue: str) -> str:
    """Return the organ (SMTS) of a tissue (SMTSD)."""
    return ORGANS.get(tissue) or ORGANS.get(tissue.split(" - ")[0]) or tissue.split(" ")[0]


def _code(rng: np.random.Generator, length: int) -> str:
    return "".join(rng.choice(LETTERS, size=length))


def _spread(total: int, parts: int) -> list[int]:
    return [total // parts + (index < total % parts) for index in range(parts)]

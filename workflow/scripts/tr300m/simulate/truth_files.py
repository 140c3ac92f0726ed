"""Write the planted truth to files."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..base.array_files import save_array
from ..base.axes import CELLS
from ..base.files import write_json, write_tsv
from ..base.types import Bools, Floats, Ints
from .driver_motifs import ProbabilityMatrix
from .formats import Gene, SampleTable


class Drivers(NamedTuple):
    """The regulators that affect target genes; all fields are [driver]."""

    names: tuple[str, ...]
    profiles: tuple[ProbabilityMatrix, ...]
    rows: Ints  # row of the driver's gene
    effect: Floats  # change of log1p TPM per standard deviation of the log level
    threshold: Floats  # score at which a hit is one half (bits)
    spread: Floats  # standard deviation of the best score over coding genes (bits)


class Truth(NamedTuple):
    """The planted truth; genes are the rows of the expression file and the gene that it lacks, in file order."""

    genes: list[Gene]
    has_sequence: Bools  # [gene]
    regulator: Bools  # [gene]
    in_expression: Bools  # [gene]
    samples: SampleTable
    drivers: Drivers
    hits: Floats  # [gene, driver], 0 to 1
    levels: Floats  # [sample, driver], standardised
    level_mean: Floats  # [driver], log1p TPM
    level_spread: Floats  # [driver], log1p TPM
    openness: Floats  # [gene, cell], 0 to 1
    openness_residual: Floats  # [gene, cell], logit of openness without the term of the gene's own GC content
    tissues: list[str]
    mix: Floats  # [tissue, cell]
    tpm: NDArray[np.float32]  # [gene, sample]
    summary: dict[str, Any]


def write_truth(folder: Path | str, truth: Truth) -> None:
    """Write the planted truth to a folder.

    - ``genes.tsv``: all genes with an expression row, and the gene without one (`in_expression` 0)
    - ``samples.tsv``, ``regulator_effects.tsv``, ``driver_levels.tsv`` (sample x driver)
    - ``hits.tsv`` (gene x driver), ``openness.tsv`` and ``openness_residual.tsv`` (gene x cell), only for genes with
      sequence; the residual is the logit of openness without the term of the gene's own GC content, -inf if closed
    - ``tissue_cells.tsv`` (tissue x cell)
    - ``expression.npy``: TPM [gene, sample], float32
    - ``summary.json``: counts and shares of variance
    """
    out = Path(folder)
    genes, drivers, samples = truth.genes, truth.drivers, truth.samples
    acting = np.zeros(len(genes), dtype=np.int64)
    acting[drivers.rows] = 1
    write_tsv(
        out / "genes.tsv",
        {
            "gene_id": [gene.gene_id for gene in genes],
            "gene_name": [gene.name for gene in genes],
            "gene_type": [gene.kind for gene in genes],
            "chromosome": [gene.chromosome for gene in genes],
            "strand": [gene.strand for gene in genes],
            "tss": [gene.tss for gene in genes],
            "regulator": truth.regulator.astype(np.int64),
            "driver": acting,
            "has_sequence": truth.has_sequence.astype(np.int64),
            "in_expression": truth.in_expression.astype(np.int64),
        },
    )
    write_tsv(
        out / "samples.tsv",
        {"sample_id": samples.sample_id, "donor_id": samples.donor, "tissue": samples.tissue},
    )
    write_tsv(
        out / "regulator_effects.tsv",
        {
            "regulator": drivers.names,
            "gene_id": [genes[row].gene_id for row in drivers.rows],
            "matrix_id": [profile.matrix_id for profile in drivers.profiles],
            "effect": _text(drivers.effect),
            "half_hit_score": _text(drivers.threshold, 6),
            "score_spread": _text(drivers.spread, 6),
            "level_mean": _text(truth.level_mean, 6),
            "level_spread": _text(truth.level_spread, 6),
            "mean_hit": _text(truth.hits[truth.has_sequence].mean(axis=0)),
        },
    )
    with_sequence = {"gene_id": [genes[row].gene_id for row in np.flatnonzero(truth.has_sequence)]}
    write_tsv(out / "hits.tsv", with_sequence | _columns(drivers.names, truth.hits[truth.has_sequence]))
    write_tsv(out / "openness.tsv", with_sequence | _columns(CELLS, truth.openness[truth.has_sequence]))
    # Four decimals of openness say little of a gene that is nearly closed or open.
    residual = _columns(CELLS, truth.openness_residual[truth.has_sequence], 6)
    write_tsv(out / "openness_residual.tsv", with_sequence | residual)
    write_tsv(
        out / "driver_levels.tsv", {"sample_id": samples.sample_id.tolist()} | _columns(drivers.names, truth.levels)
    )
    write_tsv(out / "tissue_cells.tsv", {"tissue": truth.tissues} | _columns(CELLS, truth.mix))
    save_array(out / "expression.npy", truth.tpm)
    write_json(out / "summary.json", truth.summary)


def _columns(names: tuple[str, ...], values: Floats, decimals: int = 4) -> dict[str, list[str]]:
    return {name: _text(values[:, column], decimals) for column, name in enumerate(names)}


def _text(values: Floats, decimals: int = 4) -> list[str]:
    return [f"{value:.{decimals}f}" for value in values]

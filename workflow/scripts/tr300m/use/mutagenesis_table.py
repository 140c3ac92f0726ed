"""In-silico mutagenesis as a table, as arrays and as lengths of chromosomes for a track."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from ..base.axes import Genes
    from .mutagenesis import Mutagenesis

SHUFFLED = "shuffled"
"""Value of the column `alt` in rows of shuffled blocks."""


def mutagenesis_columns(found: "Mutagenesis") -> dict[str, list[Any]]:
    """Return one row for each context, position and new base, and one for the shuffled blocks around the position.

    Returns
    -------
    dict
        Columns `gene`, `context`, `tss_dist`, `chrom`, `pos` (1-based), `strand`, `ref` and `alt` (bases on the strand
        of the gene; `SHUFFLED` for blocks), `log2fc`, and, over several runs, `sd` and `agree`.
    """
    names = ("gene", "context", "tss_dist", "chrom", "pos", "strand", "ref", "alt", "log2fc", "sd", "agree")
    columns: dict[str, list[Any]] = {name: [] for name in names}
    reference = found.bases
    for number, context in enumerate(found.contexts):
        for place, distance in enumerate(found.distance.tolist()):
            here = [(found.single, (number, place, base), "ACGT"[base]) for base in range(4)]
            rows = [row for row in here if row[2] != reference[place] and np.isfinite(found.single.mean[row[1]])]
            for change, index, alt in [*rows, (found.block, (number, place), SHUFFLED)]:
                position = int(found.genome_position[place])
                values = (found.name, context, distance, found.chromosome, position, found.strand, reference[place])
                numbers = (float(change.mean[index]), float(change.sd[index]), float(change.agree[index]))
                for name, value in zip(names, (*values, alt, *numbers), strict=True):
                    columns[name].append(value)
    return columns


def mutagenesis_arrays(found: "Mutagenesis", notes: list[str]) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file .npz; `notes` says how they were made.

    `log2fc` [context, position, base], `shuffled` [context, position] and `importance` [context, position]; `sd`,
    `agree`, `shuffled_sd` and `shuffled_agree` are NaN for one run.
    """
    return {
        "log2fc": found.single.mean,
        "sd": found.single.sd,
        "agree": found.single.agree,
        "shuffled": found.block.mean,
        "shuffled_sd": found.block.sd,
        "shuffled_agree": found.block.agree,
        "importance": found.importance,
        "onehot": found.sequence,
        "tss_dist": found.distance,
        "pos": found.genome_position,
        "chrom": np.array(found.chromosome),
        "strand": np.array(found.strand),
        "gene": np.array(found.name),
        "contexts": np.array(found.contexts),
        "bases": np.array(list("ACGT")),
        "notes": np.array(notes),
    }


def chromosome_lengths(genes: "Genes") -> dict[str, int]:
    """Return the end of the last window on each chromosome: the dataset does not know how long the chromosome is."""
    return {
        str(name): int(genes.window_end[genes.chromosome == name].max()) for name in dict.fromkeys(genes.chromosome)
    }

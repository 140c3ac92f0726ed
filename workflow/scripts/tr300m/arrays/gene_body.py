"""Marks over the body of each gene: from just upstream of the TSS to the end of the gene."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..base.axes import Genes
from ..base.types import Ints
from .genes import GeneRecords
from .signals import gene_signals

BODY_UPSTREAM = 500
"""Base pairs upstream of the TSS at which a body begins: nucleosomes with promoter marks flank the TSS."""


def body_ranges(genes: Genes, records: GeneRecords) -> tuple[Ints, Ints]:
    """Return the bodies of target genes [gene], 0-based and half-open on the + strand.

    A body begins `BODY_UPSTREAM` bp before the TSS, not beyond the chromosome, and ends with the gene. Of several genes
    with the same TSS the longest counts.

    Parameters
    ----------
    genes
        Target genes.
    records
        Gene lines of their annotation.
    """
    row_of = {name: row for row, name in enumerate(records.gene_id.tolist())}
    length = np.abs(records.end - records.tss)
    longest = np.array(
        [
            max(length[row_of[name]] for name in (first, *filter(None, others.split(";"))))
            for first, others in zip(genes.gene_id.tolist(), genes.merged.tolist(), strict=True)
        ],
        dtype=np.int64,
    )
    tss, plus = genes.tss - 1, genes.strand == "+"
    start = np.where(plus, tss - BODY_UPSTREAM, tss - longest)
    end = np.where(plus, tss + longest, tss + BODY_UPSTREAM) + 1
    return np.maximum(start, 0), end


def body_marks(
    path: Path | str,
    genes: Genes,
    ranges: tuple[Ints, Ints],
    genome: Mapping[str, int] | None = None,
    reader: str = "bigwig",
    strict: bool = True,
) -> NDArray[np.float32]:
    """Return the mean and the largest signal of a track over the body of each gene [gene, 2], float32.

    The annotated TSS is that of the longest transcript. Where another one is in use, its marks lie in the body, and the
    largest signal is there, wherever that is.

    Parameters
    ----------
    path, genes, genome, reader, strict
        As for `wide.wide_mark_means`.
    ranges
        Bodies of the genes (`body_ranges`).

    Raises
    ------
    TR300MError
        See `gene_signals`.
    """
    result = np.zeros((len(genes), 2), np.float32)
    for row, values in gene_signals(path, genes, ranges, genome, reader, strict):
        result[row] = values.mean(dtype=np.float64), values.max()
    return result

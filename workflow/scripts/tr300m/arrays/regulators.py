"""Make the regulator axis from the Lambert list."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..base.axes import PAR_Y, Regulators
from ..base.errors import TR300MError
from ..base.files import read_columns
from .expression import stem
from .genes import GeneRecords, check_edition

ID_COLUMN = "Ensembl ID"
# FAN1 and SOX10, which the released arrays lack by mistake.
SKIPPED_IN_RELEASE = frozenset({"ENSG00000198690", "ENSG00000100146"})


def read_lambert(path: Path | str, edition: str) -> frozenset[str]:
    """Read the Ensembl IDs of the Lambert list (Lambert et al. 2018, DatabaseExtract_v_1.01.csv).

    Entries that are not Ensembl IDs are dropped, and in edition ``release`` the two that the release skipped.

    Raises
    ------
    TR300MError
        If the edition is unknown, or the file has no column ``Ensembl ID`` or the column has no Ensembl ID.
    """
    check_edition(edition)
    column = read_columns(path, [ID_COLUMN], separator=",")[ID_COLUMN].tolist()
    found = frozenset(stem(value) for value in column if value.startswith("ENSG"))
    if not found:
        raise TR300MError(f"{path}: no Ensembl ID in column {ID_COLUMN!r}")
    return found - SKIPPED_IN_RELEASE if edition == "release" else found


def regulator_axis(regulator_ids: Sequence[str], records: GeneRecords) -> Regulators:
    """Look up names and TSS of regulators in the annotation; the order is kept.

    An annotation that lists an ID without version matches any version of it.

    Raises
    ------
    TR300MError
        If a regulator is not in the annotation.
    """
    row_of = {gene: row for row, gene in enumerate(records.gene_id.tolist())}
    rows = []
    for gene in regulator_ids:
        unversioned = stem(gene) + (PAR_Y if gene.endswith(PAR_Y) else "")
        row = row_of.get(gene, row_of.get(unversioned))
        if row is None:
            raise TR300MError(
                f"regulator {gene} of the GCT is not in the annotation",
                "the GCT and the GTF must be of the same GENCODE release (GTEx v8: v26)",
            )
        rows.append(row)
    found = records.take(np.array(rows, dtype=np.int64))
    return Regulators(
        gene_id=np.array(regulator_ids, dtype=np.str_),
        gene_name=found.gene_name,
        chromosome=found.chromosome,
        strand=found.strand,
        tss=found.tss,
    )

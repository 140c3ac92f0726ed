"""Make the regulator axis from the Lambert list, or from a list of the user's."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..base.axes import PAR_Y, Regulators
from ..base.errors import TR300MError
from ..base.files import clean, read_columns, read_lines, read_list
from .expression import stem
from .genes import GeneRecords, check_edition, named

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


def read_regulators(path: Path | str, records: GeneRecords, edition: str) -> tuple[frozenset[str], list[str]]:
    """Read a list of regulators: the Lambert list, or a text with an Ensembl ID or a gene symbol in each line.

    Parameters
    ----------
    path
        File. A comma in its first line makes it the Lambert list. Otherwise what follows the first tab of a line is
        ignored, and so are lines that start with ``#``.
    records
        Gene lines of the annotation, in which IDs and symbols are looked up.
    edition
        ``release`` or ``corrected``, for the Lambert list.

    Returns
    -------
    stems
        Ensembl IDs without version. Those of the Lambert list may be absent from the annotation.
    left_out
        Lines of the user's list that are no gene of the annotation, or the symbol of several genes.

    Raises
    ------
    TR300MError
        If the file cannot be read, or none of its regulators is in the annotation.
    """
    first = next((line for line in map(clean, read_lines(path)) if line and not line.startswith("#")), "")
    stems_of: dict[str, set[str]] = {}
    for gene, name in zip(records.gene_id.tolist(), records.gene_name.tolist(), strict=True):
        for key in {gene, stem(gene), name} - {""}:
            stems_of.setdefault(key, set()).add(stem(gene))
    is_lambert = "," in first
    entries = sorted(read_lambert(path, edition)) if is_lambert else _first_cells(path)
    found = {entry: stems_of.get(entry, set()) for entry in entries}
    known = frozenset(next(iter(stems)) for stems in found.values() if len(stems) == 1)
    if not known:
        genes = zip(records.gene_id[:3].tolist(), records.gene_name[:3].tolist(), strict=True)
        raise TR300MError(
            f"{path}: none of {len(entries):,} regulators is one gene of the annotation: the list has "
            f"{named(entries, 3) or 'no line'}, the annotation {named([f'{gene} ({name})' for gene, name in genes])}",
            "list regulators of the annotation's species, by Ensembl ID or gene symbol",
        )
    if is_lambert:
        return frozenset(entries), []
    not_one = ((name, len(stems)) for name, stems in found.items() if len(stems) != 1)
    return known, [f"{name} ({count} genes)" if count else name for name, count in not_one]


def _first_cells(path: Path | str) -> list[str]:
    return list(dict.fromkeys(clean(line.partition("\t")[0]) for line in read_list(path)))


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

"""Genes that the sources lack: targets are kept in the release and dropped from other data, regulators left out."""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from ..base.axes import Genes
from ..base.errors import TR300MError
from ..base.types import Strings
from ..sources.store import matches_checksum
from .gene_lookup import GeneLookup, without_version
from .genes import in_expression


def is_release_data(edition: str, own_checksums: Mapping[str, str]) -> bool:
    """Return whether the edition is the release and the user's files are the published files.

    Parameters
    ----------
    edition
        ``release`` or ``corrected``.
    own_checksums
        Published checksum of each local file, by path; empty if all files are downloaded or simulated.
    """
    return edition == "release" and all(matches_checksum(Path(path), sum_) for path, sum_ in own_checksums.items())


def drop_absent(genes: Genes, gene_ids: Collection[str], edition: str, path: Path | str) -> tuple[Genes, Strings]:
    """Drop the target genes that have no row in an expression file.

    Parameters
    ----------
    genes
        Target genes.
    gene_ids
        IDs of the genes that have a row.
    edition
        ``release`` or ``corrected``; in the latter a row of any gene with the same TSS is enough.
    path
        The expression file, for the message.

    Returns
    -------
    genes
        Target genes that have a row.
    dropped
        IDs of the other genes.

    Raises
    ------
    TR300MError
        If no target gene has a row.
    """
    there = in_expression(genes, gene_ids, edition)
    if not there.any():
        raise TR300MError(
            f"{path} has none of the {len(genes):,} target genes, such as {genes.gene_id[0]}",
            "check `chromosomes` and `genes` in the config: the expression file has other genes of the annotation",
        )
    return genes.take(there), genes.gene_id[~there]


def absent_table(kept: Strings, dropped: Strings) -> dict[str, list[str]]:
    """Return the columns of `absent_genes.tsv`.

    Parameters
    ----------
    kept, dropped
        IDs of the target genes that the expression file lacks: kept with 0 TPM, and left out.
    """
    states = ["kept with 0 TPM"] * len(kept) + ["left out"] * len(dropped)
    return {"gene_id": [*kept.tolist(), *dropped.tolist()], "state": states}


def absent_regulators(stems: Collection[str], found: Iterable[str], genes: GeneLookup) -> dict[str, list[str]]:
    """Return the columns of `absent_regulators.tsv`: the regulators that are left out, and why.

    Parameters
    ----------
    stems
        IDs of all regulators, without version.
    found
        IDs of the regulators that have a row in the expression file.
    genes
        Genes of the annotation.
    """
    absent = sorted(set(stems) - {without_version(gene) for gene in found})
    states = ["no row in the expression file" if gene in genes.by_stem else "not in the annotation" for gene in absent]
    return {"gene_id": absent, "state": states}

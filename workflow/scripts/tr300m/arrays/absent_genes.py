"""Target genes that the expression file lacks: kept in the release, dropped from other data."""

from collections.abc import Mapping
from pathlib import Path

from ..base.axes import Genes
from ..base.errors import TR300MError
from ..base.types import Strings
from ..sources.store import matches_checksum
from .expression import read_gene_ids
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


def drop_absent(genes: Genes, gct: Path | str, edition: str) -> tuple[Genes, Strings]:
    """Drop the target genes that have no row in a GCT.

    Parameters
    ----------
    genes
        Target genes.
    gct
        Gene TPM file; it is read to its end.
    edition
        ``release`` or ``corrected``; in the latter a row of any gene with the same TSS is enough.

    Returns
    -------
    genes
        Target genes that have a row.
    dropped
        IDs of the other genes.

    Raises
    ------
    TR300MError
        If no target gene has a row, or the file cannot be read.
    """
    there = in_expression(genes, read_gene_ids(gct), edition)
    if not there.any():
        raise TR300MError(
            f"{gct} has none of the {len(genes):,} target genes, such as {genes.gene_id[0]}",
            "the GCT and the GTF must be of the same GENCODE release (GTEx v8: v26), with versions in their gene IDs",
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

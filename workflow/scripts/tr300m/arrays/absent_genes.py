"""Target genes that the expression file lacks: kept in the release, left out of other data."""

from collections.abc import Mapping
from pathlib import Path

from ..base.axes import Genes
from ..base.errors import TR300MError
from ..base.types import Strings
from ..sources.store import matches_checksum
from .expression import read_gene_ids
from .genes import in_expression


def is_release_data(edition: str, own_checksums: Mapping[str, str]) -> bool:
    """Return whether the edition is the release and the user's own files are the published ones.

    Parameters
    ----------
    edition
        ``release`` or ``corrected``.
    own_checksums
        Published checksum of each file of the user's, by path; none where all are upstream's or simulated.
    """
    return edition == "release" and all(matches_checksum(Path(path), sum_) for path, sum_ in own_checksums.items())


def drop_absent(genes: Genes, gct: Path | str, edition: str) -> tuple[Genes, Strings]:
    """Leave out the target genes that have no row in a GCT.

    Parameters
    ----------
    genes
        Target genes.
    gct
        Gene TPM file; it is read whole.
    edition
        ``release`` or ``corrected``, where the row of a gene that shares the TSS is enough.

    Returns
    -------
    genes
        Those that have a row.
    dropped
        IDs of the others.

    Raises
    ------
    TR300MError
        If none has a row, or the file cannot be read.
    """
    there = in_expression(genes, read_gene_ids(gct), edition)
    if not there.any():
        raise TR300MError(
            f"{gct} has none of the {len(genes):,} target genes, such as {genes.gene_id[0]}",
            "the GCT and the GTF must be of one GENCODE release (GTEx v8: v26), with versions in the IDs of both",
        )
    return genes.take(there), genes.gene_id[~there]

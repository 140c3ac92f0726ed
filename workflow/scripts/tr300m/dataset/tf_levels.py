"""TF levels of motifs from the TPM of regulators, and target genes that are regulators themselves."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.types import Bools


def tf_levels(regulator_levels: NDArray[np.float32], mapping: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the TF level of each motif [sample, motif], the summed TPM of the regulators that bind it."""
    return regulator_levels @ mapping.astype(np.float32)


def own_regulators(gene_id: Sequence[str], merged: Sequence[str], regulator_id: Sequence[str]) -> Bools:
    """Return which target genes are which regulators.

    Parameters
    ----------
    gene_id, merged
        Versioned IDs of the target genes, and of the genes with the same TSS [gene] (see `axes.Genes`).
    regulator_id
        Versioned IDs of the regulators [regulator].

    Returns
    -------
    ndarray
        [gene, regulator], bool.
    """
    column = {regulator: number for number, regulator in enumerate(regulator_id)}
    own = np.zeros((len(gene_id), len(regulator_id)), dtype=bool)
    for row, (gene, also) in enumerate(zip(gene_id, merged, strict=True)):
        own[row, [column[name] for name in (gene, *also.split(";")) if name in column]] = True
    return own


def regulator_genes(
    gene_id: Sequence[str], merged: Sequence[str], regulator_id: Sequence[str], motif_map: NDArray[Any]
) -> Bools:
    """Return which target genes are regulators with a motif, so that their own TPM is an input.

    Parameters
    ----------
    gene_id, merged, regulator_id
        As in `own_regulators`.
    motif_map
        Not 0 if the regulator binds the motif [regulator, motif].

    Returns
    -------
    ndarray
        [gene], bool.
    """
    with_motif = np.any(motif_map, axis=1)
    return np.asarray(own_regulators(gene_id, merged, regulator_id)[:, with_motif].any(axis=1))

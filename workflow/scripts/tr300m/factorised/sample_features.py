"""Features of samples: levels of regulators, one by one and by motif, and the tissue."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..base.types import Bools
from ..dataset.tf_levels import own_regulators, tf_levels

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset
    from ..dataset.splits import Split

SAMPLE_WEIGHTS = {"levels": 1.0, "motif_levels": 1.0, "tissue": 1.0}
"""Weight of each block of sample features (see `FeatureMap`)."""


def readable_regulators(dataset: "Dataset", split: "Split") -> Bools:
    """Return which regulators [regulator] are no held-out target genes, so that their levels may be read."""
    genes, held_out = dataset.genes, split.held_out_genes
    own = own_regulators(
        genes.gene_id[held_out].tolist(), genes.merged[held_out].tolist(), dataset.regulators.gene_id.tolist()
    )
    return np.asarray(~own.any(axis=0))


def sample_blocks(dataset: "Dataset", readable: Bools) -> dict[str, NDArray[np.float32]]:
    """Return the features of all samples by block.

    Parameters
    ----------
    dataset
        Dataset.
    readable
        Regulators whose levels are read [regulator].

    Returns
    -------
    dict
        `levels`, log(1 + TPM) of each of these regulators [sample, regulator]; `motif_levels`, log(1 + summed TPM) of
        those that bind each motif [sample, motif]; `tissue`, one-hot [sample, tissue].
    """
    levels = np.compress(readable, np.asarray(dataset.regulator_levels), axis=1)
    return {
        "levels": np.log1p(levels),
        "motif_levels": np.log1p(tf_levels(levels, dataset.motif_map[readable])),
        "tissue": np.asarray(dataset.tissue, dtype=np.float32),
    }

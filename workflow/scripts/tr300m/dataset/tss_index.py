"""Where the TSS lies in the promoter window of a gene."""

import numpy as np

from ..base.axes import Genes
from ..base.types import Ints


def tss_index(genes: Genes) -> Ints:
    """Return the index of the TSS in the window of each gene [gene], 5' to 3' on its strand."""
    return np.where(genes.strand == "+", genes.tss - 1 - genes.window_start, genes.window_end - genes.tss)

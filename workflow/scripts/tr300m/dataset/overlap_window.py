"""The window around the TSS whose overlap makes two genes share a promoter."""

import numpy as np

from ..base.axes import Genes


def overlap_window(genes: Genes) -> str:
    """Return the first and the last base of the promoter windows, counted from the TSS along the gene, as text.

    ``-2773..+50`` is from 2,773 bp before the TSS to 50 bp behind it; the TSS itself is 0. Where the windows of genes
    differ, as those of the two strands of edition `release` do by one base, it is the widest extent. The column
    `cluster` of the genes follows from these windows.
    """
    before, behind = genes.window_start + 1 - genes.tss, genes.window_end - genes.tss
    plus = genes.strand == "+"
    first, last = np.where(plus, before, -behind), np.where(plus, behind, -before)
    return f"{first.min():+d}..{last.max():+d}"


def overlap_note(genes: Genes) -> str:
    """Return a sentence for tables that says when two genes share a promoter."""
    first, last = overlap_window(genes).split("..")
    return (
        f"Two genes share a promoter if their windows of {int(first):+,} to {int(last):+,} bp around the TSS overlap, "
        "directly or through other genes; a model that reads a wider window may see more of a training gene."
    )

"""The factorised models by name: the gene features that they read, and what is part of them beside the closed form."""

from typing import NamedTuple


class FactorisedRow(NamedTuple):
    """A factorised model as rules use it; `factorised.fit` fits it.

    Attributes
    ----------
    trees
        Whether its gene vectors are averaged with those of boosted trees.
    towers
        Whether a learned interaction of two towers is added.
    """

    trees: bool = False
    towers: bool = False


FACTORISED: dict[str, FactorisedRow] = {
    "bilinear": FactorisedRow(),
    "bilinear_trees": FactorisedRow(trees=True),
    "two_tower": FactorisedRow(towers=True),
}


def gene_blocks(wide_marks: bool, wide_bases: bool, body_marks: bool = False) -> tuple[str, ...]:
    """Return the names of the gene features (`features.gene_features.FEATURES`) that factorised models read.

    Parameters
    ----------
    wide_marks, wide_bases, body_marks
        Whether the dataset has these arrays. The features of the wide window take the place of those of the promoter
        window that tell the same.
    """
    marks = "smooth_marks" if wide_marks else "histone_means"
    bases = ("wide_composition", "wide_kmers") if wide_bases else ("composition",)
    body = ("body_marks",) if body_marks else ()
    return (marks, *body, *bases, "kmers", "motif_maxima")

"""The baselines by name: their labels in tables, and the features of genes that they read."""

from collections.abc import Sequence
from typing import NamedTuple

from ..base.errors import TR300MError


class BaselineRow(NamedTuple):
    """A baseline as tables and rules use it; `baselines.table` has its function.

    Attributes
    ----------
    label
        Name in tables and figures.
    features
        Names of the features that it reads (`features.gene_features.FEATURES`).
    own_expression
        Whether it reads the expression, in training samples, of the genes that it predicts. No model does, so such a
        baseline is never chosen as the best one.
    """

    label: str
    features: tuple[str, ...] = ()
    own_expression: bool = False


BASELINES: dict[str, BaselineRow] = {
    "global_median": BaselineRow("Global median"),
    "sample_median": BaselineRow("Sample median"),
    "cpg_gc": BaselineRow("CpG and GC, linear", ("composition",)),
    "kmer_ridge": BaselineRow("6-mers, ridge", ("kmers",)),
    "motif_ridge": BaselineRow("Motif maxima, ridge", ("motif_maxima",)),
    "histone_linear": BaselineRow("Histone means, ridge", ("histone_means",)),
    "trees": BaselineRow(
        "Motifs, histones, CpG and GC, boosted trees", ("histone_means", "composition", "motif_maxima")
    ),
    "wide_ridge": BaselineRow("Wide marks, CpG and GC, ridge", ("wide_marks", "composition")),
    "wide_trees": BaselineRow("Wide marks, CpG and GC, boosted trees", ("wide_marks", "composition")),
    "gene_tissue_mean": BaselineRow("The gene's own training mean in the tissue", own_expression=True),
}


def baselines_of(names: Sequence[str] | None, wide_marks: bool) -> tuple[str, ...]:
    """Return the baselines to compute: those named, or for None all that the arrays allow.

    Parameters
    ----------
    names
        Names of baselines, or None.
    wide_marks
        Whether the dataset has the array wide_marks.

    Raises
    ------
    TR300MError
        If a named baseline needs an array that there is not.
    """
    possible = [name for name, row in BASELINES.items() if wide_marks or "wide_marks" not in row.features]
    if names is None:
        return tuple(possible)
    if lacking := [name for name in names if name not in possible]:
        raise TR300MError(
            f"`baselines: names`: {', '.join(lacking)} need the array wide_marks",
            "set `wide: mark_edges`, or leave them out",
        )
    return tuple(names)

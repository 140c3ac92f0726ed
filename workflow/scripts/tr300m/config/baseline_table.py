"""The baselines by name: their labels in tables, and the features of genes that they read."""

from typing import NamedTuple


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
    "gene_tissue_mean": BaselineRow("The gene's own training mean in the tissue", own_expression=True),
}

"""The baselines by name: label in tables, features of a gene that each reads."""

from typing import NamedTuple


class BaselineRow(NamedTuple):
    """A baseline as tables and rules know it; `baselines.table` holds its prediction.

    Attributes
    ----------
    label
        Name in tables and figures.
    features
        Names of the features that it reads (`features.gene_features.FEATURES`).
    own_expression
        Whether it reads the expression of the genes it predicts, in training samples. No model does, so it is never the
        best baseline.
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
    "histone_linear": BaselineRow("Histone means, linear", ("histone_means",)),
    "trees": BaselineRow(
        "Motifs, histones, CpG and GC, boosted trees", ("histone_means", "composition", "motif_maxima")
    ),
    "gene_tissue_mean": BaselineRow("The gene's own training mean in the tissue", own_expression=True),
}

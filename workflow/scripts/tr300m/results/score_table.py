"""Write a table of scores of our own: the notes that all of them share, around those of one table."""

from collections.abc import Sequence
from pathlib import Path

from .evaluated_models import EvaluatedModel
from .metric_table import CONTRASTS_NOTE, INTERVALS, UNITS, Columns, failure_notes, fold_intervals
from .write_table import write_table


def write_scores(
    path_tsv: Path | str,
    path_md: Path | str,
    columns: Columns,
    models: Sequence[EvaluatedModel],
    notes: Sequence[str],
    *,
    pairs: str = "",
    simulated: bool,
) -> None:
    """Write a table of the metrics `metric_table.OWN_TABLES`; in Markdown, intervals stand beside their metrics.

    Parameters
    ----------
    path_tsv, path_md, columns, simulated
        See `write_table.write_table`.
    models
        The models of the table, of which those that failed are named.
    notes
        Sentences of this table.
    pairs
        Sentence that says which pairs are scored; it comes first.
    """
    shared = [UNITS, CONTRASTS_NOTE, INTERVALS]
    failed = failure_notes(model[:2] for model in models)
    write_table(
        path_tsv,
        path_md,
        columns,
        shown=fold_intervals(columns),
        notes=[*([pairs] if pairs else []), *shared, *notes, *failed],
        simulated=simulated,
    )

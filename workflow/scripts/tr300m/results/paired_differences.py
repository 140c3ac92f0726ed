"""Paired differences between two models on the same pairs, with bootstrap intervals."""

from collections.abc import Mapping, Sequence

from ..metrics.intervals import Interval, percentile_interval
from ..metrics.score import FAILED
from .evaluated_models import EvaluatedModel
from .metric_table import LABEL, OWN_TABLES, Metrics, metric_table

MINUS = "Minus"
"""Column with the label of the model that a row is the difference to; empty if the row is not a difference."""

PAIRED = (
    "Rows with an entry under Minus are differences to that model on the same pairs and with the same draws, in "
    "percent points and nat; if the interval contains 0, the row shows neither a difference nor equality."
)

AGAINST_BASELINES_NOTE = (
    "The baseline is the one with the highest log Pearson correlation on the same pairs. This choice favours the "
    "baseline, so the difference of a run to it is biased downwards. The gene's own training mean reads the expression "
    "of held-out genes in training samples, which no run reads; it is not an upper bound."
)

FOLDS_NOTE = (
    "Each gene is predicted by the model of the fold that holds out its chromosome; all folds are scored together. The "
    "differences are to the baseline with the highest log Pearson correlation on the same pairs, among those that do "
    "not read the genes' own expression; this choice favours the baseline."
)

CONTROLS_NOTE = (
    "A control permutes one input before training (retrained), or only before prediction, with the weights of the run "
    "without the control (evaluation only). If a control loses nothing, the input was not used."
)


def difference(model: EvaluatedModel, reference: EvaluatedModel) -> tuple[dict[str, float | int], dict[str, Interval]]:
    """Return a model's metrics minus those of the reference (`pairs` unchanged), and the intervals of the differences.

    Raises
    ------
    TR300MError
        If the two have different pairs or random numbers.
    """
    drawn = model.draws.minus(reference.draws)
    figures = {name: model.metrics[name] - reference.metrics[name] for name in (*OWN_TABLES, "nll")}
    intervals = {name: percentile_interval(draws) for name, draws in drawn.items()}
    reasons = [of.metrics[FAILED] for of in (model, reference) if FAILED in of.metrics]
    failed = {FAILED: reasons[0]} if reasons else {}
    return {**figures, "pairs": model.metrics["pairs"], **failed}, intervals


def paired_table(rows: Sequence[tuple[EvaluatedModel, Sequence[EvaluatedModel]]]) -> dict[str, list[str]]:
    """Format models and, below each, its paired differences to others.

    Parameters
    ----------
    rows
        A model, and the references that it is compared with; without references only its metrics are shown.

    Returns
    -------
    dict
        The columns of `metric_table.metric_table` for `metric_table.OWN_TABLES` with intervals, and after the label the
        column `MINUS` with the label of the reference. Differences are in percent points and nat.
    """
    lines: list[tuple[str, Metrics]] = []
    intervals: list[Mapping[str, Interval]] = []
    minus: list[str] = []
    for model, references in rows:
        found = [(model.metrics, model.draws.intervals()), *(difference(model, other) for other in references)]
        lines += [(model.label, figures) for figures, _ in found]
        intervals += [bounds for _, bounds in found]
        minus += ["", *(other.label for other in references)]
    columns = metric_table(lines, intervals, OWN_TABLES)
    return {LABEL: columns.pop(LABEL), MINUS: minus, **columns}

"""What options of runs are worth: each group of runs minus the same runs without, the mean over seeds."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..base.errors import TR300MError
from ..config.option_groups import OptionGroup
from ..metrics.intervals import Draws
from ..metrics.score import FAILED
from .evaluated_models import EvaluatedModel
from .metric_table import HEADLINE_METRIC, LABEL, OWN_TABLES, percent
from .paired_differences import MINUS, paired_table

BY_SEED = f"{OWN_TABLES[HEADLINE_METRIC]} by seed"
"""Column with the headline metric, or its difference, of each seed."""

OPTIONS_NOTE = (
    "Metrics and differences are means over the seeds; each seed's run is compared with the run of the same seed "
    "without the options. The intervals are for these seeds: they do not contain the spread between seeds, which the "
    "last column shows. On folds each gene is predicted by the model of the fold that holds out its chromosome, and "
    "all folds are scored together on their test pairs; on other splits the pairs are those of validation."
)


class OptionScores(NamedTuple):
    """The scores of an option group: one model a seed with the options, and without."""

    group: OptionGroup
    models: Sequence[EvaluatedModel]
    references: Sequence[EvaluatedModel]


def option_columns(groups: Sequence[OptionScores]) -> dict[str, list[str]]:
    """Format groups of runs with options, after the runs that they are compared with.

    Returns
    -------
    dict
        The columns of `paired_differences.paired_table`; after its first two, the split, the part and the number of
        seeds; and at the end `BY_SEED`. Each row of runs without options stands once, above the groups compared with
        it.
    """
    rows: list[tuple[EvaluatedModel, list[EvaluatedModel]]] = []
    scored_on: list[tuple[OptionGroup, str]] = []
    for references in dict.fromkeys(scores.group.references for scores in groups):
        of_these = [scores for scores in groups if scores.group.references == references]
        first = of_these[0]
        mean = mean_over_seeds(first.references, first.group.reference_label)
        rows.append((mean, []))
        scored_on.append((first.group, _by_seed(first.references)))
        for group, models, plain in of_these:
            rows.append((mean_over_seeds(models, group.label), [mean]))
            scored_on += [(group, _by_seed(models)), (group, _by_seed(models, plain))]
    columns = paired_table(rows)
    own = {
        "Split": [group.split for group, _ in scored_on],
        "Part": [group.part for group, _ in scored_on],
        "Seeds": [str(len(group.seeds)) for group, _ in scored_on],
    }
    names = {name: columns.pop(name) for name in (LABEL, MINUS)}
    return {**names, **own, **columns, BY_SEED: [text for _, text in scored_on]}


def mean_over_seeds(models: Sequence[EvaluatedModel], label: str) -> EvaluatedModel:
    """Return the mean of metrics and of bootstrap draws over runs that differ in their seed.

    Raises
    ------
    TR300MError
        If the runs have different pairs or random numbers.
    """
    draws = [model.draws for model in models]
    for other in draws:
        if other.key != draws[0].key:
            raise TR300MError(
                f"{draws[0].path} and {other.path} were drawn from different pairs or with different seeds",
                "evaluate the runs of all seeds with the same settings",
            )
    metrics = [model.metrics for model in models]
    figures = {
        name: float(np.mean([of[name] for of in metrics]))
        for name in metrics[0]
        if name != FAILED and all(name in of for of in metrics)
    }
    reasons = [of[FAILED] for of in metrics if FAILED in of]
    failed = {FAILED: reasons[0]} if reasons else {}
    tables = {
        cluster: {name: np.mean([of.tables[cluster][name] for of in draws], axis=0) for name in table}
        for cluster, table in draws[0].tables.items()
    }
    return EvaluatedModel(label, {**figures, **failed}, Draws(draws[0].path, draws[0].key, tables))


def _by_seed(models: Sequence[EvaluatedModel], references: Sequence[EvaluatedModel] = ()) -> str:
    values = [model.metrics[HEADLINE_METRIC] for model in models]
    minus = [model.metrics[HEADLINE_METRIC] for model in references] or [0.0] * len(values)
    return "; ".join(percent(value - other) for value, other in zip(values, minus, strict=True))

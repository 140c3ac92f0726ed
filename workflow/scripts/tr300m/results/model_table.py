"""The table of all models: scores with intervals, and paired differences to the best baseline and the best network."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ..baselines.table import best_baseline
from ..config.architectures import PAIRWISE_FAMILY
from ..config.evaluated import ModelRow
from ..metrics.intervals import Interval
from ..metrics.score import FAILED
from .evaluated_models import EvaluatedModel
from .metric_table import (
    HEADLINE_METRIC,
    INTERVAL_SUFFIX,
    LABEL,
    OWN_TABLES,
    check_metrics,
    metric_table,
    nat,
    percent,
    range_text,
)
from .paired_differences import difference

HEADLINE = tuple(OWN_TABLES)[:4]
"""Metrics of the figure, and of the table's first columns."""
COMPARED = (HEADLINE_METRIC, "doubly_centred")
"""Metrics of the differences."""
MODEL_PLACES = {"split": "Split", "part": "Part"}
MODEL_NAMES = {"family": "Family", "model": "Run or baseline"}
"""Columns that say where a row is scored and what it is, by field of `ModelRow`."""
REFERENCES = {"baseline": "minus best baseline", PAIRWISE_FAMILY: "minus best network"}
"""Suffix of the columns with differences to the best model of a family."""
NOT_SHOWN = "-"
DENSITY_COLUMNS: dict[str, tuple[str, Callable[[float], str]]] = {
    "nll": ("NLL", nat),
    "crps": ("CRPS", nat),
    "coverage_90": ("Coverage of 90 % intervals", percent),
}
"""Column and format of each metric of proper densities, by name."""

MODELS_NOTE = (
    "Rows are in the order of their log Pearson correlation. The columns with `minus` are paired differences in "
    "percent points, on the same pairs and with the same draws; if the interval contains 0, the row shows neither a "
    "difference nor equality. NLL, CRPS (mean, TPM) and coverage are left "
    "out where no proper density is predicted. Coverage is the share of observed values in the central 90 % interval; "
    "a calibrated model has at least 90, and more where intervals begin at 0 TPM. The gene's "
    "own training mean reads the expression of held-out genes in training samples, which no other row reads, and is "
    "never the best baseline."
)


class ScoredModel(NamedTuple):
    """A row of the table: what it is, and its scores."""

    row: ModelRow
    model: EvaluatedModel


def sections(scored: Sequence[ScoredModel]) -> Iterator[list[ScoredModel]]:
    """Yield the rows of each split and part, in order of appearance, those with the highest headline metric first."""
    for key in dict.fromkeys((row.split, row.part) for row, _ in scored):
        found = [one for one in scored if (one.row.split, one.row.part) == key]
        yield sorted(found, key=lambda one: -_headline(one) if not math.isnan(_headline(one)) else math.inf)


def references(scored: Sequence[ScoredModel]) -> dict[tuple[str, str], str]:
    """Return the name of the best baseline and of the best network of each split.

    The best has the highest headline metric on the split's first part, which is validation where there is one. A
    baseline that reads the genes' own expression is not among them.

    Returns
    -------
    dict
        `ModelRow.model` by split and family, where there is one that is defined.
    """
    best: dict[tuple[str, str], str] = {}
    for section in sections(scored):
        split = section[0].row.split
        of_family = {family: [one for one in section if one.row.family == family] for family in REFERENCES}
        baseline = best_baseline({one.row.model: one.model.metrics for one in of_family["baseline"]})
        networks = [one for one in of_family[PAIRWISE_FAMILY] if not math.isnan(_headline(one))]
        network = networks[0].row.model if networks else None
        for family, name in (("baseline", baseline), (PAIRWISE_FAMILY, network)):
            if name is not None:
                best.setdefault((split, family), name)
    return best


def model_columns(scored: Sequence[ScoredModel]) -> dict[str, list[str]]:
    """Return the columns of the table of all models.

    Parameters
    ----------
    scored
        Rows in any order; those of one split and part are on the same pairs.

    Returns
    -------
    dict
        Column name to text [row]: label, split and part; the metrics `HEADLINE`; the differences of the metrics
        `COMPARED` to each of `REFERENCES`; family and name; the other columns of `metric_table.metric_table` for
        `OWN_TABLES`, with `DENSITY_COLUMNS` before the number of pairs. Intervals follow. A difference of a model to
        itself, or to none, reads ``-``, and so does a metric of a proper density where none is predicted.

    Raises
    ------
    TR300MError
        If there is no row, a row lacks a metric, or the rows of a split and part are not on the same pairs.
    """
    best = references(scored)
    ordered: list[ScoredModel] = []
    against: dict[str, list[EvaluatedModel | None]] = {family: [] for family in REFERENCES}
    for section in sections(scored):
        for family in REFERENCES:
            name = best.get((section[0].row.split, family))
            found = next((one.model for one in section if (one.row.family, one.row.model) == (family, name)), None)
            against[family] += [found if one.model is not found else None for one in section]
        ordered += section
    intervals = [one.model.draws.intervals() for one in ordered]
    columns = metric_table([one.model[:2] for one in ordered], intervals, OWN_TABLES)
    columns |= {**_density_columns(ordered, intervals), "Pairs": columns.pop("Pairs")}
    place, names = (
        {title: [str(getattr(one.row, field)) for one in ordered] for field, title in chosen.items()}
        for chosen in (MODEL_PLACES, MODEL_NAMES)
    )
    first = {name: columns.pop(name) for name in (LABEL, *(OWN_TABLES[key] for key in HEADLINE))}
    table = {LABEL: first.pop(LABEL), **place, **first, **_differences(ordered, against), **names, **columns}
    # Intervals last, as in other tables.
    return dict(sorted(table.items(), key=lambda item: item[0].endswith(INTERVAL_SUFFIX)))


def reference_notes(scored: Sequence[ScoredModel]) -> list[str]:
    """Return a sentence for each split: its best baseline and network, and on which part they were chosen."""
    notes, label = [], {(one.row.split, one.row.family, one.row.model): one.row.label for one in scored}
    found = references(scored)
    for split in dict.fromkeys(one.row.split for one in scored):
        part = next(one.row.part for one in scored if one.row.split == split)
        words = {"baseline": "baseline", PAIRWISE_FAMILY: "network"}
        named = [
            f"the best {words[family]} is {label[split, family, found[split, family]]}"
            for family in REFERENCES
            if (split, family) in found
        ]
        if named:
            notes.append(
                f"On `{split}` {' and '.join(named)}, by log Pearson correlation on {part}; where it is chosen on the "
                "pairs that it is compared on, the difference to it is biased downwards."
            )
    return notes


def _headline(one: ScoredModel) -> float:
    return float(one.model.metrics[HEADLINE_METRIC])


def _density_columns(
    scored: Sequence[ScoredModel], intervals: Sequence[Mapping[str, Interval]]
) -> dict[str, list[str]]:
    """Return the columns of `DENSITY_COLUMNS` and their intervals [row]: ``-`` where no proper density is predicted."""
    for row, model in scored:
        check_metrics(row.label, model.metrics, DENSITY_COLUMNS if row.proper and FAILED not in model.metrics else ())
    columns: dict[str, list[str]] = {}
    undefined = Interval(math.nan, math.nan)
    for key, (title, text) in DENSITY_COLUMNS.items():
        columns[title] = [
            NOT_SHOWN if not row.proper else FAILED if FAILED in model.metrics else text(model.metrics[key])
            for row, model in scored
        ]
        columns[title + INTERVAL_SUFFIX] = [
            range_text(found.get(key, undefined) if one.row.proper else undefined, text)
            for one, found in zip(scored, intervals, strict=True)
        ]
    return columns


def _differences(
    scored: Sequence[ScoredModel], against: Mapping[str, Sequence[EvaluatedModel | None]]
) -> dict[str, list[str]]:
    """Return the columns with the differences to a model of each family of `REFERENCES` [row], and their intervals."""
    cells = {
        family: [_difference(one.model, other) for one, other in zip(scored, against[family], strict=True)]
        for family in REFERENCES
    }
    columns: dict[str, list[str]] = {}
    for key in COMPARED:
        for family, suffix in REFERENCES.items():
            title = f"{OWN_TABLES[key]} {suffix}"
            columns[title] = [cell[key][0] for cell in cells[family]]
            columns[title + INTERVAL_SUFFIX] = [cell[key][1] for cell in cells[family]]
    return columns


def _difference(model: EvaluatedModel, other: EvaluatedModel | None) -> dict[str, tuple[str, str]]:
    """Return the difference of each metric of `COMPARED` and its interval as text."""
    if other is None:
        return dict.fromkeys(COMPARED, (NOT_SHOWN, ""))
    figures, intervals = difference(model, other)
    if FAILED in figures:
        return dict.fromkeys(COMPARED, (FAILED, ""))
    undefined = Interval(math.nan, math.nan)
    return {key: (percent(figures[key]), range_text(intervals.get(key, undefined))) for key in COMPARED}

"""Rows of the table of all models: networks, factorised models, external predictions and baselines."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from .baseline_table import BASELINES
from .evaluated import ModelRow
from .proper_densities import IMPROPER
from .run_groups import runs_by_seed
from .run_table import Run

if TYPE_CHECKING:
    from .run_selection import RunSelection


def model_rows(selection: "RunSelection") -> list[ModelRow]:
    """Return all models on the split of Table 1, on validation and test, then on the test parts of all folds together.

    A split of Table 1 that is one of these folds has no rows of its own. Of runs that differ in their seed only the
    first is a row, and runs under a control are none.
    """
    kinds = dict.fromkeys(pool.kind for pool in selection.pooled.values())
    alone = not any(selection.table1_split.startswith(f"{kind}_") for kind in kinds)
    on_split = [row for part in ("validation", "test") for row in _rows_of_split(selection, part)] if alone else []
    return [*on_split, *_rows_of_folds(selection)]


def _rows_of_split(selection: "RunSelection", part: str) -> Iterator[ModelRow]:
    split = selection.table1_split
    for name in _shown_runs(selection):
        if (run := selection.runs[name]).split == split:
            yield _of_run(selection, f"runs/{name}", run, name, split, part)
    for name in selection.external_of_table1:
        yield ModelRow(f"external/{split}/{name}", "external", name, name, split, part)
    for name in selection.baselines:
        row = BASELINES[name]
        yield ModelRow(
            f"baselines/{split}/{name}", "baseline", name, row.label, split, part, own_expression=row.own_expression
        )


def _rows_of_folds(selection: "RunSelection") -> Iterator[ModelRow]:
    shown = _shown_runs(selection)
    for folder, pool in selection.pooled.items():
        family, *_, name = pool.folders[0].split("/")
        if family == "runs" and name in shown:
            run = selection.runs[name]
            yield _of_run(selection, folder, run, run.architecture, pool.kind, "test")
        elif family == "external":
            yield ModelRow(folder, "external", name, pool.label, pool.kind, "test")
        elif family == "baselines":
            yield ModelRow(folder, "baseline", name, pool.label, pool.kind, "test")


def _of_run(selection: "RunSelection", folder: str, run: Run, model: str, split: str, part: str) -> ModelRow:
    architecture = selection.architectures[run.architecture]
    # Its split is a column of its own.
    label = replace(run, split="thesis").label(architecture)
    return ModelRow(folder, architecture.family, model, label, split, part, run.likelihood not in IMPROPER)


def _shown_runs(selection: "RunSelection") -> list[str]:
    """Return the runs without control; of runs that differ in their seed only the first."""
    return [names[0] for names in runs_by_seed(selection.runs) if selection.runs[names[0]].control == "none"]

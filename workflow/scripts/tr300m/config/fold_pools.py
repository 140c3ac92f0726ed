"""Runs and baselines on several folds of chromosomes, whose test parts are scored together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .architectures import Architecture
from .baseline_table import BASELINES
from .external_predictions import External
from .run_table import Run

FOLD_KINDS = ("leave_out", "chromosome")
"""Kinds of splits whose test parts have no gene in common."""


@dataclass(frozen=True)
class Pool:
    """A run, baseline or external predictions on all folds of a kind in use, scored on the test genes of all of them.

    Attributes
    ----------
    kind
        Kind of the folds, one of `FOLD_KINDS`.
    label
        Name in tables.
    folders
        Folder of each fold's predictions, below the results.
    baseline
        Name of the baseline; empty for others.
    """

    kind: str
    label: str
    folders: tuple[str, ...]
    baseline: str = ""


def pool_folds(
    runs: Mapping[str, Run],
    architectures: Mapping[str, Architecture],
    splits: Sequence[str],
    baselines: Sequence[str],
    external: Sequence[External] = (),
) -> dict[str, Pool]:
    """Group runs that differ only in their fold, baselines and external predictions by the folder of common scores.

    Parameters
    ----------
    runs
        Rows of the run table, by name.
    architectures
        Rows of the table of architectures, by key.
    splits
        Splits in use.
    baselines
        Names of the baselines.
    external
        Predictions of other programs.

    Returns
    -------
    dict
        For each kind with at least two folds in use (of runs, where there are such runs), the groups of runs and the
        external predictions that are on all of these folds, then the baselines that do not read the genes' own
        expression.
    """
    of_runs = {run.split for run in runs.values()}
    found: dict[str, Pool] = {}
    for kind in FOLD_KINDS:
        folds = [split for split in splits if split.startswith(f"{kind}_")]
        folds = [split for split in folds if split in of_runs] or folds
        if len(folds) < 2:
            continue
        groups: dict[Run, dict[str, str]] = {}
        for name, run in runs.items():
            if run.split in folds:
                groups.setdefault(replace(run, run="", split="thesis"), {}).setdefault(run.split, name)
        for same, name_of in groups.items():
            if len(name_of) == len(folds):
                folders = tuple(f"runs/{name_of[fold]}" for fold in folds)
                found[f"folds/{kind}/{folders[0]}"] = Pool(kind, same.label(architectures[same.architecture]), folders)
        for row in external:
            if set(folds) <= set(row.splits):
                folders = tuple(f"external/{fold}/{row.name}" for fold in folds)
                found[f"folds/{kind}/external/{row.name}"] = Pool(kind, row.name, folders)
        for name in baselines:
            # It would be a score on observed values where all samples train.
            if BASELINES[name].own_expression:
                continue
            folders = tuple(f"baselines/{fold}/{name}" for fold in folds)
            found[f"folds/{kind}/baselines/{name}"] = Pool(kind, BASELINES[name].label, folders, name)
    return found

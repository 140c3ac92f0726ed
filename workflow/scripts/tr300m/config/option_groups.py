"""Runs with options beside the same runs without, for the table of what an option is worth."""

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from .run_table import Run

if TYPE_CHECKING:
    from .run_selection import RunSelection


class OptionGroup(NamedTuple):
    """Runs that differ in their seed alone, and the run without options of each.

    Attributes
    ----------
    label, reference_label
        Names in tables, with and without the options.
    split
        Name of the split; the kind of the folds where these are scored together.
    part
        ``test`` for folds, otherwise ``validation``.
    seeds
        Seed of each run.
    folders, references
        Folder of the scores of each run, and of the run without options, below the results.
    """

    label: str
    reference_label: str
    split: str
    part: str
    seeds: tuple[int, ...]
    folders: tuple[str, ...]
    references: tuple[str, ...]


def option_groups(selection: "RunSelection") -> list[OptionGroup]:
    """Return the groups of runs with options, for which the run table has the same runs without.

    Runs of all folds of a kind are scored together if those without options are so too.
    """
    pool_of = {folder: pool for pool, rows in selection.pooled.items() for folder in rows.folders}
    found: dict[Run, dict[int, tuple[str, str]]] = {}
    plain: dict[Run, str] = {}
    for name, run in selection.runs.items():
        # Of two equal rows the first.
        plain.setdefault(replace(run, run=""), name)
    for name, run in selection.runs.items():
        without = plain.get(replace(run, run="", options={})) if run.options else None
        if without is None:
            continue
        folder, reference = f"runs/{name}", f"runs/{without}"
        split = run.split
        if folder in pool_of and reference in pool_of:
            folder, reference = pool_of[folder], pool_of[reference]
            split = selection.pooled[folder].kind
        # One entry for the runs of all folds; of two equal rows the first.
        found.setdefault(replace(run, run="", seed=0, split=split), {}).setdefault(run.seed, (folder, reference))
    return [_group(selection, same, of_seed) for same, of_seed in found.items()]


def _group(selection: "RunSelection", same: Run, of_seed: dict[int, tuple[str, str]]) -> OptionGroup:
    architecture = selection.architectures[same.architecture]
    # The split is a column of its own.
    run = replace(same, split="thesis")
    folders, references = zip(*of_seed.values(), strict=True)
    part = "test" if folders[0] in selection.pooled else "validation"
    labels = run.label(architecture), replace(run, options={}).label(architecture)
    return OptionGroup(*labels, same.split, part, tuple(of_seed), folders, references)

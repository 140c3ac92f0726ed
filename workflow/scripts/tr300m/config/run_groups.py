"""Runs that differ in one column of the run table."""

from collections.abc import Mapping
from dataclasses import replace

from .run_table import Run, uncontrolled_run


def references_of_controls(runs: Mapping[str, Run]) -> dict[str, str | None]:
    """Return the run without control that each run with a control is compared with, or None if there is none.

    Each run without control comes before its controls and is compared with None.
    """
    found: dict[str, str | None] = {}
    without = {name: uncontrolled_run(name, runs) for name, run in runs.items() if run.control != "none"}
    for reference in dict.fromkeys(without.values()):
        found |= {reference: None} if reference else {}
        found |= {name: reference for name, other in without.items() if other == reference}
    return found


def runs_by_seed(runs: Mapping[str, Run]) -> list[list[str]]:
    """Return groups of runs that differ in name and seed only; a group may be a single run."""
    groups: dict[Run, list[str]] = {}
    for name, run in runs.items():
        groups.setdefault(replace(run, run="", seed=0), []).append(name)
    return list(groups.values())

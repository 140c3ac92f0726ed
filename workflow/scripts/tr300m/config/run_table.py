"""The run table: one run per row."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from ..base.errors import TR300MError
from ..base.files import read_tsv
from .architectures import Architecture
from .run_options import OF_ARCHITECTURE, OptionValue, format_options, options_among, parse_options
from .schema import check, find_problems, read_schema
from .split_names import LEAVE_OUT_NAME

AT_EVALUATION = "_at_evaluation"
"""Suffix of a control that permutes only the inputs of predictions; the weights are those of a run without control."""

SHUFFLE = "shuffle_sequence"
"""Control that cannot use the cached scan, which was made from the real sequence."""

NOT_TRAINED = "-"
"""Motif scan and steps of a run that is not trained step by step."""
FACTORISED_LIKELIHOOD = "zero_lognormal_mixture"

# By control, inputs (columns of the table of architectures) of which a model must read one for it to have an effect.
NEEDED_BY = {"permute_levels": ("tf", "distance"), "permute_histones": ("hm",)}


@dataclass(frozen=True)
class Run:
    """A row of `config/runs.tsv`; docs/architecture.md describes the columns."""

    run: str
    architecture: str
    split: str
    likelihood: str
    control: str
    scan: str
    seed: int
    steps: int | None
    """Optimiser steps; None for a model that is not trained step by step."""
    # Runs are keys of dictionaries, and options have no hash; they do count in comparisons.
    options: Mapping[str, OptionValue] = field(default_factory=dict, hash=False)

    @property
    def only_predicts(self) -> bool:
        """Whether it predicts with the weights of another run."""
        return self.control.endswith(AT_EVALUATION)

    @property
    def reads_scan(self) -> bool:
        """Whether it reads the cached scan of the real sequence."""
        return self.scan == "cached" and not self.control.startswith(SHUFFLE)

    def with_options(self, architecture: Architecture) -> Architecture:
        """Return its architecture with what its options change of the inputs.

        Raises
        ------
        TR300MError
            If an option changes an input that the architecture does not read.
        """
        changed: dict[str, Any] = {**options_among(self.options, OF_ARCHITECTURE)}
        return replace(architecture, **changed) if changed else architecture

    def label(self, architecture: Architecture) -> str:
        """Return its name in tables: the label of its architecture, and all settings that differ from the usual."""
        permuted = self.control.removesuffix(AT_EVALUATION).replace("_", " ")
        weights = "evaluation only" if self.only_predicts else "retrained"
        control = "" if self.control == "none" else f"{permuted} ({weights})"
        split = "" if self.split == "thesis" else f"split {self.split}"
        usual = FACTORISED_LIKELIHOOD if architecture.factorised else "nb_exponential"
        likelihood = "" if self.likelihood == usual else self.likelihood
        options = format_options(self.options).replace(";", ", ") if self.options else ""
        return ", ".join(part for part in (architecture.label, control, split, likelihood, options) if part)


def _value(text: str) -> Any:
    return int(text) if re.fullmatch(r"\d+", text) else text


def split_of_table1(runs: Mapping[str, Run]) -> str:
    """Return the split of Table 1: the thesis's if any run has it, otherwise that of the first run."""
    splits = [run.split for run in runs.values()]
    return "thesis" if "thesis" in splits else splits[0]


def read_runs(
    path: Path | str, architectures: Mapping[str, Architecture], splits: Collection[str], schema: Path | str
) -> dict[str, Run]:
    """Read a run table, by run name.

    Parameters
    ----------
    path
        The run table.
    architectures
        Known architectures by key.
    splits
        Names of the known splits.
    schema
        JSON schema of a row.

    Raises
    ------
    TR300MError
        If a column is missing or unknown, a value or option is not allowed, a control or the way of training does not
        fit the run's architecture, a name is duplicated, or the table has no run.
    """
    table = read_tsv(path)
    names = [column.name for column in fields(Run)]
    if list(table) != names:
        raise TR300MError(f"{path}: columns {' '.join(table)} found", f"write {' '.join(names)}, separated by tabs")
    row_schema = read_schema(schema)
    known: dict[str, Collection[str]] = {"architecture": architectures, "split": splits}
    runs: dict[str, Run] = {}
    problems: list[str] = []
    for values in zip(*(column.tolist() for column in table.values()), strict=True):
        # Names are text even if they look like numbers.
        texts = ("run", "options")
        row = {name: value if name in texts else _value(value) for name, value in zip(names, values, strict=True)}
        found = find_problems(row, row_schema)
        if not found:
            wrong = [
                column
                for column in known
                if row[column] not in known[column]
                and not (column == "split" and LEAVE_OUT_NAME.fullmatch(row[column]))
            ]
            found = [f"`{name}`: {row[name]} is not known; write one of {', '.join(known[name])}" for name in wrong]
        if not found:
            architecture = architectures[row["architecture"]]
            row["steps"] = None if row["steps"] == NOT_TRAINED else row["steps"]
            row["options"], found = parse_options(row["options"], architecture.family)
            found += _misfits(Run(**row), architecture)
        if row["run"] in runs:
            found.append("the name appears twice; give each run its own")
        problems += [f"run {row['run']}: {problem}" for problem in found]
        if not found:
            runs[str(row["run"])] = Run(**row)
    if not runs and not problems:
        problems.append("there is no run; write at least one row")
    if not problems:
        problems = [
            f"run {name}: `control`: {run.control} needs the weights of a run that differs only in name and control; "
            "add that row, with control none"
            for name, run in runs.items()
            if run.only_predicts and trained_run(name, runs) is None
        ]
    check(str(path), problems)
    return runs


def trained_run(name: str, runs: Mapping[str, Run]) -> str | None:
    """Return the run whose weights a run uses: itself, or the run without control if it only predicts."""
    return uncontrolled_run(name, runs) if runs[name].only_predicts else name


def uncontrolled_run(name: str, runs: Mapping[str, Run]) -> str | None:
    """Return the run without control that differs from a run only in name and control, or None."""
    run = runs[name]
    equal = (other.run for other in runs.values() if replace(run, run=other.run, control="none") == other)
    return next(equal, None)


def _misfits(run: Run, architecture: Architecture) -> list[str]:
    """Return why the control of a run, or its way of training, cannot be used."""
    if found := _misfits_of_family(run, architecture):
        return found
    needed = NEEDED_BY.get(run.control.removesuffix(AT_EVALUATION), ())
    if needed and not any(getattr(architecture, name) for name in needed):
        return [
            f"`control`: {run.control} changes nothing that {run.architecture} reads; "
            "choose another control or architecture"
        ]
    if run.control == SHUFFLE and run.scan == "cached":
        return ["`scan`: the cached scan was made from the real sequence; write on_the_fly"]
    try:
        run.with_options(architecture)
    except TR300MError as error:
        return [f"`options`: {error.message}; {error.hint}"]
    return []


def runs_without_bins(runs: Mapping[str, Run]) -> list[str]:
    """Return a problem for each run that reads the array wide_marks, for a configuration without it."""
    return [
        f"run {name}: `options`: wide_marks needs an array that the configuration does not make; "
        "set `wide: mark_edges`, or leave out wide_marks"
        for name, run in runs.items()
        if run.options.get("wide_marks")
    ]


def _misfits_of_family(run: Run, architecture: Architecture) -> list[str]:
    """Return what of a run is for another family of models: motif scan, steps, output distribution."""
    scan, steps = run.scan != NOT_TRAINED, run.steps is not None
    of = f"{run.architecture} is of the family {architecture.family}"
    if not architecture.factorised:
        found = [] if scan else [f"`scan`: {of}; write on_the_fly or cached"]
        return found + ([] if steps else [f"`steps`: {of}; write an integer of at least 1"])
    found = [f"`scan`: {of}, which scans no motifs in training; write {NOT_TRAINED}"] if scan else []
    found += [f"`steps`: {of}, which is not trained step by step; write {NOT_TRAINED}"] if steps else []
    if run.likelihood != FACTORISED_LIKELIHOOD:
        found.append(f"`likelihood`: {of}, which predicts {FACTORISED_LIKELIHOOD}; write that")
    return found

"""A network of one's own beside the runs of a configuration, without an edit of its tables: for notebooks."""

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import NamedTuple

from ..base.errors import TR300MError
from ..base.files import read_tsv, write_tsv
from .architectures import TOKENS, Architecture
from .run_options import NO_OPTIONS, OptionValue, format_options
from .run_table import Run
from .schema import read_configuration
from .settings import Settings, resolve

_PREFIX = "own_"
# Below the results.
_FOLDER = "own"
# The output distribution of the thesis.
_USUAL = "nb_exponential"


class OwnRun(NamedTuple):
    """A run that was added.

    Attributes
    ----------
    name
        Its name in the column `Run or baseline` of models.tsv.
    arguments
        Options of Snakemake that add it to the runs of the configuration.
    targets
        Files to ask Snakemake for: the table of all models and its figure, and how the run was trained.
    """

    name: str
    arguments: tuple[str, ...]
    targets: tuple[str, ...]


def own_run(
    files: Sequence[Path | str],
    *,
    tf: bool,
    core: bool,
    hm: bool,
    distance: bool = False,
    steps: int,
    options: Mapping[str, OptionValue] | None = None,
    likelihood: str = _USUAL,
) -> OwnRun:
    """Add a network to the runs of a configuration.

    The rows of the configuration's tables of runs and architectures, those added earlier, and the new one are written
    to the folder ``own`` of the results. Split, motif scan and seed are those of the first network of the
    configuration on the split of Table 1, so that its metrics can be compared with those of the others.

    Parameters
    ----------
    files
        Files of the configuration, such as ``config/demo.yaml``. The working directory is that of the Snakefile.
    tf, core, hm, distance
        Inputs beside the sequence; see `Architecture`.
    steps
        Optimiser steps.
    options
        Values of the column `options` by key (`run_options`); those that are False or 0 are off.
    likelihood
        Output distribution.

    Returns
    -------
    OwnRun
        The run; one of the configuration itself if that is the same but for its name.

    Raises
    ------
    TR300MError
        If the configuration has a problem, or the network cannot be built like this. Nothing is written then.
    """
    settings = resolve(read_configuration(files, []), Path())
    chosen = {"seq": True, "tf": tf, "df": distance, "core": core, "hm": hm}
    architecture = Architecture.from_key("_".join(token for token in TOKENS if chosen[token]))
    on = {key: value for key, value in (options or {}).items() if value}
    run = replace(_example(settings), architecture=architecture.key, likelihood=likelihood, steps=steps, options=on)
    run = replace(run, run=_name(run))
    folder = Path(settings.results, _FOLDER)
    rows = {"runs": _run_row(run), "architectures": _architecture_row(architecture)}
    tables = {name: _merged(settings.config[name], folder / f"{name}.tsv", row) for name, row in rows.items()}
    with tempfile.TemporaryDirectory() as temporary:
        known = resolve(read_configuration(files, _write(tables, Path(temporary))), Path()).selection.runs
    run = known[run.run]
    name = next(name for name, other in known.items() if replace(other, run=run.run) == run)
    targets = ("models.tsv", "models.png", f"runs/{name}/panels.png")
    return OwnRun(
        name,
        ("--configfile", *map(str, files), "--config", *_write(tables, folder), "compute={device: auto}"),
        tuple(f"{settings.results}/{target}" for target in targets),
    )


def _example(settings: Settings) -> Run:
    """Return the first network on the split of Table 1, whose split, motif scan and seed are taken."""
    selection = settings.selection
    runs = [selection.runs[name] for name in selection.networks]
    found = next((run for run in runs if (run.split, run.control) == (selection.table1_split, "none")), None)
    if found is None:
        raise TR300MError(
            f"{settings.config['runs']} has no network without control on the split {selection.table1_split}",
            "add one: it says with which split, motif scan and seed others are trained",
        )
    return found


def _name(run: Run) -> str:
    """Return a name that says what was chosen, so that every choice is a run of its own."""
    usual = {_USUAL, NO_OPTIONS}
    parts = [run.architecture, run.likelihood, f"{run.steps}_steps", format_options(run.options)]
    return _PREFIX + re.sub(r"[^A-Za-z0-9_-]+", "-", "_".join(part for part in parts if part not in usual))


def _run_row(run: Run) -> dict[str, str]:
    row = {field.name: str(getattr(run, field.name)) for field in fields(run)}
    return row | {"options": format_options(run.options)}


def _architecture_row(architecture: Architecture) -> dict[str, str]:
    switches = {name: str(int(getattr(architecture, name))) for name in ("tf", "core", "hm", "distance")}
    return {"architecture": architecture.key, "family": architecture.family, "label": architecture.label} | switches


def _merged(configured: Path | str, earlier: Path, row: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the rows of a table of the configuration, those added earlier and a new one; the first of a key stays."""
    columns = read_tsv(configured)
    key = next(iter(columns))
    found: dict[str, dict[str, str]] = {}
    for table in (columns, read_tsv(earlier) if earlier.is_file() else {}, {name: [row[name]] for name in columns}):
        for cells in zip(*(column for column in table.values()), strict=True):
            added = dict(zip(table, map(str, cells), strict=True))
            found.setdefault(added[key], added)
    return {name: [cells[name] for cells in found.values()] for name in columns}


def _write(tables: Mapping[str, Mapping[str, list[str]]], folder: Path) -> list[str]:
    """Write the tables to a folder; return the values of the configuration that name them."""
    for name, table in tables.items():
        write_tsv(folder / f"{name}.tsv", table)
    return [f"{name}={folder}/{name}.tsv" for name in tables]

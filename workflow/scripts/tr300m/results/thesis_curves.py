"""The training curves of the thesis's runs, with the column names of history.tsv."""

from pathlib import Path
from typing import Final

import numpy as np

from ..base.errors import TR300MError
from ..base.files import read_tsv
from ..base.types import Floats

EPOCH_STEPS: Final = 10_000
"""Optimiser steps per epoch in the thesis: 100,000 in 10 epochs."""
NAMES: Final = {"loss": "loss", "pearson": "pearson_r", "log_pearson": "log_pearson_r", "accuracy": "accuracy"}
"""Column of history.tsv to column of the thesis's files; on validation pairs both have the prefix ``val_``."""


def read_thesis_curves(path: Path | str) -> dict[str, dict[str, Floats]]:
    """Read the curves of each of the thesis's runs.

    Parameters
    ----------
    path
        `resources/thesis_curves.tsv`.

    Returns
    -------
    dict
        Run (``final`` or an architecture key) to the columns ``step``, ``loss``, ``val_loss`` ..., float64 [epoch].

    Raises
    ------
    TR300MError
        If a column is missing, a value is not a number, or a run's epochs are not 1, 2, 3 and so on.
    """
    table = read_tsv(path)
    columns = {prefix + ours: prefix + theirs for prefix in ("", "val_") for ours, theirs in NAMES.items()}
    missing = [name for name in ("run", "epoch", *columns.values()) if name not in table]
    if missing:
        raise TR300MError(f"{path} lacks the columns {', '.join(missing)}", "restore it from the repository")
    try:
        epoch = table["epoch"].astype(np.float64)
        values = {ours: table[theirs].astype(np.float64) for ours, theirs in columns.items()}
    except ValueError as error:
        raise TR300MError(f"{path}: {error}", "restore it from the repository") from None
    curves = {}
    for run in dict.fromkeys(table["run"].tolist()):
        rows = table["run"] == run
        if not np.array_equal(epoch[rows], np.arange(1, rows.sum() + 1)):
            raise TR300MError(
                f"{path}: the epochs of {run} are not 1, 2, 3 and so on", "restore it from the repository"
            )
        curves[run] = {"step": EPOCH_STEPS * epoch[rows]} | {name: column[rows] for name, column in values.items()}
    return curves

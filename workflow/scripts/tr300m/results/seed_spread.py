"""Spread between runs that differ only in their seed."""

import math
from collections.abc import Sequence

import numpy as np

from ..base.errors import TR300MError
from .metric_table import LABEL, OWN_TABLES, Metrics, nat, percent


def spread_table(groups: Sequence[tuple[str, Sequence[Metrics]]]) -> dict[str, list[str]]:
    """Format the spread between seeds.

    Parameters
    ----------
    groups
        Label of each model and the metrics (fractions) of its runs, at least two.

    Returns
    -------
    dict
        Column name to text, with one row per model and metric: runs, mean, standard deviation (n - 1), lowest and
        highest, in percent, for NLL in nat; "undefined" if the metric of a run is undefined.

    Raises
    ------
    TR300MError
        If there is no group, or a group has only one run.
    """
    if not groups or min(len(runs) for _, runs in groups) < 2:
        raise TR300MError("no two runs differ only in their seed", "add a row with another seed to the run table")
    rows: list[list[str]] = []
    for label, runs in groups:
        for key, name in {**OWN_TABLES, "nll": "NLL"}.items():
            text = nat if key == "nll" else percent
            values = np.array([run[key] for run in runs], dtype=np.float64)
            defined = not np.isnan(values).any()
            figures = [values.mean(), values.std(ddof=1), values.min(), values.max()] if defined else [math.nan] * 4
            rows.append([label, name, str(len(runs)), *(text(float(figure)) for figure in figures)])
    names = (LABEL, "Metric", "Runs", "Mean", "SD", "Lowest", "Highest")
    return {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}

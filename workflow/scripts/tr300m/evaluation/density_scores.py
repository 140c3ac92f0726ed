"""Scores of single pairs that need the whole predicted distribution, for models that predict a proper density."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..base.types import Floats
from ..config.proper_densities import IMPROPER
from ..metrics.score import read_predictions
from ..model.likelihood.distributions import make_likelihood
from .calibration import crps, inside_interval

if TYPE_CHECKING:
    from ..model.likelihood.distributions import Likelihood

SCORED_COVERAGE = 0.9
"""Probability of the central interval whose coverage is a metric."""


def density_scores(likelihood: "Likelihood", observed: ArrayLike, raw: ArrayLike) -> dict[str, Floats]:
    """Return scores of pairs whose means are metrics.

    Parameters
    ----------
    likelihood
        Output distribution of the model.
    observed
        Observed TPM [pair].
    raw
        Model output [pair, n_outputs].

    Returns
    -------
    dict
        `crps` (TPM) and `coverage_90` (1 if the observed TPM is in the central interval of 90 %, else 0), each [pair],
        float64.
    """
    inside = inside_interval(likelihood, observed, raw, SCORED_COVERAGE)
    return {"crps": crps(likelihood, observed, raw), "coverage_90": inside.astype(np.float64)}


def read_scored(path: Path | str, likelihood: Mapping[str, Any] | None) -> dict[str, NDArray[Any]]:
    """Read a file of predictions as `metrics.score` needs it.

    Parameters
    ----------
    path
        File of predictions.
    likelihood
        The output distribution's name and settings, as in `run.json`; None for predictions without one.

    Returns
    -------
    dict
        The arrays of `metrics.score.read_predictions` and, if the distribution is a proper density, `density_scores`.
    """
    found = read_predictions(path)
    if likelihood is not None and likelihood["name"] not in IMPROPER:
        with np.load(path) as saved:
            found |= density_scores(make_likelihood(**likelihood), saved["observed"], saved["raw"])
    return found

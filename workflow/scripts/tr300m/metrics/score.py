"""Score of a model on pairs of a part: the metrics of its predictions and their bootstrap draws."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.axes import Genes, Samples
from ..base.files import write_json
from ..base.types import Floats
from .cluster_bootstrap import CLUSTERS, Cluster, PairIndex, bootstrap, draw_weights, save_draws
from .contrasts import CONTRASTS, ContrastTable
from .point import PAIRWISE, UNDEFINED, evaluate, invalid_values, same_side

FAILED = "failed"
"""Key of the metrics of a model with invalid predictions: which and how many there are."""
DENSITY_METRICS = ("crps", "coverage_90")
"""Metrics of models that predict a proper density, in TPM and as a fraction; both are means over pairs."""
_MEANS = ("nll", *DENSITY_METRICS)


@dataclass(frozen=True)
class Score:
    """Metrics of a model with their bootstrap draws.

    Attributes
    ----------
    metrics
        The metrics of `point.evaluate` and of `contrasts`. If predictions are invalid, all of them are undefined and
        `FAILED` says why.
    draws
        For each kind of draw, metric name to draws [draw].
    key
        Key of the pairs and of the random numbers.
    """

    metrics: dict[str, float | int | str]
    draws: dict[Cluster, dict[str, Floats]]
    key: str

    def write(self, metrics: Path | str, draws: Path | str) -> None:
        """Write the metrics as JSON and the draws as `.npz`."""
        write_json(metrics, self.metrics)
        save_draws(draws, self.key, self.draws)


def read_predictions(path: Path | str) -> dict[str, NDArray[Any]]:
    """Read the arrays of a file of predictions that `score` needs; those of baselines have no `nll`."""
    with np.load(path) as saved:
        return {name: saved[name] for name in ("gene", "sample", "observed", "median", "nll") if name in saved}


def score(
    saved: Mapping[str, NDArray[Any]],
    kept: NDArray[np.bool_],
    genes: Genes,
    samples: Samples,
    dataset_median: float,
    draws: int,
    seed: int,
) -> Score:
    """Score saved predictions.

    Parameters
    ----------
    saved
        Arrays [pair] of `predict.predict`: `gene`, `sample`, `observed`, `median`, `nll` if the model predicts a
        distribution, and `DENSITY_METRICS` if that is a proper density (`evaluation.density_scores`).
    kept
        Mask of the pairs to score [pair].
    genes, samples
        Axes of the dataset.
    dataset_median
        Median TPM of the dataset.
    draws, seed
        Number of bootstrap draws, and their seed.

    Returns
    -------
    Score
        If there is no pair to score, all metrics are undefined; so they are if a prediction or an NLL is invalid, which
        fails this model alone.

    Raises
    ------
    TR300MError
        If an observed value is invalid (see `point.pearson`); see also `cluster_bootstrap.PairIndex.of`.
    """
    gene, sample, observed, prediction = (saved[name][kept] for name in ("gene", "sample", "observed", "median"))
    of_pairs = {name: saved[name][kept] for name in _MEANS if name in saved}
    nll = of_pairs.get("nll")
    if not kept.any():
        return _undefined(list(of_pairs), 0, f"none-{seed}-{draws}", draws)
    index = PairIndex.of(gene, sample, genes.cluster, samples.donor_id)
    key = f"{index.key}-{seed}-{draws}"
    if problem := _problem(prediction, nll):
        # The key of the pairs, so that others can still be compared with this model: the differences are undefined.
        return _undefined(list(of_pairs), len(gene), key, draws, problem)
    means = {"accuracy": same_side(observed, prediction, dataset_median)} | of_pairs
    contrasts = ContrastTable.of(observed, prediction, samples.tissue[sample], index)
    tables: dict[Cluster, dict[str, Floats]] = {}
    for drawn in CLUSTERS:
        weights = draw_weights(index, drawn, draws, seed)
        tables[drawn] = bootstrap(observed, prediction, means, index, weights) | contrasts.draws(weights)
    densities = {name: float(of_pairs[name].mean()) for name in DENSITY_METRICS if name in of_pairs}
    pairwise = evaluate(observed, prediction, nll, dataset_median)
    return Score({**pairwise, **densities, **contrasts.metrics()}, tables, key)


def _problem(prediction: Floats, nll: Floats | None) -> str:
    """Return what is wrong with predictions and NLL [pair]; empty if nothing is."""
    found = {"predictions": invalid_values(prediction), "NLL": "" if nll is None else invalid_values(nll, signed=True)}
    return "; ".join(f"{what}: {problem}" for what, problem in found.items() if problem)


def _undefined(means: list[str], pairs: int, key: str, draws: int, problem: str = "") -> Score:
    """Return a score whose metrics and draws are undefined, and why if the predictions are invalid."""
    names = [*PAIRWISE, "accuracy", *means, *CONTRASTS]
    undefined = {name: np.full(draws, UNDEFINED) for name in names}
    # All models have an NLL, which is undefined for those that predict no distribution.
    metrics: dict[str, float | int | str] = dict.fromkeys(dict.fromkeys([*names, "nll"]), UNDEFINED)
    reason = {FAILED: problem} if problem else {}
    return Score({**metrics, "pairs": pairs, **reason}, dict.fromkeys(CLUSTERS, undefined), key)

"""Intervals of metrics and of their differences, from bootstrap draws."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from ..base.errors import TR300MError
from ..base.types import Floats
from .cluster_bootstrap import CLUSTERS, Cluster
from .point import UNDEFINED

CONFIDENCE = 0.95
HEADLINE_CLUSTER: Cluster = "both"
# If a larger share of the draws is undefined, the others no longer represent all.
MOST_UNDEFINED = 0.05


class Interval(NamedTuple):
    """Lower and upper bound; NaN if undefined."""

    low: float
    high: float


def percentile_interval(draws: Floats, confidence: float = CONFIDENCE) -> Interval:
    """Return the central interval of bootstrap draws [draw]; undefined if more than 5 % of the draws are."""
    defined = _defined(draws)
    if defined is None:
        return Interval(UNDEFINED, UNDEFINED)
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high))


def share_beyond_zero(draws: Floats) -> float:
    """Return a two-sided p value: twice the share of draws [draw] at or beyond 0 on the side with fewer draws.

    One is added to count and total (Davison and Hinkley 1997, section 4.2), so it is never 0. It is NaN if more
    than 5 % of the draws are undefined.
    """
    defined = _defined(draws)
    if defined is None:
        return UNDEFINED
    rarer = min(np.count_nonzero(defined <= 0), np.count_nonzero(defined >= 0))
    return float(min(1.0, 2 * (rarer + 1) / (defined.size + 1)))


def _defined(draws: Floats) -> Floats | None:
    """Return the defined draws, or None if too few are defined."""
    defined = draws[~np.isnan(draws)]
    return defined if defined.size >= (1 - MOST_UNDEFINED) * draws.size else None


@dataclass(frozen=True)
class Draws:
    """The bootstrap draws of one model's metrics.

    Attributes
    ----------
    path
        File that the draws were read from.
    key
        Key of the pairs (`cluster_bootstrap.PairIndex`) and of the random numbers: with equal keys, draw i is the same
        in both models.
    tables
        For each kind of draw, metric name to draws [draw].
    """

    path: str
    key: str
    tables: dict[Cluster, dict[str, Floats]]

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """Read a file written by `cluster_bootstrap.save_draws`.

        Raises
        ------
        TR300MError
            If the file is missing or is not such a file.
        """
        try:
            with np.load(path) as saved:
                names = saved["metrics"].tolist()
                tables = {cluster: dict(zip(names, saved[cluster].T, strict=True)) for cluster in CLUSTERS}
                return cls(str(path), str(saved["key"]), tables)
        except (OSError, ValueError, KeyError) as error:
            raise TR300MError(f"cannot read the bootstrap draws {path}: {error}", "make the file again") from None

    def intervals(self, cluster: Cluster = HEADLINE_CLUSTER) -> dict[str, Interval]:
        """Return the interval of each metric."""
        return {name: percentile_interval(draws) for name, draws in self.tables[cluster].items()}

    def minus(self, other: "Draws", cluster: Cluster = HEADLINE_CLUSTER) -> dict[str, Floats]:
        """Return this model's metrics minus the other's, draw by draw.

        Raises
        ------
        TR300MError
            If the two have different pairs or random numbers.
        """
        if self.key != other.key:
            raise TR300MError(
                f"{self.path} and {other.path} were drawn from different pairs or with different seeds",
                "compare runs of one split and part, evaluated with the same settings",
            )
        ours, theirs = self.tables[cluster], other.tables[cluster]
        return {name: ours[name] - theirs[name] for name in ours if name in theirs}


def interval_rows(names: Mapping[str, str], metrics: Mapping[str, float | int], draws: Draws) -> list[dict[str, str]]:
    """Return one row per metric and kind of draw: `names`, metric, value, drawn, low, high, number of defined draws.

    Values are fractions, or "undefined".

    Parameters
    ----------
    names
        Columns that say which model and part the metrics are of.
    metrics
        Metric name to value.
    draws
        Bootstrap draws of these metrics.
    """
    return [
        {
            **names,
            "metric": name,
            "value": _figure(metrics[name]),
            "drawn": cluster,
            "low": _figure(interval.low),
            "high": _figure(interval.high),
            "draws": str(np.count_nonzero(~np.isnan(draws.tables[cluster][name]))),
        }
        for cluster in CLUSTERS
        for name, interval in draws.intervals(cluster).items()
    ]


def _figure(value: float) -> str:
    return "undefined" if np.isnan(value) else f"{value:z.6g}"

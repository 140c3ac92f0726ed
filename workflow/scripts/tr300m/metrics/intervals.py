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
# With more undefined draws than this the rest no longer stand for all.
MOST_UNDEFINED = 0.05


class Interval(NamedTuple):
    """Bounds, NaN where undefined."""

    low: float
    high: float


def percentile_interval(draws: Floats, confidence: float = CONFIDENCE) -> Interval:
    """Return the central interval of bootstrap draws [draw]; undefined if more than 5 % of them are."""
    defined = _defined(draws)
    if defined is None:
        return Interval(UNDEFINED, UNDEFINED)
    low, high = np.quantile(defined, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(low), float(high))


def share_beyond_zero(draws: Floats) -> float:
    """Return a two-sided p value: twice the share of draws [draw] at or beyond 0 on the rarer side.

    One is added to count and total (Davison and Hinkley 1997, section 4.2), so that it is never 0; NaN if more than
    5 % of the draws are undefined.
    """
    defined = _defined(draws)
    if defined is None:
        return UNDEFINED
    rarer = min(np.count_nonzero(defined <= 0), np.count_nonzero(defined >= 0))
    return float(min(1.0, 2 * (rarer + 1) / (defined.size + 1)))


def _defined(draws: Floats) -> Floats | None:
    """Return the draws that have a value, or None if too few do."""
    defined = draws[~np.isnan(draws)]
    return defined if defined.size >= (1 - MOST_UNDEFINED) * draws.size else None


@dataclass(frozen=True)
class Draws:
    """The bootstrap draws of one model's metrics.

    Attributes
    ----------
    path
        Where they were read.
    key
        Of the pairs (`bootstrap.PairIndex`) and the random numbers: equal keys mean that draw i is the same in both.
    tables
        Per cluster, metric name to draws [draw].
    """

    path: str
    key: str
    tables: dict[Cluster, dict[str, Floats]]

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """Read what `bootstrap.save_draws` wrote.

        Raises
        ------
        TR300MError
            If the file is missing or none of those.
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
            If the two were not drawn alike.
        """
        if self.key != other.key:
            raise TR300MError(
                f"{self.path} and {other.path} were drawn from other pairs or with another seed",
                "compare runs of one split and part, evaluated with the same settings",
            )
        ours, theirs = self.tables[cluster], other.tables[cluster]
        return {name: ours[name] - theirs[name] for name in ours if name in theirs}


def interval_rows(names: Mapping[str, str], metrics: Mapping[str, float | int], draws: Draws) -> list[dict[str, str]]:
    """Return one row a metric and way of drawing: `names`, metric, value, drawn, low, high, draws that are defined.

    `names` says which model and part the metrics are of, by column. Fractions, not percents; "undefined" where a figure
    is.
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

"""Metrics within groups of pairs: across genes, tissues and people, and without the genes that are also inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.types import Floats, Ints
from ..metrics.by_group import grouped_metrics

QUANTILES = {"p5": 0.05, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95}


@dataclass(frozen=True)
class PredictedPairs:
    """Predictions with the variables that pairs are grouped by; every field is an array [pair].

    Attributes
    ----------
    gene, sample
        Indices into the dataset's axes.
    tissue, donor
        Tissue and donor of the sample.
    observed, prediction
        Observed and predicted TPM; the prediction is the median.
    nll
        Negative log likelihood in nat.
    """

    gene: Ints
    sample: Ints
    tissue: NDArray[np.str_]
    donor: NDArray[np.str_]
    observed: Floats
    prediction: Floats
    nll: Floats

    @classmethod
    def of(cls, saved: Mapping[str, NDArray[np.generic]], tissue: NDArray[np.str_], donor: NDArray[np.str_]) -> Self:
        """Join saved predictions (`predict.predict`) with the tissue and donor of each sample of the dataset."""
        sample = saved["sample"].astype(np.int64)
        return cls(
            saved["gene"].astype(np.int64),
            sample,
            tissue[sample],
            donor[sample],
            *(saved[name].astype(np.float64) for name in ("observed", "median", "nll")),
        )

    @classmethod
    def read(cls, path: Path | str, tissue: NDArray[np.str_], donor: NDArray[np.str_]) -> Self:
        """Read saved predictions; see `of`."""
        with np.load(path) as saved:
            return cls.of(saved, tissue, donor)

    def where(self, kept: NDArray[np.bool_] | Ints) -> Self:
        """Return the pairs selected by a mask [pair] or by indices."""
        return type(self)(**{name: values[kept] for name, values in vars(self).items()})

    def replaced_by(self, other: "PredictedPairs") -> Self:
        """Return these pairs, with the prediction and NLL of `other` for the pairs that it has.

        Raises
        ------
        TR300MError
            If `other` has a pair that is not among these, or has a pair twice.
        """
        width = int(max(self.sample.max(), other.sample.max())) + 1
        ours, theirs = self.gene * width + self.sample, other.gene * width + other.sample
        order = np.argsort(ours)
        place = np.minimum(np.searchsorted(ours, theirs, sorter=order), len(ours) - 1)
        row = order[place]
        if not np.array_equal(ours[row], theirs) or len(np.unique(theirs)) != len(theirs):
            raise TR300MError(
                "the predictions with the own level zeroed have other pairs than this part, or have pairs twice",
                "predict again for pairs of the part's regulator genes",
            )
        prediction, nll = self.prediction.copy(), self.nll.copy()
        prediction[row], nll[row] = other.prediction, other.nll
        return replace(self, prediction=prediction, nll=nll)


@dataclass(frozen=True)
class View:
    """One way to group pairs.

    Attributes
    ----------
    name
        Name in the tables.
    minimum
        Smallest number of pairs of a group.
    labels
        Name of each group [group].
    metrics
        Metrics by name [group], from `by_group.grouped_metrics`.
    """

    name: str
    minimum: int
    labels: list[str]
    metrics: dict[str, Floats]


def views(
    pairs: PredictedPairs,
    genes: NDArray[np.str_],
    samples: NDArray[np.str_],
    is_regulator: NDArray[np.bool_],
    shares_promoter: NDArray[np.bool_],
    dataset_median: float,
    minimum: int,
    zeroed: PredictedPairs | None = None,
) -> list[View]:
    """Return all views of a model's predictions.

    Parameters
    ----------
    pairs
        All pairs of the part.
    genes, samples
        IDs of the dataset's axes.
    is_regulator
        Mask of the genes that are regulators whose own TPM is an input [gene] (`tf_levels.regulator_genes`).
    shares_promoter
        Mask of the genes that share a promoter with a training gene [gene] (`splits.Split.shares_promoter`).
    dataset_median
        Median TPM of the dataset.
    minimum
        Smallest number of pairs of a group: genes of a sample, tissues of a gene, people of a gene and tissue.
    zeroed
        Predictions for all pairs of the regulators with each gene's own TPM set to 0 in the inputs; None if the model
        reads no levels.

    Returns
    -------
    list
        ``pooled``; ``without shared promoters`` and ``shared promoters alone``, ``without regulators`` and
        ``regulators alone``, pooled; ``per tissue``; ``across genes`` within a
        sample; ``across tissues`` within a gene, on the means of TPM over each tissue's samples; ``across people``
        within a gene and tissue, with one sample per person; and with `zeroed`, unless it is empty, the pooled view and
        the view of the regulators again, ``own level zeroed``.

    Raises
    ------
    TR300MError
        If `zeroed` does not have each pair of the regulators once.
    """

    def view(name: str, chosen: PredictedPairs, labels: NDArray[np.str_], least: int = 1) -> View:
        return _view(name, chosen, labels, dataset_median, least)

    def pooled(name: str, chosen: PredictedPairs) -> View:
        return view(name, chosen, np.full(len(chosen.gene), "all"))

    own, shared = is_regulator[pairs.gene], shares_promoter[pairs.gene]
    means, people = average_by_tissue(pairs), one_sample_a_person(pairs)
    found = [
        pooled("pooled", pairs),
        pooled("without shared promoters", pairs.where(~shared)),
        pooled("shared promoters alone", pairs.where(shared)),
        pooled("without regulators", pairs.where(~own)),
        pooled("regulators alone", pairs.where(own)),
        view("per tissue", pairs, pairs.tissue),
        view("across genes", pairs, samples[pairs.sample], minimum),
        view("across tissues", means, genes[means.gene], minimum),
        view("across people", people, _joined(genes[people.gene], people.tissue), minimum),
    ]
    if zeroed is not None and own.sum() != len(zeroed.gene):
        raise TR300MError(
            f"{len(zeroed.gene)} predictions with the own level zeroed for {own.sum()} pairs of regulators",
            "predict again for all pairs of the part's regulator genes",
        )
    if zeroed is not None and len(zeroed.gene):
        changed = pairs.replaced_by(zeroed)
        found += [
            pooled("pooled, own level zeroed", changed),
            pooled("regulators alone, own level zeroed", changed.where(own)),
        ]
    return found


def average_by_tissue(pairs: PredictedPairs) -> PredictedPairs:
    """Return one pair per gene and tissue, with the mean of observed TPM, predicted TPM and NLL over the samples."""
    _, first, cell, size = np.unique(
        _joined(pairs.gene.astype(np.str_), pairs.tissue), return_index=True, return_inverse=True, return_counts=True
    )
    kept = pairs.where(first)
    observed, prediction, nll = (
        np.bincount(cell, column) / size for column in (pairs.observed, pairs.prediction, pairs.nll)
    )
    return replace(kept, observed=observed, prediction=prediction, nll=nll)


def one_sample_a_person(pairs: PredictedPairs) -> PredictedPairs:
    """Return the pairs with only the first sample of each gene, tissue and donor."""
    _, first = np.unique(_joined(pairs.gene.astype(np.str_), pairs.tissue, pairs.donor), return_index=True)
    return pairs.where(np.sort(first))


def _joined(*columns: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return text columns [pair] joined by a bar, which no ID or tissue contains."""
    joined = columns[0]
    for column in columns[1:]:
        joined = np.char.add(np.char.add(joined, "|"), column)
    return joined


def _view(name: str, pairs: PredictedPairs, labels: NDArray[np.str_], dataset_median: float, minimum: int) -> View:
    """Return the metrics of each group of `labels` [pair] with at least `minimum` pairs."""
    _, code, size = np.unique(labels, return_inverse=True, return_counts=True)
    enough = size[code] >= minimum
    if not enough.any():
        return View(name, minimum, [], {})
    kept = pairs.where(enough)
    groups, code = np.unique(labels[enough], return_inverse=True)
    return View(
        name, minimum, groups.tolist(), grouped_metrics(kept.observed, kept.prediction, kept.nll, dataset_median, code)
    )


def summary_table(found: Sequence[View]) -> dict[str, list[str]]:
    """Return one row per view and metric: number of groups, of undefined groups and of pairs; mean and quantiles.

    The mean and the quantiles are over the defined groups, in fractions or nat; "undefined" if there are none.
    """
    rows = []
    for view in found:
        for metric, values in view.metrics.items():
            if metric == "pairs":
                continue
            defined = values[~np.isnan(values)]
            counts = [len(values), len(values) - len(defined), int(view.metrics["pairs"].sum())]
            figures = [defined.mean(), *np.quantile(defined, list(QUANTILES.values()))] if len(defined) else []
            shown = [f"{value:z.6g}" for value in figures] or ["undefined"] * (1 + len(QUANTILES))
            rows.append([view.name, metric, str(view.minimum), *map(str, counts), *shown])
        if not view.metrics:
            rows.append([view.name, "all", str(view.minimum), "0", "0", "0", *["undefined"] * (1 + len(QUANTILES))])
    names = ("view", "metric", "minimum_pairs", "groups", "undefined_groups", "pairs", "mean", *QUANTILES)
    return {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def group_table(found: Sequence[View]) -> dict[str, list[str]]:
    """Return one row per group of each view: view, group, pairs, and the metrics, which may be "undefined"."""
    metrics = [name for name in found[0].metrics if name != "pairs"]
    columns: dict[str, list[str]] = {name: [] for name in ("view", "group", "pairs", *metrics)}
    for view in (view for view in found if view.metrics):
        columns["view"] += [view.name] * len(view.labels)
        columns["group"] += view.labels
        columns["pairs"] += [str(int(size)) for size in view.metrics["pairs"]]
        for name in metrics:
            columns[name] += ["undefined" if np.isnan(value) else f"{value:z.6g}" for value in view.metrics[name]]
    return columns

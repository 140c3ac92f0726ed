"""A model whose predictions can be counted by hand: matching bases of sites times log levels of regulators."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from helpers.toy_dataset import Sizes, toy_dataset
from numpy.typing import NDArray
from tr300m.base.axes import Genes
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.splits import Split
from tr300m.use.predictor import Predictor

Array = NDArray[Any]
BASES = "ACGT"


class Site(NamedTuple):
    """A site of a regulator (index) and its weight, which is negative for a repressor."""

    bases: str
    regulator: int
    weight: float


@dataclass(frozen=True)
class CountedModel:
    """log(1 + TPM) is `base` plus, of each site, weight x matching bases at the best place x log(1 + level).

    A match at the n-th base of a site, counted from 0, counts 1 + n x `grade`, so that no two places are equally good.
    """

    sites: Sequence[Site]
    base: float = 1.0
    grade: float = 0.0
    name: str = "counted"
    reads_levels: bool = True
    reads_tissue: bool = False
    reads_histones: bool = False

    def at(self, query: Dataset, row: int) -> "CountedAtPromoter":
        return CountedAtPromoter(self, np.log1p(query.regulator_levels.astype(np.float64)))

    def mean(self, raw: Array) -> Array:
        return np.expm1(raw[..., 0])

    def distribution_mean(self, raw: Any) -> Any:
        return self.mean(raw)

    def median(self, raw: Array) -> Array:
        return self.mean(raw)

    def quantile(self, probability: float, raw: Array) -> Array:
        return self.mean(raw)


@dataclass(frozen=True)
class CountedAtPromoter:
    model: CountedModel
    log_levels: Array

    def __call__(self, windows: Array) -> Array:
        raw = np.full((len(windows), len(self.log_levels)), self.model.base)
        for site in self.model.sites:
            places = windows.shape[1] - len(site.bases) + 1
            matches = sum(
                (windows[:, offset : offset + places, BASES.index(base)] == 1) * (1 + offset * self.model.grade)
                for offset, base in enumerate(site.bases)
            )
            level = self.log_levels[:, site.regulator] if self.model.reads_levels else np.ones(len(self.log_levels))
            raw += site.weight * np.max(matches, axis=1)[:, None] * level
        return raw[:, :, None]


def with_tss_inside(genes: Genes, length: int) -> Genes:
    """Return drawn genes with windows of which three quarters lie upstream of the TSS."""
    before = 3 * length // 4
    start = np.where(genes.strand == "+", genes.tss - 1 - before, genes.tss + before - length)
    return replace(genes, window_start=start, window_end=start + length)


def counted_predictor(*models: CountedModel, sizes: Sizes | None = None, **given: Any) -> Predictor:
    """Return a predictor on a toy dataset whose genes 4 (validation) and 5 (test) and samples 3 and 4 are held out."""
    sizes = sizes or Sizes(samples=8)
    dataset = toy_dataset(sizes, **given)
    dataset = replace(dataset, genes=with_tss_inside(dataset.genes, sizes.length))
    split = Split("thesis", np.array([4]), np.array([5]), np.array([3]), np.array([4]))
    return Predictor(models, dataset, split)

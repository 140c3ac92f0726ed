"""A factorised model at edited promoters: gene features of edited sequences, and the contexts as samples."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.files import read_json
from ..base.types import Floats
from ..factorised.model import FactorisedModel
from ..features.gene_features import FEATURES, composition, kmers
from ..features.wide_composition import composition_bins, wide_composition
from ..features.wide_kmers import wide_kmers
from ..training.run_record import differences
from .patched_scan import PatchedScan
from .promoters import edited_wide_bases

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..dataset.dataset import Dataset
    from .attribution import Explained

_EDITS_PER_BLOCK = 256
_MAXIMA_POOLING = 16
"""Positions of which maxima are kept, so that the maximum over the window need not read all positions again."""
FROM_MARKS = ("smooth_marks", "histone_means", "body_marks")
"""Gene features that the sequence does not change."""


@dataclass(frozen=True)
class FittedModel:
    """A factorised model.

    Attributes
    ----------
    name
        Name of the run.
    model
        The fitted model.
    features
        Names of the gene features that it reads.
    dataset
        The dataset whose motifs it scans.
    """

    name: str
    model: FactorisedModel = field(repr=False)
    features: tuple[str, ...]
    dataset: "Dataset" = field(repr=False)

    reads_tissue = True
    reads_levels = True

    @property
    def reads_histones(self) -> bool:
        """Whether predictions depend on histone marks."""
        return bool(set(self.features) & set(FROM_MARKS))

    @classmethod
    def open(cls, folder: Path | str, dataset: "Dataset") -> Self:
        """Open a run by its folder.

        Raises
        ------
        TR300MError
            If a file is missing, or the run was fitted to a dataset of other motifs, tissues or regulators.
        """
        record = read_json(Path(folder) / "run.json")
        if found := differences(record, dataset.manifest):
            raise TR300MError(
                f"{folder} was fitted with other {', '.join(found)} than those of {dataset.folder}",
                "use it with a dataset of the same edition, motifs, tissues and regulators",
            )
        model = FactorisedModel.load(Path(folder) / "model.npz")
        return cls(Path(folder).name, model, tuple(record["features"]), dataset)

    def at(self, query: "Dataset", row: int) -> "FittedAtPromoter":
        """Return the model at a promoter of a query, in its contexts."""
        return FittedAtPromoter(self, query, row)

    def explained(self, query: "Dataset", row: int, shuffled: NDArray[Any]) -> "Iterator[Explained]":
        """Yield what motifs and other features are worth in each context (`attribution.Explainable`)."""
        from .fitted_attribution import explain_fitted

        return explain_fitted(self, query, row, shuffled)

    def mean(self, raw: NDArray[Any]) -> Floats:
        """Return the point estimate [...], TPM; see `model.SequenceModel.mean`."""
        return self.median(raw)

    def distribution_mean(self, raw: NDArray[Any]) -> Floats:
        """Return the mean of the predicted distribution [...], TPM."""
        spread = self.model.spread
        return spread.likelihood.mean(spread.raw(raw.ravel())).reshape(raw.shape[:-1])

    def median(self, raw: NDArray[Any]) -> Floats:
        """Return the point estimate [...], TPM: exp(mean of log(1 + TPM)) - 1."""
        return np.asarray(np.expm1(raw[..., 0]))

    def quantile(self, probability: float, raw: NDArray[Any]) -> Floats:
        """Return a quantile of the predicted distribution [...], TPM."""
        spread = self.model.spread
        return spread.likelihood.quantile(probability, spread.raw(raw.ravel())).reshape(raw.shape[:-1])


class FittedAtPromoter:
    """A factorised model at one promoter of a query, in its contexts. Its raw number is the mean of log(1 + TPM)."""

    def __init__(self, model: FittedModel, query: "Dataset", row: int) -> None:
        self.model, self.query, self.row = model, query, row
        self.native = np.asarray(query.onehot[row])
        here = slice(row, row + 1)
        self.fixed = {name: FEATURES[name](query, here) for name in model.features if name in FROM_MARKS}
        self.scan = None
        if "motif_maxima" in model.features:
            pssm = model.dataset.pssm
            self.scan = PatchedScan.of(self.native, pssm, maxima_schedule(len(self.native)), both_strands=True)
        self.reference = self._log_mean(self.native[None])[0]

    def __call__(self, windows: NDArray[Any]) -> Floats:
        """Return the predicted mean of log(1 + TPM) [window, context, 1] of edited promoters."""
        found = np.repeat(self.reference[None], len(windows), axis=0)
        edited = np.flatnonzero((windows != self.native).any(axis=(1, 2)))
        for start in range(0, len(edited), _EDITS_PER_BLOCK):
            some = edited[start : start + _EDITS_PER_BLOCK]
            found[some] = self._log_mean(windows[some])
        return found[:, :, None]

    def _log_mean(self, windows: NDArray[Any]) -> Floats:
        features = {name: self.feature(name, windows) for name in self.model.features}
        count, contexts = len(windows), len(self.query.samples)
        pairs = np.stack([np.repeat(np.arange(count), contexts), np.tile(np.arange(contexts), count)], axis=1)
        return self.model.model.log_mean(self.query, features, pairs).reshape(count, contexts)

    def feature(self, name: str, windows: NDArray[Any]) -> NDArray[Any]:
        """Return a gene feature of edited promoters [window, column]."""
        if name in self.fixed:
            return np.repeat(self.fixed[name], len(windows), axis=0)
        if name == "composition":
            return composition(windows)
        if name == "kmers":
            return kmers(windows)
        if name == "motif_maxima" and self.scan is not None:
            return _maxima(self.scan, windows)
        bases = edited_wide_bases(self.query, self.row, windows)
        if name == "wide_kmers":
            return wide_kmers(bases)
        if name == "wide_composition":
            return wide_composition(bases, composition_bins(self.query.bins, bases.shape[1] // 2))
        raise TR300MError(
            f"{self.model.name} reads the gene feature {name}, which is not known of edited sequences",
            "use a run without it",
        )


def maxima_schedule(length: int) -> tuple[tuple[int, int], ...]:
    """Return a pooling schedule by `_MAXIMA_POOLING` that drops no position of a window of `length` bp."""
    rest = length % _MAXIMA_POOLING
    return tuple(part for part in ((length - rest, _MAXIMA_POOLING), (rest, rest)) if part[0])


def _maxima(scan: PatchedScan, windows: NDArray[Any]) -> NDArray[np.float32]:
    """Return the best score of each motif on either strand [window, motif], at least 0 (`motif_maxima`)."""
    touched = scan.touched(windows)
    best = np.empty((len(windows), scan.pooled.shape[1]), np.float32)
    bounds = np.searchsorted(touched.edit, np.arange(len(windows) + 1))
    for window in range(len(windows)):
        mine = slice(bounds[window], bounds[window + 1])
        pooled = scan.pooled.copy()
        pooled[touched.position[mine]] = touched.scores[mine]
        best[window] = pooled.max(axis=0)
    return np.maximum(best, 0)

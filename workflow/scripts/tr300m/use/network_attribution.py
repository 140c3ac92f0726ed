"""Integrated gradients of a network with respect to rectified motif scores times levels, and core promoter elements."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base.types import Floats, Ints
from ..features.motif_scan import pooled_scan, pooled_scan_of_both_strands
from .attribution import Explained, along_path, level_shares
from .gradients import input_gradients
from .network_model import NetworkAtPromoter, NetworkModel
from .patched_scan import pooled_positions

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset

_SCALAR = "log(1 + mean of the predicted distribution in TPM)"
CORE_ROW = "core promoter elements"
_STEP = 1e-4
"""Change of a raw number for the slope of the mean."""


def explain_network(model: NetworkModel, query: "Dataset", row: int, shuffled: NDArray[Any]) -> Iterator[Explained]:
    """Yield the explanation of a promoter in each context; see `attribution.Explainable`.

    The first dense layer is linear. Gradients are therefore taken with respect to its output, and multiplied by its
    weights. The core promoter elements are on the path too. Histone marks stay as they are.
    """
    at = model.at(query, row)
    run, dataset, schedule = model.run, model.dataset, model.run.config.schedule
    scan = pooled_scan_of_both_strands if run.architecture.both_strands else pooled_scan
    baseline = _mean(shuffled, lambda copy: _rectified(model, scan(copy, dataset.pssm, schedule)))
    native = _rectified(model, at.scan.pooled)
    core = None
    if at.core is not None:
        core = (_mean(shuffled, lambda copy: pooled_scan(copy, dataset.core, schedule)), at.core.pooled)
    start, end = _bins(pooled_positions(schedule))
    change = native - baseline
    place, motif = np.nonzero(change)
    on_path = ["motif_dense"] + ["core_scores"] * (core is not None)
    slopes = input_gradients(model.trunk, [model.trunk_inputs.index(name) for name in on_path])
    found: Explained | None = None
    for context in range(at.contexts):
        if context < at.distinct:
            path = _Path(model, at, context, (baseline, native), core, slopes)
            gradients, before, after = along_path(path.at, path.moved)
            value = change * (gradients["motif_dense"] @ at.weights[context].T)
            levels = np.asarray(query.regulator_levels[context]) if model.reads_levels else None
            found = Explained(
                scalar=_SCALAR,
                before=before,
                after=after,
                motif=motif,
                start=start[place],
                end=end[place],
                value=value[place, motif].astype(np.float64),
                names=tuple(dataset.motifs.name.tolist()),
                kernels=dataset.pssm,
                shares=level_shares(dataset, levels),
                others={}
                if core is None
                else {CORE_ROW: float(((core[1] - core[0]) * gradients["core_scores"]).sum())},
            )
        assert found is not None
        yield found


class _Path:
    """The straight path from the baseline to the promoter in one context."""

    def __init__(
        self,
        model: NetworkModel,
        at: NetworkAtPromoter,
        context: int,
        features: tuple[NDArray[Any], NDArray[Any]],
        core: tuple[NDArray[Any], NDArray[Any]] | None,
        slopes: Callable[[list[NDArray[Any]], NDArray[Any]], list[NDArray[np.float32]]],
    ) -> None:
        self.model, self.constant, self.context, self.slopes = model, at.constant, context, slopes
        dense = [(one @ at.weights[context] + model.offset).astype(np.float32) for one in features]
        self.ends = {"motif_dense": (dense[0], dense[1])} | ({} if core is None else {"core_scores": core})

    def moved(self, gradients: dict[str, Floats]) -> float:
        """Return by how much the explained number changes with these gradients."""
        return sum(float(((end - start) * gradients[name]).sum()) for name, (start, end) in self.ends.items())

    def at(self, points: Floats, weights: Floats) -> tuple[dict[str, Floats], Floats]:
        """Return weighted sums of gradients by the dense layer and the core elements, and the explained number.

        Both are those at points on the path [point].
        """
        inputs = self._inputs(points)
        raw = np.asarray(self.model.trunk.predict_on_batch(inputs), np.float64)
        found = self.slopes(inputs, self._slopes(raw) * weights[:, None])
        sums = {name: gradient.sum(axis=0, dtype=np.float64) for name, gradient in zip(self.ends, found, strict=True)}
        return sums, self._number(raw)

    def _inputs(self, points: Floats) -> list[NDArray[np.float32]]:
        given = {}
        for name, value in self.constant.items():
            given[name] = np.repeat(value[self.context : self.context + 1], len(points), axis=0)
        for name, (start, end) in self.ends.items():
            given[name] = (start + points[:, None, None] * (end - start)).astype(np.float32)
        return [given[name] for name in self.model.trunk_inputs]

    def _number(self, raw: Floats) -> Floats:
        return np.log1p(self.model.mean(raw))

    def _slopes(self, raw: Floats) -> Floats:
        """Return the slope of the explained number with each raw number [row, output]."""
        slopes = np.empty_like(raw)
        for output in range(raw.shape[1]):
            step = np.where(np.arange(raw.shape[1]) == output, _STEP, 0.0)
            slopes[:, output] = (self._number(raw + step) - self._number(raw - step)) / (2 * _STEP)
        return slopes


def _rectified(model: NetworkModel, scores: NDArray[Any]) -> NDArray[Any]:
    return np.maximum(scores * model.scale + model.bias, 0)


def _mean(copies: NDArray[Any], function: Any) -> NDArray[np.float32]:
    """Return the mean of a function of each copy, one at a time, because scores are large."""
    total: Any = 0.0
    for number in range(len(copies)):
        total = total + function(copies[number : number + 1])[0].astype(np.float64)
    return np.asarray(total / len(copies), np.float32)


def _bins(bins: Ints) -> tuple[Ints, Ints]:
    """Return the first position of each pooled position, and the one after its last [pooled position]."""
    kept = np.flatnonzero(bins >= 0)
    starts = np.flatnonzero(np.diff(bins[kept], prepend=-1))
    ends = np.append(starts[1:], len(kept)) - 1
    return kept[starts], kept[ends] + 1

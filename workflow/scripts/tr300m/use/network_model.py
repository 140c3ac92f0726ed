"""A trained network at edited promoters: it is cut behind its first dense layer, which edits reach in few rows."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from ..base.types import Floats, Ints
from ..evaluation.predict import TrainedRun, load_run
from ..features.scan_cache import ScanTable
from ..model.devices import keras
from ..model.inputs import model_inputs
from .patched_scan import PatchedScan, Touched

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..dataset.dataset import Dataset
    from .attribution import Explained

PAIRS_PER_CALL = (8, 16, 64)
"""Pairs of an edit and a context that the trunk takes at once: few sizes, because each is compiled."""
EDITS_PER_BLOCK = 512
_FROM_SEQUENCE = ("motif_scores", "core_scores")


@dataclass(frozen=True)
class NetworkModel:
    """A trained network in parts.

    Attributes
    ----------
    name
        Name of the run.
    run
        The trained network and what belongs to it.
    dataset
        The dataset whose motifs it scans.
    head
        The part that no edit reaches, from levels of regulators and histone marks; None if it reads neither.
    trunk
        The part behind the first dense layer.
    head_inputs, trunk_inputs
        Names of their inputs, in order.
    scale, bias
        Of motif scores [motif].
    weights, offset
        Of the first dense layer [motif, channel], [channel].
    """

    name: str
    run: TrainedRun
    dataset: "Dataset" = field(repr=False)
    head: keras.Model | None = field(repr=False)
    trunk: keras.Model = field(repr=False)
    head_inputs: tuple[str, ...]
    trunk_inputs: tuple[str, ...]
    scale: NDArray[np.float32] = field(repr=False)
    bias: NDArray[np.float32] = field(repr=False)
    weights: NDArray[np.float32] = field(repr=False)
    offset: NDArray[np.float32] = field(repr=False)

    @classmethod
    def open(cls, folder: Path | str, dataset: "Dataset") -> Self:
        """Open a run by its folder; see `evaluation.predict.load_run`."""
        return cls.of(Path(folder).name, load_run(folder, dataset), dataset)

    @classmethod
    def of(cls, name: str, run: TrainedRun, dataset: "Dataset") -> Self:
        """Cut a trained network into its parts."""
        model, architecture = run.model, run.architecture
        given = dict(model.input)

        def output(layer: str) -> Any:
            return model.get_layer(layer).output

        head, cut = {}, {"motif_dense": output("motif_dense")}
        read = [name for name in given if name not in (*_FROM_SEQUENCE, "wide_marks")]
        if architecture.tf:
            head["levels_row"] = output("levels_row")
        if architecture.hm:
            head["histone_pool"] = cut["histone_pool"] = output("histone_pool")
        if architecture.core:
            cut["core_scores"] = given["core_scores"]
        if architecture.wide_marks:
            cut |= {name: given[name] for name in ("wide_marks", "tissue")}
        scale, bias = model.get_layer("motif_scale").get_weights()
        weights, offset = model.get_layer("motif_dense").get_weights()
        return cls(
            name,
            run,
            dataset,
            keras.Model([given[name] for name in read], head) if head else None,
            keras.Model(list(cut.values()), model.output),
            tuple(read),
            tuple(cut),
            scale,
            bias,
            weights,
            offset,
        )

    @property
    def reads_levels(self) -> bool:
        """Whether predictions depend on levels of regulators."""
        return self.run.architecture.tf

    @property
    def reads_histones(self) -> bool:
        """Whether predictions depend on histone marks, which are mixed by tissue."""
        return self.run.architecture.hm

    @property
    def reads_tissue(self) -> bool:
        """Whether predictions depend on the tissue."""
        return self.run.architecture.hm

    def at(self, query: "Dataset", row: int) -> "NetworkAtPromoter":
        """Return the network at a promoter of a query, in its contexts."""
        return NetworkAtPromoter(self, query, row)

    def explained(self, query: "Dataset", row: int, shuffled: NDArray[Any]) -> "Iterator[Explained]":
        """Yield what motifs and other features are worth in each context (`attribution.Explainable`)."""
        from .network_attribution import explain_network

        return explain_network(self, query, row, shuffled)

    def mean(self, raw: NDArray[Any]) -> Floats:
        """Return the mean of the predicted distribution [...], TPM."""
        return self._flat(self.run.likelihood.mean, raw)

    def distribution_mean(self, raw: NDArray[Any]) -> Floats:
        """Return the mean of the predicted distribution [...], TPM; see `mean`."""
        return self.mean(raw)

    def median(self, raw: NDArray[Any]) -> Floats:
        """Return the median of the predicted distribution [...], TPM: the point estimate."""
        return self._flat(self.run.likelihood.median, raw)

    def quantile(self, probability: float, raw: NDArray[Any]) -> Floats:
        """Return a quantile of the predicted distribution [...], TPM."""
        return self._flat(lambda pairs: self.run.likelihood.quantile(probability, pairs), raw)

    @staticmethod
    def _flat(function: Any, raw: NDArray[Any]) -> Floats:
        return np.asarray(function(raw.reshape(-1, raw.shape[-1])), np.float64).reshape(raw.shape[:-1])


class NetworkAtPromoter:
    """A network at one promoter of a query, in its contexts: what does not depend on edits is computed once."""

    def __init__(self, model: NetworkModel, query: "Dataset", row: int) -> None:
        run, dataset = model.run, model.dataset
        architecture, schedule = run.architecture, run.config.schedule
        # Contexts make no difference to a network that reads neither levels nor the tissue.
        self.contexts = len(query.samples)
        self.distinct = self.contexts if model.reads_levels or model.reads_tissue else 1
        self.model, self.native = model, np.asarray(query.onehot[row])
        self.scan = PatchedScan.of(self.native, dataset.pssm, schedule, both_strands=architecture.both_strands)
        self.core = PatchedScan.of(self.native, dataset.core, schedule) if architecture.core else None
        none = np.empty((1, 0, 0), np.float32)
        columns = np.arange(self.distinct)
        inputs = model_inputs(
            query,
            architecture,
            np.full(self.distinct, row),
            columns,
            run.units,
            ScanTable(none, none),
            np.zeros(self.distinct, np.int64),
        )
        found: dict[str, NDArray[np.float32]] = {}
        if model.head is not None:
            outputs = model.head([inputs[name] for name in model.head_inputs])
            found = {name: np.asarray(value) for name, value in outputs.items()}
        levels = found.pop("levels_row", np.ones((self.distinct, 1, len(model.scale)), np.float32))
        self.weights = levels[:, 0, :, None] * model.weights
        self.constant = found | {name: inputs[name] for name in model.trunk_inputs if name in inputs}
        self.dense = self._rectified(self.scan.pooled) @ self.weights + model.offset

    def _rectified(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(np.maximum(scores * self.model.scale + self.model.bias, 0))

    @cached_property
    def _reference(self) -> NDArray[np.float32]:
        """Raw numbers of the promoter itself [context, output]."""
        nothing = Touched(
            np.empty(0, np.int64), np.empty(0, np.int64), np.empty((0, len(self.model.scale)), np.float32)
        )
        return self._raw(np.zeros(1, np.int64), nothing, None)[0]

    def __call__(self, windows: NDArray[Any]) -> NDArray[np.float32]:
        """Return raw numbers [window, context, output] of edited promoters [window, position, base]."""
        raw = np.repeat(self._reference[None], len(windows), axis=0)
        for start in range(0, len(windows), EDITS_PER_BLOCK):
            block = windows[start : start + EDITS_PER_BLOCK]
            touched = self.scan.touched(block)
            core = None if self.core is None else self.core.touched(block)
            edits = np.unique(touched.edit if core is None else np.concatenate([touched.edit, core.edit]))
            if len(edits):
                raw[start + edits] = self._raw(edits, touched, core)
        return np.repeat(raw, self.contexts, axis=1) if self.distinct < self.contexts else raw

    def _raw(self, edits: Ints, touched: Touched, core: Touched | None) -> NDArray[np.float32]:
        """Return raw numbers [edit, context, output] of some edits."""
        trunk, rectified = self.model.trunk, self._rectified(touched.scores)
        pairs = len(edits) * self.distinct
        raw = np.empty((pairs, trunk.output_shape[-1]), np.float32)
        dense: dict[int, NDArray[np.float32]] = {}
        size = next((size for size in PAIRS_PER_CALL if pairs <= size), PAIRS_PER_CALL[-1])
        for start in range(0, pairs, size):
            # The edits of a context follow each other. The last call is filled up, because another size is compiled.
            batch = np.minimum(np.arange(start, start + size), pairs - 1)
            context, edit = np.divmod(batch, len(edits))
            inputs = {name: value[context] for name, value in self.constant.items()}
            inputs["motif_dense"] = self.dense[context]
            for number in np.unique(context):
                if number not in dense:
                    dense = {number: rectified @ self.weights[number] + self.model.offset}
                mine = np.flatnonzero(context == number)
                _put(inputs["motif_dense"], mine, edits[edit[mine]], touched, dense[number])
            if self.core is not None:
                inputs["core_scores"] = np.repeat(self.core.pooled[None], size, axis=0)
                if core is not None:
                    _put(inputs["core_scores"], np.arange(size), edits[edit], core, core.scores)
            count = min(size, pairs - start)
            raw[start : start + count] = np.asarray(
                trunk.predict_on_batch([inputs[name] for name in self.model.trunk_inputs])
            )[:count]
        return raw.reshape(self.distinct, len(edits), -1).swapaxes(0, 1)


def _put(target: NDArray[np.float32], rows: Ints, edits: Ints, touched: Touched, values: NDArray[np.float32]) -> None:
    """Write `values` [touched, channel] of edits to their positions in rows of `target` [row, position, channel]."""
    first, last = np.searchsorted(touched.edit, edits), np.searchsorted(touched.edit, edits, side="right")
    for row, start, end in zip(rows, first, last, strict=True):
        target[row, touched.position[start:end]] = values[start:end]

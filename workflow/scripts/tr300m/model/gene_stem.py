"""The first layers of a network that reads no TF levels depend on the gene alone: computed once for all samples."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..config.architectures import Architecture
from ..features.scan_cache import ScanTable
from .devices import keras

_SCORES, _LAST_LAYER = "motif_scores", "motif_dense"


class GeneStem(NamedTuple):
    """A network in two parts.

    Attributes
    ----------
    stem
        From the motif scores of genes [gene, position, motif] to features with fewer channels.
    rest
        From these features and the other inputs to the raw outputs.
    name
        Name of the features among the inputs of `rest`.
    """

    stem: keras.Model
    rest: keras.Model
    name: str

    @classmethod
    def of(cls, model: keras.Model, architecture: Architecture) -> "GeneStem | None":
        """Take a network of cached scans apart; None if it reads levels, which its first layers multiply with scores.

        The parts share their weights with it.
        """
        if architecture.reads_levels:
            return None
        features = model.get_layer(_LAST_LAYER).output
        others = {name: tensor for name, tensor in model.input.items() if name != _SCORES}
        rest = keras.Model({**others, features.name: features}, model.output)
        return cls(keras.Model(model.input[_SCORES], features), rest, features.name)

    def features(self, table: ScanTable) -> ScanTable:
        """Return a table with the features of genes in the place of their motif scores."""
        return ScanTable(self.stem.predict_on_batch(table.pooled), table.core)

    def predict(self, inputs: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Return the raw outputs [pair, n_outputs] for `model_inputs` that were gathered from `features`."""
        named = {self.name if name == _SCORES else name: array for name, array in inputs.items()}
        return np.asarray(self.rest.predict_on_batch(named))

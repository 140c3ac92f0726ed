"""The branch of binned marks around the TSS, and the logarithm of inputs in a network."""

from collections.abc import Callable, Sequence
from typing import Any

from ..base.types import Tensor
from ..config.architectures import MIXTURES
from .devices import keras, ops
from .layers import MixCells, dense, dropout, register

WIDE_UNITS = 64
"""Units of the dense layer of the branch."""


@register
class Log1p(keras.layers.Layer):
    """Return log(1 + x) of each input, which is at least 0."""

    def call(self, inputs: Tensor) -> Tensor:
        """Take the logarithm."""
        return ops.log1p(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the input."""
        return input_shape


def wide_branch(
    marks: Tensor,
    tissue: Tensor,
    cells_by_mark: Sequence[Sequence[int]],
    rate: float,
    own_seed: Callable[[str], int],
) -> Tensor:
    """Add the branch of binned marks: cells mixed by tissue, then one dense layer over all bins.

    The mixtures have weights of their own: the marks are on a log scale here, and not in the promoter window.

    Parameters
    ----------
    marks
        Symbolic tensor [batch, bin, track], in units of the mean of the histone signal.
    tissue
        Symbolic tensor [batch, tissue], one-hot.
    cells_by_mark
        As in `MixCells`.
    rate
        Dropout rate of the marks.
    own_seed
        Function that returns the seed of a layer from its name.

    Returns
    -------
    tensor
        [batch, WIDE_UNITS].
    """
    n_cells = 1 + max(map(max, cells_by_mark))
    marks = dropout(rate, "wide_dropout", own_seed)(Log1p(name="wide_log")(marks))
    cells = dense(n_cells * MIXTURES, "wide_tissue_cells", own_seed)(tissue)
    cells = keras.layers.Reshape((n_cells, MIXTURES), name="wide_cells")(cells)
    mixed = MixCells(cells_by_mark, name="wide_mix_cells")(marks, cells)
    flat = keras.layers.Flatten(name="wide_flat")(mixed)
    return keras.layers.ReLU(name="wide_relu")(dense(WIDE_UNITS, "wide_dense", own_seed)(flat))

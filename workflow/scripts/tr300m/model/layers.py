"""Custom Keras layers of the model: scan, pooling, scales, distance factor, histone mixture."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..base.types import Tensor
from ..features.motif_scan import UNKNOWN_BASE, reverse_complement
from ..features.pooling import Schedule, padding, pooled_length
from .devices import keras, ops

EPSILON = 1e-3
"""Epsilon of the layer normalisations."""

register = keras.saving.register_keras_serializable(package="tr300m")


@register
class BaseDropout(keras.layers.Layer):
    """Replace each base by 0.25, 0.25, 0.25, 0.25 with probability `rate`, in training only, without rescaling.

    The input is a sequence [batch, position, 4], and the output has the same shape.
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, sequence: Tensor, training: bool = False) -> Tensor:
        """Drop bases if `training`."""
        if not training or self.rate == 0:
            return sequence
        shape = ops.shape(sequence)
        draw = keras.random.uniform((shape[0], shape[1], 1), seed=self.seed_generator)
        return ops.where(draw < self.rate, ops.cast(UNKNOWN_BASE, sequence.dtype), sequence)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


@register
class MotifScan(keras.layers.Layer):
    """Score fixed motifs along a sequence and pool: [batch, position, 4] to [batch, pooled position, motif].

    Parameters
    ----------
    kernels
        Motifs [width, base, motif]. They are constants, which are neither trained nor saved with the weights.
    schedule
        Segments as pairs (base pairs, pooling factor).
    both_strands
        Whether a score is the larger of the two strands'.
    """

    def __init__(self, kernels: ArrayLike, schedule: Schedule, both_strands: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.both_strands = both_strands
        self.kernels = np.asarray(kernels, dtype=np.float32)
        self.schedule = tuple((int(length), int(factor)) for length, factor in schedule)

    def call(self, sequence: Tensor) -> Tensor:
        """Cross-correlate each segment, padded by its neighbouring bases, and pool by the maximum."""
        sides = padding(self.kernels.shape[0])
        padded = ops.pad(sequence, ((0, 0), sides, (0, 0)), constant_values=UNKNOWN_BASE)
        motifs = self.kernels.shape[2]
        strands = [self.kernels, reverse_complement(self.kernels)] if self.both_strands else [self.kernels]
        kernels = ops.convert_to_tensor(np.concatenate(strands, axis=2), dtype=self.compute_dtype)
        pooled, start = [], 0
        # Slice the sequence and not the scores, because slicing a thousand score channels is expensive.
        for length, factor in self.schedule:
            kept = length // factor * factor
            scores = ops.conv(padded[:, start : start + kept + sum(sides)], kernels, padding="valid")
            pooled.append(pool(scores, factor))
            start += length
        found = ops.concatenate(pooled, axis=1)
        return ops.maximum(found[:, :, :motifs], found[:, :, motifs:]) if self.both_strands else found

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return [batch, pooled position, motif]."""
        return (input_shape[0], pooled_length(self.schedule), self.kernels.shape[2])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, the kernels as nested lists."""
        given = {"kernels": self.kernels.tolist(), "schedule": self.schedule, "both_strands": self.both_strands}
        return {**super().get_config(), **given}


@register
class PoolSegments(keras.layers.Layer):
    """Max pooling by the factor of each segment: [batch, position, channel] to [batch, pooled position, channel]."""

    def __init__(self, schedule: Schedule, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.schedule = tuple((int(length), int(factor)) for length, factor in schedule)

    def call(self, signal: Tensor) -> Tensor:
        """Pool each segment; the remainder of a segment is dropped."""
        pooled, start = [], 0
        for length, factor in self.schedule:
            pooled.append(pool(signal[:, start : start + length // factor * factor], factor))
            start += length
        return ops.concatenate(pooled, axis=1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return [batch, pooled position, channel]."""
        return (input_shape[0], pooled_length(self.schedule), input_shape[2])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "schedule": self.schedule}


def pool(signal: Tensor, factor: int) -> Tensor:
    """Take the maximum of every `factor` positions of [batch, position, channel]."""
    return signal if factor == 1 else ops.max_pool(signal, factor, strides=factor, padding="valid")


@register
class ScaleBias(keras.layers.Layer):
    """Multiply each channel by a trained scale (initially 1) and, if `bias`, add a trained bias (initially 0)."""

    def __init__(self, bias: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.has_bias = bias

    def build(self, input_shape: Any) -> None:
        """Create one scale and one bias per channel (last axis)."""
        shape = (input_shape[-1],)
        self.scale = self.add_weight(shape=shape, initializer="ones", name="scale")
        if self.has_bias:
            self.bias = self.add_weight(shape=shape, initializer="zeros", name="bias")

    def call(self, inputs: Tensor) -> Tensor:
        """Scale and shift."""
        scaled = inputs * self.scale
        return scaled + self.bias if self.has_bias else scaled

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Return the shape of the input."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "bias": self.has_bias}


@register
class DistanceFactor(keras.layers.Layer):
    """Weight regulators by their distance to the gene and sum them into motif columns.

    A regulator's level is multiplied by ``same * exp(-exp(r) * distance) + exp(w)``, where r and w are trained scalars,
    initially 0, and `same` is 1 on the gene's chromosome and 0 elsewhere.

    Parameters
    ----------
    motif_map
        Mask of the motifs that each regulator binds [regulator, motif]; a constant.
    """

    def __init__(self, motif_map: ArrayLike, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.motif_map = np.asarray(motif_map, dtype=np.float32)

    def build(self, levels_shape: Any, distance_shape: Any) -> None:
        """Create the two scalars."""
        self.decay = self.add_weight(shape=(), initializer="zeros", name="r")
        self.floor = self.add_weight(shape=(), initializer="zeros", name="w")

    def call(self, levels: Tensor, distance: Tensor) -> Tensor:
        """Map levels [batch, regulator] (TPM) and distances (-1 for another chromosome) to columns [batch, motif]."""
        # The maximum keeps exp() finite if the distance is -1; with `where` alone the gradient would be NaN.
        near = ops.exp(-ops.exp(self.decay) * ops.maximum(distance, 0.0))
        factor = ops.where(distance >= 0, near, 0.0) + ops.exp(self.floor)
        return ops.matmul(levels * factor, ops.convert_to_tensor(self.motif_map, dtype=self.compute_dtype))

    def compute_output_shape(self, levels_shape: Any, distance_shape: Any) -> Any:
        """Return [batch, motif]."""
        return (levels_shape[0], self.motif_map.shape[1])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, the map as nested lists."""
        return {**super().get_config(), "motif_map": self.motif_map.tolist()}


@register
class MixCells(keras.layers.Layer):
    """Mix the cells of each histone mark.

    Signal [batch, position, track] and weights [batch, cell, mixture] give [batch, position, mark * mixture]; marks are
    the outer dimension of the result. A mark takes the weights of the cells that it has.

    Parameters
    ----------
    cells_by_mark
        For each mark the index of each of its tracks' cells; tracks are in this order.
    """

    def __init__(self, cells_by_mark: Sequence[Sequence[int]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cells_by_mark = tuple(map(tuple, cells_by_mark))

    def call(self, signal: Tensor, weights: Tensor) -> Tensor:
        """Apply the same weights to all marks and positions."""
        cells, mixtures = weights.shape[1], weights.shape[2]
        positions, marks = signal.shape[1], len(self.cells_by_mark)
        if all(mine == tuple(range(cells)) for mine in self.cells_by_mark):
            # One product for all marks.
            rows = ops.reshape(signal, (-1, positions * marks, cells))
            return ops.reshape(ops.matmul(rows, weights), (-1, positions, marks * mixtures))
        parts, start = [], 0
        for mine in self.cells_by_mark:
            own = ops.take(weights, np.array(mine), axis=1)
            parts.append(ops.matmul(signal[:, :, start : start + len(mine)], own))
            start += len(mine)
        return ops.concatenate(parts, axis=2)

    def compute_output_shape(self, signal_shape: Any, weights_shape: Any) -> Any:
        """Return [batch, position, mark * mixture]."""
        return (signal_shape[0], signal_shape[1], len(self.cells_by_mark) * weights_shape[2])

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {**super().get_config(), "cells_by_mark": self.cells_by_mark}


def dense(units: int, name: str, own_seed: Callable[[str], int], dtype: str | None = None) -> keras.layers.Layer:
    """Build a linear layer with bias, with Glorot-uniform initial weights from the seed of its name."""
    start = keras.initializers.GlorotUniform(own_seed(name))
    return keras.layers.Dense(units, kernel_initializer=start, name=name, dtype=dtype)


def dropout(rate: float, name: str, own_seed: Callable[[str], int], dtype: str | None = None) -> keras.layers.Layer:
    """Build an element-wise dropout that draws from the seed of its name."""
    return keras.layers.Dropout(rate, seed=own_seed(name), name=name, dtype=dtype)


def locally_connected(
    length: int, channels: int, units: int, name: str, own_seed: Callable[[str], int], dtype: str | None = None
) -> keras.layers.Layer:
    """Build a locally connected layer of kernel size 1 with ReLU: it has separate weights at each position.

    As in Keras 2 for weights [length, channels, units], Glorot's limit counts the positions as receptive field. A limit
    per position would be sqrt(length) = 20 times larger.
    """
    limit = (6.0 / ((channels + units) * length)) ** 0.5
    return keras.layers.EinsumDense(
        "blc,lcd->bld",
        output_shape=(length, units),
        bias_axes="ld",
        activation="relu",
        kernel_initializer=keras.initializers.RandomUniform(-limit, limit, own_seed(name)),
        name=name,
        dtype=dtype,
    )


def trunk_block(
    x: Tensor,
    prefix: str,
    bottleneck: int,
    kernel_size: int,
    rate: float,
    *,
    pooled: bool,
    policy: str,
    own_seed: Callable[[str], int],
) -> Tensor:
    """Add one block of the trunk: a position-wise bottleneck and a convolution, each plus the block's input.

    Parameters
    ----------
    x
        Symbolic tensor [batch, position, channel].
    prefix
        Prefix of the layers' names.
    bottleneck
        Units of the locally connected layer.
    kernel_size
        Kernel size of the convolution.
    rate
        Dropout rate after both layers.
    pooled
        Whether the block ends in a max pooling by 2.
    policy
        Dtype policy of Keras; normalisation statistics are float32 under all policies.
    own_seed
        Function that returns the seed of a layer from its name.

    Returns
    -------
    tensor
        [batch, position, channel], with half the positions if pooled.
    """
    length, channels = x.shape[1], x.shape[2]

    def name(part: str) -> str:
        return f"{prefix}_{part}"

    def norm(part: str) -> keras.layers.Layer:
        return keras.layers.LayerNormalization(epsilon=EPSILON, name=name(part), dtype=policy)

    def add(part: str) -> keras.layers.Layer:
        return keras.layers.Add(name=name(part), dtype=policy)

    y = locally_connected(length, channels, bottleneck, name("local"), own_seed, policy)(norm("norm")(x))
    y = dropout(rate, name("local_dropout"), own_seed, policy)(y)
    y = add("local_add")([y, dense(bottleneck, name("dense"), own_seed, policy)(x)])
    y = keras.layers.Conv1D(
        channels,
        kernel_size,
        padding="same",
        activation="relu",
        kernel_initializer=keras.initializers.GlorotUniform(own_seed(name("conv"))),
        name=name("conv"),
        dtype=policy,
    )(norm("bottleneck_norm")(y))
    y = dropout(rate, name("conv_dropout"), own_seed, policy)(y)
    y = add("conv_add")([y, x])
    return keras.layers.MaxPooling1D(2, name=name("pool"), dtype=policy)(y) if pooled else y

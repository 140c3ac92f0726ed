"""The model: seven combinations of inputs with the same convolutional trunk."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Self, TypeVar

from numpy.typing import NDArray

from ..base.axes import Tracks
from ..base.errors import TR300MError
from ..base.from_dict import from_dict
from ..base.types import Tensor
from ..config.architectures import MIXTURES, Architecture
from ..features.pooling import SCHEDULE, check_schedule, pooled_length
from .devices import keras
from .layers import (
    EPSILON,
    BaseDropout,
    DistanceFactor,
    MixCells,
    MotifScan,
    PoolSegments,
    ScaleBias,
    dense,
    dropout,
    trunk_block,
)
from .wide_branch import Log1p, wide_branch

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset

_T = TypeVar("_T")

PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
"""Precision of the trunk's blocks: name in the configuration to dtype policy of Keras."""


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes and dropout rates of the network; the defaults are the thesis's.

    Parameters
    ----------
    length
        Length of the promoter window in base pairs.
    schedule
        Pooling segments as pairs (base pairs, factor), from upstream to downstream; they add up to `length`.
    width
        Channels of the trunk, including the branches.
    bottleneck
        Units of the locally connected layers.
    kernel_sizes
        Kernel size of each block; their number is the number of blocks.
    pool_blocks
        Blocks that end in max pooling by 2, counted from 0.
    base_dropout
        Share of bases replaced by 0.25, only if the scan is not cached.
    histone_dropout
        Dropout rate of histone values.
    branch_dropout
        Dropout rate of motif features (whole channels) before the trunk.
    trunk_dropout
        Dropout rate in the blocks.
    precision
        Precision of the blocks: ``float32`` or ``bfloat16``. Weights, normalisation statistics, motif scores and
        outputs are float32 in both cases.
    """

    length: int = 2823
    schedule: tuple[tuple[int, int], ...] = SCHEDULE
    width: int = 128
    bottleneck: int = 32
    kernel_sizes: tuple[int, ...] = (7, 7, 5, 5, 3, 3, 3, 3, 3, 3, 3, 3)
    pool_blocks: tuple[int, ...] = (0, 2, 4, 6, 8, 10)
    base_dropout: float = 0.1
    histone_dropout: float = 0.1
    branch_dropout: float = 0.2
    trunk_dropout: float = 0.2
    precision: str = "float32"

    def __post_init__(self) -> None:
        check_schedule(self.schedule, self.length)
        for name in ("width", "bottleneck"):
            if getattr(self, name) < 1:
                raise TR300MError(f"network: {name} is {getattr(self, name)}", "give at least 1")
        for name in ("base_dropout", "histone_dropout", "branch_dropout", "trunk_dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise TR300MError(
                    f"network: {name} is {getattr(self, name)}", "give a rate of at least 0 and less than 1"
                )
        if self.precision not in PRECISIONS:
            raise TR300MError(f"network: precision is {self.precision}", f"write {' or '.join(PRECISIONS)}")
        blocks = len(self.kernel_sizes)
        if not blocks or not set(self.pool_blocks) <= set(range(blocks)):
            raise TR300MError(
                f"network: {blocks} kernel_sizes, pool_blocks {list(self.pool_blocks)}",
                "give one kernel size per block; pool_blocks may only have existing blocks, counted from 0",
            )
        self.trunk_lengths()

    def trunk_lengths(self) -> tuple[int, ...]:
        """Return the number of positions at the input of each block, then at the output of the last.

        Raises
        ------
        TR300MError
            If a block with pooling has fewer than 2 positions.
        """
        lengths = [pooled_length(self.schedule)]
        for block in range(len(self.kernel_sizes)):
            factor = 2 if block in self.pool_blocks else 1
            if lengths[-1] < factor:
                raise TR300MError(
                    f"network: block {block} pools by 2 but has {lengths[-1]} position",
                    "remove blocks from pool_blocks, or pool less in the schedule",
                )
            lengths.append(lengths[-1] // factor)
        return tuple(lengths)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from plain values (lists, as YAML and JSON give them); absent keys keep their defaults.

        Raises
        ------
        TR300MError
            If a key is unknown or a value is invalid.
        """
        return from_dict(cls, "network", values)


def build_model(
    architecture: str | Architecture,
    dataset: "Dataset | None" = None,
    *,
    pssm: NDArray[Any] | None = None,
    core: NDArray[Any] | None = None,
    n_tissues: int | None = None,
    tracks: Tracks | None = None,
    n_regulators: int | None = None,
    n_bins: int | None = None,
    motif_map: NDArray[Any] | None = None,
    config: NetworkConfig | None = None,
    scanned: bool = False,
    n_outputs: int = 4,
    seed: int = 0,
) -> keras.Model:
    """Build the untrained model of an architecture.

    Parameters
    ----------
    architecture
        Architecture or its key.
    dataset
        Dataset for the sizes and motifs that are not given.
    pssm
        Transcription factor motifs [width, 4, motif].
    core
        Core promoter elements [width, 4, element].
    n_tissues, n_regulators
        Number of tissues and of regulators in the inputs.
    tracks
        Histone tracks in the inputs; only needed with histones.
    n_bins
        Number of bins of the wide window; only needed with wide marks.
    motif_map
        Mask of the motifs that each regulator binds [regulator, motif]; only needed with the distance factor.
    config
        Sizes of the network; None takes the thesis's.
    scanned
        Whether the inputs are pooled raw scores instead of the sequence. Both variants have the same trainable weights
        in the same order: ``twin.set_weights(model.get_weights())`` copies them.
    n_outputs
        Number of outputs, which the likelihood determines.
    seed
        Seed of the initial weights and of the dropout. Each layer has its own seed derived from it, so a layer that
        only one variant has does not change the others.

    Returns
    -------
    keras.Model
        The inputs are a dict of float32 arrays, only those that the architecture reads: `sequence` [length, 4], or
        `motif_scores` [position, motif] and `core_scores` [position, element]; `levels` [motif] (TPM), or
        `regulator_levels` [regulator] (TPM) and `distance` [regulator] (-1: other chromosome); `tissue` [tissue]
        (one-hot) and `histones` [length, track] (in units of their mean); `wide_marks` [bin, track] (in the same
        units). The outputs are raw numbers [n_outputs].

    Raises
    ------
    TR300MError
        If the architecture needs something that is neither given nor in a dataset, or the trunk is too narrow.
    """
    if isinstance(architecture, str):
        architecture = Architecture.from_key(architecture)
    config = NetworkConfig() if config is None else config
    if dataset is not None:
        pssm = dataset.pssm if pssm is None else pssm
        core = dataset.core if core is None else core
        motif_map = dataset.motif_map if motif_map is None else motif_map
        n_tissues = len(dataset.tissues) if n_tissues is None else n_tissues
        tracks = dataset.tracks if tracks is None else tracks
        n_regulators = len(dataset.regulators) if n_regulators is None else n_regulators
        n_bins = (len(dataset.bins) or None) if n_bins is None else n_bins
    own_seed = partial(layer_seed, seed)
    pssm = _given(pssm, "pssm", architecture)
    positions, motifs = pooled_length(config.schedule), pssm.shape[2]
    elements = _given(core, "core", architecture).shape[2] if architecture.core else 0
    cells_by_mark = _given(tracks, "tracks", architecture).cells_by_mark() if architecture.hm else ()
    narrow = config.width - architecture.branch_channels(len(cells_by_mark), elements)
    if narrow < 1:
        raise TR300MError(
            f"{architecture.key}: a trunk of {config.width} channels is too narrow for its branches",
            f"set width to more than {config.width - narrow}",
        )

    inputs: dict[str, Tensor] = {}

    def take(name: str, *shape: int) -> Tensor:
        inputs[name] = keras.Input(shape, name=name)
        return inputs[name]

    core_scores = None
    if scanned:
        scores = take("motif_scores", positions, motifs)
        if architecture.core:
            core_scores = take("core_scores", positions, elements)
    else:
        sequence = BaseDropout(config.base_dropout, seed=own_seed("base_dropout"), name="base_dropout")(
            take("sequence", config.length, 4)
        )
        scores = MotifScan(pssm, config.schedule, architecture.both_strands, name="scan")(sequence)
        if architecture.core:
            core_scores = MotifScan(_given(core, "core", architecture), config.schedule, name="core_scan")(sequence)

    features = keras.layers.ReLU(name="motif_relu")(ScaleBias(name="motif_scale")(scores))
    if architecture.tf:
        if architecture.distance:
            count = _given(n_regulators, "n_regulators", architecture)
            mapping = _given(motif_map, "motif_map", architecture)
            levels = DistanceFactor(mapping, name="distance_factor")(
                take("regulator_levels", count), take("distance", count)
            )
        else:
            levels = take("levels", motifs)
        if architecture.log_levels:
            levels = Log1p(name="log_levels")(levels)
        levels = keras.layers.Reshape((1, motifs), name="levels_row")(ScaleBias(bias=False, name="level_scale")(levels))
        features = keras.layers.Multiply(name="motifs_by_levels")([features, levels])
    trunk = dense(narrow, "motif_dense", own_seed)(features)
    trunk = keras.layers.SpatialDropout1D(
        config.branch_dropout, seed=own_seed("branch_dropout"), name="branch_dropout"
    )(trunk)

    branches = []
    if architecture.hm:
        n_cells = 1 + max(map(max, cells_by_mark))
        histones = take("histones", config.length, sum(map(len, cells_by_mark)))
        tissue = take("tissue", _given(n_tissues, "n_tissues", architecture))
        histones = dropout(config.histone_dropout, "histone_dropout", own_seed)(histones)
        cells = dense(n_cells * MIXTURES, "tissue_cells", own_seed)(tissue)
        cells = keras.layers.Reshape((n_cells, MIXTURES), name="cells")(cells)
        mixed = MixCells(cells_by_mark, name="mix_cells")(histones, cells)
        branches.append(PoolSegments(config.schedule, name="histone_pool")(mixed))
    if architecture.core:
        branches.append(core_scores)
    if branches:
        branch = keras.layers.Concatenate(name="branches")(branches) if len(branches) > 1 else branches[0]
        branch = keras.layers.ReLU(name="branch_relu")(ScaleBias(name="branch_scale")(branch))
        trunk = keras.layers.Concatenate(name="trunk_input")([trunk, branch])

    for block, kernel_size in enumerate(config.kernel_sizes):
        trunk = trunk_block(
            trunk,
            f"block{block}",
            config.bottleneck,
            kernel_size,
            config.trunk_dropout,
            pooled=block in config.pool_blocks,
            policy=PRECISIONS[config.precision],
            own_seed=own_seed,
        )
    trunk = keras.layers.LayerNormalization(epsilon=EPSILON, name="last_norm")(trunk)
    flat = keras.layers.Flatten(name="flat")(trunk)
    if architecture.wide_marks:
        marks = take("wide_marks", _given(n_bins, "n_bins", architecture), sum(map(len, cells_by_mark)))
        wide = wide_branch(marks, inputs["tissue"], cells_by_mark, config.histone_dropout, own_seed)
        flat = keras.layers.Concatenate(name="flat_and_wide")([flat, wide])
    return keras.Model(inputs, dense(n_outputs, "raw", own_seed)(flat), name=architecture.key)


def layer_seed(seed: int, layer: str) -> int:
    """Return the seed (31 bits) of a layer: a hash of the model's seed and the layer's name."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{layer}".encode()).digest()[:4], "big") >> 1


def _given(value: _T | None, name: str, architecture: Architecture) -> _T:
    if value is None:
        raise TR300MError(f"architecture {architecture.key} needs {name}", f"pass {name}, or a dataset")
    return value

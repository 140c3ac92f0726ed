"""The seven architectures, literally: float64 NumPy, one position at a time; and random datasets and weights for them.

Written from the thesis's definition and nothing else: it shares no code with `tr300m.model.network` or
`tr300m.features.motif_scan`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from helpers.toy_dataset import Sizes, toy_dataset
from numpy.typing import NDArray
from tr300m.dataset.dataset import Dataset

Array = NDArray[Any]
Schedule = Sequence[tuple[int, int]]
PARAMETERS = {
    "seq": 5_612_132,
    "seq_tf": 5_613_204,
    "seq_tf_df": 5_613_206,
    "seq_tf_core": 5_599_281,
    "seq_tf_core_hm": 5_587_969,
    "seq_core_hm": 5_586_897,
    "seq_tf_hm": 5_601_892,
}
"""Trained numbers of each architecture at full size."""


def random_dataset(sizes: Sizes, seed: int = 0) -> Dataset:
    """Make a toy dataset whose units are not the means of its few genes, as they are not those of a batch."""
    return toy_dataset(sizes, seed, {"histone_mean": 1.3, "tss_mean": 73_641_783.55})


def randomise(model: keras.Model, seed: int = 1) -> dict[str, Array]:
    """Set every weight of a model at random, none at its start value; return them by path, in float64.

    Kernels keep the size of what they act on, but for that of the motifs, whose features times TPM are large.
    """
    chance = np.random.default_rng(seed)
    weights = {}
    for variable in model.weights:
        layer, name = variable.path.split("/")
        value = chance.normal(size=variable.shape)
        if name == "kernel":
            fan_in = np.prod(variable.shape[:-1] if layer.endswith("conv") else variable.shape[-2])
            value *= fan_in**-0.5 * (0.2 if layer == "motif_dense" else 1)
        elif name in ("scale", "gamma"):
            value = 1 + 0.3 * value
        else:
            value *= 0.3
        variable.assign(value)
        weights[variable.path] = keras.ops.convert_to_numpy(variable).astype(np.float64)
    return weights


def scan(sequence: Array, kernels: Array) -> Array:
    """Cross-correlate [position, base] with [width, base, motif], a quarter of each base beyond the ends."""
    width = len(kernels)
    padded = np.pad(sequence.astype(np.float64), ((width // 2, width // 2), (0, 0)), constant_values=0.25)
    return np.array([np.tensordot(padded[p : p + width], kernels, 2) for p in range(len(sequence))])


def pool(signal: Array, schedule: Schedule) -> Array:
    """Take maxima over whole groups of positions; a segment's rest is dropped."""
    pooled, start = [], 0
    for length, factor in schedule:
        pooled += [signal[p : p + factor].max(axis=0) for p in range(start, start + length - factor + 1, factor)]
        start += length
    return np.array(pooled)


def pooled_scores(data: Dataset, gene: int, schedule: Schedule) -> tuple[Array, Array]:
    """Return the pooled scores of a gene [position, motif] and [position, element]."""
    motifs, elements = (pool(scan(data.onehot[gene], kernels), schedule) for kernels in (data.pssm, data.core))
    return motifs, elements


def relu(x: Array) -> Array:
    return np.maximum(x, 0)


def affine(w: Mapping[str, Array], layer: str, x: Array) -> Array:
    return x @ w[f"{layer}/kernel"] + w[f"{layer}/bias"]


def norm(w: Mapping[str, Array], layer: str, x: Array) -> Array:
    """Layer normalisation over the channels, epsilon 1e-3."""
    centred = x - x.mean(axis=1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-3)
    return centred / deviation * w[f"{layer}/gamma"] + w[f"{layer}/beta"]


def convolve(w: Mapping[str, Array], layer: str, x: Array) -> Array:
    """Convolution of "same" length: zeros beyond the ends."""
    kernel = w[f"{layer}/kernel"]
    width = len(kernel)
    padded = np.pad(x, ((width // 2, width // 2), (0, 0)))
    return np.array([np.tensordot(padded[p : p + width], kernel, 2) for p in range(len(x))]) + w[f"{layer}/bias"]


def tf_levels(w: Mapping[str, Array], key: str, data: Dataset, gene: int, sample: int) -> Array:
    """Return t [motif]: TPM of the regulators, near ones first where the distance counts, mapped and scaled."""
    tpm = data.regulator_levels[sample].astype(np.float64)
    if "df" in key.split("_"):
        same = data.regulators.chromosome == data.genes.chromosome[gene]
        apart = np.abs(data.genes.tss[gene] - data.regulators.tss) / data.manifest["constants"]["tss_mean"]
        r, offset = np.exp(w["distance_factor/r"]), np.exp(w["distance_factor/w"])
        tpm = tpm * (same * np.exp(-r * apart) + offset)
    return tpm @ data.motif_map * w["level_scale/scale"]


def histone_channels(w: Mapping[str, Array], data: Dataset, gene: int, sample: int) -> Array:
    """Return [position, 4 * mark]: the cells that each mark has, in four superpositions of the tissue's own."""
    signal = data.histones[gene].astype(np.float64) / data.manifest["constants"]["histone_mean"]
    names = list(dict.fromkeys(data.tracks.cell))
    cells = affine(w, "tissue_cells", data.tissue[sample].astype(np.float64)).reshape(len(names), 4)
    channels = {mark: np.zeros((len(signal), 4)) for mark in data.tracks.mark}
    for column, (mark, cell) in enumerate(zip(data.tracks.mark, data.tracks.cell, strict=True)):
        channels[mark] += np.outer(signal[:, column], cells[names.index(cell)])
    return np.concatenate(list(channels.values()), axis=1)


def trunk(w: Mapping[str, Array], x: Array, pool_blocks: Sequence[int]) -> Array:
    """Return the raw outputs of [position, channel]."""
    block = 0
    while f"block{block}_norm/gamma" in w:
        name = f"block{block}"
        h, kernel, bias = norm(w, f"{name}_norm", x), w[f"{name}_local/kernel"], w[f"{name}_local/bias"]
        h = relu(np.array([h[p] @ kernel[p] + bias[p] for p in range(len(h))]))
        h = h + affine(w, f"{name}_dense", x)
        x = x + relu(convolve(w, f"{name}_conv", norm(w, f"{name}_bottleneck_norm", h)))
        if block in pool_blocks:
            x = pool(x, [(len(x), 2)])
        block += 1
    return affine(w, "raw", norm(w, "last_norm", x).ravel())


def forward(
    w: Mapping[str, Array],
    key: str,
    data: Dataset,
    gene: int,
    sample: int,
    scores: tuple[Array, Array],
    schedule: Schedule,
    pool_blocks: Sequence[int],
) -> Array:
    """Return the raw outputs [4] of one gene in one sample, without dropout.

    Parameters
    ----------
    w
        Weights by path.
    key
        Architecture.
    data, gene, sample
        Where the arrays are, and which rows.
    scores
        `pooled_scores` of the gene.
    schedule, pool_blocks
        Pooling before the trunk and in it.
    """
    inputs = key.split("_")
    z = relu(scores[0] * w["motif_scale/scale"] + w["motif_scale/bias"])
    if "tf" in inputs:
        z = z * tf_levels(w, key, data, gene, sample)
    x = affine(w, "motif_dense", z)
    branches = []
    if "hm" in inputs:
        branches.append(pool(histone_channels(w, data, gene, sample), schedule))
    if "core" in inputs:
        branches.append(scores[1])
    if branches:
        branch = np.concatenate(branches, axis=1)
        x = np.concatenate([x, relu(branch * w["branch_scale/scale"] + w["branch_scale/bias"])], axis=1)
    return trunk(w, x, pool_blocks)

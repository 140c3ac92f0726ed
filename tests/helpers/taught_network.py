"""Small promoters with planted motifs, their noiseless expression as a model, and networks taught from it."""

# isort: off
from tr300m.model import devices  # noqa: F401 (sets the backend)

# isort: on
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from helpers.toy_dataset import Sizes, toy_dataset
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.special import expit
from tr300m.base.types import Floats, Ints
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.splits import Split
from tr300m.evaluation.predict import load_run
from tr300m.model.network import NetworkConfig
from tr300m.training.config import TrainingConfig
from tr300m.training.train import train
from tr300m.use.contexts import Contexts
from tr300m.use.network_model import NetworkModel

GENES, SAMPLES, LENGTH, WIDTH = 3000, 600, 100, 9
EFFECTS = np.array([0.8, -0.8, 0.8, -0.8])
"""Change of log(1 + TPM) per standard deviation of a regulator's log level, at a full hit [regulator]."""
BASE, HALF_HIT = 3.0, 11.0
LEVEL_MEAN, LEVEL_SPREAD = 1.5, 0.7
NETWORK = NetworkConfig(
    length=LENGTH,
    schedule=((40, 8), (40, 4), (20, 2)),
    width=24,
    bottleneck=8,
    kernel_sizes=(3, 3),
    pool_blocks=(0, 1),
    base_dropout=0.0,
    histone_dropout=0.0,
    branch_dropout=0.0,
    trunk_dropout=0.0,
)
TRAINING = TrainingConfig(batch_size=128, learning_rate=0.01, epoch_steps=500, curve_pairs=200, steps_per_call=25)
HELD_OUT = np.arange(0, GENES, 10)
SPLIT = Split("toy", HELD_OUT, HELD_OUT, np.arange(20), np.arange(20))


@dataclass(frozen=True)
class Truth:
    """What was planted, as a model that needs no training: log(1 + TPM) is BASE + sum of effect x hit x level."""

    kernels: Floats
    name: str = "truth"
    reads_tissue: bool = False
    reads_levels: bool = True
    reads_histones: bool = False

    def hits(self, windows: NDArray[Any]) -> Floats:
        """Return the hits [window, regulator] of the best places of the motifs."""
        views = sliding_window_view(np.asarray(windows, np.float32), WIDTH, axis=1)
        scores = np.einsum("npbw,wbd->npd", views, self.kernels.astype(np.float32), optimize=True)
        return np.asarray(expit(scores.max(axis=1) - HALF_HIT), np.float64)

    def at(self, query: Dataset, row: int) -> Any:
        levels = (np.log(np.asarray(query.regulator_levels, np.float64)) - LEVEL_MEAN) / LEVEL_SPREAD
        return lambda windows: (BASE + (self.hits(windows) * EFFECTS) @ levels.T)[:, :, None]

    def mean(self, raw: NDArray[Any]) -> Floats:
        return np.asarray(np.expm1(np.maximum(raw[..., 0], 0)))

    distribution_mean = median = mean

    def quantile(self, probability: float, raw: NDArray[Any]) -> Floats:
        return self.mean(raw)


class Planted(NamedTuple):
    """A dataset, the start of each regulator's site in each gene (-1 without one) [gene, regulator], and the truth."""

    dataset: Dataset
    starts: Ints
    truth: Truth


def planted_sites() -> Planted:
    """Draw promoters, each regulator's site in 40 % of them, and levels; expression is the truth, without noise."""
    rng, count = np.random.default_rng(0), len(EFFECTS)
    consensus = rng.integers(0, 4, (count, WIDTH))
    onehot = np.eye(4, dtype=np.float16)[rng.integers(0, 4, (GENES, LENGTH))]
    places = np.argsort(rng.random((GENES, LENGTH // (WIDTH + 1))), axis=1)[:, :count] * (WIDTH + 1)
    starts = np.where(rng.random((GENES, count)) < 0.4, places, -1)
    for gene, regulator in np.argwhere(starts >= 0):
        start = starts[gene, regulator]
        onehot[gene, start : start + WIDTH] = np.eye(4)[consensus[regulator]]
    kernels = np.full((WIDTH, 4, count), -2.0)
    for regulator in range(count):
        kernels[np.arange(WIDTH), consensus[regulator], regulator] = 1.9
    levels = np.exp(rng.normal(LEVEL_MEAN, LEVEL_SPREAD, (SAMPLES, count))).astype(np.float32)
    sizes = Sizes(
        genes=GENES,
        samples=SAMPLES,
        length=LENGTH,
        motifs=count,
        motif_width=WIDTH,
        elements=2,
        element_width=5,
        regulators=count,
        tissues=2,
    )
    given = {"onehot": onehot, "regulator_levels": levels, "motif_map": np.eye(count, dtype=np.uint8), "pssm": kernels}
    truth, drawn = Truth(kernels), toy_dataset(sizes, **given)
    raw = truth.at(drawn, 0)(onehot)
    return Planted(toy_dataset(sizes, **given, expression=truth.mean(raw).astype(np.float32)), starts, truth)


def taught(planted: Planted, folder: Path, control: str = "none") -> NetworkModel:
    """Train a network on the noiseless expression."""
    train(
        planted.dataset, SPLIT, "seq_tf", "nb_exponential", NETWORK, TRAINING,
        seed=3, steps=1500, out=folder, control=control,
    )  # fmt: skip
    return NetworkModel.of(control, load_run(folder, planted.dataset), planted.dataset)


def level_context(**deviations: float) -> Contexts:
    """Return a context: levels of R0, R1 ... so many standard deviations from their mean."""
    logs = LEVEL_MEAN + LEVEL_SPREAD * np.array([deviations.get(f"R{number}", 0.0) for number in range(len(EFFECTS))])
    return Contexts((",".join(deviations),), ("",), np.exp(logs).astype(np.float32)[None])

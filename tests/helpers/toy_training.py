"""A toy that trains in a second: its dataset, network and split, and how to train it and look at the result."""

# isort: off
from tr300m.model import devices  # noqa: F401 (sets the backend)

# isort: on
import dataclasses
from functools import cache
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from helpers.toy_dataset import Sizes, toy_dataset
from numpy.typing import NDArray
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.splits import Split
from tr300m.evaluation.predict import load_run
from tr300m.model.network import NetworkConfig
from tr300m.training.checkpoints import Checkpoints
from tr300m.training.config import TrainingConfig
from tr300m.training.train import train

NETWORK = NetworkConfig(
    length=60,
    schedule=((30, 6), (20, 2), (10, 1)),
    width=24,
    bottleneck=8,
    kernel_sizes=(3, 3),
    pool_blocks=(0, 1),
)
TRAINING = TrainingConfig(batch_size=16, learning_rate=3e-3, epoch_steps=10, curve_pairs=20)
STILL = dataclasses.replace(NETWORK, base_dropout=0.0, histone_dropout=0.0, branch_dropout=0.0, trunk_dropout=0.0)
GENES, SAMPLES, MOTIFS, REGULATORS = 150, 20, 5, 6
SIZES = Sizes(
    genes=GENES,
    samples=SAMPLES,
    length=NETWORK.length,
    motifs=MOTIFS,
    motif_width=7,
    elements=3,
    element_width=5,
    regulators=REGULATORS,
    tissues=2,
)
SPLIT = Split("toy", *(np.array(x, dtype=np.int64) for x in ([0, 1, 2], [3, 4], [5, 1], [0])))


@cache
def make_dataset() -> Dataset:
    """Make genes of which those with the first motif are expressed, and a dataset of them."""
    chance = np.random.default_rng(0)
    onehot = np.eye(4, dtype=np.float16)[chance.integers(0, 4, (GENES, NETWORK.length))]
    on = np.arange(GENES) % 2
    onehot[on == 1, 40:46] = np.eye(4)[[0, 0, 0, 3, 3, 3]]
    pssm = chance.normal(size=(7, 4, MOTIFS))
    pssm[:, :, 0] = -2
    pssm[np.arange(6), [0, 0, 0, 3, 3, 3], 0] = 2
    return toy_dataset(
        SIZES,
        onehot=onehot,
        regulator_levels=chance.gamma(2.0, 1.0, (SAMPLES, REGULATORS)).astype(np.float32),
        motif_map=np.eye(REGULATORS, MOTIFS, dtype=np.uint8),
        histones=chance.gamma(1.0, 1.0, (GENES, NETWORK.length, 21)).astype(np.float32),
        expression=(1 + 100 * on[:, None] * chance.uniform(0.8, 1.2, (GENES, SAMPLES))).astype(np.float32),
        pssm=pssm,
        core=chance.normal(size=(5, 4, 3)),
    )


def fit(out: Path, key: str = "seq_tf_core_hm", **changes: Any) -> dict[str, list[float]]:
    """Train the toy; `changes` override the settings of `train` and of the training config."""
    config = {name: changes.pop(name) for name in list(changes) if name in TrainingConfig.__dataclass_fields__}
    settings: dict[str, Any] = {"seed": 3, "steps": 20, **changes}
    training = dataclasses.replace(TRAINING, **config)
    dataset = settings.pop("dataset", None) or make_dataset()
    network, likelihood = settings.pop("network", NETWORK), settings.pop("likelihood", "nb_exponential")
    return train(dataset, SPLIT, key, likelihood, network, training, out=out, **settings)


class StoppedError(Exception):
    """Ends a training from inside."""


def fit_until(step: int, out: Path, **settings: Any) -> None:
    """Train the toy until its checkpoint of a step is due, and stop before that is written."""
    save = Checkpoints.save

    def stop(kept: Checkpoints, at: int, *saved: Any) -> Path:
        if at == step:
            raise StoppedError
        return save(kept, at, *saved)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoints, "save", stop)
        with pytest.raises(StoppedError):
            fit(out, **settings)


def weights(folder: Path) -> list[NDArray[Any]]:
    return cast(list[NDArray[Any]], load_run(folder, make_dataset())[0].get_weights())


def same(first: Path, second: Path) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(weights(first), weights(second), strict=True))

"""A random toy dataset in a folder, and two steps of training on it."""

from pathlib import Path
from typing import Any

import numpy as np
from helpers.toy_dataset import Sizes, draw, write_dataset
from tr300m.base.axes import ARRAYS
from tr300m.base.files import read_json, write_json
from tr300m.dataset.dataset import TABLES, Dataset
from tr300m.dataset.splits import Split
from tr300m.model.network import NetworkConfig
from tr300m.training.config import TrainingConfig
from tr300m.training.train import train

SIZES = Sizes(genes=8, samples=6, length=60, motifs=5, elements=3, regulators=6, tissues=2)
NETWORK = NetworkConfig(
    length=SIZES.length,
    schedule=((30, 6), (20, 2), (10, 1)),
    width=24,
    bottleneck=4,
    kernel_sizes=(3, 3),
    pool_blocks=(0, 1),
)
TRAINING = TrainingConfig(batch_size=8, learning_rate=3e-3, epoch_steps=2, curve_pairs=4)
SPLIT = Split("toy", *(np.array(rows, dtype=np.int64) for rows in ([0, 1], [2], [0, 1], [2])))


def write_toy(folder: Path) -> Dataset:
    """Write a random dataset of 8 genes and 6 samples into a folder, and open it."""
    write_dataset(folder, draw(SIZES))
    return Dataset.open(folder)


def rewrite(data: Dataset, folder: Path, edition: str = "release") -> Dataset:
    """Write a dataset that was changed in memory into a folder, with the constants of what is written; open it."""
    write_dataset(folder, {name: getattr(data, name) for name in (*TABLES, "tissues", *ARRAYS)})
    manifest = read_json(folder / "manifest.json")
    manifest["config"]["edition"] = edition
    write_json(folder / "manifest.json", manifest)
    return Dataset.open(folder)


def train_toy(dataset: Dataset, key: str, out: Path, **settings: Any) -> None:
    """Train an architecture for two steps."""
    asked = {"seed": 3, "steps": 2, **settings}
    train(dataset, SPLIT, key, "nb_exponential", NETWORK, TRAINING, out=out, **asked)

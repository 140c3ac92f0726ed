"""A real toy dataset: its folder is written as the workflow writes one, and opened by `Dataset.open`."""

from pathlib import Path
from typing import Any

import numpy as np
from helpers.forward import Sizes, random_dataset
from tr300m.arrays.manifest import build_manifest
from tr300m.base.array_files import save_array
from tr300m.base.axes import ARRAYS
from tr300m.base.files import write_json, write_tsv
from tr300m.dataset.dataset import TABLES, Dataset
from tr300m.dataset.splits import Split
from tr300m.model.network import NetworkConfig
from tr300m.training.config import TrainingConfig
from tr300m.training.train import train

SIZES = Sizes(
    genes=8,
    samples=6,
    length=60,
    motifs=5,
    motif_width=7,
    elements=3,
    element_width=5,
    regulators=6,
    tissues=2,
)
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


def write_dataset(data: Dataset, folder: Path, edition: str = "release") -> Dataset:
    """Write the tables, the arrays and the manifest of a dataset into a folder, and open that.

    The constants of the manifest are computed from what is written, those of `data` are not looked at.
    """
    for name in TABLES:
        getattr(data, name).write(folder / f"{name}.tsv")
    write_tsv(folder / "tissues.tsv", {"tissue": list(data.tissues)})
    for name in ARRAYS:
        save_array(folder / f"{name}.npy", getattr(data, name))
    tables = [f"{name}.tsv" for name in (*TABLES, "tissues")]
    write_json(folder / "manifest.json", build_manifest(folder, tables, {}, {"edition": edition}, "toy"))
    return Dataset.open(folder)


def toy_dataset(folder: Path, seed: int = 0) -> Dataset:
    """Write a random dataset of 8 genes and 6 samples into a folder, and open it."""
    return write_dataset(random_dataset(SIZES, seed), folder)


def train_toy(dataset: Dataset, key: str, out: Path, **settings: Any) -> None:
    """Train an architecture for two steps."""
    score = {"pearson": 0.0, "log_pearson": 0.0, "accuracy": 0.0}
    asked = {"seed": 3, "steps": 2, "score": lambda *_: score, "log": lambda line: None, **settings}
    train(dataset, SPLIT, key, "nb_exponential", NETWORK, TRAINING, out=out, **asked)

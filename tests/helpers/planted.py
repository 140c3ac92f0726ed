"""A dataset whose log(1 + TPM) is a gene part, a sample part, and gene vectors times sample vectors, all planted."""

from typing import Any, NamedTuple

import numpy as np
from helpers.toy_dataset import Sizes, toy_dataset
from numpy.typing import NDArray
from tr300m.base.axes import Samples
from tr300m.base.types import Floats
from tr300m.dataset.dataset import Dataset

TISSUES = 4


class Planted(NamedTuple):
    """The dataset, gene features by name, and the planted mean of log(1 + TPM) [gene, sample]."""

    dataset: Dataset
    features: dict[str, NDArray[Any]]
    mean: Floats


def planted(genes: int = 150, samples: int = 60, noise: float = 0.2, seed: int = 0, donors: int = 20) -> Planted:
    """Draw it; marks of genes and levels of regulators carry all the signal."""
    rng = np.random.default_rng(seed)
    sizes = Sizes(genes=genes, samples=samples, length=40, regulators=6, tissues=TISSUES)
    marks = rng.normal(0, 1, (genes, 5))
    tissue = np.arange(samples) % TISSUES
    logs = np.abs(rng.normal(2, 0.4, (TISSUES, sizes.regulators))[tissue] + rng.normal(0, 0.4, (samples, 6)))
    vectors = marks[:, :3] @ rng.normal(0, 0.5, (3, sizes.regulators))
    mean = 4 + marks @ rng.normal(0, 0.4, 5)[:, None] + 0.3 * logs[:, 0] + vectors @ (logs - logs.mean(axis=0)).T
    y = np.maximum(mean + rng.normal(0, noise, mean.shape), 0)
    dataset = toy_dataset(
        sizes,
        seed,
        expression=np.expm1(y).astype(np.float32),
        regulator_levels=np.expm1(logs).astype(np.float32),
        tissue=np.eye(TISSUES, dtype=np.uint8)[tissue],
        samples=Samples(
            np.array([f"S{number}" for number in range(samples)]),
            np.array([f"D{number % donors}" for number in range(samples)]),
            np.array([f"T{number}" for number in range(TISSUES)])[tissue],
        ),
    )
    kmers = rng.dirichlet(np.ones(30), genes)
    return Planted(dataset, {"histone_means": marks.astype(np.float32), "kmers": kmers.astype(np.float32)}, mean)

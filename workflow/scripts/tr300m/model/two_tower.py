"""The two towers: dense layers for genes and for samples, whose outputs meet in one product for a block of pairs."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from .devices import keras, ops


@dataclass(frozen=True)
class TowerConfig:
    """Sizes of the towers, and how they are trained.

    Parameters
    ----------
    gene_units, sample_units
        Units of the hidden layers of each tower.
    rank
        Length of the vectors that meet.
    dropout
        Dropout rate after each hidden layer.
    block_genes, block_samples
        Genes and samples of the block of pairs that one step is taken on; fewer if there are no more.
    learning_rate, weight_decay
        Of AdamW; kernels alone decay.
    most_passes, fewest_steps
        Training ends after so many passes over the pairs, but not before so many steps.
    evaluation_steps
        Steps between two looks at the inner fold; if a pass has more than ten times as many, a tenth of a pass.
    patience
        Looks at the inner fold without a lower error after which training ends.
    """

    gene_units: tuple[int, ...] = (256, 128)
    sample_units: tuple[int, ...] = (128,)
    rank: int = 32
    dropout: float = 0.5
    block_genes: int = 256
    block_samples: int = 512
    learning_rate: float = 3e-4
    weight_decay: float = 1e-2
    most_passes: int = 20
    fewest_steps: int = 1000
    evaluation_steps: int = 10
    patience: int = 10

    def __post_init__(self) -> None:
        sizes = {name: getattr(self, name) for name in ("rank", "block_genes", "block_samples", "evaluation_steps")}
        units = {name: min(getattr(self, name), default=1) for name in ("gene_units", "sample_units")}
        for name, value in {**sizes, **units, "patience": self.patience}.items():
            if value < 1:
                raise TR300MError(f"two_tower: {name} is {getattr(self, name)}", "give at least 1")
        if not 0 <= self.dropout < 1:
            raise TR300MError(f"two_tower: dropout is {self.dropout}", "give a rate of at least 0 and less than 1")
        if not self.learning_rate > 0:
            raise TR300MError(f"two_tower: learning_rate is {self.learning_rate}", "give a positive number")


def build_towers(gene_columns: int, sample_columns: int, config: TowerConfig, seed: int) -> keras.Model:
    """Build the untrained model; it returns 0 for everything, because the last layer of the genes is 0.

    Parameters
    ----------
    gene_columns, sample_columns
        Numbers of features.
    config
        Sizes.
    seed
        Seed of the initial weights, which NumPy draws, so that both backends start from the same ones, and of dropout.

    Returns
    -------
    keras.Model
        Map from gene features [block, gene, feature] and sample features [block, sample, feature] to what is added to
        log(1 + TPM) [block, gene, sample]. Its layers `genes` and `samples` are the towers.
    """
    rng = np.random.default_rng(seed)
    sides = {
        "genes": (gene_columns, config.gene_units, 1 + config.rank),
        "samples": (sample_columns, config.sample_units, config.rank),
    }
    inputs, outputs = [], []
    for name, (columns, hidden, units) in sides.items():
        tower = keras.Sequential([keras.Input((None, columns))], name=name)
        for width in hidden:
            tower.add(keras.layers.Dense(width, "relu", kernel_initializer=_drawn(rng, 2.0)))
            tower.add(keras.layers.Dropout(config.dropout, seed=int(rng.integers(2**31))))
        tower.add(keras.layers.Dense(units, kernel_initializer="zeros" if name == "genes" else _drawn(rng, 1.0)))
        inputs.append(keras.Input((None, columns), name=f"{name}_features"))
        outputs.append(tower(inputs[-1]))
    of_genes, of_samples = outputs
    vectors = ops.matmul(of_genes[:, :, 1:], ops.transpose(of_samples, (0, 2, 1)))
    return keras.Model(inputs, of_genes[:, :, :1] + vectors)


def _drawn(rng: np.random.Generator, gain: float) -> Callable[..., NDArray[np.float32]]:
    """Return an initializer: normal numbers of variance `gain` over the number of inputs (2 by He et al. 2015)."""

    def draw(shape: tuple[int, ...], dtype: str | None = None) -> NDArray[np.float32]:
        return rng.normal(0, np.sqrt(gain / max(shape[0], 1)), shape).astype(np.float32)

    return draw

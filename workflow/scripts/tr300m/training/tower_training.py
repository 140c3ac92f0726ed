"""Train the two towers on blocks of genes x samples, so that one pass of a gene serves hundreds of samples."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np

from ..base.progress import log, progress
from ..base.types import Floats, Ints
from ..factorised.residuals import Residuals
from ..factorised.towers import Layers, Towers
from ..model.devices import BACKEND, keras
from ..model.two_tower import TowerConfig, build_towers


def train_towers(
    residuals: Residuals, aside: Residuals | None, steps: int, seed: int, config: TowerConfig | None = None
) -> Towers:
    """Learn what the closed form misses, by least squares.

    On a CPU the same seed, backend and number of threads give the same weights, bit for bit.

    Parameters
    ----------
    residuals
        Residuals of the training pairs.
    aside
        Residuals of an inner fold: the weights with the lowest error there are kept. Those of step 0, which add
        nothing, are kept if no step lowers it. None keeps the last weights.
    steps
        Number of steps; 0 for that of the configuration.
    seed
        Seed of the initial weights, of dropout and of the blocks.
    config
        Sizes and training; None for the defaults.
    """
    config = TowerConfig() if config is None else config
    (genes, samples), x, z = residuals.missed.shape, _Scaled(residuals.x), _Scaled(residuals.z)
    model = build_towers(x.rows.shape[1], z.rows.shape[1], config, seed)
    optimizer = keras.optimizers.AdamW(config.learning_rate, weight_decay=config.weight_decay)
    optimizer.exclude_from_weight_decay([weight for weight in model.trainable_variables if weight.name != "kernel"])
    # XLA, which JAX always uses, makes the steps of TensorFlow slower on a CPU.
    model.compile(optimizer, "mean_squared_error", jit_compile=BACKEND == "jax")
    in_pass = _groups(genes, config.block_genes) * _groups(samples, config.block_samples)
    most = steps or max(config.fewest_steps, config.most_passes * in_pass)
    every = max(config.evaluation_steps, in_pass // 10)

    def now() -> Towers:
        return Towers(x.for_features(_layers(model, "genes")), z.for_features(_layers(model, "samples")))

    best = _Best(aside, now())
    blocks = islice(blocks_of_pairs(genes, samples, config, seed), most)
    for step, (rows, columns) in enumerate(progress(blocks, total=most, what="two_tower", unit="step"), 1):
        missed = residuals.missed[rows[:, None], columns].astype(np.float32)
        model.train_on_batch([x.rows[None, rows], z.rows[None, columns]], missed[None])
        if aside is not None and (step % every == 0 or step == most):
            best.look(step, now())
            if best.looks_since() >= config.patience:
                break
    return now() if aside is None else best.towers()


class _Best:
    """The towers with the lowest error on the inner fold, and all errors there."""

    def __init__(self, aside: Residuals | None, towers: Towers) -> None:
        self._aside, self._best = aside, towers
        self._errors: list[tuple[int, float]] = []
        if aside is not None:
            self.look(0, towers)

    def look(self, step: int, towers: Towers) -> None:
        """Take the error of the towers after a number of steps."""
        assert self._aside is not None
        missed = self._aside.missed - towers.table(self._aside.x, self._aside.z)
        error = float(np.square(missed).mean())
        if not self._errors or error < min(before for _, before in self._errors):
            self._best = towers
        self._errors.append((step, error))

    def looks_since(self) -> int:
        """Return how many looks there were since that with the lowest error."""
        return len(self._errors) - 1 - int(np.argmin([error for _, error in self._errors]))

    def towers(self) -> Towers:
        """Return the best towers with the errors of all looks."""
        found = replace(self._best, inner_errors=np.array(self._errors, dtype=np.float64))
        log(
            f"two_tower: mean squared error on the inner fold {found.inner_errors[0, 1]:.4f} without towers, "
            f"{found.inner_errors[:, 1].min():.4f} after step {found.kept_step:,} of {self._errors[-1][0]:,}"
        )
        return found


def blocks_of_pairs(genes: int, samples: int, config: TowerConfig, seed: int) -> Iterator[tuple[Ints, Ints]]:
    """Yield the genes and samples of block after block without end; a pass over all pairs divides both axes anew.

    All blocks have one size, so that the step is compiled once: the last group of an axis is filled up with the first
    of the pass.
    """
    rng = np.random.default_rng(seed)

    def divided(count: int, size: int) -> list[Ints]:
        groups = _groups(count, size)
        return np.split(np.resize(rng.permutation(count), groups * min(count, size)), groups)

    while True:
        rows, columns = divided(genes, config.block_genes), divided(samples, config.block_samples)
        for block in rng.permutation(len(rows) * len(columns)):
            yield rows[block // len(columns)], columns[block % len(columns)]


def _groups(count: int, size: int) -> int:
    return -(-count // size)


class _Scaled:
    """Features [row, feature] minus their mean, over their root mean square over all columns together.

    Columns keep their relative sizes, which `FeatureMap` has chosen.
    """

    def __init__(self, features: Floats) -> None:
        self.mean = features.mean(axis=0)
        centred = features - self.mean
        size = np.sqrt(np.square(centred).mean()) if centred.size else 0.0
        self.factor = 1.0 / size if size else 1.0
        self.rows = (centred * self.factor).astype(np.float32)

    def for_features(self, layers: Layers) -> Layers:
        """Return the layers of a tower for features that are not scaled."""
        (kernel, bias), *others = layers
        kernel = kernel * self.factor
        return ((kernel, bias - self.mean @ kernel), *others)


def _layers(model: keras.Model, name: str) -> Layers:
    """Return kernels and biases of a tower."""
    arrays = [np.asarray(array, dtype=np.float64) for array in model.get_layer(name).get_weights()]
    # Dropout has a seed among its weights; kernels have two axes, biases one, and each follows its kernel.
    kernels = [number for number, array in enumerate(arrays) if array.ndim == 2]
    return tuple((arrays[number], arrays[number + 1]) for number in kernels)

"""Train the two towers on blocks of genes x samples, so that one pass of a gene serves hundreds of samples."""

from collections.abc import Iterator

import numpy as np

from ..base.progress import bar, log
from ..base.types import Floats, Ints
from ..factorised.residuals import Residuals
from ..factorised.towers import Layers, Towers
from ..model.devices import BACKEND, keras
from ..model.two_tower import TowerConfig, build_towers


def train_towers(residuals: Residuals, seed: int, config: TowerConfig | None = None) -> Towers:
    """Learn what the closed form misses, by least squares; the weights with the lowest inner error are kept.

    Those of step 0 add nothing: they are kept if no step lowers the error. On a CPU the same seed, backend and number
    of threads give the same weights, bit for bit.

    Parameters
    ----------
    residuals
        Residuals of the training pairs, and the features of their genes and samples.
    seed
        Seed of the initial weights, of dropout and of the blocks.
    config
        Sizes and training; None for the defaults.
    """
    config = TowerConfig() if config is None else config
    genes, samples = np.flatnonzero(~residuals.genes_aside), np.flatnonzero(residuals.samples_fitted)
    x, z = _Scaled(residuals.x[genes]), _Scaled(residuals.z[samples])
    model = build_towers(x.rows.shape[1], z.rows.shape[1], config, seed)
    optimizer = keras.optimizers.AdamW(config.learning_rate, weight_decay=config.weight_decay)
    optimizer.exclude_from_weight_decay([weight for weight in model.trainable_variables if weight.name != "kernel"])
    # XLA, which JAX always uses, makes the steps of TensorFlow slower on a CPU.
    model.compile(optimizer, "mean_squared_error", jit_compile=BACKEND == "jax")
    x_aside, z_aside = residuals.x[residuals.genes_aside], residuals.z[residuals.samples_aside]
    missed_aside = residuals.missed[np.ix_(residuals.genes_aside, residuals.samples_aside)].astype(np.float32)

    def look(step: int) -> tuple[float, Layers, Layers]:
        """Return the inner error of the weights as they are now, and these."""
        layers = x.for_features(_layers(model, "genes")), z.for_features(_layers(model, "samples"))
        now = Towers(*layers, np.empty((0, 2)))
        return float(np.square(missed_aside - now.table(x_aside, z_aside)).mean()), *layers

    in_pass = _groups(len(genes), config.block_genes) * _groups(len(samples), config.block_samples)
    most = max(config.fewest_steps, config.most_passes * in_pass)
    every = max(config.evaluation_steps, in_pass // 10)
    best = look(0)
    errors = [(0, best[0])]
    with bar(most, "two_tower", "step") as meter:
        for step, (rows, columns) in enumerate(blocks_of_pairs(len(genes), len(samples), config, seed), 1):
            missed = residuals.missed[genes[rows][:, None], samples[columns]].astype(np.float32)
            model.train_on_batch([x.rows[None, rows], z.rows[None, columns]], missed[None])
            meter.update(1)
            if step % every == 0:
                now = look(step)
                errors.append((step, now[0]))
                best = now if now[0] < best[0] else best
            if step >= most or len(errors) - 1 - int(np.argmin([error for _, error in errors])) >= config.patience:
                break
    kept = Towers(*best[1:], np.array(errors, dtype=np.float64))
    log(
        f"two_tower: mean squared error on the inner fold {errors[0][1]:.4f} without towers, {best[0]:.4f} with the "
        f"weights of step {kept.kept_step:,}, which are kept; stopped at step {step:,}"
    )
    return kept


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

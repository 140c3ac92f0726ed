"""Towers beside the closed form: stopped on one inner fold, then trained as long on all training pairs."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.progress import log
from ..base.types import Bools, Floats, Ints
from ..dataset.splits import INNER_FOLDS
from ..dataset.whole_groups import balanced_folds
from .choose import inner_masks
from .residuals import CrossFit, Interaction, Residuals
from .towers import Towers
from .two_sided_ridge import Penalties

STOPPING_FOLD = 0
"""Inner fold that says how long towers are trained."""
TrainTowers = Callable[[Residuals, Residuals | None, int, int], Towers]
"""Trains towers on residuals until those of an inner fold, if it is given, stop it, or for a number of steps (0 for no
limit of the caller's); the last is the seed. `training.tower_training.train_towers` is one."""


def fit_towers(
    expression: NDArray[Any],
    genes: Ints,
    samples: Ints,
    x: Floats,
    z: Floats,
    penalties: Penalties,
    gene_fold: Ints,
    sample_fold: Ints,
    cluster: Ints,
    columns_read: int,
    train: TrainTowers,
    seed: int,
    known: tuple[Interaction, Interaction] | None = None,
) -> tuple[Towers, Towers] | None:
    """Train towers on what the closed form misses of genes that it was not fitted to.

    No pair of the inner fold is in a fit or a training before the number of steps is chosen on it. Otherwise the
    residuals that train would contain its noise with the opposite sign, and what is learned would make it worse.

    Parameters
    ----------
    expression
        TPM [gene, sample] of the dataset.
    genes, samples
        Training genes and samples.
    x, z
        Their features that the closed form reads.
    penalties
        Penalties of the closed form.
    gene_fold, sample_fold
        Inner fold of each training gene and sample.
    cluster
        Cluster of training genes that share promoters [gene]; folds of residuals have whole clusters. More of them
        than whole chromosomes would, so that each closed form misses about as much as that of all genes.
    columns_read
        Number of gene features, the first ones, that the towers read.
    train
        Function that trains towers.
    seed
        Seed of both trainings.
    known
        An interaction of all training genes and samples that is part of the closed form beside the two-sided ridge: as
        it was fitted without the inner fold, and as it was fitted to all training pairs.

    Returns
    -------
    tuple
        Towers of all training pairs, and those that were stopped on the inner fold and saw nothing of it. None if no
        step lowers the error there, or there are too few genes: the closed form alone is then the model.
    """
    rows_aside, columns_aside, columns = inner_masks(STOPPING_FOLD, gene_fold, sample_fold)
    rows = ~rows_aside
    if len(np.unique(cluster[rows])) < 2 or not columns_read or not z.shape[1]:
        log("two_tower: too few genes or features to train towers; the model is the closed form")
        return None
    nested = balanced_folds(cluster[rows], min(INNER_FOLDS, len(np.unique(cluster[rows]))))

    def part(of: Interaction | None, of_genes: Bools, of_samples: Bools) -> Interaction | None:
        return of and Interaction(of.genes[of_genes], of.samples[of_samples])

    without, whole = known or (None, None)
    fits = CrossFit(
        expression, genes[rows], samples[columns], x[rows], z[columns], penalties, nested, part(without, rows, columns)
    )
    aside = fits.of_others(
        genes[rows_aside], samples[columns_aside], x[rows_aside], z[columns_aside],
        part(without, rows_aside, columns_aside),
    )  # fmt: skip

    def read(residuals: Residuals) -> Residuals:
        return replace(residuals, x=residuals.x[:, :columns_read])

    stopped = train(read(fits.out_of_fold()), read(aside), 0, seed)
    if not stopped.kept_step:
        return None
    folds = balanced_folds(cluster, min(INNER_FOLDS, len(np.unique(cluster))))
    missed = CrossFit(expression, genes, samples, x, z, penalties, folds, whole).out_of_fold()
    return replace(train(read(missed), None, stopped.kept_step, seed), inner_errors=stopped.inner_errors), stopped

"""Levels of regulators set low and high: which pairs, which levels, and the change of a prediction between the two.

For each regulator with a motif, its log1p TPM is set to its mean over samples minus one standard deviation, then to the
mean plus one, in the regulator's own column and in the levels of all its motifs; all other inputs stay unchanged. The
change per standard deviation is half the difference between the two predictions: log1p of the predicted mean TPM of a
network, of the point estimate of a factorised model. The mean of its log-normals depends on how heavy their tails are,
and need not increase with the point estimate.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base.progress import progress
from ..base.types import Floats, Ints
from ..dataset.tf_levels import tf_levels
from ..factorised.model import FactorisedModel

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset

_Levels = NDArray[np.float32]
MOST_GENES, SAMPLES = 96, 2
"""Numbers of genes and samples that each regulator is evaluated on; they are few, so that it takes seconds."""


def perturbed_pairs(genes: Ints, samples: Ints, tissue: NDArray[np.str_]) -> Ints:
    """Choose the pairs to predict [pair, 2]: the first genes of a part, each in one sample of the first tissues.

    Parameters
    ----------
    genes, samples
        Genes and samples of the part, as indices into the dataset's axes.
    tissue
        Tissue of each sample of the dataset [sample].
    """
    _, first = np.unique(tissue[samples], return_index=True)
    chosen = samples[np.sort(first)[:SAMPLES]]
    return np.stack([np.tile(genes[:MOST_GENES], len(chosen)), np.repeat(chosen, min(len(genes), MOST_GENES))], axis=1)


def regulators_with_motif(names: NDArray[np.str_], motif_map: NDArray[Any]) -> list[str]:
    """Return the names of regulators that have a motif, each once, in the order of the axis."""
    return list(dict.fromkeys(names[np.any(motif_map, axis=1)].tolist()))


def shifted(levels: _Levels, columns: NDArray[np.bool_], mean: _Levels, spread: _Levels, by: float) -> _Levels:
    """Return TPM levels [sample, regulator] with some columns set to expm1(mean + by * spread) of their log1p.

    Parameters
    ----------
    levels
        Levels in TPM.
    columns
        Columns to set [regulator].
    mean, spread
        Mean and standard deviation of log1p TPM over samples [regulator].
    by
        Shift in standard deviations.
    """
    changed = np.array(levels, dtype=np.float32)
    changed[:, columns] = np.expm1(np.maximum(mean + by * spread, 0.0))[columns]
    return changed


def compact(pairs: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the genes and the samples that occur in pairs, and the pairs as indices into these two."""
    genes, gene = np.unique(pairs[:, 0], return_inverse=True)
    samples, sample = np.unique(pairs[:, 1], return_inverse=True)
    return genes, samples, np.stack([gene, sample], axis=1)


def changes_by_regulator(
    dataset: "Dataset", small: "Dataset", pairs: Ints, predicted: Callable[["Dataset"], Floats]
) -> dict[str, NDArray[Any]]:
    """Return the change of a prediction for one standard deviation of each regulator's log level.

    Parameters
    ----------
    dataset
        Dataset, over whose samples the levels vary.
    small
        The dataset restricted to the genes and samples of the pairs.
    pairs
        Gene and sample indices [pair, 2] into `dataset`.
    predicted
        Returns log1p of the predicted TPM [pair] for a copy of `small` with other levels.

    Returns
    -------
    dict
        `gene`, `sample` [pair], `regulator` (names [regulator]) and `change` (float64 [regulator, pair], log1p TPM).
    """
    names = regulators_with_motif(dataset.regulators.gene_name, dataset.motif_map)
    log_levels = np.log1p(dataset.regulator_levels)
    mean, spread = log_levels.mean(axis=0), log_levels.std(axis=0)
    changes = []
    for name in progress(names, total=len(names), what="regulators", unit="regulator"):
        columns = dataset.regulators.gene_name == name
        low, high = (shifted(small.regulator_levels, columns, mean, spread, by) for by in (-1.0, 1.0))
        below, above = (
            predicted(replace(small, regulator_levels=levels, tf_levels=tf_levels(levels, dataset.motif_map)))
            for levels in (low, high)
        )
        changes.append((above - below) / 2)
    return {"gene": pairs[:, 0], "sample": pairs[:, 1], "regulator": np.array(names), "change": np.array(changes)}


def fitted_level_changes(
    model: FactorisedModel, dataset: "Dataset", pairs: Ints, features: Mapping[str, NDArray[np.float32]]
) -> dict[str, NDArray[Any]]:
    """Return `changes_by_regulator` of a factorised model.

    Parameters
    ----------
    model
        Fitted model.
    dataset
        Dataset that the pairs index.
    pairs
        Gene and sample indices [pair, 2].
    features
        Gene features [gene, feature] of all genes, by name.
    """
    genes, samples, few = compact(pairs)
    small = dataset.take_genes(genes).take_samples(samples)
    of_genes = {name: array[genes] for name, array in features.items()}
    return changes_by_regulator(
        dataset, small, pairs, lambda changed: np.log1p(model.predict(changed, few, of_genes)["median"])
    )

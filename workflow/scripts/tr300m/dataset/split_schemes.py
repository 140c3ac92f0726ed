"""Ways to draw held-out genes and samples, by the name of the split."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..base.axes import Genes, Samples
from ..base.errors import TR300MError
from ..base.types import Ints, Strings
from .splits import Split, check_apart, kind_and_fold, thesis_split


def chromosome_folds(chromosome: Strings, folds: int) -> Ints:
    """Assign chromosomes to folds with nearly equal numbers of genes.

    In order of decreasing numbers of genes, each chromosome goes to the fold with the fewest genes so far.

    Parameters
    ----------
    chromosome
        Chromosomes of the genes [gene].
    folds
        Number of folds.

    Returns
    -------
    ndarray
        Fold [gene], counted from 0.

    Raises
    ------
    TR300MError
        If there are fewer than three folds, or fewer chromosomes than folds.
    """
    names, codes, counts = np.unique(chromosome, return_inverse=True, return_counts=True)
    if not 3 <= folds <= len(names):
        raise TR300MError(
            f"cannot split {len(names)} chromosomes into {folds} folds: at least one each is needed for training, "
            "validation and test",
            "set `split: folds` to at least 3 and at most the number of chromosomes",
        )
    fold_of, filled = np.empty(len(names), np.int64), np.zeros(folds, np.int64)
    for name in np.argsort(-counts, kind="stable"):
        fold_of[name] = filled.argmin()
        filled[fold_of[name]] += counts[name]
    return fold_of[codes]


def chromosome_split(genes: Genes, samples: Samples, fold: int, folds: int, **draw: Any) -> Split:
    """Hold out one fold of chromosomes for test and the next for validation; over all folds each gene is tested once.

    The held-out samples are those of the thesis's split, so that test pairs are held out on both axes and scores can be
    compared with those of the thesis's split.

    Parameters
    ----------
    genes, samples
        The two axes.
    fold
        Fold for test, counted from 1.
    folds
        Number of folds; if the last one is the test part, the first one is the validation part.
    draw
        Settings of `thesis_split`.
    """
    fold_of, name = chromosome_folds(genes.chromosome, folds), f"chromosome_{fold}"
    if not 1 <= fold <= folds:
        raise TR300MError(f"there is no split {name}", f"the folds are 1 to {folds}; `split: folds` sets their number")
    drawn = thesis_split(len(genes), len(samples), **draw)
    validation, test = np.flatnonzero(fold_of == fold % folds), np.flatnonzero(fold_of == fold - 1)
    return Split(name, validation, test, drawn.validation_samples, drawn.test_samples, "chromosome")


def donor_split(genes: Genes, samples: Samples, held_out_donors: int, seed: int = 0, **draw: Any) -> Split:
    """Hold out all samples of some donors, half of them for validation and half for test; genes as in the thesis.

    Parameters
    ----------
    genes, samples
        The two axes.
    held_out_donors
        Number of donors to draw.
    seed
        Seed of the donors and of `thesis_split`.
    draw
        Further settings of `thesis_split`.

    Raises
    ------
    TR300MError
        If there are too few donors.
    """
    donors = np.unique(samples.donor_id)
    if not 2 <= held_out_donors < len(donors):
        raise TR300MError(
            f"cannot hold out {held_out_donors} of {len(donors)} donors: at least 2, and fewer than there are",
            "change `split: held_out_donors` in the config",
        )
    drawn = thesis_split(len(genes), len(samples), seed=seed, **draw)
    chosen = np.random.default_rng(seed).permutation(donors)[:held_out_donors]
    validation, test = (
        np.flatnonzero(np.isin(samples.donor_id, part)) for part in np.split(chosen, [held_out_donors // 2])
    )
    return Split("donor", drawn.validation_genes, drawn.test_genes, validation, test, "donor")


def overlap_free_split(genes: Genes, samples: Samples, seed: int = 0, **draw: Any) -> Split:
    """Hold out whole clusters of genes, so that training, validation and test share no promoter (see `axes.Genes`).

    Clusters are added in random order if they still fit, first to validation, then to test. The parts have as many
    genes as in the thesis's split, or fewer if no cluster is small enough to fill them. The samples are those of the
    thesis's split.

    Parameters
    ----------
    genes, samples
        The two axes.
    seed
        Seed of the order of the clusters and of `thesis_split`.
    draw
        Further settings of `thesis_split`; `gene_pool` affects only the samples.

    Raises
    ------
    TR300MError
        If no cluster is small enough for a part.
    """
    drawn = thesis_split(len(genes), len(samples), seed=seed, **draw)
    _, codes, sizes = np.unique(genes.cluster, return_inverse=True, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(sizes))
    validation = _fill(order, sizes, len(drawn.validation_genes))
    test = _fill(order[~np.isin(order, validation)], sizes, len(drawn.test_genes))
    if not len(validation) or not len(test):
        raise TR300MError(
            f"cannot hold out {len(drawn.held_out_genes)} genes that share no promoter with others: the smallest of "
            f"{len(sizes)} clusters has {sizes.min()} genes",
            "raise `split: held_out_genes` in the config, or choose another split in the run table",
        )
    genes_of = [np.flatnonzero(np.isin(codes, part)) for part in (validation, test)]
    return Split("overlap_free", genes_of[0], genes_of[1], drawn.validation_samples, drawn.test_samples, "cluster")


def _fill(order: Ints, sizes: Ints, room: int) -> Ints:
    """Return the clusters that fit into a part of `room` genes, taken in `order`; `sizes` [cluster] is in genes."""
    taken = []
    for cluster in order.tolist():
        if sizes[cluster] <= room:
            taken.append(cluster)
            room -= sizes[cluster]
    return np.array(taken, dtype=np.int64)


@dataclass(frozen=True)
class Scheme:
    """A way to draw a split: a function of genes, samples and some settings of the section `split`."""

    draw: Callable[..., Split]
    settings: tuple[str, ...]


_DRAW = ("held_out_genes", "held_out_samples", "gene_pool", "seed")
SCHEMES = {
    "thesis": Scheme(lambda genes, samples, **draw: thesis_split(len(genes), len(samples), **draw), _DRAW),
    "chromosome": Scheme(chromosome_split, (*_DRAW, "folds")),
    "donor": Scheme(donor_split, (*_DRAW, "held_out_donors")),
    "overlap_free": Scheme(overlap_free_split, _DRAW),
}
"""Schemes by the name of the split, without the number of a fold."""


def scheme_settings(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a split depends on.

    Raises
    ------
    TR300MError
        If the split is unknown.
    """
    return {key: settings[key] for key in _scheme(name).settings}


def draw_split(name: str, genes: Genes, samples: Samples, settings: Mapping[str, Any]) -> Split:
    """Draw a split by name (`run_table.split_names`), with the settings that `scheme_settings` returns.

    Raises
    ------
    TR300MError
        If the split is unknown, or the axes are too short for it.
    """
    _, fold = kind_and_fold(name)
    split = _scheme(name).draw(genes, samples, **({} if fold is None else {"fold": fold}), **settings)
    check_apart(split, genes, samples)
    return split


def _scheme(name: str) -> Scheme:
    """Return the scheme of a split; only splits by chromosome have folds."""
    kind, fold = kind_and_fold(name)
    scheme = SCHEMES.get(kind)
    if scheme is None or ("folds" in scheme.settings) != (fold is not None):
        names = ", ".join(f"{kind}_1" if "folds" in scheme.settings else kind for kind, scheme in SCHEMES.items())
        raise TR300MError(f"there is no split {name}", f"choose one of {names}")
    return scheme

"""Ways to draw held-out genes and samples, by the name of the split."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..base.axes import Genes, Samples
from ..base.errors import TR300MError
from ..base.types import Ints, Strings
from ..config.split_names import ANY_LEAVE_OUT
from .leave_out_split import leave_out_split
from .splits import Split, check_apart, kind_and_argument, thesis_split
from .tissue_split import tissue_split
from .whole_groups import balanced_folds, groups_that_fit, held_out_count


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
    names = np.unique(chromosome)
    if not 3 <= folds <= len(names):
        raise TR300MError(
            f"cannot split {len(names)} chromosomes into {folds} folds: at least one each is needed for training, "
            "validation and test",
            "set `split: folds` to at least 3 and at most the number of chromosomes",
        )
    return balanced_folds(chromosome, folds)


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
    drawn = _samples_of_thesis(genes, samples, **draw)
    validation, test = np.flatnonzero(fold_of == fold % folds), np.flatnonzero(fold_of == fold - 1)
    return replace(drawn, name=name, validation_genes=validation, test_genes=test, apart="chromosome")


def _samples_of_thesis(genes: Genes, samples: Samples, **draw: Any) -> Split:
    """Return the thesis's split for its samples alone; without held-out samples there need not be enough genes."""
    if draw.get("held_out_samples") == 0:
        none, everyone = np.array([], dtype=np.int64), np.arange(len(samples))
        return Split("thesis", none, none, everyone, everyone, shares_samples=True)
    return thesis_split(len(genes), len(samples), **draw)


def donor_split(genes: Genes, samples: Samples, held_out_donors: float, seed: int = 0, **draw: Any) -> Split:
    """Hold out all samples of some donors, half of them for validation and half for test; genes as in the thesis.

    Parameters
    ----------
    genes, samples
        The two axes.
    held_out_donors
        Number or share of donors to draw.
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
    count = held_out_count("held_out_donors", held_out_donors, len(donors), "donors")
    # Genes are drawn before samples: they are the thesis's.
    drawn = thesis_split(len(genes), len(samples), seed=seed, **{**draw, "held_out_samples": 0})
    chosen = np.random.default_rng(seed).permutation(donors)[:count]
    validation, test = (np.flatnonzero(np.isin(samples.donor_id, part)) for part in np.split(chosen, [count // 2]))
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
    validation = groups_that_fit(order, sizes, len(drawn.validation_genes))
    test = groups_that_fit(order[~np.isin(order, validation)], sizes, len(drawn.test_genes))
    if not len(validation) or not len(test):
        raise TR300MError(
            f"cannot hold out {len(drawn.held_out_genes)} genes that share no promoter with others: the smallest of "
            f"{len(sizes)} clusters has {sizes.min()} genes",
            "raise `split: held_out_genes` in the config, or choose another split in the run table",
        )
    genes_of = [np.flatnonzero(np.isin(codes, part)) for part in (validation, test)]
    return replace(drawn, name="overlap_free", validation_genes=genes_of[0], test_genes=genes_of[1], apart="cluster")


@dataclass(frozen=True)
class Scheme:
    """A way to draw a split: a function of genes, samples and some settings of the section `split`.

    `argument` is the further keyword that the end of the split's name is given as, if there is one.
    """

    draw: Callable[..., Split]
    settings: tuple[str, ...]
    argument: str | None = None


_DRAW = ("held_out_genes", "held_out_samples", "gene_pool", "seed")
SCHEMES = {
    "thesis": Scheme(lambda genes, samples, **draw: thesis_split(len(genes), len(samples), **draw), _DRAW),
    "chromosome": Scheme(
        lambda genes, samples, fold, **draw: chromosome_split(genes, samples, int(fold), **draw),
        (*_DRAW, "folds"),
        "fold",
    ),
    "donor": Scheme(donor_split, (*_DRAW, "held_out_donors")),
    "overlap_free": Scheme(overlap_free_split, _DRAW),
    "tissue": Scheme(tissue_split, ("held_out_genes", "gene_pool", "seed", "held_out_tissues", "tissue_groups")),
    "leave_out": Scheme(leave_out_split, ("held_out_samples", "validation_share", "seed"), "chromosome"),
}
"""Schemes by the name of the split, without the number of a fold or the name of a chromosome."""


def scheme_settings(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that a split depends on.

    Raises
    ------
    TR300MError
        If the split is unknown.
    """
    return {key: settings[key] for key in _scheme(name).settings}


def draw_split(name: str, genes: Genes, samples: Samples, settings: Mapping[str, Any]) -> Split:
    """Draw a split by name (`config.split_names`), with the settings that `scheme_settings` returns.

    Raises
    ------
    TR300MError
        If the split is unknown, or the axes are too short for it.
    """
    scheme, (_, argument) = _scheme(name), kind_and_argument(name)
    of_name = {scheme.argument: argument} if scheme.argument else {}
    split = scheme.draw(genes, samples, **of_name, **settings)
    check_apart(split, genes, samples)
    return split


def _scheme(name: str) -> Scheme:
    """Return the scheme of a split."""
    kind, argument = kind_and_argument(name)
    scheme = SCHEMES.get(kind)
    if scheme is None or (scheme.argument is None) != (argument is None):
        examples = {"chromosome": "chromosome_1", "leave_out": ANY_LEAVE_OUT}
        raise TR300MError(
            f"there is no split {name}", f"choose one of {', '.join(examples.get(kind, kind) for kind in SCHEMES)}"
        )
    return scheme

"""The split of one chromosome against all others."""

import numpy as np

from ..base.axes import Genes, Samples
from ..base.errors import TR300MError
from ..base.types import Ints
from ..config.split_names import LEAVE_OUT
from .splits import Apart, Split, drawn_samples
from .whole_groups import groups_that_fit

WHOLE_CHROMOSOMES = 3
"""With at least so many other chromosomes, the validation part is of whole ones."""


def leave_out_split(
    genes: Genes,
    samples: Samples,
    chromosome: str,
    held_out_samples: float = 512,
    validation_share: float = 0.1,
    seed: int = 0,
) -> Split:
    """Hold out one chromosome for test; all others train and validate. Over all chromosomes each gene is tested once.

    The validation part is drawn from the other chromosomes: whole ones, in random order, as long as they fit into the
    share, or the smallest if none does. Of one or two others it is whole clusters of genes that share promoters.

    The samples are drawn as the thesis draws them, but without drawing genes before, so that they are the same for all
    chromosomes and do not depend on how many genes there are.

    Parameters
    ----------
    genes, samples
        The two axes.
    chromosome
        Chromosome of the test part, as it is called in the dataset.
    held_out_samples
        Number or share of samples to hold out, half of them for validation; with 0 all samples train, and the parts
        are of all samples.
    validation_share
        Share of the genes on the other chromosomes that the validation part has at most.
    seed
        Seed of both draws.

    Raises
    ------
    TR300MError
        If there is no gene on the chromosome or on any other, no cluster is small enough for the validation part, or
        there are too few samples.
    """
    name, tested = f"{LEAVE_OUT}{chromosome}", genes.chromosome == chromosome
    others = np.flatnonzero(~tested)
    if not tested.any() or not len(others):
        names, counts = np.unique(genes.chromosome, return_counts=True)
        listed = ", ".join(f"{one} {count:,}" for one, count in zip(names.tolist(), counts.tolist(), strict=True))
        missing = "no gene on any other chromosome" if tested.any() else f"no gene on {chromosome}"
        raise TR300MError(
            f"split {name}: the dataset has {missing}; genes by chromosome: {listed}",
            "name one of these chromosomes in the run table; there must be another one to train on",
        )
    validation, apart = _validation_genes(name, genes, others, validation_share, seed)
    parts = drawn_samples(len(samples), held_out_samples, np.random.RandomState(seed))
    return Split(name, validation, np.flatnonzero(tested), *parts, apart, shares_samples=held_out_samples == 0)


def _validation_genes(name: str, genes: Genes, others: Ints, share: float, seed: int) -> tuple[Ints, Apart]:
    """Return the validation genes, drawn from `others`, and what no two parts share."""
    whole = len(np.unique(genes.chromosome[others])) >= WHOLE_CHROMOSOMES
    groups = genes.chromosome[others] if whole else genes.cluster[others]
    _, codes, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    room = int(share * len(others))
    chosen = groups_that_fit(np.random.default_rng(seed).permutation(len(sizes)), sizes, room)
    if whole:
        chosen = chosen if len(chosen) else np.array([sizes.argmin()])
        return others[np.isin(codes, chosen)], "chromosome"
    if not len(chosen):
        raise TR300MError(
            f"split {name}: {share} of the {len(others)} genes on other chromosomes are {room}, and the smallest of "
            f"{len(sizes)} clusters of genes that share promoters has {sizes.min()}",
            "raise `split: validation_share` in the config",
        )
    return others[np.isin(codes, chosen)], "test_chromosome"

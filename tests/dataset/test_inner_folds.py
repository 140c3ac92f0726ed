"""Inner folds of the training part: whole chromosomes, or clusters on a single one."""

import numpy as np
from helpers.fixtures import Refuses
from hypothesis import given, settings
from hypothesis import strategies as st
from tr300m.base.axes import Genes
from tr300m.base.types import Ints, Strings
from tr300m.dataset.splits import Split

NONE = np.array([], dtype=np.int64)


def genes_of(chromosome: Strings, cluster: Ints) -> Genes:
    """Return genes of these chromosomes and clusters."""
    text, zero = np.array([f"G{row}" for row in range(len(cluster))]), np.zeros(len(cluster), np.int64)
    return Genes(text, text, chromosome, text, zero, zero, zero, text, cluster)


def split_of(validation: Ints, test: Ints) -> Split:
    """Return a split that holds out these genes."""
    return Split("toy", validation, test, NONE, NONE)


def test_by_hand() -> None:
    # Training: four genes of chr1, two of chr2, one of chr3; the held-out ones are in between.
    chromosome = np.array(["chr1", "chr9", "chr1", "chr1", "chr2", "chr9", "chr3", "chr2", "chr1"])
    split = split_of(np.array([1]), np.array([5]))
    genes = genes_of(chromosome, np.arange(9))
    assert split.inner(genes).tolist() == [0, 0, 0, 1, 2, 1, 0]
    # In two folds the small ones go together: three genes against four.
    assert split.inner(genes, folds=2).tolist() == [0, 0, 0, 1, 1, 1, 0]


@settings(deadline=None, max_examples=60)
@given(
    counts=st.lists(st.integers(1, 12), min_size=1, max_size=8),
    cluster_size=st.integers(1, 3),
    folds=st.integers(2, 6),
    seed=st.integers(0, 2**32 - 1),
)
def test_no_chromosome_and_no_cluster_is_torn(counts: list[int], cluster_size: int, folds: int, seed: int) -> None:
    chromosome = np.repeat([f"chr{number}" for number in range(len(counts))], counts)
    cluster = np.unique(
        [f"{name}/{row // cluster_size}" for name, count in enumerate(counts) for row in range(count)],
        return_inverse=True,
    )[1]
    held_out = np.random.default_rng(seed).permutation(len(cluster))[: len(cluster) // 3]
    split, genes = split_of(held_out[::2], held_out[1::2]), genes_of(chromosome, cluster)
    train, _ = split.training_axes(len(genes), 0)
    several = [len(set(groups[train].tolist())) for groups in (chromosome, cluster)]
    if max(several) < 2:
        return
    found = split.inner(genes, folds)
    assert found.shape == train.shape
    kept = chromosome if several[0] > 1 else cluster
    for group in set(kept[train].tolist()):
        assert len(set(found[kept[train] == group].tolist())) == 1
    expected = min(folds, several[0] if several[0] > 1 else several[1])
    assert sorted(set(found.tolist())) == list(range(expected))


def test_a_single_cluster_is_refused(refuses: Refuses) -> None:
    genes = genes_of(np.full(6, "chr1"), np.array([3, 3, 3, 3, 5, 5]))
    with refuses("toy", "4"):
        split_of(np.array([4]), np.array([5])).inner(genes)

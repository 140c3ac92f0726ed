"""Base composition in bins around the TSS: counted by hand, and against the composition of each bin's sequence."""

import dataclasses

import numpy as np
from helpers.fixtures import Refuses
from helpers.toy_dataset import Sizes, toy_dataset
from hypothesis import given
from hypothesis import strategies as st
from tr300m.arrays.wide import mark_bins
from tr300m.base.axes import Bins
from tr300m.dataset.dataset import NO_BINS
from tr300m.features.gene_features import composition, gene_features
from tr300m.features.wide_composition import WIDE_EDGES, composition_bins, wide_composition

ONEHOT = np.vstack([np.eye(4), np.full(4, 0.25), np.zeros(4)])


def codes(text: str) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """Return the codes of one sequence; N is unknown, a dot is off the chromosome."""
    return np.array([["ACGTN.".index(base) for base in text]], np.uint8)


def test_composition_of_bins_by_hand() -> None:
    # The TSS is the middle base, the T. Before it two bins of 4, after it one of 4 that begins with the TSS.
    sequence = codes("CGCGNACN" + "TCGA....." + "...")[:, :17]
    bins = Bins(np.array([-8, -4, 0]), np.array([-4, 0, 4]))
    found = wide_composition(sequence, bins)
    # CGCG: 2 CpG of 2 * 2 / 4 expected. NACN: one of two known bases. TCGA: 1 CpG of 1 * 1 / 4 expected.
    assert found.tolist() == [[1, 2, 0.5, 0, 0.5, 4]]


def test_a_cpg_across_two_bins_is_in_neither() -> None:
    assert wide_composition(codes("ACGAT"), Bins(np.array([-2, 0]), np.array([0, 2]))).tolist() == [[0.5, 0, 0.5, 0]]


def test_bins_are_those_of_the_marks_as_far_as_the_sequence_reaches() -> None:
    found = composition_bins(mark_bins([250, 1000, 4000]), 600)
    assert found.start.tolist() == [-600, -250, 0, 250]
    assert found.end.tolist() == [-250, 0, 250, 600]
    # An edge where the sequence ends makes no bin of one base.
    assert composition_bins(mark_bins([250, 600, 4000]), 600).start.tolist() == [-600, -250, 0, 250]


def test_bins_of_a_dataset_without_marks() -> None:
    found = composition_bins(NO_BINS, 10_000)
    assert [*found.start.tolist(), found.end[-1]] == list(WIDE_EDGES[1:-1])


@given(seed=st.integers(0, 2**32 - 1), flank=st.integers(1, 80), edges=st.sets(st.integers(1, 100), min_size=1))
def test_each_bin_has_the_composition_of_its_sequence(seed: int, flank: int, edges: set[int]) -> None:
    bases = np.random.default_rng(seed).integers(0, 6, (3, 2 * flank + 1)).astype(np.uint8)
    bins = composition_bins(mark_bins(sorted(edges)), flank)
    found = wide_composition(bases, bins)
    for number, (start, end) in enumerate(zip(bins.start, bins.end, strict=True)):
        expected = composition(ONEHOT[bases[:, flank + start : flank + end]])
        np.testing.assert_array_equal(found[:, 2 * number : 2 * number + 2], expected)


def test_the_feature_needs_wide_bases(refuses: Refuses) -> None:
    made = toy_dataset(Sizes())
    with refuses("wide_bases", "`wide: sequence`"):
        gene_features(made, "wide_composition")
    bases = np.random.default_rng(0).integers(0, 6, (len(made.genes), 2001)).astype(np.uint8)
    assert gene_features(dataclasses.replace(made, wide_bases=bases), "wide_composition").shape == (6, 8)
    with_bins = dataclasses.replace(made, wide_bases=bases, bins=mark_bins([300]))
    np.testing.assert_array_equal(
        gene_features(with_bins, "wide_composition"), wide_composition(bases, mark_bins([300]))
    )

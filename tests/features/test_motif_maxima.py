"""Motif maxima of both strands by segment: planted motifs, and the reference scan on random sequences and kernels."""

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest
from helpers.fixtures import Refuses
from helpers.toy_dataset import Sizes, random_motifs, toy_dataset
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from tr300m.arrays.genes import windows
from tr300m.base.axes import Genes
from tr300m.config.window import Window
from tr300m.features import motif_maxima as module
from tr300m.features.gene_features import gene_features
from tr300m.features.motif_maxima import motif_maxima, motif_segments, segment_bounds
from tr300m.features.motif_scan import pooled_scan, scan

Array = NDArray[Any]
CODES = "ACGT"


def sequences(rng: np.random.Generator, genes: int, length: int) -> Array:
    """Draw sequences with unknown bases (0.25 four times) and positions off the chromosome (0 four times)."""
    rows = np.vstack([np.eye(4), np.full(4, 0.25), np.zeros(4)]).astype(np.float16)
    return rows[rng.choice(6, (genes, length), p=[0.2, 0.25, 0.2, 0.2, 0.1, 0.05])]


def slow_segments(onehot: Array, pssm: Array, bounds: Array) -> Array:
    """Return what `motif_segments` must: the reference scan of both strands, position by position."""
    found = []
    for gene in onehot:
        both = np.maximum(scan(gene, pssm), scan(gene[::-1, ::-1], pssm)[::-1])
        found.append([both[start:end].max(axis=0) for start, end in itertools.pairwise(bounds)])
    return np.maximum(found, 0).reshape(len(onehot), -1)


@given(
    seed=st.integers(0, 2**32 - 1),
    length=st.integers(1, 60),
    width=st.integers(1, 36),
    motifs=st.integers(0, 9),
    cuts=st.sets(st.integers(1, 59), max_size=5),
    per_product=st.integers(1, 9),
)
def test_the_reference_scan_gives_the_same(
    seed: int, length: int, width: int, motifs: int, cuts: set[int], per_product: int
) -> None:
    """Whatever the width, the place of the motif in its kernel, the segments, unknown bases and ends of chromosomes."""
    rng = np.random.default_rng(seed)
    onehot, pssm = sequences(rng, 2, length), rng.normal(-0.5, 2, (width, 4, motifs))
    for motif in range(motifs):
        first, end = np.sort(rng.integers(0, width + 1, 2))
        pssm[:first, :, motif] = pssm[end:, :, motif] = 0
    bounds = np.array([0, *sorted(cut for cut in cuts if cut < length), length])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MOTIFS_PER_PRODUCT", per_product)
        found = motif_segments(onehot, pssm, bounds)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, slow_segments(onehot, pssm, bounds), atol=1e-4)


def test_kernels_as_wide_as_those_of_the_release() -> None:
    """More motifs than one product takes; zero columns around the motifs, one motif of zeros alone."""
    rng = np.random.default_rng(0)
    onehot, pssm = sequences(rng, 3, 300), random_motifs(rng, 35, 150)
    pssm[:, :, 149] = 0
    whole = ((300, 300),)
    forward, reverse = (pooled_scan(strand, pssm, whole)[:, 0] for strand in (onehot, onehot[:, ::-1, ::-1]))
    expected = np.maximum(np.maximum(forward, reverse), 0)
    found = motif_maxima(onehot, pssm)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert (found[:, :149] > 0).mean() > 0.9 and not found[:, 149].any()
    np.testing.assert_allclose(
        motif_segments(onehot, pssm, [0, 40, 280, 300]), slow_segments(onehot, pssm, [0, 40, 280, 300]), atol=1e-4
    )


def text_onehot(text: str) -> Array:
    return np.eye(4, dtype=np.float16)[[CODES.index(base) for base in text]][None]


@pytest.mark.parametrize("planted", ["AACGC", "GCGTT"])
@pytest.mark.parametrize(("first", "segment"), [(0, 0), (7, 0), (8, 1), (20, 2), (35, 2)])
def test_a_motif_is_found_in_its_segment_on_either_strand(planted: str, first: int, segment: int) -> None:
    """Its middle base decides: 8 + 2 is the first base of the second segment. GCGTT is AACGC on the other strand."""
    motif = np.where(text_onehot("AACGC")[0] == 1, 2.0, -2.0)[:, :, None]
    text = "T" * first + planted + "T" * (35 - first)
    found = motif_segments(text_onehot(text), motif, [0, 10, 20, 40])[0]
    assert found[segment] == 10
    assert np.all(np.delete(found, segment) < 10)
    assert motif_maxima(text_onehot(text), motif).tolist() == [[10.0]]


def test_the_other_strand_has_the_segments_in_the_opposite_order() -> None:
    rng = np.random.default_rng(1)
    onehot, pssm = sequences(rng, 4, 200), random_motifs(rng, 13, 70)
    found = motif_segments(onehot, pssm, [0, 120, 150, 200]).reshape(4, 3, 70)
    other = motif_segments(onehot[:, ::-1, ::-1], pssm, [0, 50, 80, 200]).reshape(4, 3, 70)
    np.testing.assert_array_equal(found, other[:, ::-1])
    np.testing.assert_array_equal(found.max(axis=1), motif_maxima(onehot, pssm))


def test_the_number_of_threads_changes_no_bit() -> None:
    rng = np.random.default_rng(2)
    onehot, pssm = sequences(rng, 5, 400), random_motifs(rng, 21, 90)
    found = []
    for threads in (1, 2, 7):
        with threadpool_limits(threads, user_api="blas"):
            found.append(motif_maxima(onehot, pssm))
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    assert motif_maxima(onehot[:0], pssm).shape == (0, 90)


@pytest.mark.parametrize("bounds", [[0, 5], [1, 10], [0, 7, 7, 10], [0, 8, 3, 10]])
def test_bounds_that_do_not_divide_the_window_are_refused(bounds: list[int], refuses: Refuses) -> None:
    with refuses(str(bounds), "10 bp"):
        motif_segments(np.zeros((1, 10, 4)), np.zeros((3, 4, 1)), bounds)


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (Window(), [0, 1772, 2472, 2722, 2823]),
        (Window(300, 300), [0, 250, 351, 601]),
        (Window(40, 2000), [0, 91, 341, 1041, 2041]),
        (Window(20, 20), [0, 41]),
    ],
)
@pytest.mark.parametrize("edition", ["release", "corrected"])
def test_segments_follow_the_distance_from_the_tss(window: Window, expected: list[int], edition: str) -> None:
    tss, strand = np.full(4, 50_000), np.array(["+", "+", "+", "-"])
    start, end = windows(tss, strand, edition, window)
    text = np.full(4, "")
    bounds = segment_bounds(Genes(text, text, text, strand, tss, start, end, text, tss), window.width)
    inner = [bound + (edition == "corrected") for bound in expected[1:-1]]
    assert bounds.tolist() == [0, *inner, window.width]


def test_the_feature_has_the_segments_of_the_dataset() -> None:
    """A dataset of windows from -600 to +399, all genes on the + strand; the TSS is at index 600."""
    made = toy_dataset(Sizes(length=1000))
    genes = dataclasses.replace(
        made.genes,
        strand=np.full(len(made.genes), "+"),
        window_start=made.genes.tss - 601,
        window_end=made.genes.tss + 399,
    )
    made = dataclasses.replace(made, genes=genes)
    found = gene_features(made, "motif_segments")
    bounds = [0, 300, 550, 651, 901, 1000]
    np.testing.assert_allclose(found, slow_segments(made.onehot, made.pssm, np.array(bounds)), atol=1e-4)
    np.testing.assert_array_equal(found.reshape(6, 5, -1).max(axis=1), gene_features(made, "motif_maxima"))

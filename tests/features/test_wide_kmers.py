"""k-mers around the TSS and smoothed marks: counted by hand, and against slow loops."""

import dataclasses
from itertools import product

import numpy as np
import pytest
from helpers.fixtures import Refuses
from helpers.toy_dataset import Sizes, toy_dataset
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tr300m.features.gene_features import gene_features, smoothed
from tr300m.features.wide_kmers import KMER_RANGES, WIDE_K, wide_kmers


def codes(*texts: str) -> NDArray[np.uint8]:
    """Return the codes of sequences; N is unknown, a dot is off the chromosome."""
    return np.array([["ACGTN.".index(base) for base in text] for text in texts], np.uint8)


def test_dimers_by_hand() -> None:
    # The TSS is the middle base, which is downstream. Upstream ACACA: AC, CA, AC, CA. Downstream GNTTT.: TT, TT.
    found = wide_kmers(codes("ACACAGNTTT."), 2)
    assert found.shape == (1, 2 * 16) and found.dtype == np.float32
    upstream, downstream = np.square(found.reshape(2, 4, 4))
    assert upstream[0, 1] == pytest.approx(0.5) and upstream[1, 0] == pytest.approx(0.5)
    assert downstream[3, 3] == 1 and downstream.sum() == 1


def test_a_dimer_across_the_tss_is_in_neither_range() -> None:
    assert not wide_kmers(codes("ACG"), 2)[0, :16].any()
    assert np.flatnonzero(wide_kmers(codes("ACG"), 2)).tolist() == [16 + 4 * 1 + 2]


def test_the_strand_counts() -> None:
    assert not np.array_equal(wide_kmers(codes("AAAAAAA"), 2), wide_kmers(codes("TTTTTTT"), 2))


def test_ranges_without_a_known_kmer_are_0() -> None:
    found = wide_kmers(codes("NNNNNNN", "......A", "ANANANA"), 2)
    assert not found.any() and np.isfinite(found).all()
    assert wide_kmers(codes("A"), 2).shape == (1, 32)


@pytest.mark.parametrize("flank", [0, 3, 999, 1000, 1001, 3000, 3500])
def test_ranges_end_where_they_should_or_where_the_bases_end(flank: int) -> None:
    bases = np.random.default_rng(flank).integers(0, 6, (2, 2 * flank + 1)).astype(np.uint8)
    found = wide_kmers(bases, 1).reshape(2, 2, 4)
    for number, (start, end) in enumerate(KMER_RANGES):
        part = bases[:, max(flank + start, 0) : flank + end]
        for gene, row in enumerate(part):
            counts = np.bincount(row, minlength=6)[:4]
            np.testing.assert_allclose(found[gene, number], np.sqrt(counts / max(counts.sum(), 1)), rtol=1e-6)


@given(seed=st.integers(0, 2**32 - 1), k=st.integers(1, 3), flank=st.integers(1, 30))
def test_against_counts_of_text(seed: int, k: int, flank: int) -> None:
    bases = np.random.default_rng(seed).integers(0, 5, (2, 2 * flank + 1)).astype(np.uint8)
    found = np.square(wide_kmers(bases, k)).reshape(2, 2, 4**k)
    words = ["".join(word) for word in product("ACGT", repeat=k)]
    for gene in range(2):
        text = "".join("ACGTN"[base] for base in bases[gene])
        for number, part in enumerate((text[:flank], text[flank:])):
            seen = [part[start : start + k] for start in range(len(part) - k + 1)]
            counts = np.array([seen.count(word) for word in words])
            np.testing.assert_allclose(found[gene, number], counts / max(counts.sum(), 1), rtol=1e-5, atol=1e-7)


def test_smoothed_by_hand() -> None:
    # log(1 + signal) of four bins is 0, 1, 2, 6; the second track is twice as large.
    logs = np.array([0.0, 1, 2, 6])
    marks = np.expm1(np.stack([logs, 2 * logs], axis=1))[None].astype(np.float32)
    found = smoothed(marks)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[0.5, 1, 1, 2, 3, 6, 4, 8]], rtol=1e-5)


@given(seed=st.integers(0, 2**32 - 1), bins=st.integers(1, 9), tracks=st.integers(1, 4))
def test_smoothed_against_a_loop(seed: int, bins: int, tracks: int) -> None:
    marks = np.random.default_rng(seed).gamma(0.5, 4, (3, bins, tracks)).astype(np.float32)
    found = smoothed(marks).reshape(3, bins, tracks)
    for number in range(bins):
        near = np.log1p(marks[:, max(number - 1, 0) : number + 2].astype(np.float64)).mean(axis=1)
        np.testing.assert_allclose(found[:, number], near, rtol=1e-5, atol=1e-6)


def test_features_of_a_dataset_need_its_wide_arrays(refuses: Refuses) -> None:
    made = toy_dataset(Sizes())
    with refuses("wide_bases", "`wide: sequence`"):
        gene_features(made, "wide_kmers")
    with refuses("wide_marks", "`wide: mark_edges`"):
        gene_features(made, "smooth_marks")
    with refuses("body_marks", "`wide: gene_body`"):
        gene_features(made, "body_marks")
    rng = np.random.default_rng(0)
    bases = rng.integers(0, 6, (len(made.genes), 2001)).astype(np.uint8)
    marks = rng.random((len(made.genes), 5, 21), dtype=np.float32)
    body = rng.random((len(made.genes), 2, 21), dtype=np.float32)
    wide = dataclasses.replace(made, wide_bases=bases, wide_marks=marks, body_marks=body)
    assert gene_features(wide, "wide_kmers").shape == (len(made.genes), 2 * 4**WIDE_K)
    np.testing.assert_array_equal(gene_features(wide, "smooth_marks"), smoothed(marks))
    np.testing.assert_array_equal(gene_features(wide, "body_marks"), np.log1p(body.reshape(-1, 42)))

"""Gene features under a control: what reads the permuted input changes, and nothing else."""

from functools import cache

import numpy as np
import pytest
from helpers.toy_dataset import Sizes, toy_dataset
from tr300m.arrays.wide import mark_bins
from tr300m.config.run_table import AT_EVALUATION
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.permutations import CONTROLS, apply_control
from tr300m.features.controlled_features import MARK_FEATURES, controlled_features
from tr300m.features.gene_features import FEATURES, gene_features

SIZES = Sizes(genes=7, length=120)
BINS = mark_bins([10, 30])
WIDTH = 2001


@cache
def dataset() -> Dataset:
    rng = np.random.default_rng(0)
    return toy_dataset(
        SIZES,
        wide_bases=rng.integers(0, 4, (SIZES.genes, WIDTH)).astype(np.uint8),
        wide_marks=rng.random((SIZES.genes, len(BINS), 21), dtype=np.float32),
        body_marks=rng.random((SIZES.genes, 2, 21), dtype=np.float32),
        bins=BINS,
    )


@pytest.mark.parametrize("suffix", ["", AT_EVALUATION])
@pytest.mark.parametrize("control", ["none", *CONTROLS])
@pytest.mark.parametrize("name", FEATURES)
def test_a_feature_is_that_of_the_permuted_dataset(name: str, control: str, suffix: str) -> None:
    """Whatever a feature reads: it is compared with the feature computed anew."""
    control += suffix if control != "none" else ""
    permuted = apply_control(dataset(), control, 3)
    plain = gene_features(dataset(), name)
    found = controlled_features(permuted, {name: plain}, control)
    assert list(found) == [name]
    assert np.array_equal(found[name], gene_features(permuted, name))


def test_only_what_may_change_is_computed_again() -> None:
    plain = {name: gene_features(dataset(), name) for name in FEATURES}
    for control, changed in (
        ("none", set()),
        ("permute_levels", set()),
        ("permute_histones", set(MARK_FEATURES)),
        ("shuffle_sequence", FEATURES.keys() - MARK_FEATURES),
    ):
        found = controlled_features(apply_control(dataset(), control, 3), plain, control)
        assert {name for name in plain if found[name] is not plain[name]} == changed


def test_marks_of_other_genes_are_those_of_the_gene_that_the_tracks_come_from() -> None:
    plain = {name: gene_features(dataset(), name) for name in MARK_FEATURES}
    found = controlled_features(apply_control(dataset(), "permute_histones", 3), plain, "permute_histones")
    for name, before in plain.items():
        assert {row.tobytes() for row in found[name]} == {row.tobytes() for row in before}
        assert not (found[name] == before).all(axis=1).any()

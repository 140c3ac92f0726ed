"""Controls: what is permuted, what stays; dinucleotide shuffles against counts and enumeration."""

from collections import Counter
from itertools import pairwise, permutations

import numpy as np
import pytest
from helpers.fixtures import Refuses
from helpers.toy_dataset import Sizes, toy_dataset
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats
from tr300m.arrays.wide import mark_bins
from tr300m.base.axes import ARRAYS
from tr300m.config.run_table import AT_EVALUATION
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.dinucleotide_shuffle import encode, last_steps, shuffle_codes, shuffle_onehot
from tr300m.dataset.permutations import CONTROLS, apply_control, cyclic_order

GENES, SAMPLES, LENGTH = 7, 9, 40


def make_dataset() -> Dataset:
    """Return arrays whose rows all differ."""
    return toy_dataset(Sizes(genes=GENES, samples=SAMPLES, length=LENGTH))


CHANGED = {
    "permute_levels": {"tf_levels", "regulator_levels"},
    "permute_histones": {"histones"},
    "shuffle_sequence": {"onehot"},
}


@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_changes_its_input_alone(control: str) -> None:
    dataset = make_dataset()
    before = {name: np.array(getattr(dataset, name)) for name in ARRAYS}
    found = apply_control(dataset, control, 3)
    for name, array in before.items():
        assert np.array_equal(getattr(dataset, name), array)
        assert np.array_equal(getattr(found, name), array) == (name not in CHANGED[control])
    for name in CHANGED[control]:
        again, other = (getattr(apply_control(dataset, control, seed), name) for seed in (3, 4))
        assert np.array_equal(getattr(found, name), again)
        assert not np.array_equal(getattr(found, name), other)
        late = getattr(apply_control(dataset, control + AT_EVALUATION, 3), name)
        assert np.array_equal(getattr(found, name), late)


def test_wide_arrays_are_permuted_too() -> None:
    """Each gene gets the wide marks of the gene whose histones it gets; wide sequences keep their dinucleotides."""
    rng, sizes = np.random.default_rng(0), Sizes(genes=GENES, samples=SAMPLES, length=LENGTH)
    bins = mark_bins([10, 30])
    dataset = toy_dataset(
        sizes,
        wide_bases=rng.integers(0, 6, (GENES, 61)).astype(np.uint8),
        wide_marks=rng.random((GENES, len(bins), 21), dtype=np.float32),
        body_marks=rng.random((GENES, 2, 21), dtype=np.float32),
        bins=bins,
    )
    assert dataset.wide_bases is not None and dataset.wide_marks is not None and dataset.body_marks is not None
    moved, shuffled = apply_control(dataset, "permute_histones", 3), apply_control(dataset, "shuffle_sequence", 3)
    origin = [int(np.flatnonzero((dataset.histones == row).all(axis=(1, 2)))[0]) for row in moved.histones]
    assert np.array_equal(moved.wide_marks, dataset.wide_marks[origin])
    assert np.array_equal(moved.body_marks, dataset.body_marks[origin])
    assert moved.wide_bases is dataset.wide_bases
    assert shuffled.wide_marks is dataset.wide_marks and shuffled.body_marks is dataset.body_marks
    assert shuffled.wide_bases is not None and shuffled.wide_bases.dtype == np.uint8
    assert not (shuffled.wide_bases == dataset.wide_bases).all(axis=1).any()
    for before, after in zip(dataset.wide_bases.tolist(), shuffled.wide_bases.tolist(), strict=True):
        assert Counter(pairwise(before)) == Counter(pairwise(after))


def test_no_control_is_the_dataset_itself(refuses: Refuses) -> None:
    dataset = make_dataset()
    assert apply_control(dataset, "none", 3) is dataset
    for unknown in ("levels", "none" + AT_EVALUATION, ""):
        with refuses(repr(unknown), "permute_levels, permute_histones"):
            apply_control(dataset, unknown, 3)


def test_levels_stay_together_and_move_to_another_sample() -> None:
    dataset = make_dataset()
    found = apply_control(dataset, "permute_levels", 3)
    origin = [int(np.flatnonzero((dataset.tf_levels == row).all(axis=1))[0]) for row in found.tf_levels]
    assert sorted(origin) == list(range(SAMPLES))
    assert all(here != there for here, there in enumerate(origin))
    assert np.array_equal(found.regulator_levels, dataset.regulator_levels[origin])


def test_histones_move_to_another_gene() -> None:
    dataset = make_dataset()
    found = apply_control(dataset, "permute_histones", 3)
    assert not (found.histones == dataset.histones).all(axis=(1, 2)).any()
    assert {row.tobytes() for row in found.histones} == {row.tobytes() for row in dataset.histones}


@given(count=st.integers(1, 60), seed=st.integers(0, 100))
def test_cyclic_orders_are_single_cycles(count: int, seed: int) -> None:
    order, place = cyclic_order(count, seed), 0
    for step in range(1, count + 1):
        place = int(order[place])
        assert (place == 0) == (step == count)


def text_codes(*texts: str) -> NDArray[np.int8]:
    return np.array([["ACGTN-".index(letter) for letter in text] for text in texts], dtype=np.int8)


sequences = st.integers(2, 30).flatmap(
    lambda length: st.lists(st.text("ACGTN-", min_size=length, max_size=length), min_size=1, max_size=5)
)


@settings(deadline=None)
@given(texts=sequences, seed=st.integers(0, 1000))
def test_dinucleotides_and_ends_are_kept(texts: list[str], seed: int) -> None:
    codes = text_codes(*texts)
    found = shuffle_codes(codes, np.random.default_rng(seed))
    for before, after in zip(codes.tolist(), found.tolist(), strict=True):
        assert Counter(pairwise(before)) == Counter(pairwise(after))
        assert Counter(before) == Counter(after)
        assert (before[0], before[-1]) == (after[0], after[-1])


@pytest.mark.parametrize("text", ["ACAGATAC", "AACAGAGC", "ACGAGCACA", "AAAACCCA"])
def test_all_sequences_of_the_same_dinucleotides_are_equally_likely(text: str) -> None:
    counts = Counter(pairwise(text))
    wanted = sorted(
        {
            other
            for other in map("".join, permutations(text))
            if Counter(pairwise(other)) == counts and (other[0], other[-1]) == (text[0], text[-1])
        }
    )
    assert len(wanted) > 1
    draws = 4000
    found = shuffle_codes(text_codes(*[text] * draws), np.random.default_rng(0))
    seen = Counter("".join("ACGTN-"[code] for code in row) for row in found.tolist())
    assert set(seen) == set(wanted)
    assert stats.chisquare([seen[other] for other in wanted]).pvalue > 0.01


def test_last_steps_end_at_the_last_letter() -> None:
    chance = np.random.default_rng(0)
    codes = chance.integers(0, 4, (300, 12)).astype(np.int8)
    for sequence, leads_to in zip(codes, last_steps(codes, chance), strict=True):
        steps = set(pairwise(sequence.tolist()))
        for letter in range(6):
            if letter in sequence[:-1] and letter != sequence[-1]:
                assert (letter, leads_to[letter]) in steps
                at, moves = letter, 0
                while at != sequence[-1]:
                    at, moves = int(leads_to[at]), moves + 1
                    assert moves < 6
            else:
                assert leads_to[letter] == -1


def test_a_rare_way_out_is_found() -> None:
    """A thousand steps between A and C, one to G: nothing is drawn until it fits."""
    codes = text_codes("AC" * 1000 + "AG")
    found = shuffle_codes(codes, np.random.default_rng(0))
    assert found[0, -2:].tolist() == [0, 2]
    assert Counter(pairwise(found[0].tolist())) == Counter(pairwise(codes[0].tolist()))


def test_shuffled_windows_are_what_windows_are() -> None:
    chance = np.random.default_rng(2)
    letters = np.concatenate([np.eye(4), np.full((1, 4), 0.25), np.zeros((1, 4))]).astype(np.float16)
    codes = chance.integers(0, 6, (1100, LENGTH)).astype(np.int8)
    found = shuffle_onehot(letters[codes], 5)
    assert (found.shape, found.dtype) == ((1100, LENGTH, 4), np.float16)
    assert np.array_equal(letters[encode(found)], found)
    assert np.array_equal(encode(letters[codes]), codes)
    assert np.array_equal(np.sort(encode(found), axis=1), np.sort(codes, axis=1))
    assert np.array_equal(found, shuffle_onehot(letters[codes], 5))
    assert (found != letters[codes]).any(axis=(1, 2)).mean() > 0.99

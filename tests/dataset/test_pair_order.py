"""The order of training pairs, against a loop over the generator."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest
from helpers.fixtures import Refuses
from hypothesis import given, settings
from hypothesis import strategies as st
from tr300m.dataset.pair_order import PairOrder, UniformOrder, draws, initial_state, training_pairs, xorshift32
from tr300m.dataset.splits import Split, thesis_split

FIRST_PAIRS = [[7417, 15075], [10588, 4527], [13065, 7626], [7610, 16823], [19340, 10047], [11831, 17257]]


def step(state: int) -> int:
    """Return the next state, in Python integers."""
    state ^= (state << 13) & 0xFFFFFFFF
    state ^= state >> 17
    state ^= (state << 5) & 0xFFFFFFFF
    return state


def literal_states(state: int) -> Iterator[int]:
    """Yield all states after `state`."""
    while True:
        state = step(state)
        yield state


def literal_pairs(count: int, genes: set[int], samples: set[int]) -> tuple[list[list[int]], Counter[str]]:
    """Loop over draws from seed 3's state at the thesis's size; return pairs, and refused draws by reason."""
    pairs: list[list[int]] = []
    refused: Counter[str] = Counter()
    first = True
    for number in literal_states(2365658986):
        gene, sample = divmod(number, 17382)
        if gene >= 19786:
            refused["outside"] += 1
        elif first:
            first = False
        elif gene in genes:
            refused["gene"] += 1
        elif sample in samples:
            refused["sample"] += 1
        else:
            pairs.append([gene, sample])
            if len(pairs) == count:
                return pairs, refused
    raise AssertionError


def test_initial_state_of_seed_3() -> None:
    assert initial_state(3) == 2365658986


def test_first_pairs_of_the_thesis() -> None:
    assert training_pairs(6).tolist() == FIRST_PAIRS
    assert training_pairs(6, split=thesis_split()).tolist() == FIRST_PAIRS
    assert training_pairs(6).dtype == np.int64


def test_first_draw_inside_the_table_only_sets_the_state() -> None:
    assert divmod(PairOrder().state, 17382) == (17753, 12014)


@pytest.mark.parametrize("pool", [19746, 19786])
def test_hundred_thousand_pairs_equal_a_loop(pool: int) -> None:
    generator = np.random.RandomState(0)
    genes = set(generator.choice(pool, 512, replace=False).tolist())
    samples = set(generator.choice(17382, 512, replace=False).tolist())
    expected, refused = literal_pairs(100_000, genes, samples)
    split = thesis_split(gene_pool=pool)
    assert training_pairs(100_000, n_genes=19786, n_samples=17382, split=split).tolist() == expected
    # 92 of 100 draws lie outside the table; of those inside, 2.6 in 100 have a held-out gene, 2.9 a held-out sample.
    drawn = 100_000 + refused["gene"] + refused["sample"]
    assert refused["outside"] / (refused["outside"] + drawn) == pytest.approx(1 - 19786 * 17382 / 2**32, abs=0.001)
    assert refused["gene"] / drawn == pytest.approx(512 / 19786, abs=0.003)
    assert refused["sample"] / (drawn - refused["gene"]) == pytest.approx(512 / 17382, abs=0.003)


def test_without_a_split_nothing_is_held_out() -> None:
    expected, refused = literal_pairs(20_000, set(), set())
    assert PairOrder().take(20_000).tolist() == expected
    assert set(refused) == {"outside"}


@pytest.mark.parametrize("pool", [19746, None])
def test_held_out_genes_and_samples_never_train(pool: int | None) -> None:
    split = thesis_split(gene_pool=pool)
    pairs = PairOrder(split=split).take(200_000)
    assert not np.isin(pairs[:, 0], split.held_out_genes).any()
    assert not np.isin(pairs[:, 1], split.held_out_samples).any()
    assert pairs.min() >= 0
    assert pairs[:, 0].max() < 19786
    assert pairs[:, 1].max() < 17382


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 2**32 - 1))
def test_xorshift_equals_python_integers(state: int) -> None:
    assert xorshift32(state) == step(state)


@settings(deadline=None, max_examples=25)
@given(state=st.integers(1, 2**32 - 1), count=st.integers(0, 5000))
def test_draws_equal_repeated_steps(state: int, count: int) -> None:
    found = draws(state, count)
    assert found.dtype == np.uint32
    generator = literal_states(state)
    assert found.tolist() == [next(generator) for _ in range(count)]


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(0, 700), min_size=1, max_size=6))
def test_taking_in_pieces_equals_taking_at_once(counts: list[int]) -> None:
    split = thesis_split()
    order = PairOrder(split=split)
    pieces = np.concatenate([order.take(count) for count in counts])
    assert np.array_equal(pieces, training_pairs(sum(counts)))


@settings(deadline=None, max_examples=10)
@given(before=st.integers(0, 1000), after=st.integers(1, 1000))
def test_a_saved_state_continues_the_order(before: int, after: int) -> None:
    split = thesis_split()
    order = PairOrder(split=split)
    order.take(before)
    saved = order.state
    assert isinstance(saved, int)
    expected = order.take(after)
    fresh = PairOrder(seed=11, split=split)
    fresh.state = saved
    assert np.array_equal(fresh.take(after), expected)


def test_the_state_is_the_last_pair() -> None:
    order = PairOrder(split=thesis_split())
    last = order.take(1000)[-1]
    # Draws outside the table or held out come before a pair, never after it.
    assert divmod(order.state, 17382) == tuple(last.tolist())


def test_seeds_differ_and_repeat() -> None:
    assert training_pairs(50, seed=4).tolist() == training_pairs(50, seed=4).tolist()
    assert training_pairs(50, seed=4).tolist() != training_pairs(50, seed=3).tolist()


def test_the_global_generator_is_left_alone() -> None:
    np.random.seed(5)  # noqa: NPY002 - the legacy generator is what is tested
    before = np.random.get_state()  # noqa: NPY002
    training_pairs(10)
    after = np.random.get_state()  # noqa: NPY002
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))


@pytest.mark.parametrize(("n_genes", "n_samples"), [(12, 10), (439, 60), (3, 3)])
def test_small_tables_cover_all_training_pairs(n_genes: int, n_samples: int) -> None:
    split = thesis_split(n_genes, n_samples, 2, 2, None)
    pairs = training_pairs(20 * n_genes * n_samples, n_genes=n_genes, n_samples=n_samples, split=split)
    train = (n_genes - 2) * (n_samples - 2)
    assert not np.isin(pairs[:, 0], split.held_out_genes).any()
    assert not np.isin(pairs[:, 1], split.held_out_samples).any()
    numbers, counts = np.unique(pairs[:, 0] * n_samples + pairs[:, 1], return_counts=True)
    assert len(numbers) == train
    # Draws are uniform: each pair's count is Poisson-like around the mean, six deviations wide.
    mean = len(pairs) / train
    assert np.abs(counts - mean).max() < 6 * np.sqrt(mean)


def test_another_size_needs_a_split(refuses: Refuses) -> None:
    with refuses():
        training_pairs(5, n_genes=12, n_samples=10)


def test_table_that_32_bits_cannot_number(refuses: Refuses) -> None:
    with refuses("65536"):
        PairOrder(n_genes=65536, n_samples=65536)


def test_split_that_leaves_no_pair(refuses: Refuses) -> None:
    one, two = np.array([0]), np.array([1])
    with refuses():
        PairOrder(n_genes=2, n_samples=5, split=Split("none", one, two, one, two))


def test_split_of_a_larger_table(refuses: Refuses) -> None:
    with refuses():
        PairOrder(n_genes=10, n_samples=10, split=thesis_split(30, 30, 20, 20, None))


def test_state_zero_is_refused(refuses: Refuses) -> None:
    # Zero is the one state that xorshift never leaves: every pair would be (0, 0).
    order = PairOrder()
    with refuses("0"):
        order.state = 0


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(0, 700), min_size=1, max_size=6))
def test_uniform_pairs_in_pieces_equal_those_at_once(counts: list[int]) -> None:
    order = UniformOrder(split=thesis_split())
    pieces = np.concatenate([order.take(count) for count in counts])
    assert np.array_equal(pieces, UniformOrder(split=thesis_split()).take(sum(counts)))
    assert order.state == sum(counts)


def test_uniform_pairs_go_on_from_a_saved_state() -> None:
    order = UniformOrder(5, 12, 10)
    order.take(37)
    saved = order.state
    expected = order.take(20)
    fresh = UniformOrder(5, 12, 10)
    fresh.state = saved
    assert np.array_equal(fresh.take(20), expected)


def test_uniform_pairs_are_uniform_and_leave_out_what_is_held_out() -> None:
    split = thesis_split(12, 10, 4, 2, None)
    pairs = UniformOrder(3, 12, 10, split).take(64_000)
    assert pairs.dtype == np.int64
    assert not np.isin(pairs[:, 0], split.held_out_genes).any()
    assert not np.isin(pairs[:, 1], split.held_out_samples).any()
    _, counts = np.unique(pairs[:, 0] * 10 + pairs[:, 1], return_counts=True)
    # 8 genes by 8 samples, 1000 draws of each expected: six deviations of a Poisson count.
    assert len(counts) == 64
    assert np.abs(counts - 1000).max() < 6 * 1000**0.5


def test_uniform_seeds_differ_and_repeat() -> None:
    assert np.array_equal(UniformOrder(4).take(50), UniformOrder(4).take(50))
    assert not np.array_equal(UniformOrder(4).take(50), UniformOrder(3).take(50))
    assert not np.array_equal(UniformOrder(3).take(50), PairOrder(3).take(50))


def test_uniform_orders_that_cannot_be_are_refused(refuses: Refuses) -> None:
    one, two = np.array([0]), np.array([1])
    with refuses():
        UniformOrder(n_genes=2, n_samples=5, split=Split("none", one, two, one, two))
    with refuses("10"):
        UniformOrder(n_genes=10, n_samples=10, split=thesis_split(30, 30, 20, 20, None))
    order = UniformOrder()
    with refuses("-1"):
        order.state = -1

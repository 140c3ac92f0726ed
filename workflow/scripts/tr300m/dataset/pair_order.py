"""The order of training pairs: the thesis's xorshift32 over all genes and samples, or uniform draws."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.types import Bools, Ints
from .splits import N_GENES, N_SAMPLES, Split, thesis_split

_States = NDArray[np.uint32]
NUMBERS_PER_BLOCK = 1 << 18
# The thesis draws from 2^32 numbers for 343,920,252 pairs, which is 12.5 numbers per pair. For fewer pairs, only as
# many low bits are used as leave at least 8 numbers per pair; at the thesis's size that is all 32 bits.
NUMBERS_PER_PAIR = 8


def xorshift32(state: int) -> int:
    """Return the state after one draw: shifts by 13 left, 17 right and 5 left, on 32 bits."""
    state ^= (state << 13) & 0xFFFFFFFF
    state ^= state >> 17
    return state ^ ((state << 5) & 0xFFFFFFFF)


def _step(states: _States) -> _States:
    states = states ^ (states << np.uint32(13))
    states = states ^ (states >> np.uint32(17))
    return states ^ (states << np.uint32(5))


def _apply(matrix: _States, states: _States) -> _States:
    """Multiply states by a 32 x 32 matrix over GF(2), given as the images of the single bits.

    A table of 256 entries for each byte replaces 32 tests of bits by four look-ups.
    """
    result = np.zeros_like(states)
    for byte in range(4):
        table = np.zeros(1, dtype=np.uint32)
        for bit in range(8):
            table = np.concatenate([table, table ^ matrix[8 * byte + bit]])
        result ^= table[(states >> np.uint32(8 * byte)) & np.uint32(255)]
    return result


def draws(state: int, count: int) -> _States:
    """Return the `count` states that follow `state`.

    xorshift is linear over GF(2): one matrix product turns a block of k draws into the next k draws, so the block is
    doubled until it is long enough.
    """
    block = _step(np.array([state], dtype=np.uint32))
    matrix = _step(np.uint32(1) << np.arange(32, dtype=np.uint32))
    while len(block) < count:
        block = np.concatenate([block, _apply(matrix, block)])
        matrix = _apply(matrix, matrix)
    return block[:count]


def initial_state(seed: int) -> int:
    """Return the first state, a 32-bit draw from NumPy's legacy generator (seed 3: 2365658986)."""
    return int(np.random.RandomState(seed).randint(0, 2**32, dtype=np.uint32))


class PairOrder:
    """An endless series of training pairs in the thesis's order; held-out genes and samples are skipped.

    Parameters
    ----------
    seed
        Seed of the first state. As in the thesis, the first valid draw only sets the state and gives no pair.
    n_genes, n_samples
        Lengths of the two axes; a draw is gene * n_samples + sample.
    split
        Split whose held-out genes and samples are skipped; None to hold out nothing.

    Attributes
    ----------
    state
        State of the generator after the last pair; it can be set to continue from there.

    Raises
    ------
    TR300MError
        If there are 2^32 pairs or more, or the split does not fit the axes or leaves no pair.
    """

    def __init__(
        self, seed: int = 3, n_genes: int = N_GENES, n_samples: int = N_SAMPLES, split: Split | None = None
    ) -> None:
        if not 0 < n_genes * n_samples < 1 << 32:
            raise TR300MError(f"{n_genes} genes x {n_samples} samples do not fit the 32-bit pair order")
        self.n_genes, self.n_samples = n_genes, n_samples
        self.bits = min(32, (NUMBERS_PER_PAIR * n_genes * n_samples - 1).bit_length())
        self._gene_trains, self._sample_trains = _training(n_genes, n_samples, split)
        self.state = xorshift32(initial_state(seed))
        while self._number(self.state) >= n_genes * n_samples:
            self.state = xorshift32(self.state)

    @property
    def state(self) -> int:
        """State of the generator after the last pair."""
        return self._state

    @state.setter
    def state(self, state: int) -> None:
        # The state after 0 is 0.
        if not 0 < state < 1 << 32:
            raise TR300MError(f"{state} is not a state of a 32-bit xorshift generator")
        self._state = state

    def _number(self, state: int) -> int:
        return state & ((1 << self.bits) - 1)

    def take(self, count: int) -> Ints:
        """Return the next `count` training pairs [count, 2], (gene, sample)."""
        kept: list[Ints] = []
        missing = count
        while missing > 0:
            states = draws(self.state, NUMBERS_PER_BLOCK)
            numbers = (states & np.uint32((1 << self.bits) - 1)).astype(np.int64)
            gene, sample = np.divmod(numbers, self.n_samples)
            # Indices outside the table are replaced by 0 for the look-up and rejected by the first condition.
            inside = gene < self.n_genes
            gene = np.where(inside, gene, 0)
            accepted = np.flatnonzero(inside & self._gene_trains[gene] & self._sample_trains[sample])[:missing]
            kept.append(np.stack([gene[accepted], sample[accepted]], axis=1))
            missing -= len(accepted)
            # The state of the last pair returned, or of the block if more pairs are needed.
            self.state = int(states[accepted[-1]]) if missing == 0 else int(states[-1])
        return np.concatenate(kept) if kept else np.empty((0, 2), dtype=np.int64)


class UniformOrder:
    """An endless series of training pairs, drawn uniformly with replacement by NumPy's PCG64.

    Parameters
    ----------
    seed
        Seed of the generator.
    n_genes, n_samples
        Lengths of the two axes.
    split
        Split whose held-out genes and samples are skipped; None to hold out nothing.

    Attributes
    ----------
    state
        Number of pairs so far; it can be set to continue from there.

    Raises
    ------
    TR300MError
        If the split does not fit the axes or leaves no pair.
    """

    def __init__(
        self, seed: int = 3, n_genes: int = N_GENES, n_samples: int = N_SAMPLES, split: Split | None = None
    ) -> None:
        self.seed = seed
        self._genes, self._samples = map(np.flatnonzero, _training(n_genes, n_samples, split))
        self.state = 0

    @property
    def state(self) -> int:
        """Number of pairs so far."""
        return self._given

    @state.setter
    def state(self, given: int) -> None:
        if given < 0:
            raise TR300MError(f"{given} is not a number of pairs")
        self._given = given
        # Each pair takes one number of the generator, which can skip numbers.
        self._generator = np.random.Generator(np.random.PCG64(self.seed).advance(given))

    def take(self, count: int) -> Ints:
        """Return the next `count` training pairs [count, 2], (gene, sample)."""
        self._given += count
        # 53 random bits for at most 2^32 pairs: the probabilities of two pairs differ by less than 2^-21, relatively.
        number = (self._generator.random(count) * (len(self._genes) * len(self._samples))).astype(np.int64)
        gene, sample = np.divmod(number, len(self._samples))
        return np.stack([self._genes[gene], self._samples[sample]], axis=1)


class Order(Protocol):
    """An endless series of training pairs with a state that can be saved and set."""

    state: int

    def take(self, count: int) -> Ints:
        """Return the next `count` training pairs [count, 2], (gene, sample)."""
        ...


ORDERS: dict[str, type[PairOrder] | type[UniformOrder]] = {"xorshift": PairOrder, "uniform": UniformOrder}
"""Pair orders by their name in the configuration; the thesis's is ``xorshift``."""


def _training(n_genes: int, n_samples: int, split: Split | None) -> tuple[Bools, Bools]:
    """Return which genes and which samples are used for training."""
    genes, samples = np.ones(n_genes, dtype=bool), np.ones(n_samples, dtype=bool)
    if split is not None:
        if max(split.held_out_genes, default=0) >= n_genes or max(split.held_out_samples, default=0) >= n_samples:
            raise TR300MError(f"the split does not fit {n_genes} genes and {n_samples} samples")
        genes[split.held_out_genes] = False
        samples[split.held_out_samples] = False
    if not genes.any() or not samples.any():
        raise TR300MError("the split leaves no gene or no sample to train on", "hold out fewer genes or samples")
    return genes, samples


def training_pairs(
    count: int, seed: int = 3, n_genes: int = N_GENES, n_samples: int = N_SAMPLES, split: Split | None = None
) -> Ints:
    """Return the first `count` training pairs [count, 2], (gene, sample), in the thesis's order.

    Without `split`, the thesis's split is held out; this is possible only at the thesis's size.

    Raises
    ------
    TR300MError
        If no split is given at another size.
    """
    if split is None:
        if (n_genes, n_samples) != (N_GENES, N_SAMPLES):
            raise TR300MError("a split is needed at another size than the thesis's", "pass split=thesis_split(...)")
        split = thesis_split()
    return PairOrder(seed, n_genes, n_samples, split).take(count)

"""The order of training pairs: the thesis's xorshift32 over the table of genes and samples, or plain uniform draws."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.types import Bools, Ints
from .splits import N_GENES, N_SAMPLES, Split, thesis_split

_States = NDArray[np.uint32]
NUMBERS_PER_BLOCK = 1 << 18
# The thesis draws from 2^32 numbers for a table of 343,920,252 pairs: 12.5 numbers a pair. Smaller tables use as many
# low bits as leave at least 8 numbers a pair, which is all 32 at the thesis's size.
NUMBERS_PER_PAIR = 8


def xorshift32(state: int) -> int:
    """Return the state after one draw: shifts 13 left, 17 right, 5 left on 32 bits."""
    state ^= (state << 13) & 0xFFFFFFFF
    state ^= state >> 17
    return state ^ ((state << 5) & 0xFFFFFFFF)


def _step(states: _States) -> _States:
    states = states ^ (states << np.uint32(13))
    states = states ^ (states >> np.uint32(17))
    return states ^ (states << np.uint32(5))


def _apply(matrix: _States, states: _States) -> _States:
    """Multiply states by a 32 x 32 matrix over GF(2), given as the images of the 32 single bits.

    One table of 256 entries a byte replaces 32 bit tests by four look-ups.
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

    xorshift is linear over GF(2), so a block of k draws gives the next k by one matrix product: the block doubles
    until it is long enough.
    """
    block = _step(np.array([state], dtype=np.uint32))
    matrix = _step(np.uint32(1) << np.arange(32, dtype=np.uint32))
    while len(block) < count:
        block = np.concatenate([block, _apply(matrix, block)])
        matrix = _apply(matrix, matrix)
    return block[:count]


def initial_state(seed: int) -> int:
    """Return the first state: a 32-bit draw from NumPy's legacy generator (seed 3: 2365658986)."""
    return int(np.random.RandomState(seed).randint(0, 2**32, dtype=np.uint32))


class PairOrder:
    """Training pairs in the thesis's order, without end; pairs of held-out genes or samples are skipped.

    Parameters
    ----------
    seed
        Seeds the first state; the first draw inside the table only sets the state, as in the thesis.
    n_genes, n_samples
        Lengths of the two axes; number = gene * n_samples + sample.
    split
        Whose genes and samples never train; None to hold nothing out.

    Attributes
    ----------
    state
        The generator's state behind the last pair given; setting it continues from there.

    Raises
    ------
    TR300MError
        If the table has 2^32 pairs or more, or the split is of another table or leaves no pair.
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
        """The generator's state behind the last pair given."""
        return self._state

    @state.setter
    def state(self, state: int) -> None:
        # From 0 the generator would never leave 0.
        if not 0 < state < 1 << 32:
            raise TR300MError(f"{state} is no state of a 32-bit xorshift generator")
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
            # Indices off the table are replaced by 0 before the look-up and refused by the first condition.
            inside = gene < self.n_genes
            gene = np.where(inside, gene, 0)
            accepted = np.flatnonzero(inside & self._gene_trains[gene] & self._sample_trains[sample])[:missing]
            kept.append(np.stack([gene[accepted], sample[accepted]], axis=1))
            missing -= len(accepted)
            # The block's last state, unless it holds more pairs than were asked for.
            self.state = int(states[accepted[-1]]) if missing == 0 else int(states[-1])
        return np.concatenate(kept) if kept else np.empty((0, 2), dtype=np.int64)


class UniformOrder:
    """Training pairs drawn uniformly, with replacement and without end, by NumPy's PCG64.

    Parameters
    ----------
    seed
        Of the generator.
    n_genes, n_samples
        Lengths of the two axes.
    split
        Whose genes and samples never train; None to hold nothing out.

    Attributes
    ----------
    state
        Pairs given so far; setting it continues from there.

    Raises
    ------
    TR300MError
        If the split is of another table or leaves no pair.
    """

    def __init__(
        self, seed: int = 3, n_genes: int = N_GENES, n_samples: int = N_SAMPLES, split: Split | None = None
    ) -> None:
        self.seed = seed
        self._genes, self._samples = map(np.flatnonzero, _training(n_genes, n_samples, split))
        self.state = 0

    @property
    def state(self) -> int:
        """Pairs given so far."""
        return self._given

    @state.setter
    def state(self, given: int) -> None:
        if given < 0:
            raise TR300MError(f"{given} is no number of pairs")
        self._given = given
        # A pair takes one number of the generator, which can jump.
        self._generator = np.random.Generator(np.random.PCG64(self.seed).advance(given))

    def take(self, count: int) -> Ints:
        """Return the next `count` training pairs [count, 2], (gene, sample)."""
        self._given += count
        # 53 random bits over a table of 2^32 pairs at most: no pair is likelier than another by more than 2^-21.
        number = (self._generator.random(count) * (len(self._genes) * len(self._samples))).astype(np.int64)
        gene, sample = np.divmod(number, len(self._samples))
        return np.stack([self._genes[gene], self._samples[sample]], axis=1)


class Order(Protocol):
    """Training pairs without end, from a position that can be saved."""

    state: int

    def take(self, count: int) -> Ints:
        """Return the next `count` training pairs [count, 2], (gene, sample)."""
        ...


ORDERS: dict[str, type[PairOrder] | type[UniformOrder]] = {"xorshift": PairOrder, "uniform": UniformOrder}
"""By their names in the configuration; the thesis's is ``xorshift``."""


def _training(n_genes: int, n_samples: int, split: Split | None) -> tuple[Bools, Bools]:
    """Return which genes and which samples train."""
    genes, samples = np.ones(n_genes, dtype=bool), np.ones(n_samples, dtype=bool)
    if split is not None:
        if max(split.held_out_genes, default=0) >= n_genes or max(split.held_out_samples, default=0) >= n_samples:
            raise TR300MError(f"the split is not of a table of {n_genes} genes and {n_samples} samples")
        genes[split.held_out_genes] = False
        samples[split.held_out_samples] = False
    if not genes.any() or not samples.any():
        raise TR300MError("the split leaves no gene or no sample to train on", "hold out fewer")
    return genes, samples


def training_pairs(
    count: int, seed: int = 3, n_genes: int = N_GENES, n_samples: int = N_SAMPLES, split: Split | None = None
) -> Ints:
    """Return the first `count` training pairs [count, 2], (gene, sample), in the thesis's order.

    Without `split`, at the thesis's size, the thesis's split is held out; at another size give the split.

    Raises
    ------
    TR300MError
        If the size is another than the thesis's and no split is given.
    """
    if split is None:
        if (n_genes, n_samples) != (N_GENES, N_SAMPLES):
            raise TR300MError("no split given for a table of another size", "pass split=thesis_split(...)")
        split = thesis_split()
    return PairOrder(seed, n_genes, n_samples, split).take(count)

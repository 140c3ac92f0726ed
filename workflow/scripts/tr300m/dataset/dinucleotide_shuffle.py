"""Shuffle sequences so that the count of every dinucleotide is unchanged.

A sequence is a walk over letters, in which each dinucleotide is a step. A walk that takes the same steps in another
order has the same dinucleotides, letters and ends. All such walks are equally likely here: the last step away from each
letter is drawn as a random spanning tree towards the last letter of the sequence (Wilson 1996), and all other steps are
in random order (Altschul and Erickson 1985; Kandel et al. 1996).
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from ..base.base_codes import base_codes
from ..base.progress import bar

Codes = NDArray[np.int8]

N_LETTERS = 6
"""A, C, G, T, an unknown base (0.25 each), and a position outside the chromosome (all zero)."""
UNKNOWN_LETTER, OFF_LETTER = 4, 5
SEQUENCES_PER_BLOCK = 512


def shuffle_onehot(onehot: NDArray[np.float16], seed: int) -> NDArray[np.float16]:
    """Shuffle each sequence; its dinucleotide counts and both ends are kept.

    Parameters
    ----------
    onehot
        Sequences [gene, position, 4]. Unknown bases (0.25 each) and positions outside the chromosome (all zero) are
        shuffled like other letters.
    seed
        Seed of the shuffle.

    Returns
    -------
    ndarray
        Shuffled sequences, with the shape and type of `onehot`, in memory.
    """
    shuffled = np.empty_like(onehot, subok=False)
    for block, codes in _shuffled_blocks(len(onehot), lambda block: encode(onehot[block]), seed):
        shuffled[block] = letters_of(codes)
    return shuffled


def shuffle_bases(bases: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
    """Shuffle each sequence of base codes [gene, position] (`base.base_codes`), as `shuffle_onehot` does."""
    shuffled = np.empty_like(bases, subok=False)
    for block, codes in _shuffled_blocks(len(bases), lambda block: bases[block].astype(np.int8), seed):
        shuffled[block] = codes
    return shuffled


def _shuffled_blocks(genes: int, read: Callable[[slice], Codes], seed: int) -> Iterator[tuple[slice, Codes]]:
    """Yield ranges of genes, and their sequences of letters [gene, position], which `read` returns, shuffled."""
    chance = np.random.default_rng(seed)
    with bar(genes, "shuffling sequences", "gene") as meter:
        for start in range(0, genes, SEQUENCES_PER_BLOCK):
            block = slice(start, min(start + SEQUENCES_PER_BLOCK, genes))
            yield block, shuffle_codes(read(block), chance)
            meter.update(block.stop - start)


def encode(onehot: NDArray[np.float16]) -> Codes:
    """Return sequences [gene, position, 4] as letters [gene, position]."""
    return base_codes(onehot).astype(np.int8)


def letters_of(codes: Codes) -> NDArray[np.float16]:
    """Return letters [gene, position] as sequences [gene, position, 4]."""
    return np.concatenate([np.eye(4), np.full((1, 4), 0.25), np.zeros((1, 4))]).astype(np.float16)[codes]


def shuffle_codes(codes: Codes, chance: np.random.Generator) -> Codes:
    """Shuffle sequences of two or more letters [gene, position]; see `shuffle_onehot`."""
    genes, length = codes.shape
    source, target = codes[:, :-1], codes[:, 1:]
    final = last_steps(codes, chance)
    order = chance.random(source.shape)
    for letter in range(N_LETTERS):
        # Any of several equal steps may be the last one. It is moved after all other steps from its letter.
        is_last = (source == letter) & (target == final[:, letter, None])
        rows = np.flatnonzero(is_last.any(axis=1))
        order[rows, is_last[rows].argmax(axis=1)] = 1
    # Targets sorted by the letter that the step starts from, and in random order for each letter.
    steps = np.take_along_axis(target, np.argsort(source + order / 2, axis=1), axis=1)
    counts = (source[:, :, None] == np.arange(N_LETTERS)).sum(axis=1)
    position = np.cumsum(counts, axis=1) - counts
    shuffled, gene = np.empty_like(codes), np.arange(genes)
    shuffled[:, 0] = codes[:, 0]
    for place in range(1, length):
        at = shuffled[:, place - 1]
        shuffled[:, place] = steps[gene, position[gene, at]]
        position[gene, at] += 1
    return shuffled


def last_steps(codes: Codes, chance: np.random.Generator) -> Codes:
    """Draw the target of the last step away from each letter; the last steps form a tree towards the last letter.

    This is Wilson's algorithm, on all sequences at once: a random walk over the steps of the sequence starts at each
    letter in turn and runs until it meets the tree. The last step of the walk away from each letter joins the tree.

    Parameters
    ----------
    codes
        Sequences of letters [gene, position].
    chance
        Random generator.

    Returns
    -------
    ndarray
        Target [gene, letter]; -1 for the last letter of the sequence and for letters that it lacks.
    """
    genes, rows = len(codes), np.arange(len(codes))
    steps = np.zeros((genes, N_LETTERS, N_LETTERS))
    np.add.at(steps, (rows[:, None], codes[:, :-1], codes[:, 1:]), 1)
    # A step from a letter to itself is never the last one away from it.
    steps[:, np.arange(N_LETTERS), np.arange(N_LETTERS)] = 0
    cumulative = np.cumsum(steps, axis=2)
    in_tree = (codes[:, :, None] != np.arange(N_LETTERS)).all(axis=1)
    in_tree[rows, codes[:, -1]] = True
    leads_to = np.full((genes, N_LETTERS), -1, np.int8)
    for letter in range(N_LETTERS):
        at = np.full(genes, letter)
        walking = np.flatnonzero(~in_tree[:, letter])
        while len(walking):
            ways = cumulative[walking, at[walking]]
            drawn = chance.random(len(walking)) * ways[:, -1]
            at_next = (ways <= drawn[:, None]).sum(axis=1)
            leads_to[walking, at[walking]] = at_next
            at[walking] = at_next
            walking = walking[~in_tree[walking, at_next]]
        # The path without loops: no letter occurs twice, so N_LETTERS steps reach its end.
        at = np.full(genes, letter)
        for _ in range(N_LETTERS):
            outside = np.flatnonzero(~in_tree[rows, at])
            in_tree[outside, at[outside]] = True
            at[outside] = leads_to[outside, at[outside]]
    leads_to[(codes[:, :, None] != np.arange(N_LETTERS)).all(axis=1)] = -1
    leads_to[rows, codes[:, -1]] = -1
    return leads_to

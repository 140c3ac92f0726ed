"""In-silico mutagenesis: what each base of a promoter is worth to a model.

Every base is replaced by each other one. Sites that stand in for each other hide each other from single bases, so that
short blocks are shuffled as well.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.progress import bar
from ..base.types import Floats, Ints
from ..dataset.tss_index import tss_index
from .fold_changes import OverRuns, edit_changes, over_runs

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset
    from .model import SequenceModel

REGION = (-500, 50)
"""Default region: positions from the TSS, the second one not included."""
BLOCK_LENGTHS = (7, 20)
"""Shortest and longest block (bp)."""
BLOCK_STEP = 3
"""Base pairs from the start of a block to that of the next one, which overlaps it."""
SHUFFLES = 8
"""Shuffles of each block that are averaged."""
EDITS_PER_CALL = 256


class Mutagenesis(NamedTuple):
    """Changes of a promoter in contexts.

    Attributes
    ----------
    gene, name
        ID and name of the gene, or the name of a sequence of one's own.
    contexts
        Names of the contexts [context].
    distance
        Positions as distances from the TSS, negative upstream [position].
    window
        The whole promoter, on the strand of the gene [position of the window, base]; columns A, C, G, T.
    first
        Index of the first position in the window.
    single
        log2 fold change of the predicted mean TPM when a base becomes A, C, G or T [context, position, base]. It is
        exactly 0 for the base that is there, and NaN for positions outside the chromosome.
    block
        Mean log2 fold change of the shuffled blocks that cover a position [context, position].
    chromosome, strand
        Where the gene lies; the chromosome is empty for a sequence of one's own.
    genome_position
        1-based positions on the genome, or in a sequence of one's own in its window [position].
    """

    gene: str
    name: str
    contexts: tuple[str, ...]
    distance: Ints
    window: NDArray[np.float32]
    first: int
    single: OverRuns
    block: OverRuns
    chromosome: str
    strand: str
    genome_position: Ints

    @property
    def sequence(self) -> NDArray[np.float32]:
        """The bases of the region [position, base]."""
        return self.window[self.first : self.first + len(self.distance)]

    @property
    def bases(self) -> list[str]:
        """The base at each position, ``N`` where it is unknown or outside the chromosome [position]."""
        known = (self.sequence == 1).any(axis=1)
        return np.where(known, np.array(list("ACGT"))[self.sequence.argmax(axis=1)], "N").tolist()

    @property
    def importance(self) -> Floats:
        """What the base that is there adds: minus the mean log2 fold change of the others [context, position].

        It is positive where the base raises expression. Unknown positions have 0.
        """
        known = (self.sequence == 1).any(axis=1)
        return np.asarray(np.where(known, -self.single.mean.sum(axis=2) / 3, 0.0))


def ism(
    models: "SequenceModel | Sequence[SequenceModel]",
    query: "Dataset",
    row: int,
    region: tuple[int, int] = REGION,
    *,
    block: int = 10,
    seed: int = 3,
) -> Mutagenesis:
    """Replace every base of a region by each other base, and shuffle short blocks of it.

    Parameters
    ----------
    models
        A model, or several whose log2 fold changes are averaged.
    query
        Promoters in contexts (`in_contexts`).
    row
        The promoter.
    region
        First position from the TSS, and the one after the last: (-500, 50) is 500 bp upstream and 50 bp downstream.
    block
        Length of the shuffled blocks (bp). Blocks start every `BLOCK_STEP` bp and are shuffled `SHUFFLES` times. Their
        bases are permuted: a shuffle that keeps the dinucleotides would leave most blocks as they are.
    seed
        Seed of the shuffles.

    Raises
    ------
    TR300MError
        If the region reaches out of the window, or the length of the blocks is not one of `BLOCK_LENGTHS`.
    """
    runs = tuple(models) if isinstance(models, Sequence) else (models,)
    first, last = region_indices(query, row, region)
    if not BLOCK_LENGTHS[0] <= block <= min(BLOCK_LENGTHS[1], last - first):
        raise TR300MError(
            f"blocks of {block} bp cannot be shuffled in a region of {last - first} bp",
            f"give {BLOCK_LENGTHS[0]} to {BLOCK_LENGTHS[1]} bp, and at most the length of the region",
        )
    native = np.asarray(query.onehot[row])
    positions = np.arange(first, last)
    inside = positions[(native[positions] != 0).any(axis=1)]
    singles = [(int(position), base) for position in inside for base in range(4) if native[position, base] != 1]
    starts = block_starts(first, last, block)
    count = len(starts) * SHUFFLES
    single, shuffled = [], []
    with bar(len(runs) * (len(singles) + count), "mutagenesis", "edits") as meter:
        for model in runs:
            scored = _Scored(model, query, row, meter.update)
            changes = scored(_substituted(native, singles), len(singles))
            single.append(_single(changes, singles, native, first, last))
            changes = scored(_shuffled(native, starts, block, seed), count).reshape(len(starts), SHUFFLES, -1)
            shuffled.append(_covering(changes.mean(axis=1), starts - first, block, last - first))
    genes, index = query.genes, tss_index(query.genes)[row]
    plus = genes.strand[row] == "+"
    return Mutagenesis(
        gene=str(genes.gene_id[row]),
        name=str(genes.gene_name[row]),
        contexts=tuple(query.samples.sample_id.tolist()),
        distance=positions - index,
        window=native.astype(np.float32),
        first=first,
        single=over_runs(single),
        block=over_runs(shuffled),
        chromosome=str(genes.chromosome[row]),
        strand=str(genes.strand[row]),
        genome_position=genes.window_start[row] + 1 + positions if plus else genes.window_end[row] - positions,
    )


def region_indices(query: "Dataset", row: int, region: tuple[int, int]) -> tuple[int, int]:
    """Return the indices of a region in the window: the first, and the one after the last.

    Raises
    ------
    TR300MError
        If it is empty or reaches out of the window.
    """
    index, length = int(tss_index(query.genes)[row]), query.onehot.shape[1]
    first, last = region[0] + index, region[1] + index
    if not 0 <= first < last <= length:
        raise TR300MError(
            f"the region {region[0]}:{region[1]} is not in the window of {query.genes.gene_name[row]}",
            f"give two positions from the TSS between {-index} and {length - index}, the smaller one first",
        )
    return first, last


def block_starts(first: int, last: int, block: int) -> Ints:
    """Return the starts of overlapping blocks that cover the positions from `first` to `last` (not included)."""
    return np.unique(np.append(np.arange(first, last - block + 1, BLOCK_STEP), last - block))


class _Scored:
    """Changes of edits by one model."""

    def __init__(self, model: "SequenceModel", query: "Dataset", row: int, done: Callable[[int], object]) -> None:
        self.model, self.scorer, self.done = model, model.at(query, row), done
        self.native = model.mean(self.scorer(np.asarray(query.onehot[row])[None]))[0]

    def __call__(self, windows: Iterator[NDArray[Any]], count: int) -> Floats:
        """Return the log2 fold changes [edit, context] of `count` edited promoters."""
        found = np.empty((count, len(self.native)))
        for start in range(0, count, EDITS_PER_CALL):
            some = np.stack(list(islice(windows, EDITS_PER_CALL)))
            found[start : start + len(some)] = edit_changes(self.model, self.scorer, some, self.native)
            self.done(len(some))
        return found


def _substituted(native: NDArray[Any], edits: list[tuple[int, int]]) -> Iterator[NDArray[Any]]:
    for position, base in edits:
        window = native.copy()
        window[position] = np.eye(4)[base]
        yield window


def _shuffled(native: NDArray[Any], starts: Ints, block: int, seed: int) -> Iterator[NDArray[Any]]:
    for start in starts.tolist():
        chance = np.random.default_rng([seed, start])
        for _ in range(SHUFFLES):
            window = native.copy()
            window[start : start + block] = chance.permutation(native[start : start + block])
            yield window


def _single(changes: Floats, edits: list[tuple[int, int]], native: NDArray[Any], first: int, last: int) -> Floats:
    """Return changes [context, position, base] from those of single edits [edit, context]."""
    table = np.zeros((changes.shape[1], last - first, 4))
    table[:, (native[first:last] == 0).all(axis=1)] = np.nan
    if edits:
        position, base = np.array(edits).T
        table[:, position - first, base] = changes.T
    return table


def _covering(changes: Floats, starts: Ints, block: int, length: int) -> Floats:
    """Return the mean change [context, position] of the blocks that cover each position, from [block, context]."""
    total, count = np.zeros((length, changes.shape[1])), np.zeros((length, 1))
    for start, change in zip(starts.tolist(), changes, strict=True):
        total[start : start + block] += change
        count[start : start + block] += 1
    return np.asarray((total / count).T)

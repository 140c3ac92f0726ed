"""The moves of a design: every other base at every editable position, and motifs written over the sequence."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays.sequence import BASES
from ..base.axes import Motifs
from ..base.errors import TR300MError
from .contexts import nearest_names
from .design_constraints import other_strand


class Move(NamedTuple):
    """Bases to write from an index on; `name` is that of a motif with its strand, or empty for a single base."""

    start: int
    bases: str
    name: str = ""

    def on(self, sequence: str) -> str:
        """Return a sequence with these bases."""
        return sequence[: self.start] + self.bases + sequence[self.start + len(self.bases) :]


def consensus_bases(kernel: NDArray[Any]) -> str:
    """Return the best base at each position of a motif [position, base]; N where all are alike, none at the ends."""
    told = np.ptp(kernel, axis=1) > 0
    best = np.array(list(BASES))[kernel.argmax(axis=1)]
    return "".join(np.where(told, best, "N").tolist()).strip("N")


def motif_consensus(motifs: Motifs, pssm: NDArray[Any], names: Sequence[str]) -> dict[str, str]:
    """Return the consensus of motifs by name.

    Parameters
    ----------
    motifs, pssm
        Motifs of a dataset, and their kernels [position, base, motif].
    names
        Names of motifs or IDs of their matrices. A name that several motifs have stands for all of them.

    Raises
    ------
    TR300MError
        If the dataset has no such motif.
    """
    found = {}
    for name in names:
        columns = np.flatnonzero((motifs.name == name) | (motifs.matrix_id == name))
        if not len(columns):
            known = [*motifs.name.tolist(), *motifs.matrix_id.tolist()]
            raise TR300MError(f"the dataset has no motif {name}", nearest_names(name, list(dict.fromkeys(known))))
        for column in columns:
            label = name if len(columns) == 1 else f"{name} ({motifs.matrix_id[column]})"
            found[label] = consensus_bases(pssm[:, :, column])
    return found


def single_moves(sequence: str, places: Sequence[int]) -> Iterator[Move]:
    """Yield every other base at each of some places."""
    for place in places:
        for base in BASES:
            if base != sequence[place]:
                yield Move(place, base)


def motif_moves(sequence: str, editable: frozenset[int], consensus: Mapping[str, str]) -> Iterator[Move]:
    """Yield each motif on each strand at each place where all bases that differ are editable."""
    for name, motif in consensus.items():
        for strand, written in (("+", motif), ("-", other_strand(motif))):
            for start in range(max(min(editable) - len(written) + 1, 0), max(editable) + 1):
                old = sequence[start : start + len(written)]
                if len(old) < len(written):
                    break
                new = "".join(was if base == "N" else base for was, base in zip(old, written, strict=True))
                differing = [start + offset for offset in range(len(old)) if old[offset] != new[offset]]
                if differing and editable.issuperset(differing):
                    yield Move(start, new, f"{name} {strand}")

"""What a design starts from: a gene's promoter, or a sequence of one's own that the window covers in part."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from ..arrays.sequence import BASES
from ..base.base_codes import CODE_OF_BYTE
from ..base.errors import TR300MError
from ..dataset.tss_index import tss_index
from .contexts import ALL_TISSUES, Contexts
from .promoters import own_promoters, own_tss_index, read_records

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset
    from .predictor import Predictor

DEFAULT_REGION = (-500, 50)
"""Positions from the TSS that may be edited, the second one not included, as far as the sequence reaches."""


@dataclass(frozen=True)
class Template:
    """A sequence to edit, and the promoter window in which models see it.

    Attributes
    ----------
    name
        Name of the gene or the record.
    part
        Part of the split in which the gene is; empty for a sequence of one's own.
    bases
        The sequence, 5' to 3': A, C, G, T, and N where a base is unknown.
    tss
        Index of the TSS in it.
    insert
        Index of the first base that is designed, behind the backbone, and of the one after the last.
    shift
        Index in the window minus index in the sequence.
    anchor
        Index in the sequence to name as the TSS in a FASTA, so that the same window is cut again. It is the TSS, but
        for genes whose windows lie otherwise: those of the - strand in the edition `release`.
    promoter
        The window as the only gene of a dataset.
    """

    name: str
    part: str
    bases: str = field(repr=False)
    tss: int
    insert: tuple[int, int]
    shift: int
    anchor: int
    promoter: "Dataset" = field(repr=False)

    @classmethod
    def of_gene(cls, predictor: "Predictor", gene: str, histones: str = "native") -> Self:
        """Return the promoter of a gene of the dataset.

        Raises
        ------
        TR300MError
            If it is no target gene.
        """
        promoter = predictor.genes(gene, histones=histones)
        bases = letters(np.asarray(promoter.onehot[0]))
        name = str(promoter.genes.gene_name[0])
        tss = int(tss_index(promoter.genes)[0])
        anchor = own_tss_index(predictor.dataset)
        return cls(name, predictor.part(gene), bases, tss, (0, len(bases)), 0, anchor, promoter)

    @classmethod
    def of_fasta(cls, predictor: "Predictor", path: Path | str, backbone: str = "") -> Self:
        """Return the only record of a FASTA, behind the bases of a backbone.

        Raises
        ------
        TR300MError
            If it cannot be read, or has several records.
        """
        dataset = predictor.dataset
        index = own_tss_index(dataset)
        records = read_records(path, dataset.onehot.shape[1], index)
        if len(records) > 1:
            raise TR300MError(f"{path} has {len(records)} records", "give a file with the one to start from")
        promoter = own_promoters(dataset, records, predictor.training[0], backbone)
        codes = CODE_OF_BYTE[np.frombuffer((backbone + records[0].bases).encode(), np.uint8)]
        bases = "".join((BASES + "N")[code] for code in codes)
        tss = len(backbone) + records[0].tss
        return cls(records[0].name, "", bases, tss, (len(backbone), len(bases)), index - tss, tss, promoter)

    def editable(self, region: tuple[int, int] | None, protected: Sequence[tuple[int, int]] = ()) -> frozenset[int]:
        """Return the indices of the bases that may be edited: known, in the window and the region, not protected.

        Parameters
        ----------
        region
            First position from the TSS, and the one after the last; None for `DEFAULT_REGION`.
        protected
            Regions that stay as they are.

        Raises
        ------
        TR300MError
            If the region reaches out of what models see of the sequence, or nothing may be edited.
        """
        first, last = max(self.insert[0], -self.shift), min(self.insert[1], self.window_length - self.shift)
        low, high = first - self.tss, last - self.tss
        if region is None:
            region = max(DEFAULT_REGION[0], low), min(DEFAULT_REGION[1], high)
        for start, end in (region, *protected):
            if start >= end:
                raise TR300MError(f"{start}:{end} is no region", "write two positions from the TSS, the smaller first")
        if region[0] < low or region[1] > high:
            raise TR300MError(
                f"the region {region[0]}:{region[1]} reaches out of {self.name} as the runs see it",
                f"give two positions from the TSS between {low} and {high}",
            )
        safe = {place for start, end in protected for place in range(start, end)}
        places = frozenset(
            place + self.tss for place in range(*region) if place not in safe and self.bases[place + self.tss] != "N"
        )
        if not places:
            raise TR300MError(
                f"no base of {self.name} in {region[0]}:{region[1]} may be edited: all are protected or unknown",
                "give a larger --region, or protect less",
            )
        return places

    @property
    def window_length(self) -> int:
        """Length of the promoter window."""
        return int(self.promoter.onehot.shape[1])

    def genome_position(self, place: int) -> int | None:
        """Return the 1-based position on the chromosome of an index; None for a sequence of one's own."""
        genes = self.promoter.genes
        if not genes.chromosome[0]:
            return None
        index = place + self.shift
        plus = genes.strand[0] == "+"
        return int(genes.window_start[0] + 1 + index if plus else genes.window_end[0] - index)

    def windows(self, sequences: Sequence[str]) -> NDArray[Any]:
        """Return the windows [sequence, position, base] of edited sequences."""
        native = np.asarray(self.promoter.onehot[0])
        found = np.repeat(native[None], len(sequences), axis=0)
        start = np.frombuffer(self.bases.encode(), np.uint8)
        for window, sequence in zip(found, sequences, strict=True):
            edited = np.frombuffer(sequence.encode(), np.uint8)
            places = np.flatnonzero(edited != start)
            window[places + self.shift] = np.eye(4)[CODE_OF_BYTE[edited[places]]]
        return found


def letters(onehot: NDArray[Any]) -> str:
    """Return the bases of a one-hot sequence [position, base]; N where they are unknown or outside the chromosome."""
    known = (onehot == 1).any(axis=1)
    return "".join(np.where(known, np.array(list(BASES))[onehot.argmax(axis=1)], "N").tolist())


def changed_places(before: str, after: str) -> list[int]:
    """Return the indices at which two sequences of one length differ."""
    return np.flatnonzero(np.frombuffer(before.encode(), np.uint8) != np.frombuffer(after.encode(), np.uint8)).tolist()


def design_contexts(
    predictor: "Predictor", target: str, off: Sequence[str], levels: Path | str | None = None, levels_tissue: str = ""
) -> Contexts:
    """Return the target and the contexts that it is set against, in this order.

    Parameters
    ----------
    predictor
        The runs.
    target, off
        Names of columns of `levels`, of samples or of tissues. ``all`` among `off` stands for all other tissues.
    levels, levels_tissue
        Table of levels and the tissue of its columns; see `Contexts.of_table`.

    Raises
    ------
    TR300MError
        If a name is none of these, or the target is set against itself.
    """
    table = None if levels is None else Contexts.of_table(predictor.dataset, levels, levels_tissue)
    samples = set(predictor.dataset.samples.sample_id.tolist())

    def named(name: str) -> Contexts:
        if table is not None and name in table.names:
            column = table.names.index(name)
            return Contexts((name,), (levels_tissue,), table.levels[column : column + 1])
        return predictor.samples(name) if name in samples else predictor.tissues(name)

    others = [name for name in off if name != ALL_TISSUES]
    if ALL_TISSUES in off:
        others += [name for name in predictor.tissues(ALL_TISSUES).names if name not in (*others, target)]
    if target in (*others, ALL_TISSUES):
        raise TR300MError(f"the target {target} cannot be set against itself", "name one tissue, and others with --off")
    return reduce(Contexts.joined, [named(name) for name in dict.fromkeys((target, *others))])

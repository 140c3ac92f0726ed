"""Where the alleles of a VCF lie: in which promoter windows, whether the genome agrees, whether they can be scored."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..arrays.chromosome_names import match_names
from ..arrays.genome import Genome
from ..base.errors import TR300MError
from ..base.progress import progress
from ..base.types import Ints
from .alleles import (
    ONEHOT_OF_CODE,
    Edit,
    PromoterWindow,
    Reader,
    allele_codes,
    edited_codes,
    on_strand,
    shortest_edit,
    spans_tss,
    tss_distance,
)
from .vcf import Vcf, VcfRecord

if TYPE_CHECKING:
    from ..base.axes import Genes
    from ..dataset.dataset import Dataset

OK, MISMATCH, SWAPPED, OUTSIDE, SPANS_TSS, UNSUPPORTED = STATUSES = (
    "ok",
    "ref_mismatch",
    "swapped",
    "outside",
    "spans_tss",
    "unsupported_alt",
)
_BASES = frozenset("ACGT")


class Place(NamedTuple):
    """An ALT in a promoter window.

    Attributes
    ----------
    allele
        Number of the ALT among all of the file.
    gene
        Row of the gene.
    status
        One of `STATUSES`.
    distance
        From the TSS (bp), negative upstream.
    edit
        What changes the genome's sequence into the one to compare with; None if the ALT is not to be scored.
    """

    allele: int
    gene: int
    status: str
    distance: int
    edit: Edit | None


class Places(NamedTuple):
    """The places of the ALTs of a file.

    Attributes
    ----------
    found
        The places, in file order and, of one ALT, in genome order.
    alleles
        Number of ALTs in the file.
    ordered
        Whether the records are in genome order.
    """

    found: list[Place]
    alleles: int
    ordered: bool

    def counts(self) -> dict[str, int]:
        """Return how many ALTs in windows have each status, and how many ALTs lie in none, in order of `STATUSES`."""
        number = Counter(place.status for place in self.found)
        number[OUTSIDE] = self.alleles - len({place.allele for place in self.found})
        return {status: number[status] for status in STATUSES}


@dataclass(frozen=True)
class Windows:
    """Promoter windows of genes, found by position.

    Attributes
    ----------
    genes
        The genes.
    rows
        Rows of the genes of each chromosome, in the order of their windows.
    """

    genes: "Genes"
    rows: dict[str, Ints]

    @classmethod
    def of(cls, genes: "Genes") -> "Windows":
        """Sort the windows of genes."""
        order = np.argsort(genes.window_start, kind="stable")
        names = genes.chromosome[order]
        return cls(genes, {str(name): order[names == name] for name in np.unique(names)})

    def holding(self, chromosome: str, edit: Edit) -> Ints:
        """Return the rows of the genes whose windows an edit changes, in genome order.

        An insertion must lie between two bases of a window.
        """
        rows = self.rows[chromosome]
        first = np.searchsorted(self.genes.window_end[rows], edit.start, side="right")
        last = np.searchsorted(self.genes.window_start[rows], edit.end, side="left")
        return rows[first:last]

    def of_gene(self, row: int) -> PromoterWindow:
        """Return the window of a gene."""
        genes = self.genes
        return PromoterWindow(int(genes.window_start[row]), int(genes.window_end[row]), int(genes.tss[row]) - 1)


@dataclass(frozen=True)
class Placer:
    """Finds the places of alleles.

    Attributes
    ----------
    windows
        Promoter windows.
    genome
        The genome.
    swap
        Whether alleles of status `SWAPPED` are scored.
    """

    windows: Windows
    genome: Genome
    swap: bool = False

    def places(self, vcf: Vcf) -> "Places":
        """Return the places of every ALT of a file. An ALT without one has the status `OUTSIDE`."""
        found: list[Place] = []
        count, ordered, last, seen = 0, True, ("", 0), set[str]()
        for record in progress(vcf.records(), total=None, what="reading", unit="records"):
            if record.chromosome != last[0]:
                ordered, last = ordered and record.chromosome not in seen, (record.chromosome, 0)
                seen.add(record.chromosome)
            ordered, last = ordered and record.position >= last[1], (record.chromosome, record.position)
            for alt in record.alts:
                found += self._of_allele(count, record, alt)
                count += 1
        return Places(found, count, ordered)

    def reader(self, chromosome: str) -> Reader:
        """Return the base codes of a chromosome, given by its name in the dataset, as a function of positions."""
        return partial(self.genome.codes, chromosome)

    def _of_allele(self, number: int, record: VcfRecord, alt: str) -> Iterator[Place]:
        chromosome = match_names([record.chromosome], self.windows.rows).get(record.chromosome)
        if chromosome is None:
            return
        start, read = record.position - 1, self.reader(chromosome)
        status, edit = _examined(start, record.ref, alt, read)
        scored = status == OK or (status == SWAPPED and self.swap)
        for row in self.windows.holding(chromosome, edit).tolist():
            window = self.windows.of_gene(row)
            distance = tss_distance(edit, window, str(self.windows.genes.strand[row]))
            if scored and spans_tss(edit, window):
                yield Place(number, row, SPANS_TSS, distance, None)
            else:
                yield Place(number, row, status, distance, edit if scored else None)

    def edited(self, row: int, edit: Edit) -> NDArray[np.float16]:
        """Return the window of a gene that holds an edit [position, base], 5' to 3' on the gene's strand."""
        genes = self.windows.genes
        codes = edited_codes(self.reader(str(genes.chromosome[row])), self.windows.of_gene(row), edit)
        return ONEHOT_OF_CODE[on_strand(codes, str(genes.strand[row]))]

    def check_windows(self, dataset: "Dataset", rows: Ints) -> None:
        """Check that windows of the dataset are those of the genome.

        Raises
        ------
        TR300MError
            If one differs.
        """
        for row in rows.tolist():
            window, genes = self.windows.of_gene(row), self.windows.genes
            same = Edit(window.start, window.start, b"")
            different = int((self.edited(row, same) != dataset.onehot[row]).any(axis=1).sum())
            if different:
                place = f"{genes.chromosome[row]}:{window.start + 1:,}-{window.end:,}"
                raise TR300MError(
                    f"{self.genome.path} is not the genome of {dataset.folder}: {different:,} of "
                    f"{len(dataset.onehot[row]):,} bases differ in the window of {genes.gene_id[row]}, {place}",
                    "give the FASTA that the dataset was built from; its manifest.json names it under `sources`",
                )


def _examined(start: int, ref: str, alt: str, read: Reader) -> tuple[str, Edit]:
    """Return the status of an ALT, and the edit of the genome that it is, or at least the bases that REF names."""
    ref, alt = ref.upper(), alt.upper()
    named = Edit(start, start + len(ref), b"")
    if not _BASES.issuperset(alt):
        return UNSUPPORTED, named
    before, after = allele_codes(ref), allele_codes(alt)
    if read(start, start + len(before)).tobytes() == before:
        return OK, shortest_edit(start, before, after, read)
    if read(start, start + len(after)).tobytes() == after and _BASES.issuperset(ref):
        return SWAPPED, shortest_edit(start, after, before, read)
    return MISMATCH, named

"""Variants of a VCF, scored in every promoter window that holds them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

import numpy as np
from numpy.typing import NDArray

from ..arrays.genome import Genome
from ..arrays.genome_builds import check_lengths
from ..base.progress import bar, log
from ..base.types import Floats, Ints
from .contexts import Contexts, in_contexts
from .promoters import with_mean_marks
from .variant_effects import Effects, RunsAtPromoter, percentiles, single_base_blocks
from .variant_places import MISMATCH, OUTSIDE, SWAPPED, Place, Placer, Places, Windows
from .variant_rows import VariantRow
from .vcf import Vcf

if TYPE_CHECKING:
    from ..base.axes import Genes
    from .predictor import Predictor

_EDITS_PER_BLOCK = 256
SCORES = (*Effects._fields, "percentile")
MOST_MISMATCHES = 0.1
"""Share of the ALTs in windows whose REF the genome may lack before a line says so."""


@dataclass(frozen=True)
class ScoredVariants:
    """The ALTs of a VCF in all windows and contexts.

    Attributes
    ----------
    vcf
        The file.
    genes
        Genes whose windows count.
    contexts
        Contexts.
    places
        Where the ALTs lie.
    scores
        Numbers in the order of `SCORES`, NaN where there is none [place, context, score], float32.
    notes
        What belongs at the top of a file of scores.
    """

    vcf: Vcf
    genes: "Genes"
    contexts: Contexts
    places: Places
    scores: NDArray[np.float32]
    notes: tuple[str, ...]

    def rows(self) -> Iterator[list[VariantRow]]:
        """Yield the rows of each record: ALT by window by context. An ALT in no window has one row without a gene."""
        number, allele = 0, 0
        found = self.places.found
        for record in self.vcf.records():
            rows: list[VariantRow] = []
            for alt in record.alts:
                written = (record.chromosome, record.position, record.name, record.ref, alt)
                first = number
                while number < len(found) and found[number].allele == allele:
                    rows += self._of_place(written, number)
                    number += 1
                if number == first:
                    rows.append(VariantRow(*written, status=OUTSIDE))
                allele += 1
            yield rows

    def _of_place(self, written: tuple[str, int, str, str, str], number: int) -> Iterator[VariantRow]:
        place = self.places.found[number]
        gene, strand = str(self.genes.gene_name[place.gene]), str(self.genes.strand[place.gene])
        for context, scores in zip(self.contexts.names, self.scores[number].tolist(), strict=True):
            at = VariantRow(*written, gene, strand, place.distance, context, status=place.status)
            yield at._replace(**dict(zip(SCORES, scores, strict=True)))


def score_variants(
    predictor: "Predictor",
    vcf: Vcf,
    genome: Genome,
    contexts: Contexts,
    *,
    histones: str = "native",
    swap: bool = False,
    percentile: bool = False,
) -> ScoredVariants:
    """Score every ALT of a VCF in every promoter window of the dataset that holds it.

    Each promoter is scanned once, for all of its variants.

    Parameters
    ----------
    predictor
        The runs.
    vcf
        The file.
    genome
        The genome that the dataset was built from.
    contexts
        Contexts.
    histones
        ``native`` for the marks of each gene, ``mean`` for the mean over the training genes.
    swap
        Whether an ALT is scored that the genome has in the place of its REF. Its scores compare ALT with REF, as in
        the file.
    percentile
        Whether each score is compared with those of all single-base changes of the promoter, which takes long.

    Raises
    ------
    TR300MError
        Before anything is scored: if the VCF or the dataset is of another genome, or a record cannot be read.
    """
    check_lengths(vcf.path, vcf.lengths, genome.lengths)
    dataset = predictor.dataset
    placer = Placer(Windows.of(dataset.genes), genome, swap)
    places = placer.places(vcf)
    genes = np.unique(np.array([place.gene for place in places.found], np.int64))
    placer.check_windows(dataset, genes)
    for line in _remarks(predictor, vcf, places, contexts):
        log(line)
    rows = dataset if histones == "native" else with_mean_marks(dataset, dataset, predictor.training[0])
    query = in_contexts(rows, contexts)
    scores = np.full((len(places.found), len(contexts), len(SCORES)), np.nan, np.float32)
    by_gene: dict[int, list[int]] = {}
    for number, place in enumerate(places.found):
        if place.edit is not None:
            by_gene.setdefault(place.gene, []).append(number)
    steps = len(by_gene) + percentile * len(by_gene) * single_base_blocks(query.onehot.shape[1])
    with bar(steps, "scoring", "steps" if percentile else "promoters") as meter:
        for row in sorted(by_gene):
            numbers = by_gene[row]
            runs = RunsAtPromoter(predictor.models, query, row)
            for start in range(0, len(numbers), _EDITS_PER_BLOCK):
                some = numbers[start : start + _EDITS_PER_BLOCK]
                scores[some, :, :-1] = _scores(placer, runs, [places.found[number] for number in some])
            meter.update()
            if percentile:
                changes = []
                for block in runs.single_base_effects():
                    changes.append(block)
                    meter.update()
                scores[numbers, :, -1] = percentiles(scores[numbers, :, _LOG2FC].astype(float), np.concatenate(changes))
    return ScoredVariants(
        vcf, dataset.genes, contexts, places, scores, tuple(_notes(predictor, places, genes, histones))
    )


_LOG2FC = SCORES.index("log2fc")


def _scores(placer: Placer, runs: RunsAtPromoter, places: list[Place]) -> Floats:
    """Return the effects of edits of one promoter [edit, context, score]."""
    windows = np.stack([placer.edited(place.gene, place.edit) for place in places if place.edit is not None])
    there = runs.effects(windows)
    swapped = np.array([place.status == SWAPPED for place in places])[:, None]
    return np.stack([np.where(swapped, back, found) for found, back in zip(there, there.turned(), strict=True)], axis=2)


def _notes(predictor: "Predictor", places: Places, genes: Ints, histones: str) -> Iterator[str]:
    """Yield what a file of scores says of itself; `genes` are those with variants."""
    counted = [f"{status} {number:,}" for status, number in places.counts().items() if number]
    yield f"alleles by window and status: {', '.join(counted) or 'none'}"
    held_out = np.isin(genes, predictor.split.held_out_genes).sum()
    yield f"genes with variants: {len(genes):,}; of them held out of training: {held_out:,}"
    if any(model.reads_histones for model in predictor.models):
        yield f"histone marks: {histones}"


def _remarks(predictor: "Predictor", vcf: Vcf, places: Places, contexts: Contexts) -> Iterator[str]:
    """Yield what a reader of the scores should know."""
    if vcf.samples:
        yield (
            f"{vcf.path}: its {len(vcf.samples):,} genotype columns are not read. Scores are of alleles, one at a "
            "time: differences between people cannot be predicted from them"
        )
    if not places.ordered:
        yield f"{vcf.path} is not sorted by position, which scoring does not need; the output keeps its order"
    mismatches = places.counts()[MISMATCH]
    if mismatches > MOST_MISMATCHES * len(places.found):
        yield (
            f"{vcf.path}: the genome lacks the REF of {mismatches:,} of {len(places.found):,} alleles in windows: is "
            "the VCF of another genome build?"
        )
    for model in predictor.models:
        if model.reads_histones:
            yield f"{model.name} reads histone marks, which stay as they are: it may hide a part of an effect"
        if len(contexts) > 1 and not (model.reads_levels or model.reads_tissue):
            yield f"{model.name} reads neither levels nor the tissue: its numbers are the same in all contexts"


def write_variants(handle: TextIO, scored: ScoredVariants) -> None:
    """Write the table of scored variants, with the names of its columns."""
    handle.write("\t".join(VariantRow._fields) + "\n")
    for rows in scored.rows():
        handle.writelines("\t".join(row.cells()) + "\n" for row in rows)

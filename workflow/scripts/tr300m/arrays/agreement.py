"""Check before any work whether annotation, genome, regulators and motifs belong together."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..base.axes import Regulators
from ..base.errors import TR300MError
from ..config.motif_choice import MotifChoice
from .chromosome_names import choose_chromosomes, match_names
from .expression import stem
from .genes import GeneRecords, named, read_gene_records, target_genes
from .genome_builds import check_inside, check_stated_build
from .motif_links import choose_motifs
from .regulators import read_regulators
from .sequence import sequence_lengths


def genome_agrees(gtf: Path | str, fasta: Path | str, wanted: Sequence[str] | None, edition: str) -> str:
    """Check that annotation and FASTA are of one genome build.

    Parameters
    ----------
    gtf, fasta
        Annotation and genome.
    wanted
        Chromosomes of the target genes; None for all that both files have.
    edition
        ``release`` or ``corrected``.

    Returns
    -------
    str
        Numbers of target genes and chromosomes.

    Raises
    ------
    TR300MError
        If a file cannot be read, the FASTA lacks a chromosome, or the two are of different builds or species.
    """
    records, lengths = read_gene_records(gtf), sequence_lengths(fasta)
    genes = target_genes(records, choose_chromosomes(records, wanted, lengths), edition)
    chromosomes = list(dict.fromkeys(genes.chromosome.tolist()))
    names = match_names(chromosomes, lengths)
    if missing := [name for name in chromosomes if name not in names]:
        raise TR300MError(
            f"{fasta} has no sequence {named(missing)}; it has {named(list(lengths), 5)}",
            "give a FASTA of the annotation's genome build, or choose other `chromosomes`",
        )
    of_genes = {name: lengths[found] for name, found in names.items()}
    check_stated_build(gtf, of_genes, fasta)
    check_inside(genes, of_genes, fasta)
    return f"{len(genes):,} target genes on {len(chromosomes)} chromosomes"


def regulators_agree(gtf: Path | str, regulators: Path | str, choice: MotifChoice, edition: str) -> str:
    """Check that regulators are in the annotation, and that some have a motif.

    Returns
    -------
    str
        Numbers of regulators, of motifs, and of lines and motifs that are left out.

    Raises
    ------
    TR300MError
        If a file cannot be read, no regulator is in the annotation, or none has a motif.
    """
    records = read_gene_records(gtf)
    stems, left_out = read_regulators(regulators, records, edition)
    found = records.take(np.array([stem(gene) in stems for gene in records.gene_id.tolist()], dtype=bool))
    motifs = choose_motifs(choice, _as_regulators(found))
    unknown = f"; not in the annotation: {named(left_out, 5)}" if left_out else ""
    return f"{len(found):,} regulators, {len(motifs.profiles):,} motifs{unknown}"


def _as_regulators(found: GeneRecords) -> Regulators:
    return Regulators(found.gene_id, found.gene_name, found.chromosome, found.strand, found.tss)

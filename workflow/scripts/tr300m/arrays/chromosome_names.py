"""Names of chromosomes: which names of two files mean the same sequence, and which chromosomes have target genes.

UCSC and GENCODE write ``chr1`` and ``chrM``, Ensembl writes ``1`` and ``MT``. The dataset keeps the names of the
annotation; FASTA and tracks may use either style.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..base.axes import Genes
from ..base.errors import TR300MError
from .genes import CHROMOSOMES, PROTEIN_CODING, GeneRecords, named

PREFIX = "chr"
MITOCHONDRIAL = {"chrM": "MT", "chrMT": "MT", "MT": "chrM", "M": "chrM"}
"""The mitochondrial genome, whose name differs by more than the prefix; each name with that of the other style."""
_MOST_NAMES = 5


def other_style(name: str) -> str:
    """Return the name of a chromosome in the other style: ``1`` for ``chr1``, ``chrM`` for ``MT``."""
    if name in MITOCHONDRIAL:
        return MITOCHONDRIAL[name]
    return name.removeprefix(PREFIX) if name.startswith(PREFIX) else PREFIX + name


def match_names(wanted: Iterable[str], there: Collection[str]) -> dict[str, str]:
    """Return for each wanted chromosome its name in a file: the same, or the one of the other style.

    Parameters
    ----------
    wanted
        Names of chromosomes.
    there
        Names in the file.

    Returns
    -------
    dict
        Name in the file by wanted name, in the order of `wanted`; those that the file lacks are left out.
    """
    pairs = ((name, name if name in there else other_style(name)) for name in wanted)
    return {name: found for name, found in pairs if found in there}


def mapping_note(names: Mapping[str, str], path: object) -> str:
    """Return a line for the log on the names of a file that differ from those of the annotation; empty if none does."""
    differing = [f"{found} for {name}" for name, found in names.items() if found != name]
    if not differing:
        return ""
    return f"chromosome names of {path}, of the other style than the annotation's: {named(differing, _MOST_NAMES)}"


def in_names_of(genes: Genes, there: Collection[str]) -> Genes:
    """Return the genes with the names that their chromosomes have in a file whose names are `there`."""
    names = match_names(np.unique(genes.chromosome).tolist(), there)
    return replace(genes, chromosome=np.array([names.get(name, name) for name in genes.chromosome.tolist()]))


def choose_chromosomes(
    records: GeneRecords, wanted: Sequence[str] | None, in_genome: Collection[str] | None = None
) -> tuple[str, ...]:
    """Return the chromosomes of the target genes, by their names in the annotation.

    Parameters
    ----------
    records
        Gene lines of the annotation.
    wanted
        Names from the configuration, in either style; None for all.
    in_genome
        Names in the FASTA. It is used if `wanted` is None: all chromosomes that have a protein-coding gene and a
        sequence are chosen, without the mitochondrial genome, which the release leaves out too. If it is also None,
        the 24 human chromosomes of the release are chosen.

    Raises
    ------
    TR300MError
        If a wanted chromosome has no protein-coding gene, or annotation and FASTA have no chromosome in common.
    """
    if wanted is None and in_genome is None:
        return CHROMOSOMES
    coding = list(dict.fromkeys(records.chromosome[records.gene_type == PROTEIN_CODING].tolist()))
    if wanted is not None:
        found = match_names(wanted, coding)
        if missing := [name for name in wanted if name not in found]:
            raise TR300MError(
                f"no protein-coding gene on {', '.join(missing)}; the annotation has some on "
                f"{_shown(coding) or 'no chromosome'}",
                "check `chromosomes` in the config (chr1 and 1 are the same chromosome)",
            )
        return tuple(found.values())
    chosen = match_names((name for name in coding if name not in MITOCHONDRIAL), in_genome or ())
    if not chosen:
        raise TR300MError(
            f"annotation and FASTA have no chromosome in common: genes are on {_shown(coding) or 'no chromosome'}, "
            f"sequences are {_shown(in_genome or ()) or 'none'}",
            "take both files of one genome build (chr1 and 1 are the same chromosome)",
        )
    return tuple(chosen)


def genes_elsewhere(records: GeneRecords, chromosomes: Collection[str]) -> dict[str, int]:
    """Return the number of protein-coding genes on each chromosome of the annotation that is not in `chromosomes`."""
    names, counts = np.unique(records.chromosome[records.gene_type == PROTEIN_CODING], return_counts=True)
    return {name: int(count) for name, count in zip(names.tolist(), counts, strict=True) if name not in chromosomes}


def _shown(names: Iterable[str]) -> str:
    return named(list(names), _MOST_NAMES)

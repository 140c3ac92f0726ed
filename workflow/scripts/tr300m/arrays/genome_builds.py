"""Genome builds: chromosome lengths of the genome and of tracks compared, and target genes checked against them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from ..base.axes import Genes
from ..base.errors import TR300MError
from ..base.files import read_lines
from .genes import CHROMOSOMES

# Base pairs of chr1 to chr22, chrX, chrY. They only name a build in messages; files are compared with each other.
_LENGTHS = {
    "hg19": (
        249_250_621, 243_199_373, 198_022_430, 191_154_276, 180_915_260, 171_115_067, 159_138_663, 146_364_022,
        141_213_431, 135_534_747, 135_006_516, 133_851_895, 115_169_878, 107_349_540, 102_531_392, 90_354_753,
        81_195_210, 78_077_248, 59_128_983, 63_025_520, 48_129_895, 51_304_566, 155_270_560, 59_373_566,
    ),
    "hg38": (
        248_956_422, 242_193_529, 198_295_559, 190_214_555, 181_538_259, 170_805_979, 159_345_973, 145_138_636,
        138_394_717, 133_797_422, 135_086_622, 133_275_309, 114_364_328, 107_043_718, 101_991_189, 90_338_345,
        83_257_441, 80_373_285, 58_617_616, 64_444_167, 46_709_983, 50_818_468, 156_040_895, 57_227_415,
    ),
}  # fmt: skip
BUILDS = {build: dict(zip(CHROMOSOMES, lengths, strict=True)) for build, lengths in _LENGTHS.items()}


def build_of(chromosome: str, length: int) -> str:
    """Return ``hg19`` or ``hg38``, whichever has a chromosome of that name and length; empty if neither."""
    return next((build for build, lengths in BUILDS.items() if lengths.get(chromosome) == length), "")


def read_lengths(index: Path | str) -> dict[str, int]:
    """Read the lengths of chromosomes from a FASTA index (``.fai``): name and base pairs are its first two columns.

    Raises
    ------
    TR300MError
        If a line has no length.
    """
    lengths = {}
    for number, line in enumerate(read_lines(index), start=1):
        name, _, rest = line.partition("\t")
        text = rest.partition("\t")[0]
        if not text.isdecimal():
            raise TR300MError(
                f"{index}, line {number}: no chromosome length", "delete it: the workflow writes it again"
            )
        lengths[name] = int(text)
    return lengths


def check_lengths(path: Path | str, stated: Mapping[str, int], genome: Mapping[str, int]) -> None:
    """Check that a track has the genome's length of every chromosome that both have.

    Parameters
    ----------
    path
        The track.
    stated, genome
        Base pairs by chromosome, of the track and of the FASTA.

    Raises
    ------
    TR300MError
        If one differs: they are of different genome builds.
    """
    wrong = [name for name in genome if stated.get(name, genome[name]) != genome[name]]
    if wrong:
        name = wrong[0]
        more = f" ({len(wrong)} chromosomes differ)" if len(wrong) > 1 else ""
        raise TR300MError(
            f"{path}: {name} has {_said(name, stated[name])}, in the FASTA {_said(name, genome[name])}{more}",
            "track, FASTA and annotation must be of one genome build (the release: hg38)",
        )


def _said(name: str, length: int) -> str:
    build = build_of(name, length)
    return f"{length:,} bp" + (f" as in {build}" if build else "")


def check_inside(genes: Genes, lengths: Mapping[str, int], fasta: Path | str) -> None:
    """Check that every gene's TSS lies inside its chromosome; the window's far end may reach past the chromosome's.

    Parameters
    ----------
    genes
        Target genes.
    lengths
        Base pairs by chromosome; chromosomes that it lacks are not checked.
    fasta
        Named in the message.

    Raises
    ------
    TR300MError
        If a TSS lies outside: the annotation is of another genome build than the FASTA.
    """
    length = np.array([lengths.get(name, np.iinfo(np.int64).max) for name in genes.chromosome.tolist()])
    outside = np.flatnonzero((genes.tss < 1) | (genes.tss > length))
    if len(outside):
        row, name = int(outside[0]), str(genes.chromosome[outside[0]])
        more = f" (so do {len(outside) - 1} further genes)" if len(outside) > 1 else ""
        raise TR300MError(
            f"gene {genes.gene_id[row]} starts at {name}:{genes.tss[row]:,}, outside {fasta}, whose {name} has "
            f"{_said(name, lengths[name])}{more}",
            "annotation and FASTA must be of one genome build (GENCODE v26: hg38)",
        )


def reaching_past(genes: Genes, lengths: Mapping[str, int]) -> list[str]:
    """Return the IDs of the genes whose window reaches past an end of its chromosome; it is all zero there."""
    length = np.array([lengths[name] for name in genes.chromosome.tolist()])
    return genes.gene_id[(genes.window_start < 0) | (genes.window_end > length)].tolist()

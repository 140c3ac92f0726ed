"""Checks that genome, tracks and annotation are of one genome build, by the lengths of their chromosomes."""

import re
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path

import numpy as np

from ..base.axes import Genes
from ..base.errors import TR300MError
from ..base.files import read_lines
from .chromosome_names import match_names
from .genes import CHROMOSOMES

# Base pairs of chr1, chr2 and so on, then chrX and chrY. Used only to name a build in messages: files are compared with
# each other.
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
    "mm10": (
        195_471_971, 182_113_224, 160_039_680, 156_508_116, 151_834_684, 149_736_546, 145_441_459, 129_401_213,
        124_595_110, 130_694_993, 122_082_543, 120_129_022, 120_421_639, 124_902_244, 104_043_685, 98_207_768,
        94_987_271, 90_702_639, 61_431_566, 171_031_299, 91_744_698,
    ),
    "mm39": (
        195_154_279, 181_755_017, 159_745_316, 156_860_686, 151_758_149, 149_588_044, 144_995_196, 130_127_694,
        124_359_700, 130_530_862, 121_973_369, 120_092_757, 120_883_175, 125_139_656, 104_073_951, 98_008_968,
        95_294_699, 90_720_763, 61_420_004, 169_476_592, 91_455_967,
    ),
}  # fmt: skip
_SEX_CHROMOSOMES = 2
BUILDS = {
    build: dict(
        zip((*CHROMOSOMES[: len(lengths) - _SEX_CHROMOSOMES], *CHROMOSOMES[-_SEX_CHROMOSOMES:]), lengths, strict=True)
    )
    for build, lengths in _LENGTHS.items()
}
"""Lengths (base pairs) by UCSC name, by build: human and mouse."""
# Names of the Genome Reference Consortium, and those of UCSC.
_CONSORTIUM_NAME = re.compile(r"GRC[a-z]\d+")
_UCSC_NAMES = {"GRCh37": "hg19", "GRCh38": "hg38", "GRCm38": "mm10", "GRCm39": "mm39"}


def build_of(chromosome: str, length: int) -> str:
    """Return the build (a key of `BUILDS`) with that length of the chromosome; empty if none has it."""
    for build, lengths in BUILDS.items():
        name = match_names([chromosome], lengths).get(chromosome)
        if name and lengths[name] == length:
            return build
    return ""


def stated_build(gtf: Path | str) -> str:
    """Return the build that the comments at the start of a GTF state, by its UCSC name if it is known; empty if none.

    GENCODE states it in ``##description``, Ensembl in ``#!genome-build``.
    """
    for line in takewhile(lambda line: line.startswith("#"), read_lines(gtf)):
        if found := _CONSORTIUM_NAME.search(line):
            return _UCSC_NAMES.get(found[0], found[0])
    return ""


def check_stated_build(gtf: Path | str, lengths: Mapping[str, int], fasta: Path | str) -> None:
    """Check that a FASTA is of the build that the annotation states.

    Nothing is checked if the annotation states none, or no chromosome has the length of a known build.

    Parameters
    ----------
    gtf
        Annotation.
    lengths
        Base pairs by chromosome.
    fasta
        Genome, for the message.

    Raises
    ------
    TR300MError
        If a chromosome has the length of another build.
    """
    stated = stated_build(gtf)
    for name, length in lengths.items():
        build = build_of(name, length)
        if stated and build and build != stated:
            raise TR300MError(
                f"{gtf} is an annotation of {stated}, but in {fasta} {name} has {_said(name, length)}",
                "annotation and FASTA must be of the same species and genome build",
            )


def read_lengths(index: Path | str) -> dict[str, int]:
    """Read the lengths of chromosomes (base pairs) from a FASTA index (``.fai``).

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
                f"{index}, line {number}: no chromosome length", "delete the file: the workflow writes it again"
            )
        lengths[name] = int(text)
    return lengths


def check_lengths(path: Path | str, stated: Mapping[str, int], genome: Mapping[str, int]) -> None:
    """Check that a file and the genome have the same length of every chromosome that is in both, under either name.

    Parameters
    ----------
    path
        The file, such as a track, for the message.
    stated, genome
        Base pairs by chromosome in the file and in the FASTA.

    Raises
    ------
    TR300MError
        If a length differs: file and genome are of different builds.
    """
    names = match_names(genome, stated)
    wrong = [name for name, found in names.items() if stated[found] != genome[name]]
    if wrong:
        name = wrong[0]
        more = f" ({len(wrong)} chromosomes differ)" if len(wrong) > 1 else ""
        raise TR300MError(
            f"{path}: {name} has {_said(name, stated[names[name]])}, in the FASTA {_said(name, genome[name])}{more}",
            "the file, FASTA and annotation must be of the same genome build (the release: hg38)",
        )


def _said(name: str, length: int) -> str:
    build = build_of(name, length)
    return f"{length:,} bp" + (f" as in {build}" if build else "")


def check_inside(genes: Genes, lengths: Mapping[str, int], fasta: Path | str) -> None:
    """Check that the TSS of every gene is on its chromosome; windows may extend beyond it.

    Parameters
    ----------
    genes
        Target genes.
    lengths
        Base pairs by chromosome; genes on other chromosomes are not checked.
    fasta
        Genome, for the message.

    Raises
    ------
    TR300MError
        If a TSS is outside: annotation and FASTA are of different builds.
    """
    length = np.array([lengths.get(name, np.iinfo(np.int64).max) for name in genes.chromosome.tolist()])
    outside = np.flatnonzero((genes.tss < 1) | (genes.tss > length))
    if len(outside):
        row, name = int(outside[0]), str(genes.chromosome[outside[0]])
        more = f" (and {len(outside) - 1} further genes)" if len(outside) > 1 else ""
        raise TR300MError(
            f"gene {genes.gene_id[row]} starts at {name}:{genes.tss[row]:,}, outside {fasta}, whose {name} has "
            f"{_said(name, lengths[name])}{more}",
            "annotation and FASTA must be of the same species and genome build (GENCODE v26: hg38)",
        )


def reaching_past(genes: Genes, lengths: Mapping[str, int]) -> list[str]:
    """Return the IDs of genes whose window extends beyond the chromosome, where the arrays are zero."""
    length = np.array([lengths[name] for name in genes.chromosome.tolist()])
    return genes.gene_id[(genes.window_start < 0) | (genes.window_end > length)].tolist()

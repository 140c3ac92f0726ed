"""Simulate candidate cis-regulatory elements (cCREs) in the format of UCSC's encodeCcreCombined."""

from pathlib import Path

import numpy as np

from ..base.errors import TR300MError
from ..base.files import atomic_path, read_lines
from ..config.simulation import SimulationConfig
from .bigbed import BedRow, write_bigbed
from .formats import read_genes

CCRE_REACH = 3_000  # bp on either side of a TSS that have elements
ELEMENTS = 5  # per TSS; more than a quarter overlap another element
CCRE_CLASSES = ("PLS", "pELS", "dELS", "DNase-H3K4me3", "CTCF-only")


def simulate_cres(
    config: SimulationConfig, gtf: Path | str, sizes: Path | str, out: Path | str, truth: Path | str
) -> None:
    """Write cCREs near the TSS of all protein-coding genes as bigBed, and the same rows as BED text.

    Some cCREs with different scores overlap. `gap_chromosome` has none and is not in the file.

    Parameters
    ----------
    config
        Settings of the simulation.
    gtf
        Annotation.
    sizes
        Table without header whose first two columns are chromosome and length, such as a ``.fai``.
    out
        bigBed to write.
    truth
        BED text to write, in the order of the bigBed.

    Raises
    ------
    TR300MError
        If `sizes` has no chromosome other than `gap_chromosome`.
    """
    rng = config.rng("cres")
    fields = [line.split("\t") for line in read_lines(sizes) if line]
    lengths = {field[0]: int(field[1]) for field in fields if field[0] != config.gap_chromosome}
    if not lengths:
        raise TR300MError(f"{sizes} has no chromosome for cCREs", "check `chromosomes` and `gap_chromosome`")
    intervals = []
    for gene in read_genes(gtf):
        if gene.kind != "protein_coding" or gene.chromosome not in lengths:
            continue
        length = lengths[gene.chromosome]
        starts = np.clip(gene.tss + rng.integers(-CCRE_REACH, CCRE_REACH, ELEMENTS), 0, length - 1).tolist()
        widths = rng.integers(150, 351, ELEMENTS).tolist()
        intervals += [(gene.chromosome, a, min(a + b, length)) for a, b in zip(starts, widths, strict=True)]
    # A stable sort by chromosome and start, as bedToBigBed expects.
    intervals.sort(key=lambda interval: interval[:2])
    rows = []
    for number, (chromosome, start, end) in enumerate(intervals, start=1):
        score, kind = int(rng.integers(100, 1001)), CCRE_CLASSES[int(rng.integers(len(CCRE_CLASSES)))]
        rest = [f"EH38E{number:07d}", score, ".", start, end, "255,0,0", kind, kind, score / 100, kind.lower()]
        rows.append(BedRow(chromosome, start, end, "\t".join(map(str, [*rest, f"E{number}", f"SIMULATED {kind}"]))))
    write_bigbed(out, lengths, rows)
    with atomic_path(truth) as temporary:
        lines = (f"{row.chromosome}\t{row.start}\t{row.end}\t{row.rest}\n" for row in rows)
        temporary.write_text("".join(lines), encoding="utf-8")

"""Promoter sequence: FASTA to one-hot windows in A, C, G, T order."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyfaidx import Fasta, FastaIndexingError, FetchError

from ..base.axes import Genes
from ..base.errors import TR300MError
from ..base.files import BOM, READ_BYTES, atomic_path, gzip_errors, open_binary, read_lines
from ..base.progress import progress
from .genome_builds import check_inside

BASES = "ACGT"
IUPAC = "ACGTUNRYKMSWBDHV"
"""The nucleotide codes: U is T, and those that stand for several bases (N, R, Y ..) are unknown."""
IUPAC_BYTES = (IUPAC + IUPAC.lower()).encode()


def _lookup() -> NDArray[np.float16]:
    """Return the one-hot row of each byte [256, 4]: letters other than A, C, G, T, U in either case give 0.25 each."""
    table = np.full((256, 4), 0.25, dtype=np.float16)
    for base in BASES + "U":
        for letter in (base, base.lower()):
            table[ord(letter)] = np.eye(4, dtype=np.float16)[BASES.index(base.replace("U", "T"))]
    return table


ONEHOT_OF_BYTE = _lookup()


def onehot(sequence: str) -> NDArray[np.float16]:
    """Encode a sequence as one-hot [base, 4]; soft-masking is ignored, U is T, other letters give 0.25 four times."""
    return ONEHOT_OF_BYTE[np.frombuffer(sequence.encode("ascii", "replace"), dtype=np.uint8)]


def clip_window(start: int, end: int, length: int) -> tuple[int, int, int]:
    """Cut a window to its chromosome.

    Returns
    -------
    start, end, offset
        The part inside [0, `length`), and where that part begins in the window. An empty part has start == end.
    """
    inside_start, inside_end = max(start, 0), min(end, length)
    if inside_start >= inside_end:
        return 0, 0, 0
    return inside_start, inside_end, inside_start - start


def onehot_windows(fasta: Path | str, genes: Genes) -> NDArray[np.float16]:
    """Read the promoter windows of all genes, 5' to 3' on the gene's strand.

    Returns
    -------
    array [gene, window, 4], float16
        Positions off the chromosome are all zero at their own place, so that the TSS keeps its index.

    Raises
    ------
    TR300MError
        If the FASTA cannot be indexed, lacks a chromosome of a gene, or a gene's TSS lies outside its chromosome.
    """
    width = int(genes.window_end[0] - genes.window_start[0])
    result = np.zeros((len(genes), width, 4), dtype=np.float16)
    try:
        genome = Fasta(str(fasta), as_raw=True, rebuild=False, sequence_always_upper=True)
    except (FastaIndexingError, OSError) as error:
        raise TR300MError(f"cannot index {fasta}: {error}", "a plain FASTA file is needed") from None
    with genome:
        check_inside(genes, {name: len(genome[name]) for name in genome.keys()}, fasta)  # noqa: SIM118
        for row in progress(by_position(genes), total=len(genes), what="windows", unit="genes"):
            name = str(genes.chromosome[row])
            if name not in genome:
                raise TR300MError(f"{fasta} has no {name}, the chromosome of gene {genes.gene_id[row]}")
            start, end, offset = clip_window(
                int(genes.window_start[row]), int(genes.window_end[row]), len(genome[name])
            )
            if start == end:
                continue
            try:
                result[row, offset : offset + end - start] = onehot(genome[name][start:end])
            except (FetchError, ValueError) as error:
                raise TR300MError(f"{fasta}: cannot read {name}:{start}-{end}: {error}") from None
    minus = genes.strand == "-"
    # Reversing both axes is the reverse complement, because A, C, G, T reversed are T, G, C, A.
    result[minus] = result[minus, ::-1, ::-1]
    return result


def read_promoters(fasta: Path | str, names: Sequence[str], width: int) -> NDArray[np.float16]:
    """Read promoter sequences that are already windows, 5' to 3'.

    Parameters
    ----------
    fasta
        Plain FASTA with a record for each of `names`.
    names
        Record names, in the order of the result.
    width
        Length that each must have (base pairs).

    Returns
    -------
    array [name, width, 4], float16

    Raises
    ------
    TR300MError
        If the file does not start with a record, or a record is missing, appears twice, has another length or a
        character that is no nucleotide code.
    """
    records: dict[str, list[str]] = {}
    for line in read_lines(fasta):
        if not records and line.strip() and not line.startswith(">"):
            raise TR300MError(f"{fasta} does not start with '>'", "is it a FASTA file?")
        if line.startswith(">"):
            name = (line[1:].split() or [""])[0]
            if name in records:
                raise TR300MError(f"{fasta}: record {name} appears twice")
            current = records[name] = []
        elif records:
            current.append("".join(line.split()))
    result = np.empty((len(names), width, len(BASES)), dtype=np.float16)
    for row, name in enumerate(names):
        if name not in records:
            raise TR300MError(f"{fasta} has no record {name}", "name each record like the gene that it stands for")
        sequence = "".join(records[name])
        _refuse_other(fasta, name, sequence.encode(), 0)
        if len(sequence) != width:
            raise TR300MError(f"{fasta}: {name} has {len(sequence):,} bp, {width:,} expected")
        result[row] = onehot(sequence)
    return result


def _refuse_other(fasta: Path | str, name: str, bases: bytes, before: int) -> None:
    """Refuse characters that are no nucleotide codes.

    Parameters
    ----------
    fasta, name
        File and record.
    bases
        A part of the record without line ends.
    before
        How many bases of the record come before it.
    """
    if other := bases.translate(None, IUPAC_BYTES):
        position = before + bases.index(other[:1]) + 1
        shown = other.decode("utf-8", "replace")[0]
        hint = "leave gaps out: they would shift all bases behind them" if shown in "-.*" else "is it a FASTA of DNA?"
        raise TR300MError(
            f"{fasta}: {name} has {shown!r} at base {position:,}, none of the letters {IUPAC}",
            f"write A, C, G, T, or N where unknown; {hint}",
        )


def by_position(genes: Genes) -> list[int]:
    """Return the row numbers in genome order: sorted access keeps a reader inside one block after the other."""
    return [int(row) for row in np.lexsort((genes.window_start, genes.chromosome))]


def extract_chromosomes(fasta: Path | str, chromosomes: Iterable[str], out: Path | str) -> None:
    """Copy the named sequences of a FASTA (plain or gzip) to a plain FASTA with one line a sequence, for random access.

    Raises
    ------
    TR300MError
        If the file is no FASTA, is truncated, has a sequence twice or a character in one that is no nucleotide code, or
        lacks one of `chromosomes`.
    """
    wanted = set(chromosomes)
    seen: set[str] = set()
    keep, length = False, 0
    with atomic_path(out) as temporary, open(temporary, "wb") as handle:
        for piece in _pieces(fasta):
            if piece.startswith(b">"):
                # The rest of a header line is free text.
                name = (piece[1:].split() or [b""])[0].decode("utf-8", "replace")
                if name in seen:
                    raise TR300MError(f"{fasta}: sequence {name} appears twice")
                keep, length = name in wanted, 0
                if keep:
                    handle.write((b"\n" if seen & wanted else b"") + f">{name}\n".encode())
                seen.add(name)
            elif not seen:
                raise TR300MError(f"{fasta} does not start with '>'", "is it a FASTA file?")
            elif keep:
                bases = piece.translate(None, b" \t\r\n")
                _refuse_other(fasta, name, bases, length)
                length += len(bases)
                handle.write(bases)
        handle.write(b"\n")
        missing = sorted(wanted - seen)
        if missing:
            raise TR300MError(
                f"{fasta} has no sequence {', '.join(missing)}",
                "use UCSC names (chr1 ..), or leave those chromosomes out with `chromosomes` in the config",
            )


def _pieces(fasta: Path | str) -> Iterator[bytes]:
    """Yield the header lines of a FASTA, and between them bases in pieces of one line or many.

    A genome has sixty million lines: blocks without a header are not cut into them.
    """
    with open_binary(fasta) as handle, gzip_errors(fasta):
        first = True
        while block := handle.read(READ_BYTES) + handle.readline():
            block = block.removeprefix(BOM) if first else block
            yield from block.splitlines() if b">" in block else [block]
            first = False

"""Read one-hot promoter windows from a FASTA; bases are in the order A, C, G, T."""

import gzip
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pyfaidx import Fasta, FastaIndexingError, FetchError

from ..base.axes import Genes
from ..base.errors import TR300MError
from ..base.files import BOM, GZIP_MAGIC, READ_BYTES, atomic_path, gzip_errors, open_binary, read_lines
from ..base.progress import progress
from .chromosome_names import other_style
from .genes import named
from .genome_builds import check_inside

BASES = "ACGT"
IUPAC = "ACGTUNRYKMSWBDHV"
"""Nucleotide codes. U is read as T; codes for several bases (N, R, Y, ...) are unknown bases."""
IUPAC_BYTES = (IUPAC + IUPAC.lower()).encode()


def _lookup() -> NDArray[np.float16]:
    """Return the one-hot row of each byte [256, 4]; all but A, C, G, T, U in either case are 0.25 four times."""
    table = np.full((256, 4), 0.25, dtype=np.float16)
    for base in BASES + "U":
        for letter in (base, base.lower()):
            table[ord(letter)] = np.eye(4, dtype=np.float16)[BASES.index(base.replace("U", "T"))]
    return table


ONEHOT_OF_BYTE = _lookup()


def onehot(sequence: str) -> NDArray[np.float16]:
    """Return a sequence as one-hot [base, 4]; case is ignored, U is T, other letters are 0.25 four times."""
    return ONEHOT_OF_BYTE[np.frombuffer(sequence.encode("ascii", "replace"), dtype=np.uint8)]


def clip_window(start: int, end: int, length: int) -> tuple[int, int, int]:
    """Cut a window to its chromosome.

    Returns
    -------
    start, end, offset
        The piece of the window inside [0, `length`), and its offset in the window. If it is empty, start == end.
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
        One-hot bases; positions outside the chromosome are zero, and the TSS is at the same index in all windows.

    Raises
    ------
    TR300MError
        If the FASTA cannot be indexed or lacks a chromosome of a gene, or a TSS is outside its chromosome.
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
    # Both axes reversed are the reverse complement: A, C, G, T reversed is T, G, C, A.
    result[minus] = result[minus, ::-1, ::-1]
    return result


def read_promoters(fasta: Path | str, names: Sequence[str], width: int) -> NDArray[np.float16]:
    """Read a FASTA whose records are promoter windows, 5' to 3'.

    Parameters
    ----------
    fasta
        FASTA with a record for each of `names`, plain or gzip.
    names
        Record names, in the order of the result.
    width
        Expected length of each record (base pairs).

    Returns
    -------
    array [name, width, 4], float16

    Raises
    ------
    TR300MError
        If the file does not start with a record, or a record is missing or duplicated, has another length or a
        character that is not a nucleotide code.
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
            raise TR300MError(f"{fasta} has no record {name}", "name each record by its gene")
        sequence = "".join(records[name])
        refuse_other_letters(fasta, name, sequence.encode(), 0)
        if len(sequence) != width:
            raise TR300MError(f"{fasta}: {name} has {len(sequence):,} bp, {width:,} expected")
        result[row] = onehot(sequence)
    return result


def refuse_other_letters(fasta: Path | str, name: str, bases: bytes, before: int) -> None:
    """Raise a `TR300MError` if a sequence has a character that is not a nucleotide code.

    Parameters
    ----------
    fasta, name
        File and record.
    bases
        A piece of the record, without line ends.
    before
        Number of bases of the record before the piece.
    """
    if other := bases.translate(None, IUPAC_BYTES):
        position = before + bases.index(other[:1]) + 1
        shown = other.decode("utf-8", "replace")[0]
        hint = "remove gaps: they would shift all bases after them" if shown in "-.*" else "is it a FASTA of DNA?"
        raise TR300MError(
            f"{fasta}: {name} has {shown!r} at base {position:,}, which is none of the letters {IUPAC}",
            f"write A, C, G, T, or N for an unknown base; {hint}",
        )


def by_position(genes: Genes) -> list[int]:
    """Return row numbers in genome order, so that a file is read block after block."""
    return [int(row) for row in np.lexsort((genes.window_start, genes.chromosome))]


def extract_chromosomes(fasta: Path | str, chromosomes: Iterable[str], out: Path | str) -> dict[str, str]:
    """Copy sequences of a FASTA (plain or gzip) to a plain FASTA with one line per sequence, for random access.

    Parameters
    ----------
    fasta
        Genome; its names may be of the other style (``1`` for ``chr1``).
    chromosomes
        Names of the sequences to copy, which they get in `out`.
    out
        FASTA to write.

    Returns
    -------
    dict
        Name in `fasta` by name in `out`.

    Raises
    ------
    TR300MError
        If the file is not a FASTA or is truncated, lacks one of `chromosomes`, has a sequence under one name twice or
        under the names of both styles, or has a character that is not a nucleotide code.
    """
    wanted = dict.fromkeys(chromosomes)
    names = {**{other_style(name): name for name in wanted}, **{name: name for name in wanted}}
    seen: set[str] = set()
    found: dict[str, str] = {}
    keep, length = False, 0
    with atomic_path(out) as temporary, open(temporary, "wb") as handle:
        for piece in _pieces(fasta):
            if piece.startswith(b">"):
                name = _sequence_name(piece)
                if name in seen:
                    raise TR300MError(f"{fasta}: sequence {name} appears twice")
                seen.add(name)
                keep, length = name in names, 0
                if keep:
                    target = names[name]
                    if target in found:
                        raise TR300MError(f"{fasta} has both {found[target]} and {name}", "remove one of them")
                    handle.write((b"\n" if found else b"") + f">{target}\n".encode())
                    found[target] = name
            elif not seen:
                raise TR300MError(f"{fasta} does not start with '>'", "is it a FASTA file?")
            elif keep:
                bases = piece.translate(None, b" \t\r\n")
                refuse_other_letters(fasta, name, bases, length)
                length += len(bases)
                handle.write(bases)
        handle.write(b"\n")
        if missing := sorted(wanted.keys() - found):
            raise TR300MError(
                f"{fasta} has no sequence {named(missing)}; it has {named(sorted(seen), 5)}",
                "give a FASTA of the annotation's genome build, or choose other `chromosomes` (chr1 and 1 are the "
                "same chromosome)",
            )
    return found


def join_parts(parts: Sequence[Path | str], out: Path | str) -> None:
    """Join FASTA files (plain or gzip) to one gzip file, one member after the other, which is valid gzip.

    Raises
    ------
    TR300MError
        If a part does not start with a name.
    """
    with atomic_path(out) as temporary, open(temporary, "wb") as handle:
        for part in parts:
            with gzip_errors(part), open_binary(part) as bases:
                if bases.read(1) != b">":
                    raise TR300MError(f"{part} does not start with '>'", "is it a FASTA file?")
            with open(part, "rb") as source:
                is_gzip = source.read(len(GZIP_MAGIC)) == GZIP_MAGIC
                source.seek(0)
                if is_gzip:
                    shutil.copyfileobj(source, handle, READ_BYTES)
                else:
                    with gzip.GzipFile(fileobj=handle, mode="wb", compresslevel=1, mtime=0) as packed:
                        shutil.copyfileobj(source, packed, READ_BYTES)
            # The last line of a part may not end.
            handle.write(gzip.compress(b"\n", mtime=0))


def sequence_lengths(fasta: Path | str) -> dict[str, int]:
    """Return the lengths (base pairs) of the sequences of a FASTA (plain or gzip) by name, in file order.

    Raises
    ------
    TR300MError
        If the file cannot be read, is truncated or does not start with a name, or a name appears twice.
    """
    lengths: dict[str, int] = {}
    name = ""
    for piece in _pieces(fasta):
        if piece.startswith(b">"):
            name = _sequence_name(piece)
            if name in lengths:
                raise TR300MError(f"{fasta}: sequence {name} appears twice")
            lengths[name] = 0
        elif not lengths:
            raise TR300MError(f"{fasta} does not start with '>'", "is it a FASTA file?")
        else:
            lengths[name] += len(piece.translate(None, b" \t\r\n"))
    return lengths


def _sequence_name(header: bytes) -> str:
    """Return the name in the header line of a sequence; text after it is ignored."""
    return (header[1:].split() or [b""])[0].decode("utf-8", "replace")


def _pieces(fasta: Path | str) -> Iterator[bytes]:
    """Yield the header lines of a FASTA, and between them the bases in pieces of one or many lines.

    A genome has sixty million lines, so blocks without a header are not split into lines.
    """
    with open_binary(fasta) as handle, gzip_errors(fasta):
        first = True
        while block := handle.read(READ_BYTES) + handle.readline():
            block = block.removeprefix(BOM) if first else block
            yield from block.splitlines() if b">" in block else [block]
            first = False

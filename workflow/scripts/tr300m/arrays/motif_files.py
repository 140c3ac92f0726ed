"""Read motif files in the formats of JASPAR (counts) and MEME (probabilities)."""

import io
import re
from collections.abc import Iterator
from itertools import dropwhile, takewhile
from pathlib import Path

import numpy as np
from Bio.motifs import parse

from ..base.errors import TR300MError
from ..base.files import read_lines
from .motifs import JasparProfile

MEME_SITES = 20
"""Number of sites of a MEME motif that states none, as in MEME's description of the format."""
# Probabilities are written with a few digits.
_ROUNDING = 0.02
_SITES = re.compile(r"nsites=\s*(\d+(?:\.\d+)?)")
_WIDTH = re.compile(r"\bw=\s*(\d+)")
_NUMBERS = re.compile(r"\s*[-+.\d]")
_HINT = "give a file in the format of JASPAR (`>ID NAME`, then four rows of counts) or of MEME (minimal format)"


def read_motif_file(path: Path | str) -> list[JasparProfile]:
    """Read the motifs of a file (plain or gzip), whose first line says which format it is of.

    Probabilities of a MEME file are multiplied by the number of sites.

    Raises
    ------
    TR300MError
        If the file is of neither format, has no motif, an ID twice or a malformed motif.
    """
    lines = list(read_lines(path))
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith(">"):
        mark, read = ">", _jaspar_motif
    elif first.startswith("MEME version"):
        mark, read = "MOTIF", _meme_motif
    else:
        raise TR300MError(f"{path} is no motif file: it starts with {first[:40]!r}", _HINT)
    motifs = [read(f"{path}, line {number}", block) for number, block in _blocks(lines, mark)]
    if not motifs:
        raise TR300MError(f"{path} has no motif", _HINT)
    seen: set[str] = set()
    for motif in motifs:
        if motif.matrix_id in seen:
            raise TR300MError(f"{path}: motif {motif.matrix_id} appears twice", "give each motif its own ID")
        seen.add(motif.matrix_id)
        if not (np.isfinite(motif.counts).all() and (motif.counts >= 0).all() and motif.counts.sum(axis=1).all()):
            raise TR300MError(
                f"{path}: motif {motif.matrix_id} has a negative or infinite number, or a position of zeros",
                "counts or probabilities are needed, not scores (PSSM)",
            )
    return motifs


def _blocks(lines: list[str], mark: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines from each one that starts with `mark` to the next such line, with the number of the first."""
    starts = [number for number, line in enumerate(lines) if line.startswith(mark)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield start + 1, lines[start:end]


def _jaspar_motif(where: str, block: list[str]) -> JasparProfile:
    # One motif at a time, because Biopython leaves out an incomplete last one.
    try:
        (motif,) = parse(io.StringIO("\n".join(block)), "jaspar")  # type: ignore[no-untyped-call]
        counts = np.array([motif.counts[base] for base in "ACGT"], dtype=np.float64).T
    except (ValueError, KeyError, IndexError):
        name = block[0][1:].strip()
        raise TR300MError(f"{where}: motif {name} does not have four rows of as many counts", _HINT) from None
    return JasparProfile(motif.matrix_id, motif.name, counts)


def _meme_motif(where: str, block: list[str]) -> JasparProfile:
    """Read a motif of a MEME file: its ID, alternate name (or again the ID), and probabilities times sites.

    Biopython's reader is not used, because it rounds counts to whole numbers and drops the alternate name.
    """
    words = block[0].split()
    after = list(dropwhile(lambda line: not line.startswith("letter-probability matrix"), block))
    if len(words) < 2 or not after:
        raise TR300MError(f"{where}: a motif without ID or without `letter-probability matrix:`", _HINT)
    where = f"{where}: motif {words[1]}"
    rows = [line.split() for line in takewhile(_NUMBERS.match, after[1:])]
    sites, width = _SITES.search(after[0]), _WIDTH.search(after[0])
    number, expected = float(sites[1]) if sites else 0.0, int(width[1]) if width else len(rows)
    if not rows or len(rows) != expected or {len(row) for row in rows} != {4}:
        raise TR300MError(f"{where} has not {expected or 'some'} rows of four numbers", "only motifs of DNA are read")
    try:
        values = np.array(rows, dtype=np.float64)
    except ValueError:
        raise TR300MError(f"{where} has a value that is not a number", _HINT) from None
    if not np.allclose(values.sum(axis=1), 1, atol=_ROUNDING):
        raise TR300MError(f"{where} has a row of probabilities whose sum is not 1", _HINT)
    return JasparProfile(words[1], words[2] if len(words) > 2 else words[1], values * (number or MEME_SITES))

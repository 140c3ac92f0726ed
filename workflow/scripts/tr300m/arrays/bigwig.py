"""Open and check indexed binary files (bigWig, bigBed)."""

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
import pyBigWig

from ..base.axes import Genes
from ..base.errors import TR300MError
from ..base.files import open_binary
from .chromosome_names import in_names_of, mapping_note, match_names
from .genes import named
from .genome_builds import check_lengths

# First four bytes, little-endian; a big-endian machine writes them reversed.
MAGIC_BYTES = {"bigWig": (0x888FFC26).to_bytes(4, "little"), "bigBed": (0x8789F2EB).to_bytes(4, "little")}


@contextmanager
def open_indexed(
    path: Path | str, kind: str, genes: Genes, needed: str, genome: Mapping[str, int] | None = None
) -> Iterator["pyBigWig.bigWigFile"]:
    """Open a bigWig or bigBed that has at least one of the genes' chromosomes.

    The genes' chromosomes that the file lacks are named on stderr, and so are names of the other style (`1`, `chr1`).

    Parameters
    ----------
    path
        File to open.
    kind
        ``bigWig`` or ``bigBed``.
    genes
        Genes whose windows will be read.
    needed
        Hint of the error if the file has none of the chromosomes.
    genome
        Lengths of the chromosomes in the FASTA (base pairs); those in the file must be equal. None if unknown.

    Raises
    ------
    TR300MError
        If the file is of another kind, has none of the chromosomes, contains no data on them, or is of another genome
        build.
    """
    track = open_kind(path, kind)
    try:
        lengths = track.chroms() or {}
        if note := mapping_note(match_names(np.unique(genes.chromosome).tolist(), lengths), path):
            print(note, file=sys.stderr)
        there, lacking = covered(path, lengths, in_names_of(genes, lengths), needed)
        check_lengths(path, lengths, genome or {})
        if not _count(path) and not any(_holds_data(path, track, kind, name) for name in there):
            raise TR300MError(f"{path} has no data on {', '.join(there)}", "download it again or give another file")
        say_lacking(path, lacking)
        yield track
    finally:
        track.close()


def covered(path: Path | str, names: Collection[str], genes: Genes, needed: str) -> tuple[list[str], list[str]]:
    """Return the genes' chromosomes that a file with the chromosomes `names` has, and those that it lacks with counts.

    Raises
    ------
    TR300MError
        If it has none, with the hint `needed`.
    """
    wanted, counts = np.unique(genes.chromosome, return_counts=True)
    there = [name for name in wanted.tolist() if name in names]
    if not there:
        found = f"it has {', '.join(sorted(names)[:3])} ..." if names else "it has no chromosomes"
        raise TR300MError(f"{path} has none of the genes' chromosomes ({named(wanted.tolist(), 3)}); {found}", needed)
    return there, [f"{name} ({count} genes)" for name, count in zip(wanted, counts, strict=True) if name not in names]


def say_lacking(path: Path | str, lacking: Sequence[str]) -> None:
    """Name the chromosomes that a file lacks on stderr, which goes to the job's log."""
    if lacking:
        print(f"{path} lacks {', '.join(lacking)}; the windows of these genes are 0", file=sys.stderr)


def _count(path: Path | str) -> int:
    """Return the number of data blocks or rows that the header of a file states.

    pyBigWig does not help here: for a file without data its versions raise an error, or return nothing or arbitrary
    values, and its own function for the header ends the process if a value is NaN.
    """
    with open(path, "rb") as handle:
        head = handle.read(24)
        order: Literal["little", "big"] = "little" if head[:4] in MAGIC_BYTES.values() else "big"
        handle.seek(int.from_bytes(head[16:24], order))
        return int.from_bytes(handle.read(4), order)


def _holds_data(path: Path | str, track: "pyBigWig.bigWigFile", kind: str, name: str) -> bool:
    read = track.intervals if kind == "bigWig" else track.entries
    try:
        return bool(read(name, 0, track.chroms(name)))
    except RuntimeError as error:
        raise TR300MError(f"{path}: cannot read {name}: {error}", "download it again") from None


def open_kind(path: Path | str, kind: str) -> "pyBigWig.bigWigFile":
    """Open a file of the kind ``bigWig`` or ``bigBed``; raise TR300MError if it is of another."""
    # Checked here, because pyBigWig prints errors to the terminal.
    with open_binary(path) as handle:
        magic = handle.read(4)
    if magic in (MAGIC_BYTES[kind], MAGIC_BYTES[kind][::-1]):
        try:
            return pyBigWig.open(str(path))
        except RuntimeError:
            pass
    raise TR300MError(f"{path} is not a {kind} file", "download it again, or correct the path in `sources`")

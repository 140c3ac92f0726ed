"""Indexed binary tracks (bigWig, bigBed): opened and checked."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
import pyBigWig

from ..base.axes import Genes
from ..base.errors import TR300MError
from ..base.files import open_binary
from .genome_builds import check_lengths

# First four bytes, in the byte order of the machine that wrote the file.
MAGIC_BYTES = {"bigWig": (0x888FFC26).to_bytes(4, "little"), "bigBed": (0x8789F2EB).to_bytes(4, "little")}


@contextmanager
def open_indexed(
    path: Path | str, kind: str, genes: Genes, needed: str, genome: Mapping[str, int] | None = None
) -> Iterator["pyBigWig.bigWigFile"]:
    """Open a file of `kind` (a key of `MAGIC_BYTES`) that has at least one of the genes' chromosomes.

    Chromosomes of the genes that the file lacks are named on stderr.

    Parameters
    ----------
    path, kind
        File, and what it must be.
    genes
        What will be read.
    needed
        Said where no chromosome fits: what kind of file to give instead.
    genome
        Lengths of the FASTA's chromosomes (base pairs), which the file's must equal; None if unknown.

    Raises
    ------
    TR300MError
        If the file is not of that kind, has none of the chromosomes, holds no data on them, or is of another genome
        build.
    """
    track = _open(path, kind)
    try:
        lengths = track.chroms() or {}
        names, counts = np.unique(genes.chromosome, return_counts=True)
        there = [name for name in names.tolist() if name in lengths]
        if not there:
            found = f"it has {', '.join(sorted(lengths)[:3])} ..." if lengths else "it has no chromosome at all"
            raise TR300MError(f"{path} has none of the genes' chromosomes; {found}", needed)
        check_lengths(path, lengths, genome or {})
        if not _count(path) and not any(_holds_data(path, track, kind, name) for name in there):
            raise TR300MError(f"{path} holds no data on {', '.join(there)}", "fetch it again, or give another file")
        lacking = [f"{name} ({count} genes)" for name, count in zip(names, counts, strict=True) if name not in lengths]
        if lacking:
            print(f"{path} lacks {', '.join(lacking)}: 0 in the windows of these genes", file=sys.stderr)
        yield track
    finally:
        track.close()


def _count(path: Path | str) -> int:
    """Return the number of data blocks or rows that a file states.

    pyBigWig's values of a file without any are an error, empty or anything, by its version, and its own look into the
    header ends the process where a value is NaN.
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
        raise TR300MError(f"{path}: cannot read {name}: {error}", "fetch it again") from None


def _open(path: Path | str, kind: str) -> "pyBigWig.bigWigFile":
    # The first bytes are looked at here, because pyBigWig complains to the terminal.
    with open_binary(path) as handle:
        magic = handle.read(4)
    if magic in (MAGIC_BYTES[kind], MAGIC_BYTES[kind][::-1]):
        try:
            return pyBigWig.open(str(path))
        except RuntimeError:
            pass
    raise TR300MError(f"{path} is not a {kind} file", "fetch it again, or correct the path in the config's `sources`")

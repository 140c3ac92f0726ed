"""Indexed binary tracks (bigWig, bigBed): opened and checked."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyBigWig

from .axes import Genes
from .errors import TR300MError
from .io import open_binary

# First four bytes, in the byte order of the machine that wrote the file.
MAGIC = {"bigWig": (0x888FFC26).to_bytes(4, "little"), "bigBed": (0x8789F2EB).to_bytes(4, "little")}


@contextmanager
def open_indexed(path: Path | str, kind: str, genes: Genes, needed: str) -> Iterator["pyBigWig.bigWigFile"]:
    """Open a file of `kind` (a key of `MAGIC`) that has at least one of the genes' chromosomes.

    Parameters
    ----------
    path, kind
        File, and what it must be.
    genes
        What will be read.
    needed
        Said where no chromosome fits: what kind of file to give instead.

    Raises
    ------
    TR300MError
        If the file is not of that kind, or has none of the chromosomes.
    """
    track = _open(path, kind)
    try:
        lengths = track.chroms()
        if not lengths.keys() & set(genes.chromosome.tolist()):
            raise TR300MError(
                f"{path} has none of the genes' chromosomes; it has {', '.join(sorted(lengths)[:3])} ...", needed
            )
        yield track
    finally:
        track.close()


def _open(path: Path | str, kind: str) -> "pyBigWig.bigWigFile":
    # The first bytes are looked at here, because pyBigWig complains to the terminal.
    with open_binary(path) as handle:
        magic = handle.read(4)
    if magic in (MAGIC[kind], MAGIC[kind][::-1]):
        try:
            return pyBigWig.open(str(path))
        except RuntimeError:
            pass
    raise TR300MError(f"{path} is not a {kind} file", "fetch it again, or correct the path in the config's `sources`")

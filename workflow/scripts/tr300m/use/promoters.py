"""Promoters to predict for: genes of the dataset, or sequences of one's own, as the rows of a query."""

import gzip
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from Bio.SeqIO.FastaIO import SimpleFastaParser
from numpy.typing import NDArray

from ..arrays.sequence import onehot, refuse_other_letters
from ..base.axes import Genes
from ..base.base_codes import CODE_OF_BYTE, base_codes
from ..base.errors import TR300MError
from ..base.files import GZIP_MAGIC, gzip_errors
from ..base.progress import log, progress
from ..base.types import Ints
from ..dataset.tss_index import tss_index

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset

_TSS = re.compile(r"(?:^|\s)tss=(\S+)")
_GENES_PER_BLOCK = 256


class OwnSequence(NamedTuple):
    """A sequence of one's own.

    Attributes
    ----------
    name
        Name in the FASTA.
    bases
        The sequence, 5' to 3' on the strand of the transcript.
    tss
        Index of the TSS in the sequence.
    """

    name: str
    bases: str
    tss: int


def own_tss_index(dataset: "Dataset") -> int:
    """Return the index of the TSS in the window of a sequence of one's own: that of genes on the + strand."""
    return int(tss_index(dataset.genes)[int(np.argmax(dataset.genes.strand == "+"))])


def edited_wide_bases(promoters: "Dataset", row: int, windows: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the wide bases [window, position] of a promoter with the edits of windows [window, position, base]."""
    assert promoters.wide_bases is not None
    wide = np.repeat(np.asarray(promoters.wide_bases[row])[None], len(windows), axis=0)
    start = wide.shape[1] // 2 - tss_index(promoters.genes)[row]
    first, last = max(start, 0), min(start + windows.shape[1], wide.shape[1])
    both = slice(first - start, last - start)
    edited = (windows[:, both] != np.asarray(promoters.onehot[row])[both]).any(axis=2)
    wide[:, first:last] = np.where(edited, base_codes(windows[:, both]), wide[:, first:last])
    return wide


def read_records(path: Path | str, width: int, tss: int) -> list[OwnSequence]:
    """Read sequences whose headers name the TSS, as in ``>AAV7 tss=1500`` (1-based).

    Parameters
    ----------
    path
        FASTA, plain or gzip. U is read as T; lower case is allowed; codes for several bases are unknown bases.
    width, tss
        Length of the promoter window and index of the TSS in it. A record of this length without ``tss=`` is a window.

    Raises
    ------
    TR300MError
        If it is no FASTA, a name appears twice, a letter is no nucleotide code, or a TSS is missing or outside.
    """
    records: dict[str, OwnSequence] = {}
    for title, bases in _records(path):
        name = (title.split() or [""])[0]
        if name in records:
            raise TR300MError(f"{path}: record {name} appears twice", "give each record a name of its own")
        refuse_other_letters(path, name, bases.encode("utf-8"), 0)
        found = _TSS.search(title)
        if found is None and len(bases) != width:
            raise TR300MError(
                f"{path}: {name} has {len(bases):,} bp and no TSS",
                f"write its position into the header, as in `>{name} tss=1500`; only records of {width:,} bp, the "
                "model's window, need none",
            )
        position = found.group(1) if found else str(tss + 1)
        if not position.isdecimal() or not 1 <= int(position) <= len(bases):
            raise TR300MError(
                f"{path}: {name} has tss={position}, and {len(bases):,} bp",
                f"write a number from 1 to {len(bases):,}",
            )
        records[name] = OwnSequence(name, bases, int(position) - 1)
    if not records:
        raise TR300MError(f"{path} has no record", "a FASTA record starts with '>' and a name")
    return list(records.values())


def read_backbone(path: Path | str) -> str:
    """Return the bases of a FASTA with one record.

    Raises
    ------
    TR300MError
        If it has several, or is no FASTA of nucleotide codes.
    """
    found = list(_records(path))
    if len(found) != 1:
        raise TR300MError(f"{path} has {len(found)} records", "give one, which precedes every sequence")
    title, bases = found[0]
    refuse_other_letters(path, title, bases.encode("utf-8"), 0)
    return bases


def _records(path: Path | str) -> Iterator[tuple[str, str]]:
    """Yield title and sequence of each record."""
    try:
        with open(path, "rb") as raw:
            packed = raw.read(len(GZIP_MAGIC)) == GZIP_MAGIC
        opened = gzip.open if packed else open
        with gzip_errors(path), opened(path, "rt", encoding="utf-8", errors="replace") as handle:
            if handle.read(1) not in (">", ""):
                raise TR300MError(f"{path} does not start with '>'", "is it a FASTA file?")
            handle.seek(0)
            yield from SimpleFastaParser(handle)  # type: ignore[no-untyped-call, unused-ignore]
    except OSError as error:
        raise TR300MError(f"cannot read {path}: {error}", "check the path") from None


def own_promoters(
    dataset: "Dataset", records: list[OwnSequence], train: Ints, backbone: str = "", *, quiet: bool = False
) -> "Dataset":
    """Return sequences of one's own as the genes of a dataset.

    They lie on no chromosome and have the histone marks of an average gene.

    Parameters
    ----------
    dataset
        Dataset, whose windows and marks are taken.
    records
        The sequences. The window is cut around the TSS; what a record lacks at its ends is unknown.
    train
        Genes whose mean histone marks they get: those that the model was trained on.
    backbone
        Bases that precede every record, such as those of a plasmid; its end is next to the record.
    quiet
        Whether not to say how much of a window is unknown.
    """
    width = dataset.onehot.shape[1]
    index = own_tss_index(dataset)
    windows, wide = [], []
    flank = 0 if dataset.wide_bases is None else dataset.wide_bases.shape[1] // 2
    for record in records:
        bases, tss = backbone + record.bases, len(backbone) + record.tss
        lacking = max(index - tss, 0) + max(width - index - (len(bases) - tss), 0)
        if lacking and not quiet:
            log(f"{record.name}: {lacking:,} of the window's {width:,} bp are not in the record: unknown bases (N)")
        windows.append(onehot(_around(bases, tss, index, width)))
        around = _around(bases, tss, flank, 2 * flank + 1).encode()
        wide.append(CODE_OF_BYTE[np.frombuffer(around, np.uint8)])
    count = len(records)
    names = np.array([record.name for record in records])
    nowhere = np.full(count, "")
    genes = Genes(
        names,
        names,
        nowhere,
        np.full(count, "+"),
        np.full(count, index + 1),
        np.zeros(count, np.int64),
        np.full(count, width),
        nowhere,
        np.full(count, -1),
    )
    return with_mean_marks(
        replace(
            dataset,
            genes=genes,
            onehot=np.stack(windows),
            expression=np.full((count, len(dataset.samples)), np.nan, np.float32),
            wide_bases=None if dataset.wide_bases is None else np.stack(wide),
        ),
        dataset,
        train,
    )


def with_mean_marks(rows: "Dataset", dataset: "Dataset", train: Ints) -> "Dataset":
    """Return promoters with the mean histone marks over genes `train` of a dataset, instead of their own."""

    def mean(array: NDArray[np.float32], what: str) -> NDArray[np.float32]:
        total = np.zeros(array.shape[1:])
        starts = range(0, len(train), _GENES_PER_BLOCK)
        for start in progress(starts, total=len(starts), what=what, unit="block"):
            total += array[train[start : start + _GENES_PER_BLOCK]].sum(axis=0, dtype=np.float64)
        # A view: the marks of all genes of a dataset are gigabytes.
        return np.broadcast_to((total / len(train)).astype(np.float32), (len(rows.genes), *total.shape))

    return replace(
        rows,
        histones=mean(dataset.histones, "mean histone marks"),
        wide_marks=None if dataset.wide_marks is None else mean(dataset.wide_marks, "mean wide marks"),
        body_marks=None if dataset.body_marks is None else mean(dataset.body_marks, "mean marks of gene bodies"),
    )


def _around(bases: str, tss: int, index: int, width: int) -> str:
    """Return `width` bases such that the base at `tss` comes to stand at `index`; N where there is none."""
    start, end = tss - index, tss - index + width
    return "N" * max(-start, 0) + bases[max(start, 0) : max(end, 0)] + "N" * max(end - max(len(bases), start), 0)

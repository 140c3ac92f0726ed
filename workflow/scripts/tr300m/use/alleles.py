"""Alleles of variants: their shortest form, furthest to the left, and the promoter windows that hold them."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..base.base_codes import CODE_OF_BYTE, COMPLEMENT, UNKNOWN_CODE

Reader = Callable[[int, int], NDArray[np.uint8]]
"""Returns the base codes of a chromosome's + strand between two positions, 0-based and half-open."""
ONEHOT_OF_CODE = np.concatenate([np.eye(4), np.full((1, 4), 0.25), np.zeros((1, 4))]).astype(np.float16)
"""One-hot bases of each base code [6, 4]."""


class Edit(NamedTuple):
    """Bases of the + strand and what comes in their place.

    Attributes
    ----------
    start, end
        What is replaced, 0-based and half-open; nothing if they are equal.
    inserted
        Base codes that come in its place.
    """

    start: int
    end: int
    inserted: bytes

    @property
    def shift(self) -> int:
        """By how many bases the sequence becomes longer."""
        return len(self.inserted) - (self.end - self.start)


class PromoterWindow(NamedTuple):
    """The promoter window of a gene on the + strand, 0-based and half-open, and the TSS."""

    start: int
    end: int
    tss: int


def allele_codes(allele: str) -> bytes:
    """Return the base codes of an allele, a byte each."""
    return CODE_OF_BYTE[np.frombuffer(allele.encode("ascii", "replace"), np.uint8)].tobytes()


def shortest_edit(start: int, ref: bytes, alt: bytes, read: Reader) -> Edit:
    """Return the edit that turns one allele into the other: trimmed at both ends, then moved as far left as it goes.

    All spellings of one change give the same edit. Equal alleles are kept as they are.

    Parameters
    ----------
    start
        0-based position of the first base of `ref`.
    ref, alt
        Base codes of what the chromosome holds and of what replaces it.
    read
        The chromosome.
    """
    if ref == alt:
        return Edit(start, start + len(ref), alt)
    while ref and alt and ref[-1] == alt[-1]:
        ref, alt = ref[:-1], alt[:-1]
    while ref and alt and ref[0] == alt[0]:
        start, ref, alt = start + 1, ref[1:], alt[1:]
    # Only what is a pure insertion or deletion by now can be moved: its last base to its front.
    while bool(ref) != bool(alt):
        before = int(read(start - 1, start)[0])
        if before >= UNKNOWN_CODE or before != (ref or alt)[-1]:
            break
        start -= 1
        ref, alt = _turned(ref), _turned(alt)
    return Edit(start, start + len(ref), alt)


def _turned(allele: bytes) -> bytes:
    return allele[-1:] + allele[:-1]


def spans_tss(edit: Edit, window: PromoterWindow) -> bool:
    """Return whether an edit replaces the TSS by another number of bases, so that no base is the TSS any more."""
    return edit.start <= window.tss < edit.end and edit.shift != 0


def edited_codes(read: Reader, window: PromoterWindow, edit: Edit) -> NDArray[np.uint8]:
    """Return the base codes of a window of the + strand [position] that holds an edit.

    The TSS keeps its index. What an edit on either side of it takes from the window comes back from the chromosome at
    the far end of that side, and what it adds is lost there.

    Parameters
    ----------
    read
        The chromosome.
    window
        The window.
    edit
        An edit for which `spans_tss` is false.
    """
    start, end, tss = window
    inserted = np.frombuffer(edit.inserted, np.uint8)
    if not edit.shift:
        codes = read(start, end)
        first, last = max(edit.start, start), min(edit.end, end)
        codes[first - start : last - start] = inserted[first - edit.start : last - edit.start]
        return codes
    width = end - start
    if edit.start > tss:
        near = np.concatenate([read(start, edit.start), inserted])
        return np.concatenate([near, read(edit.end, edit.end + max(width - len(near), 0))])[:width]
    near = np.concatenate([inserted, read(edit.end, end)])
    return np.concatenate([read(edit.start - max(width - len(near), 0), edit.start), near])[-width:]


def on_strand(codes: NDArray[np.uint8], strand: str) -> NDArray[np.uint8]:
    """Return base codes of the + strand [position] 5' to 3' on a strand."""
    return codes if strand == "+" else COMPLEMENT[codes[::-1]]


def tss_distance(edit: Edit, window: PromoterWindow, strand: str) -> int:
    """Return the distance of an edit from the TSS (bp), negative upstream.

    It is that of the nearest base that the edit replaces or moves, and 0 for the TSS itself.
    """
    nearest = edit.start if edit.start > window.tss else min(edit.end - 1, window.tss)
    distance = nearest - window.tss
    return distance if strand == "+" else -distance

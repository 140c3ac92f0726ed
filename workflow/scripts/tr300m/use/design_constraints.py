"""What a designed sequence must not hold: recognition sites, long runs of a base, repeats, a GC out of bounds."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import ceil, floor
from typing import NamedTuple

from Bio.Restriction import AllEnzymes  # type: ignore[attr-defined, unused-ignore]
from Bio.Seq import reverse_complement

from ..base.errors import TR300MError
from .contexts import nearest_names

IUPAC_SETS = {
    "A": "A", "C": "C", "G": "G", "T": "T", "U": "T", "R": "AG", "Y": "CT", "K": "GT", "M": "AC", "S": "CG", "W": "AT",
    "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGTN",
}  # fmt: skip
"""Bases that each code of a site stands for. Only N, any base, matches an unknown base."""
_TOLERANCE = 1e-9


def other_strand(bases: str) -> str:
    """Return bases, or IUPAC codes, as they read on the other strand."""
    return str(reverse_complement(bases))  # type: ignore[no-untyped-call, unused-ignore]


class Breach(NamedTuple):
    """A constraint that a sequence does not hold, and where: first index, and the one after the last."""

    what: str
    start: int
    end: int


def forbidden_sites(texts: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the sites of enzymes of Bio.Restriction and of patterns, by name.

    Parameters
    ----------
    texts
        Names of restriction enzymes and sites in IUPAC codes; each text may join several by commas.

    Raises
    ------
    TR300MError
        If a text is neither, or a site that every sequence holds.
    """
    enzymes = {str(enzyme): str(enzyme.site) for enzyme in AllEnzymes}
    folded = {name.casefold(): name for name in enzymes}
    sites: dict[str, tuple[str, ...]] = {}
    for text in (part.strip() for joined in texts for part in joined.split(",")):
        if not text:
            continue
        if text.casefold() in folded:
            name = folded[text.casefold()]
            sites[name] = tuple(enzymes[name].split("|"))
        elif set(text.upper()) <= IUPAC_SETS.keys():
            sites[text.upper()] = (text.upper(),)
        else:
            raise TR300MError(
                f"{text} is neither a restriction enzyme nor a site in IUPAC codes", nearest_names(text, list(enzymes))
            )
    for name, patterns in sites.items():
        if any(set(pattern) == {"N"} for pattern in patterns):
            raise TR300MError(f"every sequence holds the forbidden site {name}", "give a site with known bases")
    return sites


@dataclass(frozen=True)
class Constraints:
    """Hard constraints of a design. They hold for all bases of the sequence that is designed, edited or not.

    Attributes
    ----------
    sites
        Forbidden sites in IUPAC codes by name (`forbidden_sites`). They are forbidden on both strands.
    gc
        Smallest and largest share of G and C among known bases.
    homopolymer
        Longest run of one base; 0 for any.
    repeat
        Length of stretches that must not come twice, on either strand; 0 for none.

    Raises
    ------
    TR300MError
        If the bounds of GC are no interval within 0 and 1, or a length is negative.
    """

    sites: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    gc: tuple[float, float] = (0.0, 1.0)
    homopolymer: int = 0
    repeat: int = 0

    def __post_init__(self) -> None:
        """Check the numbers."""
        low, high = self.gc
        if not 0 <= low <= high <= 1:
            raise TR300MError(f"no sequence has a GC of {low:g}:{high:g}", "write two shares, as in 0.35:0.65")
        if self.homopolymer < 0 or 0 < self.repeat < 2 or self.repeat < 0:
            raise TR300MError(
                f"homopolymer {self.homopolymer} and repeat {self.repeat} are no lengths",
                "write the longest run of one base (8), and the length of repeats (20)",
            )

    @cached_property
    def patterns(self) -> list[tuple[str, int, re.Pattern[str]]]:
        """Name, length and regular expression of each site on each strand, and of runs of one base."""
        found = []
        for name, sites in self.sites.items():
            for site in dict.fromkeys(strand for one in sites for strand in (one, other_strand(one))):
                letters = "".join(f"[{IUPAC_SETS[code]}]" for code in site)
                found.append((name, len(site), re.compile(f"(?={letters})")))
        if self.homopolymer:
            run = self.homopolymer + 1
            found += [(f"a run of more than {self.homopolymer} {base}", run, re.compile(f"(?={base * run})"))
                      for base in "ACGT"]  # fmt: skip
        return found

    def matches(self, sequence: str, start: int, end: int) -> list[Breach]:
        """Return the sites and runs of a sequence that overlap the bases from `start` to `end` (not included)."""
        found = []
        for name, length, pattern in self.patterns:
            first = max(start - length + 1, 0)
            piece = sequence[first : end + length - 1]
            found += [
                Breach(name, first + match.start(), first + match.start() + length) for match in pattern.finditer(piece)
            ]
        return found

    def repeats(self, sequence: str, start: int, end: int) -> list[Breach]:
        """Return the stretches that come twice and overlap the bases from `start` to `end`; each place is one."""
        places: dict[str, list[int]] = {}
        if self.repeat:
            for place in range(len(sequence) - self.repeat + 1):
                places.setdefault(self.word(sequence, place), []).append(place)
        name = f"a repeat of {self.repeat} bp"
        twice = [place for word, found in places.items() if word and len(found) > 1 for place in found]
        overlapping = [place for place in twice if place < end and place + self.repeat > start]
        return [Breach(name, place, place + self.repeat) for place in sorted(overlapping)]

    def word(self, sequence: str, place: int) -> str:
        """Return the stretch at a place, as it reads on the strand where it sorts first; empty with unknown bases."""
        forward = sequence[place : place + self.repeat]
        return "" if "N" in forward or len(forward) < self.repeat else min(forward, other_strand(forward))

    def missing_gc(self, bases: str) -> int:
        """Return how many bases must become G or C; negative if so many must become A or T."""
        strong = bases.count("G") + bases.count("C")
        known = strong + bases.count("A") + bases.count("T")
        low, high = self.gc
        least, most = ceil(low * known - _TOLERANCE), floor(high * known + _TOLERANCE)
        return max(least - strong, 0) - max(strong - most, 0)

    def check_possible(self, bases: str) -> None:
        """Refuse bounds of GC between which no number of bases lies.

        Raises
        ------
        TR300MError
            If there are such.
        """
        known = sum(map(bases.count, "ACGT"))
        low, high = self.gc
        if ceil(low * known - _TOLERANCE) > floor(high * known + _TOLERANCE):
            raise TR300MError(
                f"no sequence of {known} known bases has a GC of {low:g}:{high:g}", "give bounds that are further apart"
            )

    def breaches(self, sequence: str, start: int, end: int) -> list[Breach]:
        """Return all breaches of the bases from `start` to `end` of a sequence; GC last, and once."""
        found = self.matches(sequence, start, end) + self.repeats(sequence, start, end)
        if self.missing_gc(sequence[start:end]):
            found.append(Breach(f"GC {self.gc[0]:g}:{self.gc[1]:g}", start, end))
        return found


class Checker:
    """The constraints at one sequence that holds them: whether a change of some of its bases does too.

    Parameters
    ----------
    constraints
        The constraints.
    sequence
        The sequence.
    insert
        Indices of the first base to which they apply, and of the one after the last.
    """

    def __init__(self, constraints: Constraints, sequence: str, insert: tuple[int, int]) -> None:
        self.constraints, self.sequence, self.insert = constraints, sequence, insert
        self.words: dict[str, list[int]] = {}
        if constraints.repeat:
            for place in range(len(sequence) - constraints.repeat + 1):
                self.words.setdefault(constraints.word(sequence, place), []).append(place)
            self.words.pop("", None)

    def allows(self, start: int, bases: str) -> bool:
        """Return whether the sequence with `bases` from `start` on holds the constraints."""
        end = start + len(bases)
        sequence = self.sequence[:start] + bases + self.sequence[end:]
        return not (
            self.constraints.matches(sequence, start, end)
            or self.constraints.missing_gc(sequence[slice(*self.insert)])
            or self._repeats(sequence, start, end)
        )

    def _repeats(self, sequence: str, start: int, end: int) -> bool:
        length = self.constraints.repeat
        if not length:
            return False
        places = range(max(start - length + 1, 0), min(end, len(sequence) - length + 1))
        words = [word for place in places if (word := self.constraints.word(sequence, place))]
        # What these places held before is gone.
        return len(set(words)) < len(words) or any(
            place not in places for word in words for place in self.words.get(word, ())
        )


def shown(breaches: Sequence[Breach], tss: int) -> str:
    """Return breaches as text, with positions from the TSS."""
    first = [
        f"{breach.what} at {breach.start - tss}:{breach.end - tss}"
        if not breach.what.startswith("GC ")
        else breach.what
        for breach in breaches[:4]
    ]
    return ", ".join(first) + (f" and {len(breaches) - 4} more" if len(breaches) > 4 else "")

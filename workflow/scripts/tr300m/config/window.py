"""The promoter window: its extent around the TSS, and the resolution at which motif scores along it are pooled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

# The release pools by 18 bp far upstream, and finer towards the TSS. Here are the first positions relative to the TSS
# (0) of each range but the first; downstream of the release's window the ranges are mirrored.
_STARTS = (-789, -309, -69, 51, 291, 771)
_FACTORS = (18, 6, 2, 1, 2, 6, 18)


@dataclass(frozen=True)
class Window:
    """Extent of the promoter window.

    Attributes
    ----------
    upstream, downstream
        Base pairs upstream and downstream of the TSS. The defaults are those of the release: see `arrays.genes.windows`
        for where the TSS lies in either edition.
    """

    upstream: int = 2772
    downstream: int = 50

    @property
    def width(self) -> int:
        """Base pairs of the window, with the TSS."""
        return self.upstream + 1 + self.downstream

    @classmethod
    def of(cls, section: Mapping[str, Any]) -> Self:
        """Build from the section `window` of the configuration."""
        return cls(section["upstream"], section["downstream"])

    @property
    def schedule(self) -> tuple[tuple[int, int], ...]:
        """Segments (base pairs, pooling factor), upstream to downstream.

        The pooling of the release around the TSS, mirrored downstream; for the release's window it is the release's.
        A segment at an end that is shorter than its factor is joined to the next one.
        """
        starts = (-self.upstream, *_STARTS)
        ends = (*_STARTS, self.downstream + 1)
        segments = [
            (min(end, self.downstream + 1) - max(start, -self.upstream), factor)
            for start, end, factor in zip(starts, ends, _FACTORS, strict=True)
            if min(end, self.downstream + 1) > max(start, -self.upstream)
        ]
        for end, neighbour in ((0, 1), (-1, -2)):
            if len(segments) > 1 and segments[end][0] < segments[end][1]:
                segments[neighbour] = (segments[neighbour][0] + segments[end][0], segments[neighbour][1])
                del segments[end]
        return tuple(segments)


def schedule_problems(pooling: Sequence[Sequence[int]] | None, window: Window) -> list[str]:
    """Return what is wrong with a configured pooling schedule: it must cover the window; None is the window's own."""
    if pooling is None:
        return []
    total = sum(length for length, _ in pooling)
    found = [f"a segment of {length} bp is pooled by {factor}" for length, factor in pooling if length < factor]
    if total != window.width:
        found.append(f"the segments add up to {total} bp, the window has {window.width}")
    return [f"`network: pooling`: {problem}; write [base pairs, factor] for each segment" for problem in found]

"""Progress of long work: a bar on a terminal, a line every few seconds in a log."""

import sys
from collections.abc import Iterable, Iterator
from typing import Never, TextIO, TypeVar

from tqdm import tqdm

T = TypeVar("T")
SECONDS_BETWEEN_LINES = 5.0


class _Lines:
    """A stream for tqdm that ends each update with a newline instead of redrawing it."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> None:
        text = text.strip("\r\n ")
        if text:
            self.stream.write(text + "\n")

    def flush(self) -> None:
        self.stream.flush()


def bar(total: int | None, what: str, unit: str) -> "tqdm[Never]":
    """Open a progress meter to update by hand; use it in a `with` statement.

    Parameters
    ----------
    total
        Units of work, or None where unknown.
    what
        What is being done, shown first.
    unit
        Name of a unit of work, for the rate.
    """
    terminal = sys.stderr.isatty()
    return tqdm(
        total=total,
        desc=what,
        unit=f" {unit}",
        unit_scale=True,
        file=sys.stderr if terminal else _Lines(sys.stderr),
        mininterval=0.5 if terminal else SECONDS_BETWEEN_LINES,
        maxinterval=1.0 if terminal else SECONDS_BETWEEN_LINES,
        miniters=1,
        # Short work leaves no lines in a log.
        delay=0 if terminal else SECONDS_BETWEEN_LINES,
        ascii=True,
        # A second bar on a terminal stands below the first; in a log there is no below.
        position=None if terminal else 0,
        bar_format=None if terminal else "{desc}: {n_fmt} of {total_fmt} ({rate_fmt}, {remaining} left)",
    )


def progress(items: Iterable[T], *, total: int | None, what: str, unit: str) -> Iterator[T]:
    """Yield `items`, showing how many are done, the rate and the time left on stderr."""
    with bar(total, what, unit) as meter:
        for item in items:
            yield item
            meter.update()


def log(line: str) -> None:
    """Print a line to stderr at once."""
    print(line, file=sys.stderr, flush=True)

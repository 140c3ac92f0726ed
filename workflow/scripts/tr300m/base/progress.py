"""Progress of long tasks: a bar on a terminal, a line every few seconds in a log."""

import sys
from collections.abc import Iterable, Iterator
from typing import Never, TextIO, TypeVar

from tqdm import tqdm

_T = TypeVar("_T")
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
    """Return a progress bar, to be updated by the caller and used in a `with` statement.

    Parameters
    ----------
    total
        Number of units of work, or None if unknown.
    what
        Name of the task, shown first.
    unit
        Name of a unit of work, shown with the rate.
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
        # Short tasks print nothing to a log.
        delay=0 if terminal else SECONDS_BETWEEN_LINES,
        ascii=True,
        # On a terminal a second bar is drawn below the first; a log has no such position.
        position=None if terminal else 0,
        bar_format=None if terminal else "{desc}: {n_fmt} of {total_fmt} ({rate_fmt}, {remaining} left)",
    )


def progress(items: Iterable[_T], *, total: int | None, what: str, unit: str) -> Iterator[_T]:
    """Yield `items` and show on stderr how many are done, the rate and the remaining time."""
    with bar(total, what, unit) as meter:
        for item in items:
            yield item
            meter.update()


def log(line: str) -> None:
    """Print a line to stderr at once."""
    print(line, file=sys.stderr, flush=True)

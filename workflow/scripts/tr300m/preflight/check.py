"""The result of a check, and the table of results."""

from collections.abc import Sequence
from dataclasses import dataclass

# If more sources have the same problem, they are counted and not named.
_MOST_NAMES = 3


@dataclass(frozen=True)
class Check:
    """Result of one check.

    Attributes
    ----------
    what
        What was checked: a source, a split, a disk or the memory.
    size
        Bytes that it has or needs, or None if unknown.
    state
        State that was found.
    problem
        Why the workflow would fail and what to do; empty if it would not fail.
    to_fetch
        Bytes that remain to be downloaded.
    """

    what: str
    size: int | None
    state: str
    problem: str = ""
    to_fetch: int = 0


def render(checks: Sequence[Check]) -> str:
    """Return the checks as an aligned table, followed by a list of the problems."""
    names = [check.what for check in checks]
    sizes = ["" if check.size is None else f"{check.size:,}" for check in checks]
    widths = max(map(len, names)), max(map(len, [*sizes, "bytes"]))
    lines = [f"{'what':<{widths[0]}}  {'bytes':>{widths[1]}}  found"]
    for name, size, check in zip(names, sizes, checks, strict=True):
        lines.append(f"{name:<{widths[0]}}  {size:>{widths[1]}}  {check.state}")
    problems: dict[str, list[str]] = {}
    for check in checks:
        if check.problem:
            problems.setdefault(check.problem, []).append(check.what)
    if problems:
        lines += ["", f"{len(problems)} problem(s):"]
        lines += [f"  - {_some(names)}: {problem}" for problem, names in problems.items()]
    return "\n".join(lines)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= _MOST_NAMES else f"{names[0]} and {len(names) - 1} more"

"""Write tables as TSV and Markdown, and print them on a console."""

import textwrap
from collections.abc import Sequence
from pathlib import Path

from ..base.files import atomic_path, write_tsv
from .metric_table import INTERVAL_SUFFIX, UNSHARED, Columns

HEADER_WIDTH = 12


def write_table(
    path_tsv: Path | str,
    path_md: Path | str,
    columns: Columns,
    *,
    shown: Columns | None = None,
    notes: Sequence[str] = (),
    simulated: bool = False,
    words: bool = False,
) -> None:
    """Write a table as TSV and as Markdown, atomically.

    Parameters
    ----------
    path_tsv, path_md
        Files to write.
    columns
        Column name to text, for the TSV.
    shown
        Columns for the Markdown, if they differ, such as with the thesis's values in brackets.
    notes
        Sentences above the Markdown table.
    simulated
        Whether the data are simulated; the Markdown then says so in bold at the top.
    words
        Whether the columns are words, aligned to the left, and not numbers.
    """
    write_tsv(path_tsv, columns)
    with atomic_path(path_md) as temporary:
        temporary.write_text(
            markdown(shown or columns, notes=notes, simulated=simulated, words=words), encoding="utf-8"
        )


def markdown(columns: Columns, *, notes: Sequence[str] = (), simulated: bool = False, words: bool = False) -> str:
    """Return a table as Markdown; see `write_table`."""
    sentences = ["**Simulated data**: these results test the workflow and say nothing about human genes."] * simulated
    # A bar inside a cell would start another column.
    lines = [
        "| " + " | ".join(text.replace("|", "\\|") for text in row) + " |"
        for row in zip(*columns.values(), strict=True)
    ]
    header = "| " + " | ".join(columns) + " |"
    rule = "|" + "|".join("---" if i == 0 or words else "---:" for i in range(len(columns))) + "|"
    return "\n".join([" ".join([*sentences, *notes]), "", header, rule, *lines]) + "\n"


def format_console(columns: Columns, first: int | None = None) -> str:
    """Return the table as aligned text for a terminal: labels to the left, numbers to the right, wrapped headers.

    Intervals are in the line below their values. The columns without shared promoters are left out, because they do not
    fit on a terminal, and so are all behind the `first` ones if it is given.
    """
    names = [name for name in columns if not name.endswith((INTERVAL_SUFFIX, UNSHARED))][:first]
    figures = {name: columns[name] for name in names}
    headers = [textwrap.wrap(name, HEADER_WIDTH, break_long_words=False) for name in figures]
    depth = max(map(len, headers))
    # Headers are aligned at the bottom, directly above the numbers.
    stacks = [[""] * (depth - len(header)) + header for header in headers]
    has_intervals = any(name + INTERVAL_SUFFIX in columns for name in names)
    bodies = [
        stack + _stacked(values, columns.get(name + INTERVAL_SUFFIX), has_intervals)
        for stack, (name, values) in zip(stacks, figures.items(), strict=True)
    ]
    widths = [max(map(len, body)) for body in bodies]
    lines = [
        "  ".join(
            text.ljust(width) if i == 0 else text.rjust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in zip(*bodies, strict=True)
    ]
    lines.insert(depth, "  ".join("-" * width for width in widths))
    return "\n".join(line.rstrip() for line in lines)


def _stacked(values: Sequence[str], ranges: Sequence[str] | None, two_lines: bool) -> list[str]:
    """Return the cells of a column from top to bottom, each followed by its interval if the table has intervals."""
    if not two_lines:
        return list(values)
    below = [""] * len(values) if ranges is None else [text.replace("undefined", "") for text in ranges]
    return [text for pair in zip(values, below, strict=True) for text in pair]

"""Table 1 of the thesis from metrics: as columns of text, TSV, Markdown beside the thesis's, and for a console."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from .errors import TR300MError
from .io import atomic_path, read_tsv, write_tsv

Metrics = Mapping[str, float | int]
Columns = Mapping[str, Sequence[str]]

LABEL = "Model Architecture"
# The thesis prints these in percent with one decimal.
PERCENT = {
    "pearson": "Pearson Correlation",
    "log_pearson": "Log Pearson Correlation",
    "spearman": "Spearman Correlation",
    "log_r2": "Log R2",
    "accuracy": "Accuracy",
}
# Not in the thesis's table, hence behind its columns.
OTHERS = {"nll": "NLL", "pairs": "Pairs"}
THESIS_TABLE1 = "Table 1 (percent/100)"
UNITS = "Correlations, Log R2 and Accuracy in percent; NLL is the mean in nat."
HEADER_WIDTH = 12


def table1(rows: Sequence[tuple[str, Metrics]]) -> dict[str, list[str]]:
    """Format Table 1.

    Parameters
    ----------
    rows
        Label of the run and its metrics as `metrics.evaluate` gives them (fractions, not percents), first row on top.

    Returns
    -------
    dict
        Column name to text [row]: the thesis's columns in its order, in percent with one decimal, then NLL with three
        decimals and the number of pairs. A metric that is NaN reads "undefined".

    Raises
    ------
    TR300MError
        If there is no row, or a row lacks a metric.
    """
    if not rows:
        raise TR300MError("Table 1 has no rows", "name at least one run in the run table")
    for label, metrics in rows:
        missing = [key for key in (*PERCENT, *OTHERS) if key not in metrics]
        if missing:
            raise TR300MError(f"row {label!r} lacks {', '.join(missing)}", "make its metrics file again")
    columns = {LABEL: [label for label, _ in rows]}
    columns |= {name: [percent(metrics[key]) for _, metrics in rows] for key, name in PERCENT.items()}
    columns["NLL"] = [number(metrics["nll"], 3) for _, metrics in rows]
    columns["Pairs"] = [str(int(metrics["pairs"])) for _, metrics in rows]
    return columns


def percent(fraction: float) -> str:
    """Return a fraction as percent with one decimal and no sign, as the thesis prints it."""
    return number(100 * fraction, 1)


def number(value: float, decimals: int) -> str:
    """Return a rounded number, "undefined" for NaN; never "-0.0"."""
    return "undefined" if math.isnan(value) else f"{value:z.{decimals}f}"


def read_thesis(path: Path | str, source: str = THESIS_TABLE1) -> dict[str, dict[str, float]]:
    """Read the thesis's figures.

    Parameters
    ----------
    path
        `resources/thesis_results.tsv`.
    source
        Which rows, by their column `source`; Table 1 as printed unless told otherwise.

    Returns
    -------
    dict
        Architecture key to metric to fraction.

    Raises
    ------
    TR300MError
        If a column is missing, no row has that source, or an architecture has two.
    """
    columns = read_tsv(path)
    missing = [name for name in ("architecture", "source", *PERCENT) if name not in columns]
    if missing:
        raise TR300MError(f"{path} lacks the columns {', '.join(missing)}", "restore it from the repository")
    thesis: dict[str, dict[str, float]] = {}
    for row, (key, row_source) in enumerate(zip(columns["architecture"], columns["source"], strict=True)):
        if row_source != source:
            continue
        if key in thesis:
            raise TR300MError(f"{path}: two rows for {key}, {source}", "keep one, or give them different sources")
        thesis[str(key)] = {name: float(columns[name][row]) for name in PERCENT}
    if not thesis:
        raise TR300MError(f"{path} has no row with source {source!r}", "see its column `source`")
    return thesis


def thesis_row(label: str, thesis: Mapping[str, Metrics]) -> Metrics | None:
    """Return the thesis's figures for a row, by its label or the architecture key its label spells, or None.

    "Seq + TF" finds the key ``seq_tf``. "Seq + TF, levels permuted" finds nothing, as the thesis trained no such model.
    """
    return thesis.get(label, thesis.get("_".join(label.lower().split(" + "))))


def write_table(
    path_tsv: Path | str,
    path_md: Path | str,
    columns: Columns,
    *,
    thesis: Mapping[str, Metrics] | None = None,
    caption: str = "",
    simulated: bool = False,
) -> None:
    """Write Table 1 as TSV and as Markdown, atomically.

    Parameters
    ----------
    path_tsv, path_md
        Files to write.
    columns
        From `table1`. The TSV holds these alone.
    thesis
        From `read_thesis`: the Markdown then gives the thesis's figure in brackets behind ours.
    caption
        Text above the Markdown table, such as "Validation pairs".
    simulated
        Whether the data are simulated: the Markdown then opens with it, in bold.
    """
    write_tsv(path_tsv, columns)
    with atomic_path(path_md) as temporary:
        temporary.write_text(markdown(columns, thesis=thesis, caption=caption, simulated=simulated), encoding="utf-8")


def markdown(
    columns: Columns, *, thesis: Mapping[str, Metrics] | None = None, caption: str = "", simulated: bool = False
) -> str:
    """Return Table 1 as Markdown; the parameters are those of `write_table`."""
    paragraph = []
    if simulated:
        paragraph.append("**Simulated data**: these figures test the workflow and say nothing about human genes.")
    if caption:
        paragraph.append(caption if caption.endswith((".", "!", "?")) else caption + ".")
    paragraph.append(UNITS)
    found = [thesis_row(label, thesis) if thesis else None for label in columns[LABEL]]
    if any(found):
        real = " (real data, validation pairs)" if simulated else " (validation pairs)"
        paragraph.append(f"In brackets: the thesis's Table 1 as printed{real}.")
    cells = {name: list(values) for name, values in columns.items()}
    for row, printed in enumerate(found):
        if printed:
            for key, name in PERCENT.items():
                cells[name][row] += f" ({percent(printed[key])})"
    # A bar inside a label would open another column.
    lines = [
        "| " + " | ".join(text.replace("|", "\\|") for text in row) + " |" for row in zip(*cells.values(), strict=True)
    ]
    header = "| " + " | ".join(cells) + " |"
    rule = "|" + "|".join("---" if name == LABEL else "---:" for name in cells) + "|"
    return "\n".join([" ".join(paragraph), "", header, rule, *lines]) + "\n"


def format_console(columns: Columns) -> str:
    """Return the table as aligned text for a terminal: labels to the left, numbers to the right, wrapped headers."""
    headers = [textwrap.wrap(name, HEADER_WIDTH, break_long_words=False) for name in columns]
    depth = max(map(len, headers))
    # Headers sit on the line above the numbers, so that short ones are not lost at the top.
    stacks = [[""] * (depth - len(header)) + header for header in headers]
    bodies = [stack + list(values) for stack, values in zip(stacks, columns.values(), strict=True)]
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

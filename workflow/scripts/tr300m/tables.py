"""Tables of metrics: as columns of text, TSV, Markdown beside the thesis's figures, and for a console."""

import math
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from .errors import TR300MError
from .intervals import Interval
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
HEADLINE = "log_pearson"
# Not in the thesis's table, hence behind its columns.
OTHERS = {"nll": "NLL", "pairs": "Pairs"}
INTERVAL = ", 95 % interval"
"""Behind a column's name: the column of its intervals."""
THESIS_TABLE1 = "Table 1 (percent/100)"
THESIS_TABLE2 = "Table 2 (percent/100)"
UNITS = "Correlations, Log R2 and Accuracy in percent; NLL is the mean in nat."
INTERVALS = (
    "In square brackets: 95 % interval of a bootstrap that draws genes, those that share a promoter together, and "
    "donors with all their samples."
)
UNSHARED = "without shared promoters"
"""Behind a column's name: of the genes that share a promoter with no gene that trains."""
UNSHARED_NOTE = f"The columns {UNSHARED} leave out the genes that share a promoter with a training gene."
HEADER_WIDTH = 12


def metric_table(
    rows: Sequence[tuple[str, Metrics]], intervals: Sequence[Mapping[str, Interval]] | None = None
) -> dict[str, list[str]]:
    """Format a table of metrics, such as Table 1.

    Parameters
    ----------
    rows
        Label of the model and its metrics as `metrics.evaluate` gives them (fractions, not percents), first row on top.
    intervals
        Per row, metric name to interval; None for a table without.

    Returns
    -------
    dict
        Column name to text [row]: the thesis's columns in its order, in percent with one decimal, then NLL with three
        decimals and the number of pairs, then the intervals of each. What is NaN or missing reads "undefined".

    Raises
    ------
    TR300MError
        If there is no row, or a row lacks a metric.
    """
    if not rows:
        raise TR300MError("a table of metrics has no rows", "name at least one run in the run table")
    for label, metrics in rows:
        check_metrics(label, metrics, (*PERCENT, *OTHERS))
    columns = {LABEL: [label for label, _ in rows]}
    columns |= {name: [percent(metrics[key]) for _, metrics in rows] for key, name in PERCENT.items()}
    columns["NLL"] = [nat(metrics["nll"]) for _, metrics in rows]
    columns["Pairs"] = [str(int(metrics["pairs"])) for _, metrics in rows]
    if intervals is not None:
        undefined = Interval(math.nan, math.nan)
        for key, name in (PERCENT | {"nll": "NLL"}).items():
            text = nat if key == "nll" else percent
            columns[name + INTERVAL] = [range_text(row.get(key, undefined), text) for row in intervals]
    return columns


def unshared_columns(metrics: Sequence[Metrics], intervals: Sequence[Mapping[str, Interval]]) -> dict[str, list[str]]:
    """Return the log Pearson correlation of the pairs without shared promoters, in percent, its interval and the pairs.

    Parameters
    ----------
    metrics, intervals
        Of these pairs [row], otherwise as `metric_table` takes them.
    """
    name = f"{PERCENT[HEADLINE]} {UNSHARED}"
    return {
        name: [percent(row[HEADLINE]) for row in metrics],
        f"Pairs {UNSHARED}": [str(int(row["pairs"])) for row in metrics],
        name + INTERVAL: [range_text(row[HEADLINE]) for row in intervals],
    }


def check_metrics(label: str, metrics: Metrics, keys: Iterable[str]) -> None:
    """Raise TR300MError if a row's metrics lack any of `keys`."""
    missing = [key for key in keys if key not in metrics]
    if missing:
        raise TR300MError(f"row {label!r} lacks {', '.join(missing)}", "make its metrics file again")


def percent(fraction: float) -> str:
    """Return a fraction as percent with one decimal and no sign, as the thesis prints it."""
    return number(100 * fraction, 1)


def nat(value: float) -> str:
    """Return an NLL with three decimals."""
    return number(value, 3)


def range_text(interval: Interval, text: Callable[[float], str] = percent) -> str:
    """Return an interval as text, its bounds by `text`; "undefined" if it is."""
    return "undefined" if math.isnan(interval.low) else f"{text(interval.low)} to {text(interval.high)}"


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


def standing(run: str, runs: Mapping[str, Metrics], key: str = "log_pearson") -> str:
    """Return a sentence that says where a run stands among `runs` (metrics by name) by one metric."""
    name = PERCENT[key]
    value = runs[run][key]
    others = {other: metrics[key] for other, metrics in runs.items() if other != run and not math.isnan(metrics[key])}
    if math.isnan(value) or not others:
        return f"On validation its {name} is {percent(value)}; there is nothing to compare it with."
    best = max(others, key=lambda other: others[other])
    won = "the best" if value > others[best] else "not the best"
    return (
        f"On validation its {name} is {percent(value)}, {won} of {len(others) + 1}: "
        f"the best other run, `{best}`, reaches {percent(others[best])}."
    )


def beside_thesis(columns: Columns, thesis: Mapping[str, Metrics]) -> dict[str, list[str]]:
    """Return the columns with the thesis's figure in brackets behind ours, in the rows that the thesis has."""
    cells = {name: list(values) for name, values in columns.items()}
    for row, label in enumerate(columns[LABEL]):
        printed = thesis_row(label, thesis)
        if printed:
            for key, name in PERCENT.items():
                cells[name][row] += f" ({percent(printed[key])})"
    return cells


def fold_intervals(columns: Columns) -> dict[str, list[str]]:
    """Return the columns with each interval in square brackets behind its figure instead of in a column of its own."""
    folded = {}
    for name, values in columns.items():
        if name.endswith(INTERVAL):
            continue
        ranges = columns.get(name + INTERVAL, [""] * len(values))
        folded[name] = [
            f"{value} [{text}]" if text not in ("", "undefined") else value
            for value, text in zip(values, ranges, strict=True)
        ]
    return folded


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
        Column name to text; the TSV holds these.
    shown
        What the Markdown shows instead, such as the same with the thesis's figures in brackets.
    notes
        Sentences above the Markdown table.
    simulated
        Whether the data are simulated: the Markdown then opens with it, in bold.
    words
        Whether the columns hold words, aligned left, rather than numbers.
    """
    write_tsv(path_tsv, columns)
    with atomic_path(path_md) as temporary:
        temporary.write_text(
            markdown(shown or columns, notes=notes, simulated=simulated, words=words), encoding="utf-8"
        )


def markdown(columns: Columns, *, notes: Sequence[str] = (), simulated: bool = False, words: bool = False) -> str:
    """Return a table as Markdown; the parameters are those of `write_table`."""
    sentences = ["**Simulated data**: these figures test the workflow and say nothing about human genes."] * simulated
    # A bar inside a cell would open another column.
    lines = [
        "| " + " | ".join(text.replace("|", "\\|") for text in row) + " |"
        for row in zip(*columns.values(), strict=True)
    ]
    header = "| " + " | ".join(columns) + " |"
    rule = "|" + "|".join("---" if i == 0 or words else "---:" for i in range(len(columns))) + "|"
    return "\n".join([" ".join([*sentences, *notes]), "", header, rule, *lines]) + "\n"


def format_console(columns: Columns) -> str:
    """Return the table as aligned text for a terminal: labels to the left, numbers to the right, wrapped headers.

    Intervals stand in the line below their figures. The columns without shared promoters, too many for a terminal, are
    left out.
    """
    figures = {name: values for name, values in columns.items() if not name.endswith((INTERVAL, UNSHARED))}
    headers = [textwrap.wrap(name, HEADER_WIDTH, break_long_words=False) for name in figures]
    depth = max(map(len, headers))
    # Headers sit on the line above the numbers, so that short ones are not lost at the top.
    stacks = [[""] * (depth - len(header)) + header for header in headers]
    bodies = [
        stack + _stacked(values, columns.get(name + INTERVAL), any(name.endswith(INTERVAL) for name in columns))
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
    """Return the cells of a column from top to bottom, each followed by its interval where the table has any."""
    if not two_lines:
        return list(values)
    below = [""] * len(values) if ranges is None else [text.replace("undefined", "") for text in ranges]
    return [text for pair in zip(values, below, strict=True) for text in pair]

"""Reliability figures: whether predicted intervals contain the nominal share of observed values (randomised PIT)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator

from ...base.errors import TR300MError
from ...base.files import read_tsv
from ...base.types import Floats
from ...evaluation.calibration import COVERAGES
from ..metric_table import percent
from . import style as theme
from .canvas import new_figure

_PANELS_PER_ROW = 4
"""Number of panels per row of the comparison."""
_READING = "Below each name: observed values in the 50 % and the 90 % interval. Grey: the other runs"
# Smallest height of the histogram, so that small differences do not fill the panel.
LEAST_HEIGHT = 1.5


class Histogram(NamedTuple):
    """Histogram of PIT values: bounds of the bins, and share of the pairs, each [bin]."""

    low: Floats
    high: Floats
    share: Floats


class Coverage(NamedTuple):
    """Coverage of central intervals: their probability, ascending, and the share of observed values inside."""

    probability: Floats
    observed: Floats


def read_histogram(path: Path | str) -> Histogram:
    """Read a run's `pit.tsv`.

    Raises
    ------
    TR300MError
        If a column is missing, a value is not a number, or there is no row.
    """
    return Histogram(*_numbers(path, ("from", "to", "share")))


def read_coverage(path: Path | str) -> Coverage:
    """Read a run's `coverage.tsv`.

    Raises
    ------
    TR300MError
        If a column is missing, a value is not a number, there is no row, or a probability of `calibration.COVERAGES` is
        missing.
    """
    found = Coverage(*_numbers(path, ("probability", "coverage")))
    if missing := [f"{value:g}" for value in COVERAGES if value not in found.probability]:
        raise TR300MError(f"{path} has no row of probability {' and '.join(missing)}", "delete it and run again")
    return found


def read_pit_mean(path: Path | str) -> float:
    """Read the mean PIT of a run's `calibration.tsv`.

    Raises
    ------
    TR300MError
        If the row is missing.
    """
    table = read_tsv(path)
    rows: Mapping[str, str] = dict(zip(table.get("quantity", ()), table.get("value", ()), strict=False))
    try:
        return float(rows["pit_mean"])
    except (KeyError, ValueError):
        raise TR300MError(f"{path} has no pit_mean", "delete it and run again") from None


def held(coverage: Coverage) -> list[str]:
    """Return the percent of observed values in each of the intervals of `calibration.COVERAGES`."""
    return [percent(coverage.observed[coverage.probability == value][0]) for value in COVERAGES]


def statement(coverage: Coverage) -> str:
    """Return the coverage of the intervals of `calibration.COVERAGES`, for a title."""
    shares = zip(COVERAGES, held(coverage), strict=True)
    return ", ".join(f"{100 * value:g} % intervals contain {share} %" for value, share in shares)


def reliability_panels(
    histogram: Histogram, coverage: Coverage, pit_mean: float, name: str, *, subtitle: str = ""
) -> Figure:
    """Draw the calibration of one run: its PIT histogram, and nominal against observed coverage.

    Parameters
    ----------
    histogram, coverage, pit_mean
        Results of this module's readers.
    name
        Name of the run, for the title.
    subtitle
        Text below the title.
    """
    with theme.looks():
        figure = new_figure(10.0, 5.0, f"{name}: {statement(coverage)} of observed values", subtitle)
        pit, curve = figure.subplots(1, 2)
        _draw_histogram(pit, histogram)
        pit.set_title(f"Mean PIT {pit_mean:.3f} (calibrated: 0.500)")
        _draw_coverage(curve, coverage)
        curve.set_xlabel("Probability of the central interval (%)")
        curve.set_ylabel("Observed values in it (%)")
        curve.set_title("Coverage (calibrated: the diagonal)")
        curve.text(4, 94, "above: underconfident", color=theme.GREY)
        curve.text(97, 3, "below: overconfident", color=theme.GREY, ha="right")
    return figure


def reliability_comparison(runs: Sequence[tuple[str, Coverage]], *, subtitle: str = "") -> Figure:
    """Draw the coverage curves of several runs, with one panel each and the other runs in grey behind.

    Parameters
    ----------
    runs
        Label and coverage of each run, in the order of the panels. The title names the run nearest to the diagonal.
    subtitle
        Text below the title.

    Raises
    ------
    TR300MError
        If there is no run.
    """
    if not runs:
        raise TR300MError("the comparison of calibrations has no runs", "name at least one run in the run table")
    columns = min(_PANELS_PER_ROW, len(runs))
    rows = -(-len(runs) // columns)
    distances = [float(np.abs(coverage.observed - coverage.probability).max()) for _, coverage in runs]
    nearest = int(np.argmin(distances))
    title = f"Nearest to calibrated: {runs[nearest][0]}, within {percent(distances[nearest])} percentage points"
    with theme.looks():
        figure = new_figure(max(9.5, 0.6 + 2.4 * columns), 1.3 + 2.7 * rows, title, f"{_READING}\n{subtitle}")
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for panel, (label, coverage) in zip(grid.flat, runs, strict=False):
            for _, other in runs:
                panel.plot(100 * other.probability, 100 * other.observed, color=theme.LIGHT_GREY, linewidth=1)
            _draw_coverage(panel, coverage)
            panel.set_title(f"{label}\n{' and '.join(f'{share} %' for share in held(coverage))}")
        for panel in list(grid.flat)[len(runs) :]:
            panel.set_visible(False)
        for panel in grid[-2, len(runs) % columns :] if len(runs) % columns else ():
            panel.tick_params(labelbottom=True)  # there are no panels below these
        figure.supxlabel("Probability of the central interval (%)", size=9)
        figure.supylabel("Observed values in it (%)", size=9)
    return figure


def _numbers(path: Path | str, names: Sequence[str]) -> list[Floats]:
    """Read columns of numbers with at least one row."""
    table = read_tsv(path)
    missing = [name for name in names if name not in table]
    if missing:
        raise TR300MError(f"{path} lacks the columns {', '.join(missing)}", "delete it and run again")
    try:
        columns = [table[name].astype(np.float64) for name in names]
    except ValueError as error:
        raise TR300MError(f"{path}: {error}", "delete it and run again") from None
    if columns[0].size == 0 or not np.isfinite(columns).all():
        raise TR300MError(f"{path} has no rows, or rows without a value", "delete it and run again")
    return columns


def _draw_histogram(panel: Axes, histogram: Histogram) -> None:
    """Draw each bin's share, relative to that of a calibrated model, which is the width of the bin."""
    widths = histogram.high - histogram.low
    heights = histogram.share / widths
    panel.bar(histogram.low, heights, widths, align="edge", color=theme.BLUE, edgecolor="white", linewidth=0.6)
    panel.axhline(1, color=theme.BLACK, linewidth=1, zorder=3)
    panel.set(xlim=(0, 1), ylim=(0, max(LEAST_HEIGHT, 1.08 * float(heights.max()))))
    panel.set_xlabel("PIT: predicted probability of less than the observed TPM")
    panel.set_ylabel("Share of pairs, calibrated = 1")
    panel.grid(axis="x", visible=False)


def _draw_coverage(panel: Axes, coverage: Coverage) -> None:
    """Draw nominal against observed coverage in percent, with the diagonal, and points at `COVERAGES`."""
    panel.plot([0, 100], [0, 100], color=theme.BLACK, linewidth=1, zorder=1.5)
    panel.plot(100 * coverage.probability, 100 * coverage.observed, color=theme.BLUE, zorder=3)
    marked = np.isin(coverage.probability, COVERAGES)
    panel.plot(
        100 * coverage.probability[marked],
        100 * coverage.observed[marked],
        "o",
        color=theme.BLUE,
        markersize=5,
        zorder=4,
    )
    panel.set(xlim=(0, 100), ylim=(0, 100), aspect="equal")
    panel.xaxis.set_major_locator(MultipleLocator(25))
    panel.yaxis.set_major_locator(MultipleLocator(25))

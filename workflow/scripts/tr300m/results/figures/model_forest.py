"""All models as a forest plot: networks, factorised models, external predictions and baselines, by split."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...base.errors import TR300MError
from ...base.types import Floats
from ...config.architectures import FACTORISED_FAMILY, PAIRWISE_FAMILY
from ...config.evaluated import ModelRow
from ..metric_table import HEADLINE_METRIC, OWN_TABLES, check_metrics, percent
from ..model_table import HEADLINE, ScoredModel, sections
from . import style as theme
from .canvas import new_figure
from .forest_rows import Row, draw_rows, finish_panel, head_rows

FAMILY_COLORS = {
    PAIRWISE_FAMILY: theme.BLUE,
    FACTORISED_FAMILY: theme.VERMILLION,
    "external": theme.PURPLE,
    "baseline": theme.GREY,
}
"""Color by family of models."""
# Rows left free above the heading of a second split; a second part is drawn so many rows below the first.
_GAP, _DROP = 0.5, 0.3


def model_forest(scored: Sequence[ScoredModel], *, subtitle: str = "") -> Figure:
    """Draw the headline metrics of all models as points with 95 % intervals, one panel a metric and one line a model.

    Parameters
    ----------
    scored
        Rows of the table of all models. Those of one split are drawn below each other, the best one first; the title
        names the best one of the first split.
    subtitle
        Text below the title.

    Raises
    ------
    TR300MError
        If there is no row, or a row lacks a metric.
    """
    if not scored:
        raise TR300MError("the figure of all models has no rows", "name at least one run in the run table")
    for one in scored:
        check_metrics(one.row.label, one.model.metrics, HEADLINE)
    heights, headings = _places(scored)
    last = max(heights.values())
    with theme.looks():
        figure = new_figure(13.0, 2.0 + 0.5 * (last + 1), _best_of(scored), subtitle)
        panels = figure.subplots(1, len(HEADLINE), sharey=True, squeeze=False)[0]
        for panel, key in zip(panels, HEADLINE, strict=True):
            finish_panel(
                panel, np.concatenate([_draw_family(panel, scored, heights, key, name) for name in FAMILY_COLORS])
            )
            panel.set_title(OWN_TABLES[key].replace(" Correlation", ""))
            for height in headings.values():
                panel.axhline(height - 0.4, color=theme.LIGHT_GREY, linewidth=0.8)
        label = {_line(one.row): one.row.label for one in scored}
        panels[0].set_yticks(list(heights.values()), [label[line] for line in heights])
        panels[0].set_ylim(last + 0.8, -1.6)
        for split, height in headings.items():
            head_rows(panels[0], f"split `{split}`", height, theme.BLACK)
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower right", ncols=4, frameon=False)
    return figure


def _line(row: ModelRow) -> tuple[str, str, str]:
    """Return what the parts of a model on a split have in common."""
    return row.split, row.family, row.model


def _places(scored: Sequence[ScoredModel]) -> tuple[dict[tuple[str, str, str], float], dict[str, float]]:
    """Return the height of each line, and that of the heading of each split."""
    heights: dict[tuple[str, str, str], float] = {}
    headings: dict[str, float] = {}
    place = -1.0
    for section in sections(scored):
        for one in section:
            if _line(one.row) in heights:
                continue
            if one.row.split not in headings:
                place += _GAP if headings else 0
                headings[one.row.split] = place
                place += 1
            heights[_line(one.row)] = place
            place += 1
    return heights, headings


def _draw_family(
    panel: Axes, scored: Sequence[ScoredModel], heights: dict[tuple[str, str, str], float], key: str, family: str
) -> Floats:
    """Draw one metric of the models of a family on both parts; return all drawn values in percent."""
    drawn = [np.empty(0)]
    lines = {_line(one.row) for one in scored if one.row.part == "validation"}
    for part in ("validation", "test"):
        chosen = [one for one in scored if (one.row.family, one.row.part) == (family, part)]
        # Where there is no validation part the test part takes its place.
        below = np.array([_DROP * (part == "test" and _line(one.row) in lines) for one in chosen])
        rows = [Row(one.row.label, one.model.metrics, one.model.draws.intervals()) for one in chosen]
        for numbered in (True, False):
            kept = np.flatnonzero((below == 0) == numbered)
            if kept.size:
                places = np.array([heights[_line(chosen[index].row)] for index in kept]) + below[kept]
                shown = [rows[index] for index in kept]
                name = f"{family}, {part}" if numbered or not (below == 0).any() else ""
                drawn.append(
                    draw_rows(
                        panel, shown, places, key, FAMILY_COLORS[family], name, hollow=part == "test", numbers=numbered
                    )
                )
    return np.concatenate(drawn)


def _best_of(scored: Sequence[ScoredModel]) -> str:
    """Return a title with the best row of the first split and part, and its log Pearson correlation."""
    best = next(sections(scored))[0]
    value = best.model.metrics[HEADLINE_METRIC]
    if np.isnan(value):
        return "All models: none has a log Pearson correlation"
    return (
        f"All models: best log Pearson on {best.row.part} of `{best.row.split}` is {best.row.label}, {percent(value)} %"
    )

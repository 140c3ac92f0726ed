"""The forest plot of Table 1: where its points, intervals and the thesis's markers are."""

import numpy as np
from helpers.drawn import texts, titles
from helpers.fixtures import Refuses, says
from matplotlib.axes import Axes
from tr300m.metrics.intervals import Interval
from tr300m.results.figures.forest_rows import Row
from tr300m.results.figures.table1_forest import best_of, table1_forest
from tr300m.results.metric_table import PERCENT

NAN = float("nan")
SEQ = {"pearson": NAN, "log_pearson": 0.312, "spearman": 0.33, "log_r2": -0.188, "accuracy": 0.628}
INTERVALS = {"log_pearson": Interval(0.25, 0.375), "pearson": Interval(NAN, NAN)}
TF = SEQ | {"log_pearson": 0.5}


def segments(panel: Axes) -> list[list[float]]:
    """Return height, low and high end of each interval that is drawn."""
    return [
        [float(y0), float(x0), float(x1)]
        for collection in panel.collections
        for (x0, y0), (x1, _) in filter(len, collection.get_segments())  # empty where undefined
    ]


def test_points_intervals_and_the_thesis() -> None:
    rows = [Row("Seq", SEQ, INTERVALS), Row("Seq, levels permuted", SEQ, {})]
    figure = table1_forest(rows, thesis={"seq": SEQ | {"log_pearson": 0.29}})
    assert titles(figure) == ["Pearson", "Log Pearson", "Spearman", "Log R2", "Accuracy"]
    panel = figure.axes[1]
    theirs, dots = panel.lines[:2]
    np.testing.assert_allclose(np.asarray(theirs.get_xdata()), [29.0, NAN])
    np.testing.assert_allclose(np.asarray(theirs.get_ydata()), [0.28, 1.28])
    assert theirs.get_markerfacecolor() == "white"
    np.testing.assert_allclose(np.asarray(dots.get_xdata()), [31.2, 31.2])
    np.testing.assert_allclose(np.asarray(dots.get_ydata()), [0, 1])
    assert segments(panel) == [[0, 25, 37.5]]
    assert segments(figure.axes[0]) == []
    theirs_label, ours_label = (text.get_text() for text in figure.legends[0].get_texts())
    assert says(theirs_label, "thesis", "Table 1") and says(ours_label, "95 %")
    # The Pearson correlation of both rows.
    assert texts(figure).splitlines().count("undefined") == 2
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["Seq", "Seq, levels permuted"]


def test_baselines_stand_below_a_gap() -> None:
    baselines = [Row("Sample median", SEQ, {"accuracy": Interval(0.5, 0.7)}), Row("Trees", TF, {})]
    figure = table1_forest([Row("Seq", SEQ, INTERVALS)], baselines)
    assert not figure.legends
    np.testing.assert_allclose(np.asarray(figure.axes[1].lines[2].get_xdata()), [31.2, 50])
    np.testing.assert_allclose(np.asarray(figure.axes[1].lines[2].get_ydata()), [2, 3])
    assert segments(figure.axes[4]) == [[2, 50, 70]]
    low, high = figure.axes[1].get_xlim()
    assert low < 25 < 50 < high
    assert "Baselines" in texts(figure).splitlines()
    bottom, top = figure.axes[0].get_ylim()
    assert bottom > 3 > 0 > top


def test_the_title_names_the_best_row() -> None:
    rows = [Row("Seq", SEQ, INTERVALS), Row("Seq + TF", TF, {"log_pearson": Interval(0.4321, 0.61)})]
    expected = best_of(rows)
    assert says(expected, "2", "Seq + TF", "50.0", "43.2", "61.0")
    assert expected in texts(table1_forest(rows, [Row("Better", SEQ | {"log_pearson": 0.9}, {})]))
    assert "Seq" not in best_of([Row("Seq", SEQ | {"log_pearson": NAN}, {})])
    assert says(best_of([Row("Seq", SEQ, {})]), "Seq", "undefined")


def test_close_figures_are_not_magnified() -> None:
    metrics = [dict.fromkeys(PERCENT, value) for value in (0.300, 0.301)]
    panel = table1_forest([Row("a", metrics[0], {}), Row("b", metrics[1], {})]).axes[0]
    low, high = panel.get_xlim()
    assert high - low >= 5


def test_refused_rows(refuses: Refuses) -> None:
    with refuses():
        table1_forest([])
    with refuses("'Seq'", "pearson"):
        table1_forest([Row("Seq", {}, {})])
    with refuses("'Trees'", "accuracy"):
        table1_forest([Row("Seq", SEQ, {})], [Row("Trees", {k: v for k, v in SEQ.items() if k != "accuracy"}, {})])

"""Reliability figures: what is read, what is drawn, what the titles say."""

import re
from pathlib import Path

import numpy as np
import pytest
from helpers.drawn import texts, titles
from helpers.fixtures import Refuses, says
from tr300m.base.files import write_tsv
from tr300m.evaluation.calibration import coverage_curve, pit_histogram
from tr300m.results.figures.calibration import (
    Coverage,
    Histogram,
    read_coverage,
    read_histogram,
    read_pit_mean,
    reliability_comparison,
    reliability_panels,
    statement,
)

# Distances from 1/2 of 0, 0.05, .. 0.45, each twice: the interval of probability p holds those of at most p / 2.
PIT = np.concatenate([0.5 - np.arange(10) / 20, 0.5 + np.arange(10) / 20])
COVERAGE = Coverage(np.array([0.25, 0.5, 0.9]), np.array([0.2, 0.4, 0.95]))
OTHER = Coverage(np.array([0.25, 0.5, 0.9]), np.array([0.25, 0.5, 0.92]))
HISTOGRAM = Histogram(np.array([0.0, 0.5]), np.array([0.5, 1.0]), np.array([0.75, 0.25]))


def test_files_come_back(tmp_path: Path) -> None:
    write_tsv(tmp_path / "pit.tsv", pit_histogram(PIT + 0.01, 4))
    write_tsv(tmp_path / "coverage.tsv", coverage_curve(PIT))
    low, high, share = read_histogram(tmp_path / "pit.tsv")
    np.testing.assert_allclose([low, high], [[0, 0.25, 0.5, 0.75], [0.25, 0.5, 0.75, 1]])
    assert share.sum() == pytest.approx(1)
    probability, observed = read_coverage(tmp_path / "coverage.tsv")
    np.testing.assert_allclose(probability, np.arange(1, 20) / 20)
    # Up to 0.25 there are six distances of ten, up to 0.45 all.
    assert observed[probability == 0.5] == 0.6
    assert observed[probability == 0.9] == 1
    write_tsv(tmp_path / "calibration.tsv", {"quantity": ["crps_mean", "pit_mean"], "value": ["3", "0.47"]})
    assert read_pit_mean(tmp_path / "calibration.tsv") == 0.47


def test_what_the_panels_of_a_run_hold() -> None:
    figure = reliability_panels(HISTOGRAM, COVERAGE, 0.4321, "seq_tf", subtitle="s")
    assert says(texts(figure), "seq_tf", "50 %", "40.0 %", "90 %", "95.0 %")
    assert says(titles(figure)[0], "0.432", "0.500")
    histogram, curve = figure.axes
    # Half of [0, 1] holds three quarters of the pairs: 1.5 times its share.
    assert [(bar.get_x(), bar.get_width(), bar.get_height()) for bar in histogram.patches] == [
        (0, 0.5, 1.5), (0.5, 0.5, 0.5),
    ]  # fmt: skip
    assert np.all(np.asarray(histogram.lines[0].get_ydata()) == 1)
    diagonal, line, points = curve.lines
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    np.testing.assert_allclose(np.asarray(line.get_xydata()), [[25, 20], [50, 40], [90, 95]])
    np.testing.assert_allclose(np.asarray(points.get_xydata()), [[50, 40], [90, 95]])


def test_comparison_has_a_panel_a_run() -> None:
    figure = reliability_comparison([("Seq", COVERAGE), ("Seq + TF", OTHER)], subtitle="s")
    assert says(titles(figure)[0], "Seq\n40.0 %", "95.0 %") and says(titles(figure)[1], "Seq + TF\n50.0 %", "92.0 %")
    assert re.search(r"Seq \+ TF\b.* 2\.0 ", texts(figure))
    for panel, own in zip(figure.axes, (COVERAGE, OTHER), strict=True):
        # Both runs pale, the diagonal, the run itself, its points.
        drawn = [np.asarray(line.get_ydata()) for line in panel.lines]
        assert len(drawn) == 5
        np.testing.assert_allclose(drawn[:2], [100 * COVERAGE.observed, 100 * OTHER.observed])
        np.testing.assert_allclose(drawn[3], 100 * own.observed)


def test_panels_wrap_and_none_is_empty() -> None:
    figure = reliability_comparison([(str(i), COVERAGE) for i in range(7)])
    assert [axes.get_visible() for axes in figure.axes] == [True] * 7 + [False]


def test_statement() -> None:
    assert says(statement(OTHER), "50 %", "50.0 %", "90 %", "92.0 %")


def test_refused_files(tmp_path: Path, refuses: Refuses) -> None:
    path = tmp_path / "a.tsv"
    for columns, parts in (
        ({"probability": ["0.5"], "other": ["1"]}, ["coverage"]),
        ({"probability": ["0.5"], "coverage": ["x"]}, ["'x'"]),
        ({"probability": [], "coverage": []}, []),
        ({"probability": ["0.5", "0.9"], "coverage": ["nan", "1"]}, []),
        ({"probability": ["0.5"], "coverage": ["1"]}, ["0.9"]),
    ):
        write_tsv(path, columns)
        with refuses("/a.tsv", *parts):
            read_coverage(path)
    with refuses("from, to, share"):
        read_histogram(path)
    for columns in ({"quantity": ["a"], "value": ["1"]}, {"quantity": ["pit_mean"], "value": ["x"]}, {"value": ["1"]}):
        write_tsv(path, columns)
        with refuses("pit_mean"):
            read_pit_mean(path)
    with refuses():
        reliability_comparison([])

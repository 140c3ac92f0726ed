"""The four panels of a run: what they hold, odd histories, the thesis's curves behind."""

import itertools
from pathlib import Path

import numpy as np
import pytest
from helpers.drawn import history, nothing_is_cut_off, pairs, texts, titles
from helpers.fixtures import Refuses, says
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from tr300m.base.files import read_tsv, write_tsv
from tr300m.metrics import point as metrics
from tr300m.results.figures import canvas as figures
from tr300m.results.figures import style as theme
from tr300m.results.figures import training_panels as panels

NAN = float("nan")


def test_panels_state_their_numbers() -> None:
    observed, median = pairs(500)
    figure = panels.run_panels(observed, median, history(10), "Seq + TF", "seed 3")
    value = metrics.log_pearson(observed, median)
    stated = ((f"{value:.2f}", "500"), ("3.54", "100,000"), ("0.41", "100,000"), ("68.4 %", "100,000"))
    assert all(says(title, *parts) for title, parts in zip(titles(figure), stated, strict=True))
    assert {"Seq + TF", "seed 3"} <= set(texts(figure).splitlines())


def test_what_the_panels_hold() -> None:
    observed, median = pairs(50)
    columns = history(10)
    scatter, loss, correlation, accuracy = panels.run_panels(observed, median, columns, "t", "s").axes
    np.testing.assert_allclose(
        np.asarray(scatter.collections[0].get_offsets()),
        np.log10(1 + np.column_stack([observed.astype(np.float64), median])),
    )
    diagonal = scatter.lines[0]
    np.testing.assert_array_equal(diagonal.get_xdata(), diagonal.get_ydata())
    assert scatter.get_xlim() == scatter.get_ylim()
    drawn = [(line.get_ydata(), line.get_linestyle()) for axes in (loss, correlation, accuracy) for line in axes.lines]
    expected = [
        (columns["loss"], "--"), (columns["val_loss"], "-"),
        (columns["pearson"], "--"), (columns["val_pearson"], "-"),
        (columns["log_pearson"], "--"), (columns["val_log_pearson"], "-"),
        (100 * columns["accuracy"], "--"), (100 * columns["val_accuracy"], "-"),
    ]  # fmt: skip
    assert len(drawn) == len(expected)
    for (y, style), (wanted, wanted_style) in zip(drawn, expected, strict=True):
        np.testing.assert_allclose(np.asarray(y), wanted)
        assert style == wanted_style


@pytest.mark.parametrize(
    ("steps", "first", "label"), [(10_000, 1.0, "Optimiser steps ($10^4$)"), (100, 100.0, "Optimiser steps")]
)
def test_unit_of_steps(steps: int, first: float, label: str) -> None:
    loss = panels.run_panels(*pairs(50), history(5, steps), "t", "s").axes[1]
    assert loss.get_xlabel() == label
    assert np.asarray(loss.lines[0].get_xdata())[0] == first


def test_many_pairs_are_binned_and_none_is_lost() -> None:
    observed, median = pairs(20_000)
    figure = panels.run_panels(observed, median, history(3), "t", "s", part="test")
    counts = figure.axes[0].collections[0].get_array()
    assert counts is not None and counts.sum() == 20_000
    # No TPM is negative, so no hexagon may be centred below 0.
    assert np.asarray(figure.axes[0].collections[0].get_offsets()).min() > -1e-6
    assert says(titles(figure)[0], "20,000", "test")


def test_history_from_a_file_with_gaps(tmp_path: Path) -> None:
    columns = history(4)
    for name in ("val_loss", "val_pearson", "val_log_pearson", "val_accuracy"):
        columns[name][[0, 3]] = NAN
    columns["pearson"][:] = NAN
    write_tsv(tmp_path / "history.tsv", columns)
    figure = panels.run_panels(*pairs(50), read_tsv(tmp_path / "history.tsv"), "t", "s")
    assert says(titles(figure)[3], "30,000")
    assert "Training\nPearson" not in texts(figure)
    figures.save(figure, tmp_path / "a.svg", tmp_path / "a.png")


def test_one_row_nothing_measured(tmp_path: Path) -> None:
    columns = {name: np.full_like(values, NAN, dtype=np.float64) for name, values in history(1).items()}
    columns["step"] = np.array([20.0])
    columns["loss"] = np.array([3.0])
    figure = panels.run_panels([1.0, 2.0], [3.0, 3.0], columns, "t", "")
    assert says(titles(figure)[0], "undefined", "2")
    assert len(titles(figure)) == 4
    figures.save(figure, tmp_path / "a.svg", tmp_path / "a.png")


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 0.2)), min_size=1, max_size=5))
def test_labels_are_spread(labels: list[tuple[float, float]]) -> None:
    labels.sort()
    wanted, sizes = [height for height, _ in labels], [size for _, size in labels]
    heights = panels.spread(wanted, sizes)
    places = list(zip(heights, sizes, strict=True))
    for (a, a_size), (b, b_size) in itertools.pairwise(places):
        assert b - a >= (a_size + b_size) / 2 - 1e-9
    assert places[0][0] - places[0][1] / 2 >= -1e-9
    assert places[-1][0] + places[-1][1] / 2 <= 1 + 1e-9


def test_labels_that_fit_stay() -> None:
    assert panels.spread([0.2, 0.8], [0.1, 0.1]) == pytest.approx([0.2, 0.8])
    assert panels.spread([0.5, 0.5], [0.1, 0.1]) == pytest.approx([0.45, 0.55])


def thesis_curves(epochs: int) -> dict[str, np.ndarray]:
    return {name: column / 2 if name != "step" else column for name, column in history(epochs).items()}


def test_the_thesis_lies_pale_behind_as_far_as_ours_goes() -> None:
    columns, thesis = history(4), thesis_curves(6)
    figure = panels.run_panels(*pairs(50), columns, "t", "s", thesis=thesis)
    theirs, ours = figure.axes[3].lines[::2], figure.axes[3].lines[1::2]
    for line, name, style in zip(theirs, ("accuracy", "val_accuracy"), ("--", "-"), strict=True):
        np.testing.assert_allclose(np.asarray(line.get_xdata()), [1, 2, 3, 4])
        np.testing.assert_allclose(np.asarray(line.get_ydata()), 100 * thesis[name][:4])
        assert (to_hex(line.get_color()).upper(), line.get_linestyle()) == (theme.PALE[theme.GREEN], style)
        assert all(line.get_zorder() < other.get_zorder() for other in ours)
    assert [len(axes.lines) for axes in figure.axes[1:4]] == [4, 8, 4]
    assert ["thesis" in text.get_text() for text in figure.legends[0].get_texts()] == [True, True]
    assert nothing_is_cut_off(figure)


@pytest.mark.parametrize("thesis", [None, thesis_curves(3)])
def test_no_thesis_no_legend(thesis: dict[str, np.ndarray] | None) -> None:
    """Nor where our run ends before the thesis's first epoch."""
    figure = panels.run_panels(*pairs(50), history(3, steps=100), "t", "s", thesis=thesis)
    assert not figure.legends
    assert [len(axes.lines) for axes in figure.axes[1:]] == [2, 4, 2]


def test_many_epochs_have_small_markers() -> None:
    sizes = [panels.run_panels(*pairs(50), history(n), "t", "s").axes[1].lines[0].get_markersize() for n in (25, 26)]
    assert sizes == [4, 2]


def test_refused_input(refuses: Refuses) -> None:
    observed, median = pairs(50)
    columns = history(3)
    for parts, changed in (
        (["val_loss"], {k: v for k, v in columns.items() if k != "val_loss"}),
        ([], {k: v[:0] for k, v in columns.items()}),
        ([], columns | {"loss": np.array(["1", "x", "2"])}),
        ([], columns | {"loss": np.array([1.0])}),
    ):
        with refuses(*parts):
            panels.run_panels(observed, median, changed, "t", "s")
    with refuses("prediction", "1 NaN", "50"):
        panels.run_panels(observed, np.where(np.arange(50) == 0, NAN, median), columns, "t", "s")

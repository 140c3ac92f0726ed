"""Figures: what the panels show, odd histories, and the same bytes every time."""

import itertools
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from tr300m import figures, metrics, tables, theme
from tr300m.errors import TR300MError
from tr300m.io import read_tsv, write_tsv

NAN = float("nan")


def pairs(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    truth = np.where(rng.random(n) < 0.2, 0, np.exp(rng.normal(1, 2, n)))
    return truth.astype(np.float32), np.sqrt(truth) * np.exp(rng.normal(0, 1, n))


def history(epochs: int, steps: int = 10_000) -> dict[str, np.ndarray]:
    n = np.arange(1, epochs + 1)
    columns = {"epoch": n, "step": n * steps, "seconds": 60.0 * n, "pairs_per_second": np.full(epochs, 400.0)}
    for prefix, gain in (("", 1.0), ("val_", 0.5)):
        rise = gain * (1 - np.exp(-n / 4))
        columns |= {f"{prefix}loss": 4 - rise, f"{prefix}pearson": 0.3 * rise, f"{prefix}log_pearson": 0.9 * rise}
        columns[f"{prefix}accuracy"] = 0.5 + 0.4 * rise
    return columns


def texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))


def titles(figure: Figure) -> list[str]:
    return [axes.get_title(loc="left") for axes in figure.axes]


def test_panels_state_their_numbers() -> None:
    truth, median = pairs(500)
    figure = figures.run_panels(truth, median, history(10), "Seq + TF", "seed 3")
    value = metrics.log_pearson(truth, median)
    assert titles(figure) == [
        f"Log Pearson {value:.2f} on 500 validation pairs",
        "Lowest validation loss 3.54 at step 100,000",
        "Validation log Pearson 0.41 at step 100,000",
        "Validation accuracy 68.4 % at step 100,000",
    ]
    assert {"Seq + TF", "seed 3"} <= set(texts(figure).splitlines())


def test_what_the_panels_hold() -> None:
    truth, median = pairs(50)
    columns = history(10)
    scatter, loss, correlation, accuracy = figures.run_panels(truth, median, columns, "t", "s").axes
    np.testing.assert_allclose(
        np.asarray(scatter.collections[0].get_offsets()),
        np.log10(1 + np.column_stack([truth.astype(np.float64), median])),
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
    loss = figures.run_panels(*pairs(50), history(5, steps), "t", "s").axes[1]
    assert loss.get_xlabel() == label
    assert np.asarray(loss.lines[0].get_xdata())[0] == first


def test_many_pairs_are_binned_and_none_is_lost() -> None:
    truth, median = pairs(20_000)
    figure = figures.run_panels(truth, median, history(3), "t", "s", part="test")
    counts = figure.axes[0].collections[0].get_array()
    assert counts is not None and counts.sum() == 20_000
    # No TPM is negative, so no hexagon may be centred below 0.
    assert np.asarray(figure.axes[0].collections[0].get_offsets()).min() > -1e-6
    assert "on 20,000 test pairs" in titles(figure)[0]


def test_history_from_a_file_with_gaps(tmp_path: Path) -> None:
    columns = history(4)
    for name in ("val_loss", "val_pearson", "val_log_pearson", "val_accuracy"):
        columns[name][[0, 3]] = NAN
    columns["pearson"][:] = NAN
    write_tsv(tmp_path / "history.tsv", columns)
    figure = figures.run_panels(*pairs(50), read_tsv(tmp_path / "history.tsv"), "t", "s")
    assert titles(figure)[3].endswith("at step 30,000")
    assert "Training\nPearson" not in texts(figure)
    figures.save(figure, tmp_path / "a.svg", tmp_path / "a.png")


def test_one_row_nothing_measured(tmp_path: Path) -> None:
    columns = {name: np.full_like(values, NAN, dtype=np.float64) for name, values in history(1).items()}
    columns["step"] = np.array([20.0])
    columns["loss"] = np.array([3.0])
    figure = figures.run_panels([1.0, 2.0], [3.0, 3.0], columns, "t", "")
    assert titles(figure) == [
        "Log Pearson undefined on 2 validation pairs",
        "Validation loss not recorded",
        "Validation log Pearson not recorded",
        "Validation accuracy not recorded",
    ]
    assert texts(figure).splitlines().count("not recorded") == 2
    figures.save(figure, tmp_path / "a.svg", tmp_path / "a.png")


def test_same_bytes_twice(tmp_path: Path) -> None:
    thesis = {"seq": dict.fromkeys(tables.PERCENT, 0.3)}
    rows = [("Seq", dict.fromkeys(tables.PERCENT, 0.31))]
    for number in "12":
        figures.save(
            figures.run_panels(*pairs(5_000), history(3), "t", "s"),
            tmp_path / f"{number}.svg",
            tmp_path / f"{number}.png",
        )
        figures.save(figures.table1_forest(rows, thesis), tmp_path / f"f{number}.svg", tmp_path / f"f{number}.png")
    for one, two in (("1.svg", "2.svg"), ("1.png", "2.png"), ("f1.svg", "f2.svg"), ("f1.png", "f2.png")):
        assert (tmp_path / one).read_bytes() == (tmp_path / two).read_bytes()
    assert b"<dc:date>" not in (tmp_path / "1.svg").read_bytes()
    assert len(list(tmp_path.iterdir())) == 8
    height, width, _ = matplotlib.image.imread(tmp_path / "1.png").shape
    assert theme.DPI >= 150 and (width, height) == (10 * theme.DPI, 8 * theme.DPI)


def test_drawing_leaves_matplotlib_settings_alone(tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    figures.save(figures.run_panels(*pairs(50), history(3), "t", "s"), tmp_path / "a.svg", tmp_path / "a.png")
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize("rows", [1, 7, 25])
def test_nothing_is_cut_off(rows: int) -> None:
    metrics_ = dict.fromkeys(tables.PERCENT, 0.3)
    forest = [
        (f"Seq + TF + Core + HM, seed {i}", {key: x + i / 99 for key, x in metrics_.items()}) for i in range(rows)
    ]
    for figure in (figures.run_panels(*pairs(5_000), history(10), "t", "s"), figures.table1_forest(forest)):
        figure.draw_without_rendering()
        box, page = figure.get_tightbbox(), figure.bbox_inches
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= page.x1 and box.y1 <= page.y1


def test_forest_markers() -> None:
    ours = {"pearson": NAN, "log_pearson": 0.312, "spearman": 0.33, "log_r2": -0.188, "accuracy": 0.628}
    rows = [("Seq", ours), ("Seq, levels permuted", ours)]
    alone = figures.table1_forest(rows)
    assert titles(alone) == ["Pearson", "Log Pearson", "Spearman", "Log R2", "Accuracy"]
    assert not alone.legends
    beside = figures.table1_forest(rows, {"seq": ours | {"pearson": 0.032}})
    theirs, dots = beside.axes[1].lines
    np.testing.assert_allclose(np.asarray(theirs.get_xdata()), [31.2, NAN])
    np.testing.assert_allclose(np.asarray(dots.get_xdata()), [31.2, 31.2])
    assert theirs.get_markerfacecolor() == "white"
    assert [text.get_text() for text in beside.legends[0].get_texts()] == ["thesis, Table 1", "this workflow"]
    assert texts(beside).splitlines().count("undefined") == 2
    assert [label.get_text() for label in beside.axes[0].get_yticklabels()] == ["Seq", "Seq, levels permuted"]


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 0.2)), min_size=1, max_size=5))
def test_labels_are_spread(labels: list[tuple[float, float]]) -> None:
    labels.sort()
    wanted, sizes = [height for height, _ in labels], [size for _, size in labels]
    heights = figures.spread(wanted, sizes)
    places = list(zip(heights, sizes, strict=True))
    for (a, a_size), (b, b_size) in itertools.pairwise(places):
        assert b - a >= (a_size + b_size) / 2 - 1e-9
    assert places[0][0] - places[0][1] / 2 >= -1e-9
    assert places[-1][0] + places[-1][1] / 2 <= 1 + 1e-9


def test_labels_that_fit_stay() -> None:
    assert figures.spread([0.2, 0.8], [0.1, 0.1]) == pytest.approx([0.2, 0.8])
    assert figures.spread([0.5, 0.5], [0.1, 0.1]) == pytest.approx([0.45, 0.55])


def test_errors(tmp_path: Path) -> None:
    truth, median = pairs(50)
    columns = history(3)
    with pytest.raises(TR300MError, match="history lacks val_loss"):
        figures.run_panels(truth, median, {k: v for k, v in columns.items() if k != "val_loss"}, "t", "s")
    with pytest.raises(TR300MError, match="no row"):
        figures.run_panels(truth, median, {k: v[:0] for k, v in columns.items()}, "t", "s")
    with pytest.raises(TR300MError, match="text where numbers belong"):
        figures.run_panels(truth, median, columns | {"loss": np.array(["1", "x", "2"])}, "t", "s")
    with pytest.raises(TR300MError, match="lacks steps or values"):
        figures.run_panels(truth, median, columns | {"loss": np.array([1.0])}, "t", "s")
    with pytest.raises(TR300MError, match="prediction: 1 NaN of 50"):
        figures.run_panels(truth, np.where(np.arange(50) == 0, NAN, median), columns, "t", "s")
    with pytest.raises(TR300MError, match="no rows"):
        figures.table1_forest([])
    with pytest.raises(TR300MError, match="'Seq' lacks pearson"):
        figures.table1_forest([("Seq", {})])
    with pytest.raises(TR300MError, match=r"does not end in \.svg"):
        figures.save(figures.run_panels(truth, median, columns, "t", "s"), tmp_path / "a.png", tmp_path / "a.svg")
    assert not list(tmp_path.iterdir())

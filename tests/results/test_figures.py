"""What all figures share: the same bytes every time, settings left alone, names of files."""

from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from helpers.drawn import history, nothing_is_cut_off, pairs
from helpers.fixtures import Refuses
from matplotlib import style
from matplotlib.figure import Figure
from tr300m.metrics.intervals import Interval
from tr300m.model.likelihood.distributions import make_likelihood
from tr300m.results.figures import canvas as figures
from tr300m.results.figures import style as theme
from tr300m.results.figures.calibration import Coverage, Histogram, reliability_comparison, reliability_panels
from tr300m.results.figures.forest_rows import Row
from tr300m.results.figures.predicted_density import density_figure
from tr300m.results.figures.table1_forest import table1_forest
from tr300m.results.figures.training_panels import run_panels
from tr300m.results.metric_table import PERCENT

LABEL = "Seq + TF + Core + HM"
METRICS = dict.fromkeys(PERCENT, 0.31)
ROW = Row(LABEL, METRICS, dict.fromkeys(PERCENT, Interval(0.2, 0.42)))
LEVELS = np.arange(1, 20) / 20
COVERAGE = Coverage(LEVELS, LEVELS**2)
HISTOGRAM = Histogram(np.arange(0.0, 1, 0.25), np.arange(0.25, 1.1, 0.25), np.array([0.1, 0.2, 0.3, 0.4]))
MIXTURE = make_likelihood("zero_lognormal_mixture")
FIGURES = {
    "panels": lambda: run_panels(*pairs(5_000), history(30), LABEL, "seed 3", thesis=history(20)),
    "forest": lambda: table1_forest([ROW] * 7, [ROW] * 7, {LABEL: METRICS}, subtitle="s"),
    "forest of one": lambda: table1_forest([ROW]),
    "forest of many": lambda: table1_forest([ROW] * 25),
    "reliability": lambda: reliability_panels(HISTOGRAM, COVERAGE, 0.55, "seq_tf_core_hm", subtitle="s"),
    "reliability of a long name": lambda: reliability_panels(HISTOGRAM, COVERAGE, 0.55, "seq_tf_core_hm" * 3),
    "comparison": lambda: reliability_comparison([(LABEL, COVERAGE)] * 7, subtitle="s"),
    "comparison of one": lambda: reliability_comparison([(LABEL, COVERAGE)]),
    "density": lambda: density_figure(MIXTURE, np.linspace(-1, 3, MIXTURE.n_outputs), 20.0, "seq_tf: GATA1 in Liver"),
}


@pytest.fixture(params=FIGURES)
def draw(request: pytest.FixtureRequest) -> Callable[[], Figure]:
    """Return what draws each kind of figure."""
    return FIGURES[request.param]


def test_same_bytes_twice(draw: Callable[[], Figure], tmp_path: Path) -> None:
    for number in "12":
        figures.save(draw(), tmp_path / f"{number}.svg", tmp_path / f"{number}.png")
    for ending in ("svg", "png"):
        assert (tmp_path / f"1.{ending}").read_bytes() == (tmp_path / f"2.{ending}").read_bytes()
    assert b"<dc:date>" not in (tmp_path / "1.svg").read_bytes()
    assert len(list(tmp_path.iterdir())) == 4


def test_nothing_is_cut_off(draw: Callable[[], Figure]) -> None:
    assert nothing_is_cut_off(draw())


def test_drawing_leaves_matplotlib_settings_alone(draw: Callable[[], Figure], tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    figures.save(draw(), tmp_path / "a.svg", tmp_path / "a.png")
    assert dict(matplotlib.rcParams) == before


# text.usetex ends in an error where there is no LaTeX.
MINE = {"text.usetex": True, "svg.fonttype": "none", "savefig.bbox": "tight", "axes.formatter.use_locale": True}


def test_settings_of_the_user_change_no_byte(draw: Callable[[], Figure], tmp_path: Path) -> None:
    figures.save(draw(), tmp_path / "plain.svg", tmp_path / "plain.png")
    with style.context(["dark_background", MINE]):
        figures.save(draw(), tmp_path / "mine.svg", tmp_path / "mine.png")
    for ending in ("svg", "png"):
        assert (tmp_path / f"mine.{ending}").read_bytes() == (tmp_path / f"plain.{ending}").read_bytes()


def test_size_of_the_png(tmp_path: Path) -> None:
    figures.save(FIGURES["reliability"](), tmp_path / "a.svg", tmp_path / "a.png")
    height, width, _ = matplotlib.image.imread(tmp_path / "a.png").shape
    assert theme.DPI >= 150
    assert (width, height) == (10 * theme.DPI, 5 * theme.DPI)


def test_names_of_files(tmp_path: Path, refuses: Refuses) -> None:
    figure = figures.new_figure(2, 2, "t", "")
    with refuses(".svg"):
        figures.save(figure, tmp_path / "a.png", tmp_path / "a.svg")
    with refuses(".png"):
        figures.save(figure, tmp_path / "a.svg", tmp_path / "a.jpg")
    assert not list(tmp_path.iterdir())


def test_widened() -> None:
    assert figures.widened(1, 2, 3) == (0, 3)
    assert figures.widened(1, 5, 3) == (1, 5)

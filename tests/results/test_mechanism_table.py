"""The table and the figure of the mechanism test."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tr300m.base.files import read_tsv
from tr300m.evaluation.mechanism import MechanismResult, PairingResult
from tr300m.evaluation.pairing_ridge import Agreement
from tr300m.evaluation.pairing_test import GeneSums, PairingScores
from tr300m.results.figures.pairing_histograms import pairing_histograms
from tr300m.results.mechanism_table import (
    correlations_by_panel,
    mechanism_columns,
    mechanism_rows,
    sizes_note,
)
from tr300m.results.random_pairings import PANELS, among_draws, read_pairings, save_pairings
from tr300m.results.write_table import write_table


def scores(seen: float, held_out: float, beyond: float) -> PairingScores:
    return PairingScores(*(Agreement(r, 1.0, 1.0) for r in (seen, held_out, beyond)))


def result(own: float, *, others: bool) -> PairingResult:
    """Four genes; own pairings add a tenth to what tissue identity predicts of each."""
    genes = tuple(GeneSums(np.full(4, r / 4), np.full(4, 0.25)) for r in (own, 0.2, 0.3))
    random = tuple(scores(r, r / 2, r / 4) for r in (0.1, 0.2, 0.3))
    return PairingResult(
        own=scores(own, own / 2, 0.3),
        shuffled=random,
        others=random[:2] if others else (),
        identity=scores(0.2, 0, 0),
        genes=(genes[0], genes[1], genes[2]),
        observed=np.full(4, 0.25),
    )


RESULT = MechanismResult(7, 3, 2, result(0.4, others=True), result(0.1, others=False))


def test_among_draws_counted_by_hand() -> None:
    mean, spread, z, p = among_draws(0.3, np.array([0.1, 0.2, 0.3]))
    assert (mean, spread, z, p) == pytest.approx((0.2, 0.1, 1.0, 0.5))
    assert among_draws(0.4, np.array([0.1, 0.2, 0.3]))[3] == 0.25
    assert all(map(math.isnan, among_draws(0.4, np.array([]))))
    assert all(map(math.isnan, among_draws(math.nan, np.array([0.1]))))
    assert math.isnan(among_draws(0.4, np.array([0.1]))[2])


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=20), st.floats(-1, 1))
def test_p_is_never_0_and_falls_with_the_score(drawn: list[float], found: float) -> None:
    *_, p = among_draws(found, np.array(drawn))
    *_, lower = among_draws(found - 0.1, np.array(drawn))
    assert 0 < p <= lower <= 1


def test_rows_compare_with_random_pairings_and_with_tissue_identity(tmp_path: Path) -> None:
    rows = mechanism_rows(RESULT, cluster=np.array([0, 0, 1, 2]), draws=100, seed=0)
    assert [row.r for row in rows] == pytest.approx([0.4, 0.4, 0.2, 0.2, 0.2, 0.3, 0.3, 0.1, 0.05, 0.3, 0.3])
    assert [(row.against != "", math.isnan(row.p)) for row in rows] == [
        *[(True, False)] * 4, (False, True), (True, True), *[(True, False)] * 3, (True, True), (True, False)
    ]  # fmt: skip
    assert rows[0].p == 0.25
    # Every gene has the same sums: each draw gives the same correlation.
    assert rows[0].interval == pytest.approx((0.4, 0.4))
    assert rows[5].difference == pytest.approx((0.1, 0.1))
    columns = mechanism_columns(rows)
    write_table(tmp_path / "mechanism.tsv", tmp_path / "mechanism.md", columns)
    assert read_tsv(tmp_path / "mechanism.tsv")["correlation"][0] == "0.400"
    assert not any("nan" in text for texts in columns.values() for text in texts)
    assert all(str(number) in sizes_note(RESULT) for number in (7, 3, 2))


def test_without_a_result_the_table_is_empty_and_says_why(tmp_path: Path) -> None:
    rows = mechanism_rows("not tested: 0 regulators", np.zeros(4, int), 100, 0)
    write_table(tmp_path / "a.tsv", tmp_path / "a.md", mechanism_columns(rows), notes=[sizes_note("not tested: 0")])
    assert len((tmp_path / "a.tsv").read_text().splitlines()) == 1
    assert "ot tested: 0" in (tmp_path / "a.md").read_text()


def test_figure_shows_the_own_pairing_among_the_random_ones(tmp_path: Path) -> None:
    save_pairings(tmp_path / "pairings.npz", correlations_by_panel(RESULT))
    pairings = read_pairings(tmp_path / "pairings.npz")
    assert pairings["held_out"].tolist() == pytest.approx([0.2, 0.05, 0.1, 0.15])
    figure = pairing_histograms(pairings, subtitle="toy")
    assert [panel.get_title(loc="left").lower() for panel in figure.axes] == list(PANELS.values())
    for panel, values in zip(figure.axes, pairings.values(), strict=True):
        assert sum(patch.get_height() for patch in panel.patches) == len(values) - 1
        assert panel.lines[0].get_xdata()[0] == values[0]
    heading = figure.texts[0].get_text()
    assert heading.count("3 of 3") == 3


def test_figure_without_a_result_says_so() -> None:
    figure = pairing_histograms(correlations_by_panel("not tested"))
    assert all("undefined" in [text.get_text() for text in panel.texts] for panel in figure.axes)

"""T against the thesis's print, differences against their draws, spread of seeds, which runs a table compares."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.fixtures import Refuses, says
from tr300m.base.files import read_tsv
from tr300m.config.settings import resolve
from tr300m.config.thesis_comparisons import TESTED, read_comparisons
from tr300m.metrics.intervals import Draws, interval_rows, percentile_interval, share_beyond_zero
from tr300m.results.evaluated_models import EvaluatedModel
from tr300m.results.metric_table import OWN_TABLES
from tr300m.results.paired_differences import MINUS, paired_table
from tr300m.results.seed_spread import spread_table
from tr300m.results.thesis_results import read_thesis
from tr300m.results.thesis_t import comparison_table, thesis_beside, thesis_t

ROOT = Path(__file__).parents[2]
RESOURCES = ROOT / "resources"
PRINTED = read_comparisons(RESOURCES / "thesis_comparisons.tsv")
THESIS = read_thesis(RESOURCES / "thesis_results.tsv")
PAIRS = 65536
HEADER = "table\tfirst\tsecond\tpearson\tlog_pearson\tspearman\taccuracy\n"


def by_formula(table: str) -> list[float]:
    """T of a table from the thesis's rounded figures, with the thesis's one decimal."""
    t = thesis_t(THESIS[PRINTED[table].first], THESIS[PRINTED[table].second], PAIRS)
    return [round(t[name], 1) for name in TESTED]


@pytest.mark.parametrize("table", ["3", "5", "7"])
def test_t_is_what_the_thesis_prints(table: str) -> None:
    assert by_formula(table) == [PRINTED[table].printed[name] for name in TESTED]


def test_t_where_the_print_is_wrong() -> None:
    # Table 4 but for its accuracy; Table 6 repeats Table 4's row.
    assert by_formula("4") == [-4.3, -2.5, -7.2, 6.5]
    assert [PRINTED["4"].printed[name] for name in TESTED] == [-4.3, -2.5, -7.2, 6.3]
    assert by_formula("6") == [9.8, 93.4, 98.5, 83.3]
    assert PRINTED["6"].printed == PRINTED["4"].printed


def test_t_by_hand() -> None:
    # Accuracy 0.5 against 0.6 on 9 pairs: 0.1 / sqrt(0.0625 / 8 + 0.0625 / 8) = 0.1 / 0.125.
    first, second = (dict.fromkeys(TESTED, value) for value in (0.5, 0.6))
    assert thesis_t(first, second, 9)["accuracy"] == pytest.approx(0.8)
    assert thesis_t(first, second, 9)["pearson"] == pytest.approx(0.4)
    # Figures are rounded to a tenth of a percent before.
    assert thesis_t(first, dict.fromkeys(TESTED, 0.60049), 9)["accuracy"] == pytest.approx(0.8)
    assert all(math.isnan(t) for t in thesis_t(first, second, 1).values())
    assert math.isnan(thesis_t(first, second | {"spearman": math.nan}, 9)["spearman"])


def model(seed: int, **other: float) -> tuple[dict[str, float], Draws]:
    """Return metrics near 0.5 and draws around them."""
    rng = np.random.default_rng(seed)
    metrics = dict.fromkeys(("pearson", "log_pearson", "spearman", "log_r2", "accuracy", "nll"), 0.5 + 0.1 * seed)
    tables: Any = {
        cluster: {name: value + rng.normal(0, 0.01, 200) for name, value in metrics.items()}
        for cluster in ("both", "genes", "donors")
    }
    return metrics | {"pairs": 101} | other, Draws(f"{seed}.npz", "k", tables)


def test_comparison_table() -> None:
    (first, first_draws), (second, second_draws) = model(0), model(1)
    columns = comparison_table((("Seq", first), ("Seq + TF", second)), (first_draws, second_draws))
    rows = columns["Model Architecture"]
    assert rows[:2] == ["Seq", "Seq + TF"] and len(rows) == 8
    assert [row.startswith("95 % interval") for row in rows[3:6]] == [True] * 3
    assert [says(row, "genes") for row in rows[3:6]] == [True, True, False]
    assert [says(row, "donors") for row in rows[3:6]] == [True, False, True]
    assert [row[0] for row in rows[6:]] == ["p", "T"]
    drawn = second_draws.tables["both"]["spearman"] - first_draws.tables["both"]["spearman"]
    low, high = percentile_interval(drawn)
    assert columns["Spearman Correlation"][:4] == ["50.0", "60.0", "10.0", f"{100 * low:.1f} to {100 * high:.1f}"]
    assert columns["Spearman Correlation"][6] == f"{share_beyond_zero(drawn):.3f}" == "0.010"
    # 0.1 / sqrt(2 * 0.25 / 100) and 0.1 / sqrt(2 * 0.0625 / 100).
    assert [values[-1] for values in list(columns.values())[1:]] == ["1.4", "1.4", "1.4", "N/A", "2.8", "N/A"]
    assert columns["NLL"][:3] == ["0.500", "0.600", "0.100"]


def test_undefined_differences_are_said_to_be() -> None:
    (first, first_draws), (second, second_draws) = model(0), model(1, spearman=math.nan, nll=math.nan)
    for table in second_draws.tables.values():
        table["spearman"][:] = np.nan
        del table["nll"]
    columns = comparison_table((("Seq", first), ("Mean", second)), (first_draws, second_draws))
    assert columns["Spearman Correlation"] == ["50.0", *["undefined"] * 7]
    assert columns["NLL"] == ["0.500", *["undefined"] * 6, "N/A"]


def test_runs_on_other_pairs_are_not_compared(refuses: Refuses) -> None:
    (first, draws), (second, _) = model(0), model(1, pairs=99)
    with refuses("Seq", "101", "Seq + TF", "99"):
        comparison_table((("Seq", first), ("Seq + TF", second)), (draws, draws))


def test_print_and_formula_stand_beside_ours() -> None:
    (first, first_draws), (second, second_draws) = model(0), model(1)
    columns = comparison_table((("a", first), ("b", second)), (first_draws, second_draws))
    shown = thesis_beside(columns, PRINTED["6"], THESIS)
    assert shown["Spearman Correlation"][0] == "50.0 (31.1)"
    assert shown["Spearman Correlation"][-1] == "1.4 (printed -7.2, by its formula 98.5)"
    assert shown["Log R2"][-1] == "N/A"
    assert thesis_beside(columns, PRINTED["3"], THESIS)["Accuracy"][-1] == "2.8 (-2.9)"


def test_interval_rows() -> None:
    metrics, draws = model(0)
    draws.tables["genes"]["pearson"][:5] = np.nan
    names = {"kind": "run", "model": "seq", "label": "Seq", "split": "thesis", "part": "validation"}
    rows = interval_rows(names, metrics, draws)
    assert len(rows) == 18
    found = next(row for row in rows if (row["metric"], row["drawn"]) == ("pearson", "genes"))
    low, high = percentile_interval(draws.tables["genes"]["pearson"])
    assert found == {
        **names, "metric": "pearson", "value": "0.5", "drawn": "genes",
        "low": f"{low:.6g}", "high": f"{high:.6g}", "draws": "195",
    }  # fmt: skip


def counted(label: str, pearson: list[float], key: str = "k", **metrics: float) -> EvaluatedModel:
    """A model with draws of one metric; its value is their mean."""
    figures = dict.fromkeys((*OWN_TABLES, "nll"), 0.25)
    figures |= {"pearson": float(np.mean(pearson)), "pairs": 9} | metrics
    tables: Any = {cluster: {"pearson": np.array(pearson)} for cluster in ("both", "genes", "donors")}
    return EvaluatedModel(label, figures, Draws(f"{label}.npz", key, tables))


def test_paired_table_by_hand() -> None:
    """Draws 0.1, 0.2, 0.3 minus 0.0, 0.2, 0.1: 0.1, 0.0, 0.2, whose 2.5 % quantile lies a twentieth above the least."""
    model, other = counted("b", [0.1, 0.2, 0.3], nll=1.5), counted("a", [0.0, 0.2, 0.1], nll=math.nan)
    columns = paired_table([(other, []), (model, [other, model])])
    headline = ["Log Pearson Correlation", "Across Genes", "Within Gene", "Doubly Centred", "Pearson Correlation"]
    assert list(columns)[:7] == ["Model Architecture", MINUS, *headline]
    assert columns["Model Architecture"] == ["a", "b", "b", "b"]
    assert columns[MINUS] == ["", "", "a", "b"]
    assert columns["Pearson Correlation"] == ["10.0", "20.0", "10.0", "0.0"]
    assert columns["Pearson Correlation, 95 % interval"] == ["0.5 to 19.5", "10.5 to 29.5", "0.5 to 19.5", "0.0 to 0.0"]
    assert columns["Log R2"] == ["25.0", "25.0", "0.0", "0.0"]
    # Not drawn here, and undefined in the other.
    assert columns["Log R2, 95 % interval"] == ["undefined"] * 4
    assert columns["NLL"] == ["undefined", "1.500", "undefined", "0.000"]
    assert columns["Pairs"] == ["9"] * 4


def test_models_on_other_pairs_have_no_difference(refuses: Refuses) -> None:
    with refuses("a.npz", "b.npz"):
        paired_table([(counted("b", [0.1]), [counted("a", [0.1], key="other")])])
    with refuses():
        paired_table([])


def test_spread_by_hand(refuses: Refuses) -> None:
    runs = [model(0, pearson=value)[0] for value in (0.1, 0.2, 0.6)]
    columns = spread_table([("Seq", runs)])
    first = [values[0] for values in columns.values()]
    # Mean 0.3; deviations -0.2, -0.1, 0.3: variance 0.14 / 2.
    assert first == ["Seq", "Pearson Correlation", "3", "30.0", "26.5", "10.0", "60.0"]
    assert len(columns["Metric"]) == 6
    undefined = spread_table([("Seq", [runs[0], runs[1] | {"spearman": math.nan}])])
    assert [values[2] for values in undefined.values()][3:] == ["undefined"] * 4
    with refuses():
        spread_table([])
    with refuses():
        spread_table([("Seq", runs[:1])])


def test_the_thesis_compares_five_times() -> None:
    assert {table: (pair.first, pair.second) for table, pair in PRINTED.items()} == {
        "3": ("seq", "seq_tf"),
        "4": ("seq_tf", "seq_tf_df"),
        "5": ("seq_tf", "seq_tf_core"),
        "6": ("seq_tf_core", "seq_tf_core_hm"),
        "7": ("seq_core_hm", "seq_tf_core_hm"),
    }


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("table\tfirst\n3\tseq\n", ["second, pearson"]),
        (HEADER + 2 * "3\ta\tb\t1\t2\t3\t4\n", ["3"]),
        (HEADER + "3\ta\tb\t1\t2\tx\t4\n", ["3", "'x'"]),
    ],
)
def test_bad_comparisons(text: str, parts: list[str], tmp_path: Path, refuses: Refuses) -> None:
    path = tmp_path / "x.tsv"
    path.write_text(text)
    with refuses("x.tsv", *parts):
        read_comparisons(path)


def settings(tmp_path: Path, *rows: str, **config: Any) -> Any:
    table = tmp_path / "runs.tsv"
    header = "run\tarchitecture\tsplit\tlikelihood\tcontrol\tscan\tseed\tsteps\toptions\n"
    table.write_text(header + "".join(f"{row}\n" for row in rows))
    return resolve({"runs": str(table), **config}, ROOT)


def run(name: str, architecture: str, seed: int = 3, steps: int = 9) -> str:
    return f"{name}\t{architecture}\tthesis\tnb_exponential\tnone\tcached\t{seed}\t{steps}\t-"


def test_the_full_run_gives_all_tables() -> None:
    full = resolve({}, ROOT)
    assert full.selection.final_run == "final"
    assert full.selection.runs["final"].steps == 500_000
    assert "final" not in full.selection.table1_runs
    assert list(full.selection.compared_runs) == ["3", "4", "5", "6", "7"]
    assert full.selection.missing_tables() == []
    # The final run trains longer: it is no further seed.
    assert full.selection.seed_groups == [
        ["seq_tf", "seq_tf_seed4", "seq_tf_seed5"],
        ["seq_tf_core_hm", "seq_tf_core_hm_seed4", "seq_tf_core_hm_seed5"],
    ]


def test_the_full_run_s_further_rows_are_in_no_table_of_the_thesis() -> None:
    full = resolve({}, ROOT)
    assert full.selection.table1_runs == [
        "seq", "seq_tf", "seq_tf_df", "seq_tf_core", "seq_tf_core_hm", "seq_core_hm", "seq_tf_hm",
    ]  # fmt: skip
    assert {name for pair in full.selection.compared_runs.values() for name in pair} <= set(full.selection.table1_runs)
    base, *controls = full.selection.control_runs
    assert (base, len(controls)) == ("seq_tf_core_hm", 6)
    assert {full.selection.control_runs[name] for name in controls} == {base}
    assert [name for name in controls if full.selection.runs[name].only_predicts] == [
        n for n in controls if n.endswith("_late")
    ]
    assert len([name for name in controls if full.selection.runs[name].only_predicts]) == 3


def test_missing_runs_are_named(tmp_path: Path) -> None:
    found = settings(tmp_path, run("a", "seq"), run("b", "seq_tf"))
    assert found.selection.compared_runs == {"3": ("a", "b")}
    missing = found.selection.missing_tables()
    assert says(missing[0], "Table 2", "final") and says(missing[1], "Table 4", "seq_tf_df")
    assert says(missing[-1], "Table 7", "seq_core_hm", "seq_tf_core_hm")
    assert settings(tmp_path, run("a", "seq"), final_run="a").selection.final_run == "a"


def test_seeds_are_found(tmp_path: Path) -> None:
    found = settings(tmp_path, run("a", "seq"), run("b", "seq", 4), run("c", "seq", 5, 10), run("d", "seq_tf"))
    assert found.selection.seed_groups == [["a", "b"]]
    assert settings(tmp_path, run("a", "seq"), run("b", "seq")).selection.seed_groups == []
    assert found.selection.table1_runs == ["a", "d"]


def test_tables_of_the_repository_are_tables() -> None:
    assert list(read_tsv(RESOURCES / "thesis_comparisons.tsv"))[:3] == ["table", "first", "second"]

"""Tables of metrics: columns, rounding, the thesis's own figures, Markdown and console text."""

import math
from pathlib import Path

from helpers.fixtures import Refuses, says
from tr300m.base.files import read_tsv
from tr300m.metrics.intervals import Interval
from tr300m.results import metric_table, thesis_results, write_table

RESULTS = Path(__file__).parents[2] / "resources" / "thesis_results.tsv"
COLUMNS = [
    "Model Architecture",
    "Pearson Correlation",
    "Log Pearson Correlation",
    "Spearman Correlation",
    "Log R2",
    "Accuracy",
    "NLL",
    "Pairs",
]
METRICS = {
    "pearson": 0.0325,
    "log_pearson": 0.31205803,
    "spearman": float("nan"),
    "log_r2": -0.18834567,
    "accuracy": 1.0,
    "nll": -1.23456,
    "pairs": 65536,
}
LABELS = {
    "seq": "Seq",
    "seq_tf": "Seq + TF",
    "seq_tf_df": "Seq + TF + DF",
    "seq_tf_core": "Seq + TF + Core",
    "seq_tf_core_hm": "Seq + TF + Core + HM",
    "seq_core_hm": "Seq + Core + HM",
    "seq_tf_hm": "Seq + TF + HM",
}


def test_columns_and_rounding() -> None:
    columns = metric_table.metric_table([("Seq", METRICS)])
    assert list(columns) == COLUMNS
    assert [values[0] for values in columns.values()] == [
        "Seq", "3.2", "31.2", "undefined", "-18.8", "100.0", "-1.235", "65536",
    ]  # fmt: skip


def test_no_negative_zero() -> None:
    assert metric_table.percent(-0.0001) == "0.0"
    assert metric_table.number(-0.0001, 3) == "0.000"


def printed_and_rounded() -> dict[tuple[str, str], tuple[str, str]]:
    """Architecture and metric to (printed in Table 1, rounded from the result file)."""
    printed = thesis_results.read_thesis(RESULTS)
    columns = read_tsv(RESULTS)
    files = {}
    for row, (key, steps, source) in enumerate(
        zip(columns["architecture"], columns["steps"], columns["source"], strict=True)
    ):
        if source == "result file" and steps == "100000":
            metrics = {name: float(columns[name][row]) for name in metric_table.PERCENT}
            files[str(key)] = metric_table.metric_table([(LABELS[key], METRICS | metrics)])
    assert list(printed) == list(files) == list(LABELS)
    return {
        (key, metric): (metric_table.percent(printed[key][metric]), files[key][name][0])
        for key in printed
        for metric, name in metric_table.PERCENT.items()
    }


def test_thesis_result_files_round_to_its_table() -> None:
    """All 35 figures of Table 1 but the four that are known not to round from the files."""
    differ = {place: pair for place, pair in printed_and_rounded().items() if pair[0] != pair[1]}
    assert differ == {
        ("seq", "pearson"): ("3.2", "3.3"),
        ("seq_tf_df", "log_pearson"): ("31.7", "31.6"),
        ("seq_tf_df", "spearman"): ("32.9", "32.7"),
        ("seq_tf_hm", "accuracy"): ("73.4", "73.5"),
    }


def test_thesis_rows_are_found_by_label() -> None:
    thesis = thesis_results.read_thesis(RESULTS)
    for key, label in LABELS.items():
        assert thesis_results.thesis_row(label, thesis) == thesis[key]
    assert thesis_results.thesis_row("Seq + TF, levels permuted", thesis) is None
    assert thesis_results.thesis_row("any", {"any": METRICS}) == METRICS


INTERVALS = {"pearson": Interval(0.0123, 0.0567), "nll": Interval(-1.5, 2.0), "spearman": Interval(math.nan, math.nan)}


def test_intervals_have_columns_of_their_own() -> None:
    columns = metric_table.metric_table([("Seq", METRICS)], [INTERVALS])
    assert list(columns) == COLUMNS + [name + metric_table.INTERVAL_SUFFIX for name in COLUMNS[1:7]]
    assert [columns[name + metric_table.INTERVAL_SUFFIX][0] for name in COLUMNS[1:7]] == [
        "1.2 to 5.7", "undefined", "undefined", "undefined", "undefined", "-1.500 to 2.000",
    ]  # fmt: skip
    folded = metric_table.fold_intervals(columns)
    assert list(folded) == COLUMNS
    assert folded["Pearson Correlation"] == ["3.2 [1.2 to 5.7]"]
    assert folded["Log R2"] == ["-18.8"]
    assert folded["Pairs"] == ["65536"]


def test_a_terminal_has_no_room_for_the_columns_without_shared_promoters() -> None:
    columns = metric_table.metric_table([("Seq", METRICS)], [INTERVALS])
    more = metric_table.unshared_columns([METRICS], [{"log_pearson": Interval(0.1, 0.2)}])
    assert write_table.format_console(columns | more) == write_table.format_console(columns)


def test_write_table(tmp_path: Path) -> None:
    columns = metric_table.metric_table([("Seq", METRICS), ("Seq, seed 4", METRICS)])
    tsv, md = tmp_path / "table1.tsv", tmp_path / "table1.md"
    shown = thesis_results.beside_thesis(columns, thesis_results.read_thesis(RESULTS))
    write_table.write_table(tsv, md, columns, shown=shown, notes=["Validation pairs."], simulated=True)
    assert {name: list(values) for name, values in read_tsv(tsv).items()} == columns
    lines = md.read_text(encoding="utf-8").splitlines()
    assert "simulated" in lines[0].lower() and lines[0].endswith(" Validation pairs.")
    assert lines[2] == "| " + " | ".join(COLUMNS) + " |"
    assert lines[4] == (
        "| Seq | 3.2 (3.2) | 31.2 (31.2) | undefined (33.0) | -18.8 (1.3) | 100.0 (62.8) | -1.235 | 65536 |"
    )
    assert lines[5] == "| Seq, seed 4 | 3.2 | 31.2 | undefined | -18.8 | 100.0 | -1.235 | 65536 |"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["table1.md", "table1.tsv"]


def test_markdown_of_real_data_says_nothing_of_simulation() -> None:
    text = write_table.markdown(metric_table.metric_table([("a|b", METRICS)]))
    assert text.lstrip().startswith("|") and "simulated" not in text.lower()
    assert "| a\\|b |" in text


def test_standing_says_whether_a_run_won() -> None:
    runs = {"final": {"log_pearson": 0.5}, "seq": {"log_pearson": 0.31}, "hm": {"log_pearson": 0.55}}
    assert says(thesis_results.standing("final", runs), "Log Pearson Correlation", "50.0", "3", "`hm`", "55.0")
    assert says(thesis_results.standing("hm", runs), "55.0", "3", "`final`", "50.0")
    assert "`" not in thesis_results.standing("final", {"final": {"log_pearson": 0.5}})
    assert says(thesis_results.standing("x", {"x": {"log_pearson": math.nan}, **runs}), "undefined")


def test_console_shows_intervals_below() -> None:
    text = write_table.format_console(
        metric_table.metric_table([("Seq", METRICS), ("Seq + TF", METRICS)], [INTERVALS, {}])
    )
    lines = text.split("\n")
    assert len(lines) == 3 + 4
    assert lines[3].split() == ["Seq", "3.2", "31.2", "undefined", "-18.8", "100.0", "-1.235", "65536"]
    assert lines[4].split() == ["1.2", "to", "5.7", "-1.500", "to", "2.000"]
    assert lines[6] == ""


def test_console_is_aligned() -> None:
    text = write_table.format_console(metric_table.metric_table([("Seq + TF + Core + HM", METRICS), ("Seq", METRICS)]))
    lines = text.splitlines()
    assert len({len(line) for line in lines[2:]}) == 1
    assert max(map(len, lines)) <= 100
    assert lines[0].split() == ["Model", "Pearson", "Log", "Pearson", "Spearman"]
    assert lines[2].replace("-", "").replace(" ", "") == ""
    assert lines[3].startswith("Seq + TF + Core + HM  ") and lines[3].endswith("-1.235  65536")


def test_errors(tmp_path: Path, refuses: Refuses) -> None:
    with refuses():
        metric_table.metric_table([])
    with refuses("'Seq'", "spearman, nll"):
        metric_table.metric_table(
            [("Seq", {key: value for key, value in METRICS.items() if key not in ("spearman", "nll")})]
        )
    with refuses("'Table 9'"):
        thesis_results.read_thesis(RESULTS, "Table 9")
    path = tmp_path / "x.tsv"
    path.write_text("architecture\tsource\nseq\tx\n")
    with refuses("pearson"):
        thesis_results.read_thesis(path)
    with refuses("seq_tf_core_hm"):
        thesis_results.read_thesis(RESULTS, "result file")

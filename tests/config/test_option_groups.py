"""Options of networks in the run table, and which runs the table of options compares."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from helpers.fixtures import Refuses
from helpers.small_run import ROOT
from tr300m.config.option_groups import option_groups
from tr300m.config.run_options import OF_ARCHITECTURE, OF_TRAINING, RUN_OPTIONS, options_among
from tr300m.config.run_selection import RunSelection
from tr300m.config.run_table import Run
from tr300m.config.settings import resolve
from tr300m.training.config import TrainingConfig

HEADER = "run\tarchitecture\tsplit\tlikelihood\tcontrol\tscan\tseed\tsteps\toptions\n"
BINS = {"wide": {"mark_edges": [250, 500]}}


def row(run: str, options: str = "-", architecture: str = "seq_tf_hm", split: str = "thesis", seed: int = 3) -> str:
    return f"{run}\t{architecture}\t{split}\tnb_exponential\tnone\tcached\t{seed}\t100\t{options}\n"


def selection_of(folder: Path, *rows: str, **config: object) -> RunSelection:
    table = folder / "runs.tsv"
    table.write_text(HEADER + "".join(rows))
    return resolve({"runs": str(table), **BINS, **config}, ROOT).selection


def test_every_option_is_one_of_an_architecture_or_of_a_training(tmp_path: Path) -> None:
    selection = selection_of(tmp_path, row("a"))
    assert OF_ARCHITECTURE.keys() <= asdict(selection.architecture("a")).keys()
    assert OF_TRAINING.keys() <= asdict(TrainingConfig()).keys()
    assert OF_ARCHITECTURE.keys() | OF_TRAINING.keys() <= RUN_OPTIONS.keys()


def test_options_reach_what_they_change(tmp_path: Path) -> None:
    text = "early_stopping=5;wide_marks=yes;log_levels=yes;both_strands=no;weight_decay=0.01"
    selection = selection_of(tmp_path, row("a"), row("b", text))
    plain, changed = (selection.architecture(name) for name in "ab")
    assert changed == replace(plain, wide_marks=True, log_levels=True)
    training = TrainingConfig.from_dict(options_among(selection.runs["b"].options, OF_TRAINING))
    assert (training.early_stopping, training.weight_decay) == (5, 0.01)
    assert selection.table1_runs == ["a"]


@pytest.mark.parametrize(
    ("options", "architecture", "parts"),
    [
        ("wide_marks=yes", "seq_tf", ["wide_marks", "seq_tf", "hm"]),
        ("log_levels=yes", "seq_core_hm", ["log_levels", "seq_core_hm", "tf"]),
        ("early_stopping=-1", "seq", ["early_stopping", "-1"]),
        ("early_stopping=soon", "seq", ["early_stopping", "soon"]),
        ("weight_decay=-0.5", "seq", ["weight_decay", "-0.5"]),
        ("weight_decay=nan", "seq", ["weight_decay", "nan"]),
        ("both_strands=1", "seq", ["both_strands", "yes or no"]),
    ],
)
def test_options_that_do_not_fit_are_refused(
    options: str, architecture: str, parts: list[str], tmp_path: Path, refuses: Refuses
) -> None:
    (tmp_path / "runs.tsv").touch()
    with refuses("run bad", "`options`", *parts):
        selection_of(tmp_path, row("bad", options, architecture))


def test_wide_marks_without_the_array_are_refused(tmp_path: Path, refuses: Refuses) -> None:
    (tmp_path / "runs.tsv").touch()
    with refuses("runs.tsv", "run bad", "wide_marks", "`wide: mark_edges`"):
        selection_of(tmp_path, row("bad", "wide_marks=yes"), wide={"mark_edges": []})


def test_runs_are_compared_with_the_same_runs_without_options(tmp_path: Path) -> None:
    decay = "weight_decay=0.1"
    selection = selection_of(
        tmp_path,
        row("plain3"),
        row("plain4", seed=4),
        row("decay3", decay),
        row("decay4", decay, seed=4),
        # Without a partner: another seed, another architecture.
        row("decay5", decay, seed=5),
        row("other", decay, architecture="seq"),
        row("both3", f"{decay};log_levels=yes"),
    )
    first, second = option_groups(selection)
    label = "Seq + TF + HM"
    assert (first.label, first.reference_label) == (f"{label}, weight_decay=0.1", label)
    assert (first.split, first.part, first.seeds) == ("thesis", "validation", (3, 4))
    assert first.folders == ("runs/decay3", "runs/decay4") and first.references == ("runs/plain3", "runs/plain4")
    assert (second.folders, second.references) == (("runs/both3",), ("runs/plain3",))
    assert "options" in selection.tables
    assert "options" not in selection_of(tmp_path, row("a"), row("b", decay, seed=4)).tables


def test_runs_on_folds_are_scored_together(tmp_path: Path) -> None:
    rows = [
        row(f"{name}{fold}_{seed}", options, split=f"leave_out_chr{fold}", seed=seed)
        for name, options in (("plain", "-"), ("stop", "early_stopping=2"))
        for seed in (3, 4)
        for fold in (1, 2)
    ]
    (group,) = option_groups(selection_of(tmp_path, *rows))
    assert (group.split, group.part, group.seeds) == ("leave_out", "test", (3, 4))
    assert group.folders == ("folds/leave_out/runs/stop1_3", "folds/leave_out/runs/stop1_4")
    assert group.references == ("folds/leave_out/runs/plain1_3", "folds/leave_out/runs/plain1_4")
    # A fold is lacking: what there is stands alone, as do the runs that it is compared with.
    assert {found.part for found in option_groups(selection_of(tmp_path, *rows[:-1]))} == {"test", "validation"}


@pytest.mark.parametrize("name", ["pilot", "demo_full"])
def test_an_ablation_has_one_factor_at_a_time(name: str) -> None:
    config = {"runs": f"config/{name}_ablation_runs.tsv", "wide": {"mark_edges": [250]}}
    selection = resolve(config, ROOT).selection
    groups = option_groups(selection)
    assert [len(group.folders) for group in groups] == [3] * 6
    options = [options_of(selection.runs, group.folders[0]) for group in groups]
    assert [len(found) for found in options] == [1, 1, 1, 1, 1, 5]
    assert set().union(*options[:5]) == set(options[5]) == RUN_OPTIONS.keys() & {*OF_ARCHITECTURE, *OF_TRAINING}


def options_of(runs: Mapping[str, Run], folder: str) -> set[str]:
    return set(runs[folder.split("/")[-1]].options)

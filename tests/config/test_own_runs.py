"""A network of one's own beside the runs of a configuration."""

from pathlib import Path
from typing import Any

import pytest
from helpers.fixtures import Refuses
from helpers.small_run import ROOT, RUNS, SMALL, copy_tables
from tr300m.base.files import read_tsv
from tr300m.config.own_runs import OwnRun, own_run
from tr300m.config.schema import read_configuration
from tr300m.config.settings import Settings, resolve

TICKS: dict[str, Any] = {"tf": False, "core": False, "hm": True, "steps": 6}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project folder with the small configuration, which is the working directory."""
    copy_tables(tmp_path)
    (tmp_path / "small.yaml").write_text(SMALL.format(url="http://localhost/donors.txt"))
    (tmp_path / "small_runs.tsv").write_text(RUNS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def configured(own: OwnRun) -> Settings:
    """Return the configuration that Snakemake gets."""
    names, values = own.arguments[:2], own.arguments[3:]
    assert (names[0], own.arguments[2]) == ("--configfile", "--config")
    return resolve(read_configuration(names[1:], values), ROOT)


def test_a_new_architecture(project: Path) -> None:
    own = own_run(["small.yaml"], **TICKS)
    settings = configured(own)
    assert list(settings.selection.runs) == ["seq", "all", own.name]
    run, first = settings.selection.runs[own.name], settings.selection.runs["seq"]
    assert (run.split, run.scan, run.seed, run.control) == (first.split, first.scan, first.seed, "none")
    assert (run.steps, run.likelihood, run.options) == (6, "nb_exponential", {})
    architecture = settings.selection.architecture(own.name)
    assert (architecture.tf, architecture.core, architecture.hm, architecture.distance) == (False, False, True, False)
    assert settings.selection.label(own.name) == "Seq + HM"
    assert settings.config["compute"]["device"] == "auto"
    assert own.targets[:2] == ("results/small/models.tsv", "results/small/models.png")
    assert own.targets[2] == f"results/small/runs/{own.name}/panels.png"


def test_only_what_names_runs_and_the_device_is_another(project: Path) -> None:
    """Else jobs of other runs would be done again."""
    before, after = resolve(read_configuration(["small.yaml"], []), ROOT), configured(own_run(["small.yaml"], **TICKS))
    differ = {key for key in before.config if before.config[key] != after.config[key]}
    assert differ == {"runs", "architectures", "compute"}
    assert before.config["compute"] | {"device": "auto"} == after.config["compute"]
    for name, run in before.selection.runs.items():
        assert after.selection.runs[name] == run
        assert after.selection.architecture(name) == before.selection.architecture(name)


def test_earlier_rows_stay(project: Path) -> None:
    """Each choice once, and each architecture once."""
    one = own_run(["small.yaml"], **TICKS)
    two = own_run(["small.yaml"], **TICKS | {"tf": True, "options": {"log_levels": True, "weight_decay": 0.01}})
    assert own_run(["small.yaml"], **TICKS) == one
    assert own_run(["small.yaml"], **TICKS | {"options": {"log_levels": False, "early_stopping": 0}}) == one
    settings = configured(one)
    assert list(settings.selection.runs) == ["seq", "all", one.name, two.name]
    assert settings.selection.runs[two.name].options == {"log_levels": True, "weight_decay": 0.01}
    keys = read_tsv("results/small/own/architectures.tsv")["architecture"].tolist()
    assert keys == [*read_tsv("config/architectures.tsv")["architecture"].tolist(), "seq_hm"]


def test_a_run_of_the_configuration_is_found(project: Path) -> None:
    own = own_run(["small.yaml"], tf=False, core=False, hm=False, steps=6)
    assert own.name == "seq"
    assert own.targets[2] == "results/small/runs/seq/panels.png"


@pytest.mark.parametrize(
    ("ticks", "parts"),
    [
        ({"distance": True}, ["seq_df_hm", "tf", "distance"]),
        ({"options": {"log_levels": True}}, ["log_levels", "tf"]),
        ({"options": {"wide_marks": True}}, ["wide_marks", "wide: mark_edges"]),
        ({"options": {"early_stopping": -1}}, ["early_stopping", "-1"]),
        ({"options": {"depth": 3}}, ["depth", "early_stopping"]),
        ({"steps": 0}, ["steps", "0"]),
        ({"likelihood": "normal"}, ["likelihood", "normal"]),
    ],
)
def test_what_cannot_be_is_refused(project: Path, refuses: Refuses, ticks: dict[str, Any], parts: list[str]) -> None:
    with refuses(*parts):
        own_run(["small.yaml"], **TICKS | ticks)


def test_a_configuration_without_networks(project: Path, refuses: Refuses) -> None:
    row = "bilinear\tbilinear\tthesis\tzero_lognormal_mixture\tnone\t-\t3\t-\t-\n"
    (project / "small_runs.tsv").write_text(RUNS.splitlines(keepends=True)[0] + row)
    with refuses("small_runs.tsv", "thesis"):
        own_run(["small.yaml"], **TICKS)

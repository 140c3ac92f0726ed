"""The report of a run, opened in a browser; and what its pages hold."""

import base64
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import Page, browse, find_chromium
from conftest import Refuses
from small_run import RUNS, SECRET
from tr300m import guide
from tr300m.guide import CEILING, CONSTANT, guide_table, mean_error
from tr300m.metrics import UNDEFINED
from tr300m.overview import calibration_side_by_side, views_side_by_side
from tr300m.pages import page
from tr300m.record_tables import (
    array_table,
    compare_records,
    environment,
    flat,
    settings_table,
    source_table,
    version_table,
)
from tr300m.report import planned_jobs

CATEGORIES = ("Evaluation", "Figures", "Guide", "Records", "Tables")


def report(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `tr300m report` of a checkout's own package."""
    command = [sys.executable, "-c", "from tr300m.cli import main; main()", "report", *arguments]
    paths = {"PYTHONPATH": str(folder / "workflow/scripts"), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=paths, timeout=300, check=False)


@pytest.fixture(scope="module")
def written(small: Path) -> Path:
    """Return the report of the small run."""
    done = report(small, "--configfile", "small.yaml")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "results/small/report.html: open it in a browser\n"
    return small / "results/small/report.html"


@pytest.fixture
def opened(written: Path, tmp_path: Path) -> Iterator[Page]:
    """Return the report in a Chromium."""
    if find_chromium() is None:
        pytest.skip("there is no Chromium to open the report in")
    with browse(tmp_path) as tab:
        tab.open(written)
        tab.wait_for("Records")
        yield tab


def show(tab: Page, path: str) -> None:
    """Open an item as its button does."""
    content = "html" if path.endswith(".html") else "img"
    tab.run(f"app.setView({{content: '{content}', contentPath: results['{path}'].data_uri, resultPath: '{path}'}})")


@pytest.mark.slow
def test_report_opens_without_error_or_request(opened: Page, written: Path, tmp_path: Path) -> None:
    """Every item of every category, the graph and the statistics."""
    front = opened.text()
    assert "SIMULATED DATA" in front
    assert "results/small" in front
    # Graph and statistics are drawn, not written.
    opened.wait_until("!!document.querySelector('#rulegraph canvas')")
    assert opened.run("rulegraph_spec.data[0].values.some(node => node.rule === 'train')")
    opened.click("Statistics")
    opened.wait_until("!!document.querySelector('#runtimes canvas') && !!document.querySelector('#timeline canvas')")
    assert tuple(sorted(opened.run("Object.keys(categories)"))) == CATEGORIES
    paths = opened.run("Object.keys(results)")
    pages = {Path(path).stem for path in paths if path.endswith(".html")}
    assert pages == {
        "guide",
        "table1",
        "baselines",
        "against_baselines",
        "breakdown",
        "calibration",
        "truth",
        "runs",
        "versions",
    }
    for path in paths:
        show(opened, path)
        if path.endswith(".html"):
            title = re.search("<h1>(.*)</h1>", (written.parents[2] / path).read_text()).group(1)
            opened.wait_for(f"{title}\n")
        else:
            assert opened.run("document.querySelector('div.p-3 > img').decode().then(() => 1)") == 1
        opened.picture(tmp_path / "item.png")
        assert (tmp_path / "item.png").stat().st_size > 10_000
    assert opened.requests == []
    assert opened.errors == []


@pytest.mark.slow
def test_a_reader_finds_table_1_and_its_caption(opened: Page, written: Path) -> None:
    accuracy = (written.parent / "table1.tsv").read_text().splitlines()[2].split("\t")[5]
    opened.click("Tables")
    opened.wait_for("Baselines and the oracle ceiling")
    show(opened, "results/small/pages/table1.html")
    table = opened.wait_for("What good figures look like")
    assert "Seq + TF + Core + HM" in table
    assert accuracy in table
    assert "these figures test the workflow" in table
    opened.run("app.showResultInfo('results/small/pages/table1.html')")
    opened.wait_for("Pairs share genes and samples")
    opened.click("What good figures look like")  # the caption's link
    opened.wait_for("a constant, the best baseline, an oracle and the thesis reach")
    assert opened.errors == []


@pytest.mark.slow
def test_every_item_has_a_caption(opened: Page) -> None:
    lengths = opened.run("Object.values(results).map(item => item.caption.length)")
    assert len(lengths) > 8
    assert min(lengths) > 100


@pytest.mark.slow
def test_the_report_can_be_shared(written: Path) -> None:
    """Pages lie in it as base64."""
    text = written.read_text()
    pages = re.findall(r"data:text/html;[^,]*base64,([A-Za-z0-9+/=]+)", text)
    text += "".join(base64.b64decode(page).decode() for page in pages)
    assert "donors.txt?..." in text
    assert SECRET not in text
    assert not re.search(rf"(?<!\w)(/home|/Users|{re.escape(str(Path.home()))})/", text)


@pytest.mark.slow
def test_an_unfinished_run_has_no_report(small: Path) -> None:
    table = small / "small_runs.tsv"
    table.write_text(RUNS + RUNS.splitlines()[2].replace("all\t", "again\t") + "\n")
    try:
        done = report(small, "--configfile", "small.yaml", "--output", "none.html")
    finally:
        table.write_text(RUNS)
    assert done.returncode == 1
    assert "the run is not complete, or its settings or code have changed since: still to do are" in done.stderr
    assert "1 train" in done.stderr
    finish = "snakemake --cores all --workflow-profile workflow/profiles/local --configfile small.yaml"
    assert f"Hint: first finish it: {finish}" in done.stderr
    assert not (small / "none.html").exists()


@pytest.mark.slow
def test_a_bad_configuration_has_no_report(small: Path) -> None:
    done = report(small, "--configfile", "small.yaml", "--config", "editon=release")
    assert done.returncode == 1
    assert "`editon`: unknown key; did you mean `edition`?" in done.stderr
    assert "Traceback" not in done.stderr


def test_jobs_are_read_from_a_dry_run() -> None:
    table = "job      count\n-----  -------\nall          1\ntrain       12\ntotal       13\n"
    output = f"Building\nJob stats:\n{table}\nmore 5\n"
    assert planned_jobs(output) == {"train": 12}
    assert planned_jobs("Nothing to be done (all requested files are present and up to date).") == {}


TABLE = "**Note**: see below.\n\n| run | log_pearson |\n|---|---:|\n| a <b> | 5.3 [-4.4 to 19.7] (6.9) |\n"


def test_a_page_is_whole() -> None:
    text = page("Tables & more", TABLE)
    assert text.startswith("<!doctype html>")
    assert "<h1>Tables &amp; more</h1>" in text
    assert "<strong>Note</strong>" in text
    assert "<td>a &lt;b&gt;</td>" in text
    assert '>5.3<span class="interval">[-4.4 to 19.7]</span> (6.9)</td>' in text


def test_a_page_names_no_other_file() -> None:
    text = page("Images", "![x](https://example.org/x.png) <script src='y.js'></script> [z](javascript:alert(1))")
    assert "<script" not in text
    assert "href" not in text


BASELINES = {
    "global_median": {"pearson": UNDEFINED, "log_r2": -0.001, "crps": 37.0},
    "cpg_gc": {"pearson": 0.30, "log_r2": 0.2, "crps": 30.0},
    "trees": {"pearson": 0.40, "log_r2": UNDEFINED, "crps": 25.04},
    "gene_tissue_mean": {"pearson": 0.9, "log_r2": 0.95, "crps": 14.2},
}
REST = {"log_pearson": 0.5, "spearman": 0.5, "accuracy": 0.5}
THESIS = {
    "seq": {"pearson": 0.032, "log_r2": 0.013, **REST},
    "seq_tf": {"pearson": 0.069, "log_r2": -0.188, **REST},
}


def rows_of(columns: dict[str, list[str]]) -> dict[str, list[str]]:
    return {row[0]: list(row[1:]) for row in zip(*columns.values(), strict=True)}


def test_guide_says_what_others_reach() -> None:
    rows = rows_of(guide_table({name: metrics | REST for name, metrics in BASELINES.items()}, THESIS))
    trees = "Motifs, histones, TF levels, boosted trees"
    assert rows["Pearson Correlation"][2:6] == ["undefined", f"40.0 ({trees})", "90.0", "6.9"]
    assert rows["Log R2"][2:6] == ["-0.1", "20.0 (CpG and GC, linear)", "95.0", "1.3"]
    # The smallest is the best, in TPM; the thesis has none.
    assert rows["CRPS, mean"][2:6] == ["37.0", f"25.0 ({trees})", "14.2", "-"]
    assert rows["NLL"][2:6] == ["-"] * 4
    assert all(row[-1].endswith(".") for row in rows.values())


def test_guide_without_baselines() -> None:
    rows = rows_of(guide_table({}, THESIS))
    assert rows["Pearson Correlation"][2:6] == ["not made", "not made", "not made", "6.9"]


def test_guide_names_baselines_that_exist() -> None:
    assert {CONSTANT, CEILING} <= set(guide.BASELINES)
    assert set(guide.FITTED) == {"cpg_gc", "kmer_ridge", "motif_ridge", "histone_linear", "trees"}


def test_mean_error_by_hand() -> None:
    assert mean_error([0.0, 2.0, 5.0], [1.0, 2.0, 3.0]) == 1.0


def views(**means: str) -> dict[str, list[str]]:
    rows = [
        (name.replace("_", " "), metric, mean) for name, mean in means.items() for metric in ("pearson", "log_pearson")
    ]
    return dict(zip(("view", "metric", "mean"), map(list, zip(*rows, strict=True)), strict=True))


def test_views_stand_side_by_side() -> None:
    ours = views(pooled="0.819", across_people="undefined")
    columns = views_side_by_side([("a, validation", ours), ("b, test", views(pooled="-0.1", across_people="0.5"))])
    assert columns == {
        "Run": ["a, validation", "b, test"],
        "Pooled": ["81.9", "-10.0"],
        "Across people": ["undefined", "50.0"],
    }
    # A run that reads no levels has no view of them.
    columns = views_side_by_side([("a", views(pooled="0.1")), ("b", ours)])
    assert columns == {"Run": ["a", "b"], "Pooled": ["10.0", "81.9"], "Across people": ["-", "undefined"]}


def test_calibrations_stand_side_by_side(refuses: Refuses) -> None:
    values = {
        "crps_mean": "36.834", "crps_median": "13", "pit_coverage_50": "0.5", "pit_coverage_90": "0.9",
        "pit_mean": "0.444", "width_50": "41.8", "width_90": "122.2", "coverage_50": "0.6",
    }  # fmt: skip
    columns = calibration_side_by_side([("a", {"quantity": list(values), "value": list(values.values())})])
    assert [column[0] for column in columns.values()] == [
        "a",
        "36.83",
        "13.00",
        "50.0",
        "90.0",
        "44.4",
        "41.80",
        "122.20",
    ]
    with refuses("the calibration of a lacks crps_mean"):
        calibration_side_by_side([("a", {"quantity": ["pit_mean"], "value": ["0.5"]})])


RECORD = {
    "run": "a", "architecture": {"key": "seq", "label": "Seq", "tf": False},
    "network": {"width": 48, "schedule": [[3, 2], [1, 1]]},
    "seed": 3, "wall_seconds": 37.7, "arrays": {"onehot": "ff"}, "versions": {"keras": "3.15.1"}, "control": None,
}  # fmt: skip


def test_settings_are_flattened() -> None:
    nested = {"a": {"b": {"c": 1}, "d": []}, "e": True, "f": None, "g": {}, "h": [[1, 2], [3]]}
    assert dict(flat(nested)) == {"a.b.c": "1", "a.d": "none", "e": "yes", "f": "none", "g": "none", "h": "(1, 2), (3)"}


def test_records_are_compared() -> None:
    differing, shared = compare_records([RECORD, RECORD | {"run": "b", "seed": 4, "weights_of": "a"}])
    assert differing == {"run": ["a", "b"], "seed": ["3", "4"], "weights_of": ["none", "a"]}
    assert dict(zip(shared["key"], shared["value"], strict=True)) == {
        "architecture": "Seq",
        "network.width": "48",
        "network.schedule": "(3, 2), (1, 1)",
        "wall_seconds": "37.7",
        "control": "none",
    }


def test_one_record_differs_in_nothing() -> None:
    differing, shared = compare_records([RECORD])
    assert differing == {"run": ["a"]}
    assert "seed" in shared["key"]


def test_versions_of_runs_and_of_here() -> None:
    records = [RECORD, RECORD | {"versions": {"keras": "3.16", "jax": "0.7"}}]
    assert version_table(records, {"keras": "3.16", "numpy": "2.4"}) == {
        "package": ["keras", "jax", "numpy"],
        "training": ["3.15.1, 3.16", "-, 0.7", "-"],
        "tables and figures": ["3.16", "-", "2.4"],
    }
    assert {"python", "numpy", "snakemake"} <= set(environment())


def test_sources_by_origin_and_checksum() -> None:
    facts = {"path": "p", "sha256": "ab", "checksum": "sha256:ab"}
    published = {"yes": "sha256:ab", "no": "sha256:cd", "unknown": ""}
    sources = {name: {**facts, "origin": "u", "published_checksum": value} for name, value in published.items()}
    assert source_table(sources) == {
        "source": ["yes", "no", "unknown"],
        "origin": ["u"] * 3,
        "SHA-256": ["ab"] * 3,
        "published checksum": ["sha256:ab", "sha256:cd", "-"],
        "is the published file": ["yes", "no", "unknown"],
    }


def test_arrays_and_settings_are_rows() -> None:
    arrays = {"onehot": {"shape": [2, 3, 4], "sha256": "cd", "unit": "1"}}
    assert array_table(arrays) == {"array": ["onehot"], "shape": ["2 x 3 x 4"], "SHA-256": ["cd"]}
    assert settings_table({"a": {"b": 1}, "c": "d"}) == {"key": ["a.b", "c"], "value": ["1", "d"]}

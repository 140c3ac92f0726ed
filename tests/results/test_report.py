"""The report of a run, opened in a browser; and what its pages hold."""

import base64
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers.chromium import Page, browse, find_chromium
from helpers.fixtures import Refuses, says
from helpers.small_run import ROOT, SECRET
from helpers.toy_dataset import toy_dataset
from tr300m.metrics.point import UNDEFINED
from tr300m.results.report import reading_guide as guide
from tr300m.results.report.all_runs import calibration_side_by_side, views_side_by_side
from tr300m.results.report.html import page
from tr300m.results.report.reading_guide import CONSTANT, OWN_MEAN, guide_table, mean_error
from tr300m.results.report.run_records import (
    array_table,
    compare_records,
    environment,
    flat,
    record_pages,
    settings_table,
    source_table,
    version_table,
)
from tr300m.results.thesis_t import UNCORRECTED

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
    assert "results/small/report.html" in done.stdout
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


def title(page: Path) -> str:
    """Return the heading of a page."""
    found = re.search("<h1>(.*)</h1>", page.read_text())
    assert found is not None
    return found.group(1)


def caption(name: str) -> str:
    """Return the first words of a caption, as the report shows them."""
    return (ROOT / f"workflow/report/{name}.rst").read_text().partition("`")[0].partition("\n")[0]


@pytest.mark.slow
def test_report_opens_without_error_or_request(opened: Page, written: Path, tmp_path: Path) -> None:
    """Every item of every category, the graph and the statistics."""
    front = opened.text()
    assert "simulated" in front.lower()
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
        "models",
        "table1",
        "baselines",
        "against_baselines",
        "breakdown",
        "calibration",
        "mechanism",
        "truth",
        "cards",
        "runs",
        "versions",
    }
    for path in paths:
        show(opened, path)
        if path.endswith(".html"):
            opened.wait_for(f"{title(written.parents[2] / path)}\n")
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
    baselines, guide_title = (title(written.parent / f"pages/{name}.html") for name in ("baselines", "guide"))
    opened.wait_for(baselines)
    show(opened, "results/small/pages/table1.html")
    table = opened.wait_for(guide_title)
    assert "Seq + TF + Core + HM" in table
    assert accuracy in table
    assert "simulated" in table.lower()
    opened.run("app.showResultInfo('results/small/pages/table1.html')")
    opened.wait_for(caption("table1"))
    opened.click(guide_title)  # the caption's link
    opened.wait_for(caption("guide"))
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
def test_what_is_missing_is_made_first(small: Path) -> None:
    table = small / "results/small/table1.tsv"
    expected = table.read_text()
    table.unlink()
    done = report(small, "--configfile", "small.yaml", "--output", "again.html")
    assert done.returncode == 0, done.stderr
    assert table.read_text() == expected
    assert (small / "again.html").stat().st_size > 10_000
    (small / "again.html").unlink()


@pytest.mark.slow
def test_a_bad_configuration_has_no_report(small: Path) -> None:
    done = report(small, "--configfile", "small.yaml", "--config", "editon=release")
    assert done.returncode == 1
    assert says(done.stderr, "`editon`", "`edition`")
    assert "Traceback" not in done.stderr


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
OURS = {"across_genes": 0.45, "within_gene": 0.0, "doubly_centred": UNDEFINED}
THESIS = {
    "seq": {"pearson": 0.032, "log_r2": 0.013, **REST},
    "seq_tf": {"pearson": 0.069, "log_r2": -0.188, **REST},
}


def rows_of(columns: dict[str, list[str]]) -> dict[str, list[str]]:
    return {row[0]: list(row[1:]) for row in zip(*columns.values(), strict=True)}


def test_guide_says_what_others_reach() -> None:
    rows = rows_of(guide_table({name: metrics | REST | OURS for name, metrics in BASELINES.items()}, THESIS))
    trees, cpg_gc = (guide.BASELINES[name].label for name in ("trees", "cpg_gc"))
    assert rows["Pearson Correlation"][2:6] == ["undefined", f"40.0 ({trees})", "90.0", "6.9"]
    assert rows["Log R2"][2:6] == ["-0.1", f"20.0 ({cpg_gc})", "95.0", "1.3"]
    # The thesis has neither contrasts nor CRPS; the smallest CRPS is the best, in TPM.
    assert rows["Across Genes"][2:6] == ["45.0", f"45.0 ({cpg_gc})", "45.0", "-"]
    assert rows["Doubly Centred"][2:6] == ["undefined", "not made", "undefined", "-"]
    assert rows["CRPS, mean"][2:6] == ["37.0", f"25.0 ({trees})", "14.2", "-"]
    assert rows["NLL"][2:6] == ["-"] * 4
    assert all(row[-1].endswith(".") for row in rows.values())


def test_guide_compares_test_and_validation_by_the_difference() -> None:
    """Two independent estimates of one figure: how often each criterion fails with nothing wrong."""
    first, second = np.random.default_rng(0).normal(size=(2, 100_000))
    half_width = 1.96
    assert np.mean(np.abs(first - second) > half_width) == pytest.approx(0.17, abs=0.01)
    assert np.mean(np.abs(first - second) > np.hypot(half_width, half_width)) == pytest.approx(0.05, abs=0.005)
    says = rows_of(guide_table({}, THESIS))["Test minus validation"][-1]
    assert "squared half-widths" in says and "1 of 20" in says and "17 %" in says
    caption = (ROOT / "workflow/report/table2.rst").read_text()
    assert "squared half-widths" in caption and "17" in caption


def test_p_values_are_said_to_be_uncorrected() -> None:
    assert "not corrected" in UNCORRECTED and "30" in UNCORRECTED
    for caption in ("comparison", "workflow"):
        assert "not corrected" in " ".join((ROOT / f"workflow/report/{caption}.rst").read_text().split())


def test_guide_without_baselines() -> None:
    rows = rows_of(guide_table({}, THESIS))
    assert rows["Pearson Correlation"][2:6] == ["not made", "not made", "not made", "6.9"]


def test_guide_names_baselines_that_exist() -> None:
    assert {CONSTANT, OWN_MEAN} <= set(guide.BASELINES)
    narrow = {"cpg_gc", "kmer_ridge", "motif_ridge", "histone_linear", "trees"}
    assert set(guide.FITTED) == narrow | {"wide_ridge", "wide_trees"}


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
    mine = {"quantity": ["coverage_90", "width_90", "below_5"], "value": ["0.85", "100", "0.1"]}
    full = values | {"coverage_90": "0.95"}
    columns = calibration_side_by_side(
        [("a", {"quantity": list(full), "value": list(full.values())})], [("mine", mine)]
    )
    assert columns["Run"] == ["a", "mine"] and columns["CRPS, mean (TPM)"] == ["36.83", "-"]
    assert columns["Inside 50 %"] == ["60.0", "-"] and columns["Inside 90 %"] == ["95.0", "85.0"]
    assert columns["Width of 90 % (TPM)"] == ["122.20", "100.00"]
    with refuses("crps_mean"):
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


def test_families_have_settings_of_their_own() -> None:
    """Of a table of all runs most cells would say none; a record without a family is a network's."""
    facts = {"path": "p", "origin": "u", "sha256": "ab", "published_checksum": ""}
    manifest = toy_dataset().manifest | {"sources": {"genome": facts}}
    fitted = {"key": "bilinear", "label": "Bilinear", "family": "factorised"}
    other = {"run": "b", "architecture": fitted, "features": ["kmers"], "versions": {}}
    runs = record_pages([RECORD, other, RECORD | {"run": "c", "seed": 4}], manifest, {})["runs"]
    sections = {text.splitlines()[0]: text for text in runs.split("## ")[1:]}
    assert list(sections) == [
        f"Settings that {what}: family {family}"
        for family in ("pairwise", "factorised")
        for what in ("differ", "all runs share")
    ] + ["Configuration"]
    assert "kmers" in sections["Settings that all runs share: family factorised"]
    assert "kmers" not in sections["Settings that all runs share: family pairwise"]


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

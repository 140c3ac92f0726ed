"""Factorised runs in the workflow, without a network: fitted, predicted under controls, scored, in all tables."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.fixtures import says
from helpers.small_run import ROOT, SMALL, checkout, dry_run, few_tracks, snakemake
from tr300m.base.files import read_json, read_tsv
from tr300m.results.model_table import NOT_SHOWN
from tr300m.training.run_record import TRAINED_FILES

pytestmark = pytest.mark.workflow
HEADER = "run\tarchitecture\tsplit\tlikelihood\tcontrol\tscan\tseed\tsteps\toptions\n"
MIXTURE = "zero_lognormal_mixture"
ROWS = {
    "plain": ("bilinear", "thesis", "none"),
    "trees": ("bilinear_trees", "thesis", "none"),
    "late": ("bilinear", "thesis", "permute_histones_at_evaluation"),
    "permuted": ("bilinear", "thesis", "permute_levels"),
    "fold1": ("bilinear", "chromosome_1", "none"),
    "fold2": ("bilinear", "chromosome_2", "none"),
}
PARTS = ("validation", "test")
GENE = "SIM3"
USE = f"use: {{runs: [plain, trees], genes: [{GENE}], variants: mine.vcf, tissues: [Liver]}}\n"
VCF = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\nchr1\t1\tfirst\tN\tA\t.\t.\t.\n"


def table(*extra: str) -> str:
    rows = (f"{run}\t{key}\t{split}\t{MIXTURE}\t{control}\t-\t3\t-\t-\n" for run, (key, split, control) in ROWS.items())
    return HEADER + "".join([*rows, *extra])


def configure(folder: Path, runs: str) -> None:
    (folder / "factors.tsv").write_text(runs)
    text = SMALL.format(url="simulated").replace("results/small", "results/factors").replace("small_runs", "factors")
    text = text.replace("gene_pool: null}", "gene_pool: null, folds: 3}").replace(
        'donors: "simulated"', "donors: simulated"
    )
    (folder / "mine.vcf").write_text(VCF)
    wide = "wide: {mark_edges: [500, 2000], sequence: 3000}\n"
    (folder / "factors.yaml").write_text(f"{text}tracks: {few_tracks(folder)}\n{wide}{USE}")


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkout with a configuration of factorised runs alone."""
    folder = checkout(tmp_path_factory.mktemp("factors"))
    configure(folder, table())
    return folder


def test_factorised_runs_are_planned_whole(clean: Path) -> None:
    """Six runs, one of them with the model of another; no training, and no table or figure of Table 1."""
    jobs = dry_run(clean, "--configfile", "factors.yaml")
    names = ("fit", "reuse_fit", "predict_fit", "gene_features", "level_changes_fit")
    assert {name: jobs.get(name, 0) for name in names} == {
        "fit": 5, "reuse_fit": 1, "predict_fit": 6, "gene_features": 6, "level_changes_fit": 3,
    }  # fmt: skip
    # On test two runs, and three pools. The baselines of three splits, on test too where Table 1 would be.
    assert jobs["metrics"] == 6 + 2 + 3
    assert (jobs["baseline"], jobs["metrics_of_baselines"]) == (3, 3 + 1)
    assert jobs["models"] == jobs["model_forest"] == jobs["folds"] == jobs["controls"] == jobs["pages"] == 1
    assert (jobs["gene_page"], jobs["variants"]) == (1, 1)
    for name in ("train", "predict", "scan", "panels", "level_changes", "table1", "forest", "reliability_comparison"):
        assert name not in jobs


@pytest.mark.parametrize(
    ("row", "parts"),
    [
        ("x\tbilinear\tthesis\tnb_exponential\tnone\t-\t3\t-\t-\n", ["run x", "`likelihood`", MIXTURE]),
        (f"x\tbilinear\tthesis\t{MIXTURE}\tnone\tcached\t3\t-\t-\n", ["run x", "`scan`", "factorised"]),
        (f"x\tbilinear\tthesis\t{MIXTURE}\tnone\t-\t3\t50\t-\n", ["run x", "`steps`", "factorised"]),
        (f"x\tbilinear\tthesis\t{MIXTURE}\tnone\t-\t3\t-\trnak=3\n", ["run x", "`options`", "rnak"]),
        (f"x\tbilinaer\tthesis\t{MIXTURE}\tnone\t-\t3\t-\t-\n", ["run x", "`architecture`", "bilinear"]),
    ],
)
def test_a_wrong_factorised_run_stops_before_any_job(clean: Path, row: str, parts: list[str]) -> None:
    (clean / "wrong.tsv").write_text(table(row))
    output = snakemake(clean, "--dry-run", "--configfile", "factors.yaml", "--config", "runs=wrong.tsv", check=False)
    assert says(output, *parts)
    assert "Job stats" not in output


def test_the_jobs_of_factorised_runs_load_no_keras() -> None:
    code = "import re, sys\n" + "\n".join(
        re.sub(r"(?s)\nwith job.*", "", (ROOT / f"workflow/scripts/{name}.py").read_text())
        for name in ("fit", "predict_fit", "level_changes_fit")
    )
    code += "\nassert not {'keras', 'tensorflow', 'jax'} & {name.split('.')[0] for name in sys.modules}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def results(clean: Path) -> Path:
    """Return the results of the six runs."""
    snakemake(clean, "--configfile", "factors.yaml")
    return clean / "results/factors"


@pytest.mark.slow
def test_factorised_runs_are_fitted_and_recorded(results: Path) -> None:
    record, late = (read_json(results / f"runs/{run}/run.json") for run in ("plain", "late"))
    assert record["architecture"]["family"] == "factorised"
    assert record["features"] == ["smooth_marks", "wide_composition", "wide_kmers", "kmers", "motif_maxima"]
    assert late == record | {"run": "late", "control": "permute_histones_at_evaluation", "weights_of": "plain"}
    models = [(results / f"runs/{run}/model.npz").read_bytes() for run in ("plain", "late", "permuted")]
    assert models[0] == models[1] != models[2]
    assert not any((results / "runs/plain" / name).exists() for name in TRAINED_FILES)


@pytest.mark.slow
def test_controls_change_predictions_of_factorised_runs(results: Path) -> None:
    def predicted(run: str) -> dict[str, np.ndarray]:
        with np.load(results / f"runs/{run}/predictions.validation.npz") as saved:
            return {name: saved[name] for name in saved}

    plain = predicted("plain")
    assert list(plain) == ["gene", "sample", "observed", "raw", "median", "mean", "nll"]
    for run in ("late", "permuted"):
        other = predicted(run)
        assert np.array_equal(other["observed"], plain["observed"])
        assert not np.allclose(other["median"], plain["median"])


@pytest.mark.slow
def test_factorised_runs_are_in_every_table(results: Path) -> None:
    models = read_tsv(results / "models.tsv")
    rows = list(zip(*(models[name].tolist() for name in ("Run or baseline", "Split", "Part")), strict=True))
    assert len(rows) == len(set(rows)) == 2 * (2 + 2) + 1 + 2
    for part in PARTS:
        assert ("plain", "thesis", part) in rows and ("trees", "thesis", part) in rows
    assert ("bilinear", "chromosome", "test") in rows
    assert set(models["Log Pearson Correlation minus best network"].tolist()) == {NOT_SHOWN}
    differences = models["Log Pearson Correlation minus best baseline"][models["Family"] == "factorised"]
    assert NOT_SHOWN not in differences.tolist()
    assert "undefined" not in models["NLL"][models["Family"] == "factorised"].tolist()
    truth = read_tsv(results / "truth.tsv")
    assert {"plain", "trees", "late", "permuted"} <= {value for column in truth.values() for value in column.tolist()}
    controls = read_tsv(results / "controls.tsv")
    assert any("permute histones (evaluation only)" in label for label in controls["Model Architecture"].tolist())
    assert {"plain, validation", "trees, validation"} <= set(read_tsv(results / "calibration.tsv")["Run"].tolist())
    runs = (results / "runs.md").read_text()
    assert "family factorised" in runs and "family pairwise" not in runs
    for name in ("models", "evaluation/plain.validation.reliability", "evaluation/trees.validation.density"):
        for ending in ("png", "svg"):
            assert (results / f"{name}.{ending}").stat().st_size > 10_000


@pytest.mark.slow
def test_runs_are_used(results: Path) -> None:
    """A page, which knows that it is of simulated data, and a variant of an unknown base."""
    page = (results / f"use/{GENE}.html").read_text()
    assert GENE in page and "plain, trees" in page and "Simulated" in page
    rows = [line.split("\t") for line in (results / "use/variants.tsv").read_text().splitlines() if line[:1] != "#"]
    assert [dict(zip(rows[0], row, strict=True))["status"] for row in rows[1:]] == ["ok"]

"""The workflow: what each configuration plans, what an edit reruns, a small run end to end."""

import gzip
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import yaml
from helpers.fixtures import says
from helpers.small_run import ROOT, RUNS, SECRET, checkout, dry_run, few_tracks, snakemake
from numpy.typing import NDArray
from tr300m.base.axes import Genes, Samples
from tr300m.base.files import read_json, read_tsv
from tr300m.config.schema import read_schema
from tr300m.config.settings import resolve
from tr300m.config.split_names import ANY_LEAVE_OUT, LEAVE_OUT, split_names
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.splits import Split
from tr300m.dataset.tf_levels import regulator_genes
from tr300m.metrics.contrasts import CONTRASTS
from tr300m.results.metric_table import percent

pytestmark = pytest.mark.workflow
ARRAY_RULES = {
    "gene_lines": 1, "genes": 1, "samples": 1, "expression": 1, "motifs": 1, "genome": 1, "onehot": 1,
    "histone_track": 21, "histones": 1, "manifest": 1,
}  # fmt: skip
SIMULATION_RULES = {
    "simulate_annotation": 1, "simulate_samples": 1, "simulate_donors": 1, "simulate_lambert": 1,
    "simulate_genome": 1, "simulate_truth": 1, "simulate_expression": 1, "simulate_histone_track": 21,
}  # fmt: skip
RUN_RULES = {"train": 7, "predict": 2, "predict_with_own_tf_zeroed": 5, "metrics": 7, "split": 1, "table1": 1}
REPORT_RULES = {"mechanism": 1, "mechanism_figure": 1, "guide": 1, "overview": 1, "records": 1, "cards": 1, "pages": 1}
# One for every run and part that is evaluated.
OF_EACH_PART = ("evaluation", "evaluation_figures")
# The table of all models scores the seven runs and the baselines, all in one job, on both parts; Table 2 evaluates one
# run on the test part too. Five of seven architectures read levels.
RESULT_RULES = {
    "predict": 2, "predict_with_own_tf_zeroed": 5, "metrics": 2 * 7, **dict.fromkeys(OF_EACH_PART, 8),
    "panels": 7, "forest": 1, "models": 1, "model_forest": 1, "reliability_comparison": 1, "table2": 1, "comparison": 5,
    "gene_features": 4, "baseline": 1, "metrics_of_baselines": 2, "baselines": 1, "against_baselines": 1,
    "intervals": 1, **REPORT_RULES, "all": 1,
}  # fmt: skip
# The two factorised models, which are no run of Table 1, on both parts.
FACTORISED_RULES = {
    "fit": 2, "predict_fit": 2, "level_changes_fit": 2, "metrics": 2 * 9, **dict.fromkeys(OF_EACH_PART, 10),
    "gene_page": 1,
}  # fmt: skip
# Where the regulators are simulated too: the run that the demo names.
LEVEL_RULES = {"level_changes": 1}
TRUTH_RULES = {"truth": 1}
# For run tables without the run of which the demo makes a page.
NO_USE = "use={runs: [], genes: []}"


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkout in which nothing was run."""
    return checkout(tmp_path_factory.mktemp("clean"))


def test_full_run_is_planned_whole(clean: Path) -> None:
    assert dry_run(clean, "results/table1.tsv") == {"download": 27, **ARRAY_RULES, **RUN_RULES}


def test_full_run_is_planned_with_controls_and_seeds(clean: Path) -> None:
    """Eight more trainings than Table 1 and the final run, and three runs that only predict."""
    models, parts = 7 + 1 + 3 + 4 + 1 + 3, 7 + 1 + 3 + 4 + 1 + 3 + 1
    expected = {
        **RESULT_RULES, "download": 27, **ARRAY_RULES, "split": 1, "table1": 1, "train": models - 3, "reuse": 3,
        # The six controls, Seq and Seq + Core + HM read no level of their own.
        "predict": 6 + 2, "predict_with_own_tf_zeroed": models - 6 - 2,
        # On test: those of Table 1, the final run and the other output, but no control and no second seed.
        "metrics": parts + 8, "metrics_of_baselines": 2,
        **dict.fromkeys(OF_EACH_PART, parts), "panels": models, "controls": 1, "seeds": 1,
    }  # fmt: skip
    assert dry_run(clean) == expected


def test_demo_is_planned_whole(clean: Path) -> None:
    expected = {**SIMULATION_RULES, **ARRAY_RULES, **RUN_RULES, "scan": 1, **RESULT_RULES, **LEVEL_RULES, **TRUTH_RULES}
    assert dry_run(clean, "--configfile", "config/demo.yaml") == expected | FACTORISED_RULES


# 25 runs of networks on eight splits. Three predict with the weights of others; 13 of the trained ones read levels on
# the thesis's split. 13 runs of factorised models, one of them with the model of another. On test are scored: the ten
# networks on the thesis's split without control, of equal ones the first; the three factorised models there and the
# baselines; and the three folds of three models together, like those of the seven baselines that do not read the genes'
# own expression.
FULL_DEMO_RULES = {
    "train": 22, "reuse": 3, "predict": 8, "predict_with_own_tf_zeroed": 17, "fit": 12, "reuse_fit": 1,
    "predict_fit": 13, "metrics": 25 + 10 + 13 + 3 + (3 + 7), **dict.fromkeys(OF_EACH_PART, 26 + 13),
    "models": 1, "model_forest": 1, "reliability_comparison": 1, "forest": 1,
    "panels": 25, "folds": 1, "split": 8, "level_changes": 13, "level_changes_fit": 6,
    "truth": 1, "seeds": 1, "controls": 1, "scan": 1,
    "table1": 1, "table2": 1, "comparison": 5, "gene_features": 4, "baseline": 8, "baselines": 1,
    "metrics_of_baselines": 8 + 1, "against_baselines": 1, "intervals": 1, **REPORT_RULES, "all": 1,
    "motif_training": 1, "motif_panels": 1, "motif_detection": 1, "gene_page": 1,
    "simulate_cres": 1, "cres": 1, "release_array": 15, "verify_release": 1, "release": 1,
}  # fmt: skip


def test_full_demo_is_planned_whole(clean: Path) -> None:
    targets = ["all", "motif_detection", "release"]
    jobs = dry_run(clean, *targets, "--configfile", "config/demo_full.yaml")
    assert jobs == {**SIMULATION_RULES, **ARRAY_RULES, **FULL_DEMO_RULES}


def test_the_ablation_of_the_full_demo_is_planned(clean: Path) -> None:
    """None, each and all of five options, three seeds; on the thesis's split alone, and scored on validation pairs."""
    files = ("config/demo_full.yaml", "config/demo_full_ablation.yaml")
    jobs = dry_run(clean, "results/demo_full_ablation/options.tsv", "--configfile", *files)
    runs = 7 * 3
    expected = {"train": runs, "predict_with_own_tf_zeroed": runs, "metrics": runs, "options": 1, "split": 1}
    scans = {"scan": 1, "scan_both_strands": 1, "wide_track": 21, "wide_marks": 1}
    assert jobs == {**SIMULATION_RULES, **ARRAY_RULES, **expected, **scans}


def test_full_demo_has_a_row_of_every_kind() -> None:
    rows = read_tsv(ROOT / "config/demo_full_runs.tsv")
    row_schema = read_schema(ROOT / "workflow/schemas/runs.schema.yaml")["properties"]
    for column in ("likelihood", "control", "scan"):
        assert set(row_schema[column]["enum"]) == set(rows[column].tolist()), column
    assert set(read_tsv(ROOT / "config/architectures.tsv")["architecture"]) == set(rows["architecture"])
    splits = {ANY_LEAVE_OUT if name.startswith(LEAVE_OUT) else name for name in rows["split"].tolist()}
    assert splits == set(split_names(folds=3))
    assert len(set(rows["seed"][rows["architecture"] == "seq_tf"])) == 3


def test_chr22_is_planned_whole(clean: Path) -> None:
    data = clean / "data"
    for name in (
        "gencode/gencode.v26.gene_lines.gtf.gz",
        "chr22/chr22.fa.gz",
        "lambert/DatabaseExtract_v_1.01.csv",
        "gtex/sample_attributes_rnaseq.txt",
        "gtex/subject_phenotypes.txt",
    ):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).touch()
    simulated = {name: SIMULATION_RULES[name] for name in ("simulate_truth", "simulate_expression")}
    expected = {
        **simulated,
        "simulate_histone_track": 21,
        **ARRAY_RULES,
        **RUN_RULES,
        "scan": 1,
        **RESULT_RULES,
        **TRUTH_RULES,
    }
    assert dry_run(clean, "--configfile", "config/chr22.yaml", "--config", f"data={data}") == expected


VARIANTS = (
    RUNS
    + "late\tseq_tf_core_hm\tthesis\tnb_exponential\tpermute_levels_at_evaluation\ton_the_fly\t3\t6\t-\n"
    + "shuffled\tseq_tf_core_hm\tthesis\tnb_exponential\tshuffle_sequence\ton_the_fly\t3\t6\t-\n"
    + "fold\tseq_core_hm\tchromosome_2\tzero_lognormal_mixture\tpermute_histones\tcached\t3\t6\t-\n"
    + "people\tseq_tf\tdonor\tnb_exponential\tpermute_levels\tcached\t3\t6\t-\n"
)
# Without table2 and comparisons, whose runs are not there.
VARIANT_JOBS = {
    "train": 5, "reuse": 1, "predict": 5, "predict_with_own_tf_zeroed": 1, "metrics": 6 + 2,
    **dict.fromkeys(OF_EACH_PART, 6), "panels": 6, "forest": 1, "reliability_comparison": 1, "split": 3, "models": 1,
    "model_forest": 1,
    "gene_features": 4, "baseline": 3, "metrics_of_baselines": 3 + 1, "baselines": 1, "against_baselines": 1,
    "controls": 1, "intervals": 1,
    "table1": 1, "truth": 1, **REPORT_RULES, "all": 1,
}  # fmt: skip


def test_test_scores_of_all_runs_and_baselines_are_a_target_of_their_own(clean: Path) -> None:
    jobs = dry_run(clean, "test_scores", "--configfile", "config/demo.yaml")
    predicted = jobs["predict"] + jobs.get("predict_with_own_tf_zeroed", 0)
    assert (predicted, jobs["predict_fit"], jobs["baseline"]) == (7, 2, 1)
    assert (jobs["metrics"], jobs["metrics_of_baselines"], jobs["test_scores"]) == (7 + 2, 1, 1)
    assert "table1" not in jobs


def test_variants_are_planned_whole(clean: Path) -> None:
    """Six rows, of which one predicts with another's weights, on three splits."""
    (clean / "variants.tsv").write_text(VARIANTS)
    jobs = dry_run(clean, "--configfile", "config/demo.yaml", "--config", "runs=variants.tsv", NO_USE)
    assert jobs == {**SIMULATION_RULES, **ARRAY_RULES, **VARIANT_JOBS, "scan": 1}


def test_external_predictions_are_planned_like_baselines(clean: Path) -> None:
    """Two tables, one of them on two folds that no run uses: these get the baselines and common test scores too."""
    (clean / "mine.tsv").write_text("gene\tsample\tmedian\n")
    folds = "{file: mine.tsv, split: [chromosome_1, chromosome_2]}"
    options = [
        "--configfile",
        "config/demo.yaml",
        "--config",
        f"external_predictions={{mine: mine.tsv, folds: {folds}}}",
    ]
    plain = dry_run(clean, *options[:2])
    added = {
        "external": 2 + 2 * 2,
        "baseline": 2,
        # Seven baselines do not read the genes' own expression.
        "metrics": 2 + 2 + 1 + 7,
        "metrics_of_baselines": 2,
        "split": 2,
        "folds": 1,
    }
    assert dry_run(clean, *options) == plain | {name: plain.get(name, 0) + count for name, count in added.items()}


def test_a_control_at_evaluation_trains_the_run_it_needs(clean: Path) -> None:
    (clean / "variants.tsv").write_text(VARIANTS)
    target = "results/demo/runs/late/metrics.validation.json"
    jobs = dry_run(clean, target, "--configfile", "config/demo.yaml", "--config", "runs=variants.tsv", NO_USE)
    assert {name: jobs[name] for name in ("train", "reuse", "predict")} == {"train": 1, "reuse": 1, "predict": 1}
    assert "scan" not in jobs


def test_editions_plan_the_same_jobs(clean: Path) -> None:
    assert dry_run(clean, "results/table1.tsv", "--config", "edition=corrected") == {
        "download": 27,
        **ARRAY_RULES,
        **RUN_RULES,
    }


def test_release_is_planned_and_alone_fetches_the_ccres(clean: Path) -> None:
    expected = {"download": 28, **ARRAY_RULES, "cres": 1, "release_array": 15, "verify_release": 1, "release": 1}
    assert dry_run(clean, "release") == expected
    assert "encodeCcreCombined" not in snakemake(clean, "--dry-run", "dataset", "results/table1.tsv")


@pytest.mark.parametrize(
    ("target", "settings", "parts"),
    [
        ("results/compare_release.tsv", [], ["`released_data: /path/to/data.zip`"]),
        ("results/compare_release.tsv", ["released_data=none.zip"], ["none.zip", "data.zip"]),
        ("release", ["edition=corrected"], ["corrected", "`edition: release`"]),
        (
            "results/compare_release.tsv",
            ["edition=corrected", "released_data=."],
            ["corrected", "`edition: release`"],
        ),
    ],
)
def test_what_the_release_targets_need(clean: Path, target: str, settings: list[str], parts: list[str]) -> None:
    options = ["--config", *settings] if settings else []
    assert says(snakemake(clean, "--dry-run", target, *options, check=False), *parts)


def test_the_release_has_its_window(clean: Path) -> None:
    (clean / "wide.yaml").write_text("window: {downstream: 2000}\n")
    output = snakemake(clean, "--dry-run", "release", "--configfile", "wide.yaml", check=False)
    assert says(output, "4,773", "`window`")


def test_lint_passes(clean: Path) -> None:
    assert "Congratulations" in snakemake(clean, "--lint")


@pytest.mark.parametrize(
    ("setting", "parts"),
    [
        ("editon=release", ["`editon`", "`edition`"]),
        ("edition=latest", ["'latest'", "release, corrected"]),
        ("chromosomes=chr1", ["`chromosomes`", "'chr1'", "null"]),
        ("sources={genome: nowhere.fa}", ["genome", "nowhere.fa", "`upstream`"]),
        ("external_predictions={mine: none.tsv}", ["`external_predictions: mine`", "none.tsv"]),
        ("external_predictions={mine: {split: thesis}}", ["`external_predictions: mine`", "file"]),
        ("runs=bad_runs.tsv", ["run seq", "`architecture`", "sequence", "seq, seq_tf,"]),
    ],
)
def test_a_bad_configuration_stops_before_any_job(clean: Path, setting: str, parts: list[str]) -> None:
    (clean / "bad_runs.tsv").write_text(RUNS.replace("seq\tseq\t", "seq\tsequence\t"))
    output = snakemake(clean, "--dry-run", "results/table1.tsv", "--config", setting, check=False)
    assert says(output, *parts)
    assert "Job stats" not in output


@pytest.mark.slow
def test_small_run_makes_a_table(small: Path) -> None:
    table = read_tsv(small / "results/small/table1.tsv")
    assert table["Model Architecture"].tolist() == ["Seq", "Seq + TF + Core + HM"]
    assert list(table)[1:6] == [
        "Pearson Correlation",
        "Log Pearson Correlation",
        "Spearman Correlation",
        "Log R2",
        "Accuracy",
    ]
    assert table["Pairs"].tolist() == ["40", "40"]
    assert "imulated data" in (small / "results/small/table1.md").read_text()
    record = read_json(small / "results/small/runs/all/run.json")
    assert record["seed"] == 3
    assert record["steps"] == 6
    silent = read_tsv(small / "results/small/dataset/silent_chromosomes.tsv")
    assert set(zip(silent["cell"].tolist(), silent["chromosome"].tolist(), strict=True)) == {("Nhlf", "chrY")}
    assert silent["mark"].tolist() == ["H3K4me1", "H3K4me3", "H3K27ac"]
    assert "NhlfH3k4me1.bigWig lacks chrY" in (small / "results/small/logs/histone_track/H3K4me1_Nhlf.log").read_text()
    assert (
        record["arrays"]["onehot"]
        == read_json(small / "results/small/dataset/manifest.json")["arrays"]["onehot"]["sha256"]
    )
    results = small / "results/small"
    names = ("table1", "reliability", "runs/seq/panels", "evaluation/all.validation.reliability")
    for name in (*names, "evaluation/all.validation.density"):
        for ending in ("png", "svg"):
            assert (results / f"{name}.{ending}").stat().st_size > 10_000


def check_own_level_zeroed(results: Path, breakdown: dict[str, NDArray[np.str_]]) -> None:
    """The predictions without the own TPM are for the regulators among the genes, and have views of their own."""
    dataset = Dataset.open(results / "dataset")
    genes, regulators = dataset.genes, dataset.regulators
    own = regulator_genes(genes.gene_id, genes.merged, regulators.gene_id, dataset.motif_map)
    with np.load(results / "runs/all/predictions.validation.npz") as plain:
        wanted = own[plain["gene"]]
        with np.load(results / "runs/all/predictions.validation.own_tf_zeroed.npz") as zeroed:
            for name in ("gene", "sample", "observed"):
                assert np.array_equal(zeroed[name], plain[name][wanted])
            assert zeroed["raw"].shape == (wanted.sum(), 4)
    shown = {view for view in breakdown["view"] if view.endswith("own level zeroed")}
    assert len(shown) == (2 if wanted.any() else 0)
    assert not (results / "runs/seq/predictions.validation.own_tf_zeroed.npz").exists()


def check_without_shared_promoters(results: Path, intervals: dict[str, NDArray[np.str_]]) -> None:
    """Each score without shared promoters stands beside it, in Table 1, the breakdown, baselines and intervals."""
    name = "Log Pearson Correlation without shared promoters"
    genes = Genes.read(results / "dataset/genes.tsv")
    split = Split.read(results / "splits/thesis.tsv", genes, Samples.read(results / "dataset/samples.tsv"))
    pairs = 4 * int((~split.shares_promoter(genes.cluster)[split.validation_genes]).sum())
    assert set(intervals["genes"]) == {"all", "without shared promoters"}
    for number, (kind, model) in enumerate((("runs", "seq"), ("runs", "all"), ("baselines/thesis", "sample_median"))):
        found = read_json(results / f"{kind}/{model}/metrics.validation.unshared.json")
        assert found["pairs"] == pairs
        table = read_tsv(results / ("table1.tsv" if kind == "runs" else "baselines.tsv"))
        row = number if kind == "runs" else 0
        assert table[name][row] == percent(found["log_pearson"])
        assert table["Pairs without shared promoters"][row] == str(pairs)
        rows = (intervals["model"] == model) & (intervals["genes"] == "without shared promoters")
        assert {*intervals["metric"][rows]} >= {"log_pearson", "accuracy", *CONTRASTS}
    assert name in (results / "table1.md").read_text()
    breakdown = read_tsv(results / "evaluation/all.validation.breakdown.tsv")
    row = (breakdown["view"] == "without shared promoters") & (breakdown["metric"] == "log_pearson")
    assert percent(float(breakdown["mean"][row][0])) == read_tsv(results / "table1.tsv")[name][1]
    assert "Without shared promoters" in read_tsv(results / "breakdown.tsv")


@pytest.mark.slow
def test_small_run_is_taken_apart(small: Path) -> None:
    results = small / "results/small"
    table = read_tsv(results / "table1.tsv")
    for row, text in enumerate(table["Accuracy, 95 % interval"]):
        low, high = (float(bound) for bound in text.split(" to "))
        assert low <= float(table["Accuracy"][row]) <= high
    intervals = read_tsv(results / "intervals.tsv")
    named = zip(*(intervals[name].tolist() for name in ("kind", "model", "label", "split", "part")), strict=True)
    assert set(named) == {
        ("run", "seq", "Seq", "thesis", "validation"),
        ("run", "all", "Seq + TF + Core + HM", "thesis", "validation"),
        ("baseline", "sample_median", "Sample median", "thesis", "validation"),
        ("baseline", "histone_linear", "Histone means, ridge", "thesis", "validation"),
    }
    assert set(intervals["drawn"]) == {"both", "genes", "donors"}
    check_without_shared_promoters(results, intervals)
    baselines = read_tsv(results / "baselines.tsv")
    assert baselines["Model Architecture"].tolist() == ["Sample median", "Histone means, ridge"]
    assert baselines["Split"].tolist() == ["thesis", "thesis"]
    assert baselines["NLL"].tolist() == ["undefined"] * 2
    # The sample median is the same for all genes.
    assert [baselines[name][0] for name in ("Across Genes", "Doubly Centred")] == ["0.0", "0.0"]
    assert "Across Genes" not in table
    # The genes' own training means were not asked for: each run, and its difference to the better of the two.
    against = read_tsv(results / "against_baselines.tsv")
    best = against["Minus"][1]
    assert best in baselines["Model Architecture"]
    assert against["Minus"].tolist() == ["", best, "", best]
    assert against["Accuracy"][[0, 2]].tolist() == table["Accuracy"].tolist()
    assert baselines["Pairs"].tolist() == ["40", "40"]
    # Table 1's figures are those of the pooled view.
    breakdown = read_tsv(results / "evaluation/all.validation.breakdown.tsv")
    pooled = (breakdown["view"] == "pooled") & (breakdown["metric"] == "accuracy")
    assert f"{100 * float(breakdown['mean'][pooled][0]):.1f}" == table["Accuracy"][1]
    assert set(breakdown["view"]) >= {"across genes", "across tissues", "across people", "per tissue"}
    check_own_level_zeroed(results, breakdown)
    mechanism = read_tsv(results / "mechanism.tsv")
    assert set(mechanism["tissues"]) == {"seen", "held out"}
    assert (results / "mechanism.svg").is_file()
    calibration = read_tsv(results / "evaluation/all.validation.calibration.tsv")
    assert float(calibration["value"][calibration["quantity"] == "crps_mean"][0]) > 0
    for path in results.rglob("*.tsv"):
        if path.parent.name in ("small", "evaluation"):
            assert "nan" not in path.read_text().lower().split()


@pytest.mark.slow
def test_tables_that_the_runs_do_not_give_are_named(small: Path) -> None:
    for table, *parts in (
        ("table2", "Table 2", "final"),
        ("table7", "Table 7", "seq_core_hm"),
        ("controls", "small_runs.tsv"),
        ("seeds", "small_runs.tsv"),
    ):
        target = f"results/small/{table}.tsv"
        assert says(snakemake(small, target, "--configfile", "small.yaml", "--dry-run", check=False), *parts)


@pytest.mark.slow
def test_a_second_call_does_nothing(small: Path) -> None:
    assert dry_run(small, "--configfile", "small.yaml") == {}


@pytest.mark.slow
def test_manifest_names_origin_and_checksum_of_every_source(small: Path) -> None:
    sources = read_json(small / "results/small/dataset/manifest.json")["sources"]
    assert len(sources) == 27
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/donors\.txt\?\.\.\.", sources["donors"]["origin"])
    assert "60-61" in (small / "results/small/dataset/donors.tsv").read_text()
    assert sources["genome"]["origin"] == "simulated"
    assert all(len(record["sha256"]) == 64 for record in sources.values())


@pytest.mark.slow
def test_credentials_are_written_nowhere(small: Path) -> None:
    """Neither in results and logs nor in what Snakemake keeps of its jobs; a renewed signature reruns nothing."""
    holding = {path.name for path in small.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()}
    assert holding == {"small.yaml"}
    config = (small / "small.yaml").read_text()
    (small / "renewed.yaml").write_text(config.replace(SECRET, "another"))
    assert dry_run(small, "--configfile", "renewed.yaml") == {}
    (small / "renewed.yaml").write_text(config.replace("?token", "?file=1&token"))
    assert "download_own" in dry_run(small, "--configfile", "renewed.yaml")
    (small / "renewed.yaml").unlink()


ONE_RUN = dict.fromkeys(
    (
        "train", "predict", "metrics", "evaluation", "evaluation_figures", "panels", "intervals", "truth", "overview",
        "records", "cards", "pages", "all",
    ),
    1,
)  # fmt: skip


@pytest.mark.slow
def test_release_of_simulated_sources(small: Path) -> None:
    """Written and compared end to end; what is simulated is not called the release."""
    options = ("--configfile", "small.yaml")
    output = snakemake(small, "release", *options)
    assert "results/small/" in output
    table = read_tsv(small / "results/small/release/verification.tsv")
    verdict = dict(zip(table["array"].tolist(), table["verdict"].tolist(), strict=True))
    # Made of JASPAR alone; where zlib compresses to other bytes, its .npy is compared.
    assert verdict.pop("POLIIKernels") == "identical"
    assert set(verdict.values()) == {"not checked: simulated sources"}
    assert len(verdict) == 14
    dataset = Dataset.open(small / "results/small/dataset")
    with gzip.open(small / "results/small/release/hmArr.npy.gz") as handle:
        histones = np.load(handle)
    assert histones.dtype == np.float64
    assert np.array_equal(histones.reshape(dataset.histones.shape), dataset.histones)
    assert dry_run(small, "release", *options) == {}

    facts = small / "resources/release_manifest.tsv"
    before = facts.read_text()
    hm = next(line for line in before.splitlines() if line.startswith("hmArr\t"))
    facts.write_text(before.replace(hm, hm.replace("\t\t", "\t5\t")))
    try:
        assert dry_run(small, "release", *options) == {"release_array": 1, "verify_release": 1, "release": 1}
    finally:
        facts.write_text(before)


@pytest.mark.slow
def test_own_files_are_not_called_the_release(small: Path, tmp_path: Path) -> None:
    """Every source is a file of the user's: no title says GTEx, no thesis's curve is drawn, until checksums say so."""
    folder = shutil.copytree(small, tmp_path / "own", symlinks=True)
    config = yaml.safe_load((folder / "small.yaml").read_text())
    settings = resolve({**config, "runs": str(folder / "small_runs.tsv")}, ROOT, files=False)
    config["sources"] = {key: settings.source_path(key) for key in settings.source_records()}
    config["chromosomes"] = None
    (folder / "own.yaml").write_text(yaml.safe_dump(config))
    targets = [f"results/small/{name}" for name in ("table1.svg", "table1.md")]
    output = snakemake(folder, *targets, "--configfile", "own.yaml")
    assert "own files" in output
    figure, table = ((folder / target).read_text() for target in targets)
    assert "Own data" in figure
    assert "GTEx" not in figure and "thesis, " not in figure
    assert "not on these" in table and "Simulated data" not in table

    # The same files, were they the published ones.
    sources = read_json(folder / "results/small/dataset/manifest.json")["sources"]
    path = folder / "config/sources.tsv"
    for record in sources.values():
        path.write_text(path.read_text().replace(record["published_checksum"], record["checksum"]))
    snakemake(folder, *targets, "--configfile", "own.yaml")
    figure, table = ((folder / target).read_text() for target in targets)
    assert "GTEx v8" in figure and "thesis, " in figure
    assert "not on these" not in table


@pytest.mark.slow
def test_comparison_with_published_data(small: Path) -> None:
    options = ("--configfile", "small.yaml")
    snakemake(small, "release", *options)
    published = small / "published/data"
    shutil.copytree(small / "results/small/release", published)
    (published / "tfTssArr.npy.gz").unlink()
    with gzip.open(published / "expressionArr_gene.npy.gz") as handle:
        expression = np.load(handle)
    ours = float(expression[3, 5])
    expression[3, 5] = np.nextafter(ours, np.inf)
    (published / "expressionArr_gene.npy.gz").unlink()
    np.save(published / "expressionArr_gene.npy", expression)
    archive = shutil.make_archive(str(small / "data"), "zip", small / "published")
    snakemake(small, "results/small/compare_release.tsv", *options, "--config", f"released_data={archive}")
    table = read_tsv(small / "results/small/compare_release.tsv")
    rows = {row[0]: row[1:] for row in zip(*(column.tolist() for column in table.values()), strict=True)}
    dataset = Dataset.open(small / "results/small/dataset")
    assert rows.pop("tfTssArr")[0] == "missing from the published data"
    genes, samples = dataset.expression.shape
    assert rows.pop("expressionArr_gene") == (
        "differs", str(genes * samples), "1", "1", "3,5", dataset.genes.gene_id[3], dataset.samples.sample_id[5],
        repr(ours), repr(float(np.nextafter(ours, np.inf))), "data/expressionArr_gene.npy",
    )  # fmt: skip
    assert {row[0] for row in rows.values()} == {"equal"}
    assert len(rows) == 13


@pytest.mark.slow
def test_changing_a_row_retrains_that_run_only(small: Path) -> None:
    table = small / "small_runs.tsv"
    table.write_text(RUNS.replace("cached\t3\t6", "cached\t4\t6"))
    try:
        jobs = dry_run(small, "--configfile", "small.yaml")
    finally:
        table.write_text(RUNS)
    # The table of all models scores it on both parts.
    tables = dict.fromkeys(("models", "model_forest", "table1", "forest", "reliability_comparison"), 1)
    assert jobs == {**ONE_RUN, "metrics": 2, **tables, "against_baselines": 1}


@pytest.mark.slow
def test_a_new_row_trains_that_run_only(small: Path) -> None:
    table = small / "small_runs.tsv"
    table.write_text(RUNS + RUNS.splitlines()[2].replace("all\t", "again\t") + "\n")
    try:
        jobs = dry_run(small, "--configfile", "small.yaml")
    finally:
        table.write_text(RUNS)
    # Unlike `seq`, it reads levels. It equals another run, so that the table of all models does not show it.
    assert jobs.pop("predict_with_own_tf_zeroed") == 1
    assert jobs == {**{rule: 1 for rule in ONE_RUN if rule != "predict"}, "level_changes": 1}


@pytest.mark.slow
def test_variants_run(small: Path) -> None:
    """Output, splits and controls side by side; the trained runs stay as they are."""
    table, results = small / "small_runs.tsv", small / "results/small"
    settings = (
        (small / "small.yaml").read_text().replace("gene_pool: null", "gene_pool: null, folds: 3, held_out_donors: 2")
    )
    (small / "variants.yaml").write_text(settings)
    before = (results / "runs/all/run.json").read_bytes()
    table.write_text(VARIANTS)
    try:
        output = snakemake(small, "--configfile", "variants.yaml")
        assert dry_run(small, "--configfile", "variants.yaml") == {}
        controls, baselines = (read_tsv(results / f"{name}.tsv") for name in ("controls", "baselines"))
    finally:
        table.write_text(RUNS)
        # intervals.tsv names all runs of its table: the tests after this one want it without the variants.
        snakemake(small, "--configfile", "small.yaml")
    assert (results / "runs/all/run.json").read_bytes() == before
    trained = {name for name in ("seq", "all", "late", "shuffled", "fold", "people") if f"{name}: training " in output}
    assert trained == {"shuffled", "fold", "people"}
    assert re.search("Table 2.*final", output)
    hm = "Seq + TF + Core + HM"
    late, shuffled = f"{hm}, permute levels (evaluation only)", f"{hm}, shuffle sequence (retrained)"
    shown = list(zip(controls["Model Architecture"].tolist(), controls["Minus"].tolist(), strict=True))
    assert shown[:5] == [(hm, ""), (late, ""), (late, hm), (shuffled, ""), (shuffled, hm)]
    # The rows on other splits have no run without control beside them.
    assert [minus for _, minus in shown[5:]] == ["", ""]
    assert baselines["Split"].tolist() == ["thesis"] * 2 + ["chromosome_2"] * 2 + ["donor"] * 2
    records = {name: read_json(results / f"runs/{name}/run.json") for name in ("late", "shuffled", "fold", "people")}
    assert {name: record["control"] for name, record in records.items()} == {
        "late": "permute_levels_at_evaluation",
        "shuffled": "shuffle_sequence",
        "fold": "permute_histones",
        "people": "permute_levels",
    }
    assert records["late"]["weights_of"] == "all"
    raw = {}
    for name in ("all", "late", "fold"):
        with np.load(results / f"runs/{name}/predictions.validation.npz") as found:
            raw[name] = found["raw"]
    assert raw["late"].shape == raw["all"].shape == (40, 4)
    assert not np.allclose(raw["late"], raw["all"])
    assert raw["fold"].shape[1] == 10
    with np.load(results / "runs/people/predictions.validation.npz") as found:
        held_out = set(found["sample"].tolist())
    donor_id = Dataset.open(results / "dataset").samples.donor_id
    assert len(set(donor_id[list(held_out)])) == 1
    assert held_out == set(np.flatnonzero(np.isin(donor_id, donor_id[list(held_out)])).tolist())


EVALUATION = {
    "train", "predict", "metrics", "evaluation", "evaluation_figures", "panels", "table1", "forest", "all",
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "edited", "untouched"),
    [
        (
            "results/figures/canvas",
            {"panels", "forest", "evaluation_figures"},
            {"train", "predict", "metrics", "table1"},
        ),
        ("model/likelihood/nb_exponential", EVALUATION, {"manifest", "scan"}),
        (
            "metrics/cluster_bootstrap",
            {"metrics", "table1", "intervals"},
            {"train", "predict", "evaluation", "baseline"},
        ),
        ("baselines/table", {"baseline", "baselines"}, {"train", "gene_features"}),
        ("arrays/histones", {"histone_track", "histones", "manifest"} | EVALUATION, {"expression", "onehot", "motifs"}),
        ("arrays/motifs", {"motifs", "manifest", "scan"} | EVALUATION, {"expression", "histone_track"}),
        ("arrays/genes", {"gene_lines", "genes", "expression", "onehot"} | EVALUATION, {"simulate_annotation"}),
        ("sources/fetch", set(), EVALUATION),
        ("simulate/bigwig", {"simulate_histone_track", "histone_track"} | EVALUATION, {"simulate_expression"}),
    ],
)
def test_what_an_edit_reruns(small: Path, module: str, edited: Sequence[str], untouched: Sequence[str]) -> None:
    path = small / f"workflow/scripts/tr300m/{module}.py"
    before = path.read_text()
    # Runs on import, and so counts wherever the module is loaded.
    path.write_text(before + "\nEDITED = bool(1)\n")
    try:
        jobs = dry_run(small, "--configfile", "small.yaml")
    finally:
        path.write_text(before)
    assert set(edited) <= set(jobs)
    assert not set(untouched) & set(jobs)
    assert not {"download", "download_own"} & set(jobs)


@pytest.mark.slow
def test_compute_settings_rerun_nothing(small: Path) -> None:
    other = "device: auto, backend: jax, arrays: host, checkpoint_minutes: 1, checkpoints: kept, train_threads: 2"
    text = (small / "small.yaml").read_text().replace("device: cpu, train_threads: 1", other)
    assert other in text
    (small / "other.yaml").write_text(text)
    assert dry_run(small, "--configfile", "other.yaml") == {}


@pytest.mark.slow
def test_the_same_seed_gives_the_same_table(small: Path, tmp_path: Path) -> None:
    """In a copy: what else follows from the trainings would be out of date in the small run."""
    folder = shutil.copytree(small, tmp_path / "again", symlinks=True)
    table = folder / "results/small/table1.tsv"
    before = table.read_bytes()
    snakemake(folder, str(table.relative_to(folder)), "--configfile", "small.yaml", "--forcerun", "train")
    assert table.read_bytes() == before


@pytest.mark.slow
def test_a_split_that_cannot_be_drawn_is_not_tried_again(small: Path) -> None:
    """Five folds of three chromosomes: a second attempt would draw the same."""
    target = "results/small/splits/chromosome_2.tsv"
    output = snakemake(small, target, "--configfile", "small.yaml", "--retries", "1", check=False)
    assert re.search("3 chromosomes.*5 folds", output)
    assert "Trying to restart job" not in output


@pytest.mark.slow
def test_bad_input_stops_with_its_name_and_leaves_nothing(small: Path) -> None:
    gct = small / "results/small/sources/gene_tpm.gct.gz"
    whole = gct.read_bytes()
    cut = small / "cut.gct.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    output = snakemake(
        small,
        "--configfile",
        "small.yaml",
        "--config",
        "results=results/cut",
        f"sources={{default: simulated, expression: {cut}}}",
        "--until",
        "expression",
        check=False,
    )
    assert str(cut) in output
    assert "Traceback" not in output
    assert not (small / "results/cut/dataset/expression.npy").exists()


def check_absent_genes(folder: Path, release: Dataset, corrected: Dataset) -> None:
    """The simulated GCT lacks one target gene: the release keeps it, the corrected edition and own data do not."""
    kept, dropped = (read_tsv(one.folder / "absent_genes.tsv") for one in (release, corrected))
    (absent,) = kept["gene_id"].tolist()
    assert kept["state"].tolist() == ["kept with 0 TPM"]
    assert (dropped["gene_id"].tolist(), dropped["state"].tolist()) == ([absent], ["left out"])
    assert set(release.genes.gene_id) - set(corrected.genes.gene_id) == {absent}
    assert not release.expression[release.genes.find([absent])].any()
    assert absent in (folder / "results/release/logs/expression.log").read_text()
    assert absent in (folder / "results/corrected/logs/genes.log").read_text()
    own = f"sources={{default: simulated, expression: {folder}/results/release/sources/gene_tpm.gct.gz}}"
    target = "results/own/dataset/absent_genes.tsv"
    snakemake(folder, target, "--configfile", "edition.yaml", "--config", "results=results/own", own)
    assert read_tsv(folder / target)["state"].tolist() == ["left out"]
    assert Genes.read(folder / "results/own/dataset/genes.tsv").gene_id.tolist() == corrected.genes.gene_id.tolist()


@pytest.mark.slow
def test_editions_differ_as_they_should(small: Path) -> None:
    """Targets share TSS, FAN1 and SOX10 are on the simulated list: both editions differ on the same sources."""
    targets = [f"results/{edition}/splits/thesis.tsv" for edition in ("release", "corrected")]
    opened = {}
    for edition, split in zip(("release", "corrected"), targets, strict=True):
        text = (small / "small.yaml").read_text().replace("gene_pool: null", "gene_pool: 60")
        (small / "edition.yaml").write_text(text)
        settings = (f"edition={edition}", f"results=results/{edition}", f"tracks={few_tracks(small)}")
        snakemake(small, split, "dataset", "--configfile", "edition.yaml", "--config", *settings)
        opened[edition] = Dataset.open(small / f"results/{edition}/dataset")
    release, corrected = opened["release"], opened["corrected"]
    assert len(corrected.regulators) == len(release.regulators) + 2
    assert not set(corrected.regulators.gene_name) - set(release.regulators.gene_name) - {"FAN1", "SOX10"}
    assert release.motifs.matrix_id[-1] == ""
    assert (corrected.motifs.matrix_id != "").all()
    assert "MA0442.2" in corrected.motifs.matrix_id
    shared = np.flatnonzero(release.genes.merged != "")
    assert len(shared) == 2
    summed = corrected.expression[corrected.genes.find(release.genes.gene_id[shared].tolist())]
    assert (summed.sum(axis=1) > release.expression[shared].sum(axis=1)).all()
    check_absent_genes(small, release, corrected)
    held_out = {edition: read_tsv(small / split) for edition, split in zip(opened, targets, strict=True)}
    largest = {e: t["index"][t["axis"] == "gene"].astype(int).max() for e, t in held_out.items()}
    assert largest["release"] < 60 <= largest["corrected"]


@pytest.mark.slow
def test_histones_win_on_the_demo(tmp_path: Path) -> None:
    """The simulator's expression follows its histone signal, so a model that sees it must be far ahead."""
    folder = checkout(tmp_path)
    rows = (ROOT / "config/demo_runs.tsv").read_text().splitlines(keepends=True)
    (folder / "two_runs.tsv").write_text(
        "".join(row for row in rows if row.split("\t")[0] in ("run", "seq_tf", "seq_tf_hm"))
    )
    target = "results/demo/table1.tsv"
    snakemake(folder, target, "--configfile", "config/demo.yaml", "--config", "runs=two_runs.tsv", NO_USE)
    table = read_tsv(folder / "results/demo/table1.tsv")
    without, with_histones = (float(value) for value in table["Log Pearson Correlation"])
    assert with_histones > without + 20
    assert with_histones > 60

"""Predictions of another program in a finished run: they cost no training and stand in the tables of the baselines."""

import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers.fixtures import says
from helpers.small_run import dry_run, snakemake
from tr300m.base.axes import Genes, Samples
from tr300m.base.files import read_tsv
from tr300m.results.metric_table import percent

pytestmark = pytest.mark.workflow
TABLES = [f"results/small/{name}.tsv" for name in ("baselines", "against_baselines", "intervals", "calibration")]


def test_a_baselines_predictions_get_its_scores(small: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(small, tmp_path / "external", symlinks=True)
    results = folder / "results/small"
    genes, samples = Genes.read(results / "dataset/genes.tsv"), Samples.read(results / "dataset/samples.tsv")
    with np.load(results / "baselines/thesis/sample_median/predictions.validation.npz") as saved:
        rows = [
            f"{genes.gene_id[gene]}\t{samples.sample_id[sample]}\t{median!r}\t{median / 2}\t1e9"
            for gene, sample, median in zip(saved["gene"], saved["sample"], saved["median"].tolist(), strict=True)
        ]
    with np.load(results / "baselines/thesis/sample_median/predictions.test.npz") as saved:
        other = f"{genes.gene_id[saved['gene'][0]]}\t{samples.tissue[saved['sample'][0]]}\t1\t0\t2"
    lines = ["gene\tsample\tmedian\tq5\tq95", *rows, other]
    (folder / "mine.tsv.gz").write_bytes(gzip.compress("\n".join(lines).encode()))
    config = (folder / "small.yaml").read_text()
    (folder / "external.yaml").write_text(config + "external_predictions: {mine: mine.tsv.gz}\n")
    options = (*TABLES, "--configfile", "external.yaml")
    jobs = ("external", "external_coverage", "metrics", "baselines", "against_baselines", "intervals", "overview")
    assert dry_run(folder, *options) == dict.fromkeys(jobs, 1)
    snakemake(folder, *options)

    table = read_tsv(results / "baselines.tsv")
    assert table.pop("Model Architecture").tolist() == ["Sample median", "Histone means, ridge", "mine"]
    for name, column in table.items():
        assert column[2] == column[0], name
    assert "mine" in (results / "baselines.md").read_text().splitlines()[-1]
    intervals = read_tsv(results / "intervals.tsv")
    own, theirs = intervals["kind"] == "external", intervals["model"] == "sample_median"
    assert own.sum() == theirs.sum() > 0 and set(intervals["label"][own]) == {"mine"}
    for name in intervals.keys() - {"kind", "model", "label"}:
        assert intervals[name][own].tolist() == intervals[name][theirs].tolist(), name
    # Each run minus the best baseline and minus `mine`; `mine` minus the best baseline.
    against = read_tsv(results / "against_baselines.tsv")
    best = against["Minus"][1]
    assert against["Minus"].tolist() == ["", best, "mine", "", best, "mine", "", best]
    assert against["Model Architecture"][6] == "mine"

    calibration = read_tsv(results / "calibration.tsv")
    assert calibration["Run"].tolist() == ["seq, validation", "all, validation", "mine, thesis, validation"]
    with np.load(results / "external/thesis/mine/predictions.validation.npz") as saved:
        inside = np.mean(saved["observed"] >= saved["median"] / 2)
    assert calibration["Inside 90 %"][2] == percent(inside)
    assert (calibration["Inside 50 %"][2], calibration["PIT within 90 %"][2]) == ("-", "-")

    (folder / "mine.tsv.gz").write_bytes(gzip.compress("\n".join(lines[:-2]).encode()))
    output = snakemake(folder, *options, check=False)
    assert says(output, "mine.tsv.gz", "1", str(len(rows)), "validation")
    assert "train" not in dry_run(folder, *options)

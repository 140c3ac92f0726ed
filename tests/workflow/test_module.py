"""The workflow as a module of another one, from any folder, and its default profile."""

from pathlib import Path

import pytest
from helpers.small_run import ROOT, checkout, snakemake

OTHER = """
configfile: "small.yaml"


module tr300m:
    snakefile:
        "{snakefile}"
    config:
        config


use rule * from tr300m as tr300m_*


rule count_genes:
    default_target: True
    input:
        "results/small/dataset/genes.tsv",
    output:
        "genes.txt",
    shell:
        "tail -n +2 {{input}} | wc -l > {{output}}"
"""
CONFIG = """
results: results/small
chromosomes: [chr1]
sources: {default: simulated}
simulation: {genes: 80, regulators: 12, samples: 24, donors: 6, chromosomes: [chr1]}
"""


@pytest.mark.parametrize("snakefile", ["Snakefile", "workflow/Snakefile"])
def test_another_workflow_imports_ours(snakefile: str, tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(OTHER.format(snakefile=ROOT / snakefile))
    (tmp_path / "small.yaml").write_text(CONFIG)
    output = snakemake(tmp_path)
    assert "tr300m_gene_lines" in output
    assert int((tmp_path / "genes.txt").read_text()) > 0


def test_the_snakefile_of_the_workflow_folder_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(CONFIG)
    output = snakemake(tmp_path, "--snakefile", str(ROOT / "workflow/Snakefile"), "--configfile", "small.yaml", "-n")
    assert "rule simulate_annotation" in output and "rule train" in output


def test_a_plain_call_uses_the_default_profile(tmp_path: Path) -> None:
    output = snakemake(checkout(tmp_path), "--dry-run", "results/table1.tsv")
    assert "profile profiles/default" in output
    assert "mem_mb=1000" in output

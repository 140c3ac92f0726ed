"""Expression of one's own through the workflow: a CSV with one column a tissue, and no table of samples or donors."""

from pathlib import Path

import numpy as np
import pytest
from helpers.fixtures import says
from helpers.small_run import checkout, dry_run, snakemake
from tr300m.arrays.genes import GeneRecords, read_gene_records
from tr300m.base.files import read_json, read_tsv
from tr300m.config.simulation import SimulationConfig
from tr300m.dataset.data_identity import identify
from tr300m.dataset.dataset import Dataset
from tr300m.simulate.annotation import simulate_gtf

pytestmark = pytest.mark.workflow
TISSUES = ["Whole Blood", "Liver", "T cell, CD4", "GTEX-1-lung"]
CONFIG = """
results: results/own
chromosomes: [chr1, chrX, chrY]
sources: {default: simulated, expression: tissues.csv, samples: none, donors: none}
split: {held_out_genes: 20, held_out_samples: 2, gene_pool: null}
simulation: {genes: 80, regulators: 12, samples: 24, donors: 6, chromosomes: [chr1, chrX, chrY]}
"""


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> GeneRecords:
    """Return the genes that the workflow will simulate."""
    path = tmp_path_factory.mktemp("annotation") / "a.gtf.gz"
    simulate_gtf(
        SimulationConfig(genes=80, regulators=12, samples=24, donors=6, chromosomes=("chr1", "chrX", "chrY")), path
    )
    return read_gene_records(path)


def without_row(records: GeneRecords) -> str:
    """Return the target gene that has no row in the CSV: the last one on chr1."""
    return str(records.gene_id[(records.gene_type == "protein_coding") & (records.chromosome == "chr1")][-1])


@pytest.fixture(scope="module")
def built(records: GeneRecords, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkout in which the dataset was built from a CSV: gene n has the TPM n, n + 0.5, n + 1, n + 1.5.

    One target gene has no row, nor have the twins on chrY of genes on chrX, whose ID without version is the same.
    """
    folder = checkout(tmp_path_factory.mktemp("own"))
    rows = [
        f"{gene.partition('.')[0]},{row},{row + 0.5},{row + 1},{row + 1.5}\n"
        for row, gene in enumerate(records.gene_id.tolist())
        if gene != without_row(records) and not gene.endswith("_PAR_Y")
    ]
    header = "gene_id," + ",".join(f'"{tissue}"' for tissue in TISSUES) + "\n"
    (folder / "tissues.csv").write_text(header + "".join(rows) + "ENSG99999999999,1,1,1,1\n")
    (folder / "own.yaml").write_text(CONFIG)
    snakemake(folder, "results/own/dataset/manifest.json", "--configfile", "own.yaml")
    return folder / "results/own"


def test_own_expression_is_planned_without_what_it_replaces(tmp_path: Path) -> None:
    folder = checkout(tmp_path)
    (folder / "tissues.csv").touch()
    (folder / "own.yaml").write_text(CONFIG)
    jobs = dry_run(folder, "dataset", "--configfile", "own.yaml")
    # Histones are simulated for tissues, which come from simulated samples.
    assert {"simulate_truth", "simulate_samples", "samples"} <= set(jobs)
    assert not {"simulate_donors", "simulate_expression", "download"} & set(jobs)


@pytest.mark.slow
def test_every_column_is_its_own_tissue(built: Path) -> None:
    dataset = Dataset.open(built / "dataset")
    assert dataset.samples.sample_id.tolist() == TISSUES
    assert dataset.samples.tissue.tolist() == TISSUES
    assert dataset.samples.donor_id.tolist() == TISSUES
    assert dataset.donors.sex.tolist() == ["NA"] * 4
    assert dataset.tissue.sum() == 4


@pytest.mark.slow
def test_genes_are_found_by_their_ids_without_version(built: Path, records: GeneRecords) -> None:
    dataset = Dataset.open(built / "dataset")
    row_of = {gene: row for row, gene in enumerate(records.gene_id.tolist())}
    rows = np.array([row_of[gene] for gene in dataset.genes.gene_id.tolist()])
    assert np.array_equal(dataset.expression, (rows[:, None] + np.array([0, 0.5, 1, 1.5])).astype(np.float32))
    levels = np.array([row_of[gene] for gene in dataset.regulators.gene_id.tolist()])
    assert np.array_equal(dataset.regulator_levels[1], (levels + 0.5).astype(np.float32))


@pytest.mark.slow
def test_what_is_missing_is_listed(built: Path, records: GeneRecords) -> None:
    twins = [gene for gene in records.gene_id.tolist() if gene.endswith("_PAR_Y")]
    genes, regulators = (read_tsv(built / f"dataset/{name}.tsv") for name in ("absent_genes", "absent_regulators"))
    assert {without_row(records)} <= set(genes["gene_id"]) <= {without_row(records), *twins}
    assert set(genes["state"]) == {"left out"}
    # The simulated list has one regulator that the annotation lacks.
    assert "not in the annotation" in regulators["state"]
    log = (built / "logs/genes.log").read_text()
    assert says(log, "CSV", "ID without version", without_row(records))
    assert regulators["gene_id"][0] in (built / "logs/expression.log").read_text()
    assert read_tsv(built / "annotation/ambiguous_rows.tsv")["row"].tolist() == []


@pytest.mark.slow
def test_the_data_are_not_those_of_the_release(built: Path) -> None:
    manifest = read_json(built / "dataset/manifest.json")
    assert manifest["sources"]["samples"]["origin"] == "none"
    assert identify(manifest).simulated
    for record in manifest["sources"].values():
        record["origin"] = record["origin"].replace("simulated", "x")
    assert identify(manifest).name == "own data"

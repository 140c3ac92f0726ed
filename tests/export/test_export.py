"""The dataset in other programs' formats: read back, it is the same; what is there is not overwritten."""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest
from click.testing import CliRunner
from helpers.fixtures import Refuses, says
from helpers.toy_dataset import Sizes, draw, write_dataset
from pyarrow import parquet
from tr300m.base.axes import Bins, Donors
from tr300m.base.files import read_json
from tr300m.cli import main
from tr300m.dataset.dataset import Dataset
from tr300m.export.anndata_file import write_h5ad
from tr300m.export.parquet_folder import write_parquet


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Return a dataset whose last donor is not in the table of donors."""
    folder = tmp_path_factory.mktemp("results") / "dataset"
    parts = draw(Sizes(genes=30, samples=8))
    donors = parts["donors"].columns()
    some = Donors(**{name: column[:-1] for name, column in donors.items()})
    write_dataset(folder, parts | {"donors": some})
    return Dataset.open(folder)


def test_h5ad_is_the_dataset(toy: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    anndata = pytest.importorskip("anndata")
    # Several chunks and blocks, the last ones smaller.
    monkeypatch.setattr("tr300m.export.anndata_file._CHUNK", (3, 7))
    write_h5ad(toy, tmp_path / "x.h5ad")
    data = anndata.read_h5ad(tmp_path / "x.h5ad")
    assert data.X.dtype == np.float32
    np.testing.assert_array_equal(data.X, np.asarray(toy.expression).T)
    assert data.obs_names.tolist() == toy.samples.sample_id.tolist()
    assert data.obs["tissue"].astype(str).tolist() == toy.samples.tissue.tolist()
    assert data.obs["donor_id"].astype(str).tolist() == toy.samples.donor_id.tolist()
    assert data.obs["sex"].astype(str).tolist() == ["1"] * 7 + ["NA"]
    assert data.obs["age"].astype(str).tolist() == ["60-69"] * 7 + ["NA"]
    assert data.var_names.tolist() == toy.genes.gene_id.tolist()
    for name, column in toy.genes.columns().items():
        if name != "gene_id":
            np.testing.assert_array_equal(data.var[name].to_numpy().astype(column.dtype), column)
    for name in ("tf_levels", "regulator_levels", "tissue"):
        np.testing.assert_array_equal(data.obsm[name], getattr(toy, name))
    # The categories of the tissue are those of the one-hot columns, in their order.
    np.testing.assert_array_equal(data.obs["tissue"].cat.codes, np.argmax(toy.tissue, axis=1))
    np.testing.assert_allclose(data.varm["histone_means"], toy.histones.mean(axis=1), rtol=1e-5)
    assert data.uns["motifs"].index.tolist() == toy.motifs.matrix_id.tolist()
    assert data.uns["regulators"]["tss"].tolist() == toy.regulators.tss.tolist()
    assert data.uns["tracks"][1] == "H3K4me1_H1hesc" and len(data.uns["tracks"]) == 21
    np.testing.assert_array_equal(data.uns["motif_map"], toy.motif_map)
    facts = data.uns["tr300m"]
    assert facts["constants"]["histone_mean"] == pytest.approx(toy.histone_mean)
    assert facts["edition"] == "release"
    assert facts["sources"].loc["genome"].to_dict() == {"origin": "simulated", "sha256": "0" * 64}
    assert facts["units"]["expression"] == "TPM"
    # A file that AnnData opens without reading X.
    backed = anndata.read_h5ad(tmp_path / "x.h5ad", backed="r")
    np.testing.assert_array_equal(backed.X[2:5], np.asarray(toy.expression).T[2:5])
    backed.file.close()


def test_parquet_is_the_dataset(toy: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tr300m.export.parquet_folder._ROWS_PER_GROUP", 7)
    write_parquet(toy, tmp_path / "tables")
    tables = {path.stem: pandas.read_parquet(path) for path in (tmp_path / "tables").glob("*.parquet")}
    wide = {
        "expression": ("gene_id", toy.genes.gene_id, toy.samples.sample_id),
        "regulator_levels": ("sample_id", toy.samples.sample_id, toy.regulators.gene_id),
        "tf_levels": ("sample_id", toy.samples.sample_id, toy.motifs.matrix_id),
        "motif_map": ("gene_id", toy.regulators.gene_id, toy.motifs.matrix_id),
    }
    for name, (key, rows, columns) in wide.items():
        table = tables.pop(name).set_index(key)
        assert table.index.tolist() == rows.tolist()
        assert table.columns.tolist() == columns.tolist()
        array = np.asarray(getattr(toy, name))
        np.testing.assert_array_equal(table.to_numpy(), array)
        assert set(table.dtypes) == {array.dtype}
    means = tables.pop("histone_means").set_index("gene_id")
    np.testing.assert_allclose(means, toy.histones.mean(axis=1), rtol=1e-5)
    assert means.columns[1] == "H3K4me1_H1hesc"
    samples = tables.pop("samples")
    assert samples["sex"].tolist() == ["1"] * 7 + ["NA"]
    assert list(samples) == ["sample_id", "donor_id", "tissue", "sex", "age"]
    assert tables.keys() == {"genes", "regulators", "motifs", "tracks"}
    for name, table in tables.items():
        for column, values in getattr(toy, name).columns().items():
            np.testing.assert_array_equal(table[column].to_numpy().astype(values.dtype), values)
    assert read_json(tmp_path / "tables/manifest.json") == toy.manifest
    # Some samples are read without the others.
    some = parquet.read_table(tmp_path / "tables/expression.parquet", columns=["S3"])
    np.testing.assert_array_equal(some["S3"], toy.expression[:, 3])


def test_wide_marks_are_exported_where_there_are_any(toy: Dataset, tmp_path: Path) -> None:
    anndata = pytest.importorskip("anndata")
    marks = np.random.default_rng(1).random((30, 4, 21)).astype(np.float32)
    bins = Bins(np.array([-500, -250, 0, 250]), np.array([-250, 0, 250, 500]))
    body = marks[:, :2] + 1
    wide = dataclasses.replace(toy, wide_marks=marks, body_marks=body, bins=bins)
    write_h5ad(wide, tmp_path / "x.h5ad")
    data = anndata.read_h5ad(tmp_path / "x.h5ad")
    np.testing.assert_array_equal(data.varm["wide_marks"], marks)
    np.testing.assert_array_equal(data.varm["body_marks"], body)
    assert data.uns["bins"]["end"].tolist() == bins.end.tolist()
    write_parquet(wide, tmp_path / "tables")
    table = pandas.read_parquet(tmp_path / "tables/wide_marks.parquet").set_index("gene_id")
    assert table.shape == (30, 84)
    np.testing.assert_array_equal(table["H3K4me1_H1hesc:-250..0"], marks[:, 1, 1])
    table = pandas.read_parquet(tmp_path / "tables/body_marks.parquet").set_index("gene_id")
    assert table.shape == (30, 42)
    np.testing.assert_array_equal(table["H3K4me1_H1hesc:largest"], body[:, 1, 1])


@pytest.mark.parametrize(("form", "out"), [("h5ad", "x.h5ad"), ("parquet", "tables")])
def test_the_command(toy: Dataset, tmp_path: Path, form: str, out: str) -> None:
    def call(*more: str) -> str:
        # The folder of the results stands for the dataset in it.
        options = ["export", str(toy.folder.parent), "--format", form, "--out", str(tmp_path / out), *more]
        result = CliRunner().invoke(main, options)
        return f"{result.exit_code} {result.output}"

    assert says(call(), "0 ", out, "8", "30")
    first = tmp_path / out / "expression.parquet" if form == "parquet" else tmp_path / out
    before = first.stat().st_mtime_ns
    assert says(call(), "1 ", out, "--force")
    assert first.stat().st_mtime_ns == before
    assert call("--force").startswith("0 ")
    assert first.stat().st_mtime_ns != before
    assert [path.name for path in tmp_path.iterdir()] == [out]


def test_help_of_export_has_examples() -> None:
    for arguments in (["--help"], ["export", "--help"]):
        assert "    tr300m export " in CliRunner().invoke(main, arguments).output


def test_what_no_export_wrote_is_not_replaced(toy: Dataset, tmp_path: Path, refuses: Refuses) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").touch()
    with refuses("mine/thesis.txt"):
        write_parquet(toy, tmp_path / "mine/thesis.txt", force=True)
    with refuses("mine"):
        write_parquet(toy, tmp_path / "mine", force=True)
    with refuses("mine"):
        write_h5ad(toy, tmp_path / "mine", force=True)


def test_a_failed_export_leaves_the_earlier_one(toy: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_parquet(toy, tmp_path / "tables")
    before = (tmp_path / "tables/genes.parquet").read_bytes()

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tr300m.export.parquet_folder.mean_signals", fail)
    with pytest.raises(KeyboardInterrupt):
        write_parquet(toy, tmp_path / "tables", force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["tables"]
    assert (tmp_path / "tables/genes.parquet").read_bytes() == before


def test_without_anndata_the_message_says_how_to_get_it(
    toy: Dataset, tmp_path: Path, refuses: Refuses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "anndata", None)
    with refuses("anndata", "pip install"):
        write_h5ad(toy, tmp_path / "x.h5ad")


def test_no_dataset_is_named(tmp_path: Path) -> None:
    options = ["export", str(tmp_path), "--format", "parquet", "--out", str(tmp_path / "x")]
    assert says(CliRunner().invoke(main, options).output, str(tmp_path), "manifest.json")

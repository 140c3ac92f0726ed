"""The notebooks: committed without outputs, and run from top to bottom on the small run."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from helpers.small_run import ROOT
from nbclient import NotebookClient
from tr300m.base.errors import TR300MError
from tr300m.base.files import read_tsv
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.splits import Split
from tr300m.results.run_workflow import run_workflow

BOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FIRST, CHANGE = ROOT / "notebooks/first_steps.ipynb", ROOT / "notebooks/change_the_architecture.ipynb"
SMALL_CONFIG = {"CONFIG": "small.yaml", "RESULTS": Path("results/small")}


def cells(book: Any, kind: str = "code") -> list[Any]:
    return [cell for cell in book.cells if cell.cell_type == kind]


def test_all_notebooks_are_here() -> None:
    assert [*BOOKS] == sorted([FIRST, CHANGE])


@pytest.mark.parametrize("path", BOOKS, ids=lambda path: path.stem)
def test_committed_without_outputs(path: Path) -> None:
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    assert book.metadata.kernelspec.name == "python3"
    assert all((cell.outputs, cell.execution_count) == ([], None) for cell in cells(book))
    assert not [cell.id for cell in book.cells if "execution" in cell.metadata]
    assert len([cell for cell in cells(book) if "parameters" in cell.metadata.get("tags", ())]) == 1


@pytest.fixture(scope="module")
def project(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a copy of the small run, which the notebooks may change, and folders of Jupyter that are nobody's own."""
    folder = tmp_path_factory.mktemp("notebooks") / "project"
    shutil.copytree(small, folder)
    (folder / "notebooks").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
            patch.setenv(name, str(folder.parent / name))
        yield folder


def executed(path: Path, project: Path, values: dict[str, Any]) -> Any:
    """Return a notebook, run with other values behind the cell of the parameters."""
    book = nbformat.read(path, as_version=4)
    place = next(number for number, cell in enumerate(book.cells) if "parameters" in cell.metadata.get("tags", ()))
    source = "\n".join(f"{name} = {value!r}" for name, value in values.items())
    book.cells.insert(place + 1, nbformat.v4.new_code_cell(source.replace("PosixPath", "Path")))
    NotebookClient(book, timeout=300, resources={"metadata": {"path": project / "notebooks"}}).execute()
    return book


def shown(book: Any, kind: str) -> list[str]:
    """Return all outputs of a kind, such as image/png, or the text that was printed."""
    outputs = [output for cell in cells(book) for output in cell.outputs]
    if kind == "stdout":
        return [output.text for output in outputs if output.get("name") == kind]
    return [output.data[kind] for output in outputs if kind in output.get("data", {})]


@pytest.mark.slow
def test_first_steps(project: Path) -> None:
    dataset = Dataset.open(project / "results/small/dataset")
    split = Split.read(project / "results/small/splits/thesis.tsv", dataset.genes, dataset.samples)
    gene = str(dataset.genes.gene_name[split.axes("validation")[0][0]])
    asked = {"RUN": "all", "JUDGE": "seq", "GENE": gene, "TISSUE": dataset.tissues[0]}
    book = executed(FIRST, project, SMALL_CONFIG | asked)
    assert len(shown(book, "image/png")) == 5
    assert "image/png" in cells(book)[-1].outputs[-1].data
    arrays, *tables = shown(book, "text/html")
    assert all(text in arrays for text in ("expression", "[gene, sample]", str([*dataset.expression.shape]), "TPM"))
    predicted = next(table for table in tables if "q95" in table)
    trained = split.training_axes(len(dataset.genes), len(dataset.samples))[1]
    assert all(tissue in predicted for tissue in {gene, "validation", *dataset.samples.tissue[trained].tolist()})


@pytest.mark.slow
def test_change_the_architecture(project: Path) -> None:
    """Only the new network is trained; its row stands beside those that were there."""
    weights = project / "results/small/runs/seq/model.weights.h5"
    before, trained = read_tsv(project / "results/small/models.tsv"), weights.stat().st_mtime_ns
    book = executed(CHANGE, project, SMALL_CONFIG | {"STEPS": 6})
    after = read_tsv(project / "results/small/models.tsv")
    names = after["Run or baseline"].tolist()
    assert sorted(names) == sorted([*before["Run or baseline"].tolist(), *["own_seq_hm_6_steps"] * 2])
    assert weights.stat().st_mtime_ns == trained
    assert len(shown(book, "image/png")) == 2
    assert "own_seq_hm_6_steps" in "".join(shown(book, "text/html"))
    assert "own_seq_hm_6_steps" in "".join(shown(book, "stdout"))


@pytest.mark.workflow
def test_a_failure_of_the_workflow_is_no_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Snakefile").write_text("configfile: 'none.yaml'\n")
    with pytest.raises(TR300MError):
        run_workflow("a.txt", cores="1")
    assert "none.yaml" in capsys.readouterr().out

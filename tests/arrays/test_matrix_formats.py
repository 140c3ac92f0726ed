"""Expression files of all formats: the same numbers give the same arrays, and bad files are refused by name."""

import builtins
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import pyarrow
import pytest
import scipy.sparse
from helpers.fixtures import MakeGenes, Refuses
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from tr300m.arrays.expression import read_expression
from tr300m.arrays.matrix_formats import open_matrix
from tr300m.base.types import Floats

GENES = ["ENSG01.7", "ENSG02.4", "ENSG03.1"]
SAMPLES = ["S-1", "T cell, CD4", "lung"]
VALUES = np.array([[0, 0.1, 127], [1 / 3, 52.78, 1e-7], [4, 123456.789, 0.09511]])


def text(value: float) -> str:
    return repr(float(value))


def write_gct(path: Path, genes: list[str], samples: list[str], values: Floats) -> None:
    rows = ["\t".join([gene, "name", *map(text, row)]) for gene, row in zip(genes, values, strict=True)]
    header = ["#1.2", f"{len(genes)}\t{len(samples)}", "\t".join(["Name", "Description", *samples])]
    path.write_text("\n".join([*header, *rows]) + "\n")


def write_gct_13(path: Path, genes: list[str], samples: list[str], values: Floats) -> None:
    """Two columns of row metadata, one row of column metadata."""
    rows = ["\t".join([gene, "g", "1", *map(text, row)]) for gene, row in zip(genes, values, strict=True)]
    header = [
        "#1.3",
        f"{len(genes)}\t{len(samples)}\t2\t1",
        "\t".join(["id", "symbol", "chr", *samples]),
        "\t".join(["batch", "na", "na", *["b"] * len(samples)]),
    ]
    path.write_text("\n".join([*header, *rows]) + "\n")


def frame(genes: list[str], samples: list[str], values: Floats) -> pd.DataFrame:
    return pd.DataFrame(values, index=pd.Index(genes, name="gene"), columns=samples)


def write_csv(path: Path, genes: list[str], samples: list[str], values: Floats) -> None:
    frame(genes, samples, values).to_csv(path)


def write_tsv(path: Path, genes: list[str], samples: list[str], values: Floats) -> None:
    frame(genes, samples, values).to_csv(path, sep="\t")


def write_as_r_does(path: Path, genes: list[str], samples: list[str], values: Floats) -> None:
    """Quoted names, and a header without a name for the first column."""
    rows = ["\t".join([f'"{gene}"', *map(text, row)]) for gene, row in zip(genes, values, strict=True)]
    path.write_text("\n".join(["\t".join(f'"{name}"' for name in samples), *rows]) + "\n")


def write_with_symbols(path: Path, genes: list[str], samples: list[str], values: Floats) -> None:
    table = frame(genes, samples, values)
    table.insert(0, "gene_name", [f"name {gene}" for gene in genes])
    path.write_text("# made by a program\n" + table.to_csv(sep="\t"))


def write_zipped(path: Path, genes: list[str], samples: list[str], values: Floats) -> None:
    path.write_bytes(gzip.compress(frame(genes, samples, values).to_csv().encode()))


def write_parquet(path: Path, genes: list[str], samples: list[str], values: Floats) -> None:
    frame(genes, samples, values).to_parquet(path)


def write_plain_parquet(path: Path, genes: list[str], samples: list[str], values: Floats) -> None:
    """No index of pandas, genes first, then symbols."""
    columns: dict[str, Any] = {"gene_id": genes, "gene_name": genes, **dict(zip(samples, values.T, strict=True))}
    parquet.write_table(pyarrow.table(columns), path)


def write_h5ad(path: Path, genes: list[str], samples: list[str], values: Floats) -> None:
    names = pd.DataFrame(index=pd.Index(samples)), pd.DataFrame(index=pd.Index(genes))
    anndata.AnnData(values.T.copy(), *names).write_h5ad(path)


def write_sparse_h5ad(path: Path, genes: list[str], samples: list[str], values: Floats) -> None:
    names = pd.DataFrame(index=pd.Index(samples)), pd.DataFrame(index=pd.Index(genes))
    anndata.AnnData(scipy.sparse.csr_matrix(values.T), *names).write_h5ad(path)


Writer = Callable[[Path, list[str], list[str], Floats], None]
WRITERS: dict[str, tuple[Writer, str]] = {
    "GCT 1.2": (write_gct, "GCT 1.2"),
    "GCT 1.3": (write_gct_13, "GCT 1.3"),
    "CSV": (write_csv, "CSV"),
    "TSV": (write_tsv, "TSV"),
    "TSV as R writes it": (write_as_r_does, "TSV"),
    "TSV with symbols": (write_with_symbols, "TSV"),
    "CSV, gzip": (write_zipped, "CSV"),
    "Parquet of pandas": (write_parquet, "Parquet"),
    "Parquet": (write_plain_parquet, "Parquet"),
    "AnnData": (write_h5ad, "AnnData"),
    "AnnData, sparse": (write_sparse_h5ad, "AnnData"),
}
OTHERS = [name for name in WRITERS if name != "GCT 1.2"]


def arrays(path: Path, make_genes: MakeGenes, edition: str) -> list[bytes]:
    """Return the bytes of expression and levels: in the corrected edition, two genes are summed."""
    genes = make_genes([("chr1", "+", 5000), ("chr2", "+", 5000)], ids=GENES[:2], merged=[GENES[2], ""])
    matrix = open_matrix(path)
    out = np.zeros((2, len(matrix.sample_ids)), dtype=np.float32)
    present, ids, levels = read_expression(
        matrix, genes, np.array(matrix.sample_ids), frozenset({"ENSG02", "ENSG03"}), edition, out
    )
    assert present.all() and ids == GENES[1:]
    return [out.tobytes(), levels.tobytes()]


@pytest.mark.parametrize("edition", ["release", "corrected"])
@pytest.mark.parametrize("name", OTHERS)
def test_all_formats_give_the_same_bytes(tmp_path: Path, make_genes: MakeGenes, name: str, edition: str) -> None:
    # No ending: the first bytes tell the format.
    write, form = WRITERS[name]
    write(tmp_path / "file", GENES, SAMPLES, VALUES)
    write_gct(tmp_path / "a.gct", GENES, SAMPLES, VALUES)
    matrix = open_matrix(tmp_path / "file")
    assert (matrix.form, matrix.sample_ids) == (form, SAMPLES)
    assert arrays(tmp_path / "file", make_genes, edition) == arrays(tmp_path / "a.gct", make_genes, edition)


@pytest.mark.parametrize("name", WRITERS)
def test_some_rows_and_the_first_columns(tmp_path: Path, name: str) -> None:
    WRITERS[name][0](tmp_path / "file", GENES, SAMPLES, VALUES)
    asked: list[str] = []

    def wanted(gene: str) -> bool:
        asked.append(gene)
        return gene != GENES[1]

    rows = list(open_matrix(tmp_path / "file").rows(wanted, 2))
    assert asked == GENES
    assert [gene for gene, _ in rows] == [GENES[0], GENES[2]]
    assert [values.tolist() for _, values in rows] == [VALUES[0, :2].tolist(), VALUES[2, :2].tolist()]


@pytest.mark.parametrize("name", WRITERS)
def test_more_genes_than_a_block(tmp_path: Path, name: str) -> None:
    values = np.random.default_rng(0).gamma(0.5, 20, size=(700, 2))
    genes = [f"ENSG{row}.1" for row in range(700)]
    WRITERS[name][0](tmp_path / "file", genes, ["A", "B"], values)
    rows = list(open_matrix(tmp_path / "file").rows(lambda gene: True))
    assert [gene for gene, _ in rows] == genes
    assert np.array_equal(np.stack([row for _, row in rows]), values)


@settings(deadline=None, max_examples=15)
@given(st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=6), st.sampled_from(sorted(WRITERS)))
@example([0.5], "TSV as R writes it")
def test_values_are_exact(tmp_path_factory: pytest.TempPathFactory, values: list[float], name: str) -> None:
    path = tmp_path_factory.mktemp("matrix") / "file"
    WRITERS[name][0](path, ["G"], [f"S{number}" for number in range(len(values))], np.array([values]))
    ((_, found),) = open_matrix(path).rows(lambda gene: True)
    assert np.array_equal(found, values)


# --- bad files --------------------------------------------------------------------------------------------------------


def changed(row: int, column: int, value: float) -> Floats:
    values = VALUES.copy()
    values[row, column] = value
    return values


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("value", [-1.5, np.nan, np.inf, 1e39])
def test_values_that_are_no_tpm(tmp_path: Path, refuses: Refuses, name: str, value: float) -> None:
    WRITERS[name][0](tmp_path / "file", GENES, SAMPLES, changed(1, 2, value))
    with refuses("file", "gene ENSG02.4", *(["-1.5", "log2(TPM + 1)"] if value == -1.5 else [])):
        list(open_matrix(tmp_path / "file").rows(lambda gene: True))


@pytest.mark.filterwarnings("ignore:Variable names")
@pytest.mark.parametrize("name", WRITERS)
def test_a_gene_twice(tmp_path: Path, refuses: Refuses, name: str) -> None:
    WRITERS[name][0](tmp_path / "file", ["ENSG01.7", "ENSG02.4", "ENSG01.7"], SAMPLES, VALUES)
    with refuses("file", "gene ENSG01.7"):
        list(open_matrix(tmp_path / "file").rows(lambda gene: False))


@pytest.mark.parametrize("name", WRITERS)
def test_a_gene_without_a_name(tmp_path: Path, refuses: Refuses, name: str) -> None:
    WRITERS[name][0](tmp_path / "file", ["ENSG01.7", "", "ENSG03.1"], SAMPLES, VALUES)
    with refuses("file"):
        list(open_matrix(tmp_path / "file").rows(lambda gene: False))


@pytest.mark.filterwarnings("ignore:Observation names")
@pytest.mark.parametrize("name", [name for name in WRITERS if "Parquet" not in name])
@pytest.mark.parametrize("samples", [["A", "B", "A"], ["A", "", "B"]])
def test_samples_that_are_not_distinct(tmp_path: Path, refuses: Refuses, name: str, samples: list[str]) -> None:
    WRITERS[name][0](tmp_path / "file", GENES, samples, VALUES)
    with refuses("file", *(["sample A"] if "" not in samples else ["sample 2"])):
        open_matrix(tmp_path / "file")


def test_a_parquet_file_with_a_sample_twice(tmp_path: Path, refuses: Refuses) -> None:
    table = pyarrow.Table.from_arrays([GENES, [1.0] * 3, [2.0] * 3], names=["gene", "A", "A"])
    parquet.write_table(table, tmp_path / "a.parquet")
    with refuses("a.parquet", "A appears twice"):
        open_matrix(tmp_path / "a.parquet")


BAD_TEXTS = {
    "no separator": ("gene A B\nG 1 2\n", ["gene A B"]),
    "no samples": ("gene,symbol\nG,g\n", ["line 1"]),
    "short row": ("gene,A,B\nG,1,2\nH,1\n", ["line 3", "gene H", "1", "2"]),
    "long row": ("gene,A,B\nG,1,2\nH,1,2,3\n", ["line 3", "gene H", "3", "2"]),
    "text column": ("gene,biotype,A\nG,coding,2\n", ["line 2", "gene G", "coding", "'biotype'"]),
    "missing value": ("gene,A,B\nG,1,\nH,1,2\n", ["line 2", "gene G"]),
    "NA": ("gene,A,B\nG,1,NA\n", ["line 2", "gene G", "NA"]),
    "decimal comma": ("gene;A;B\nG;1,5;2,5\n", ["a.txt"]),
    "page": ("<html>\n", ["line 1", "Parquet"]),
    "market": ("%%MatrixMarket matrix\n", ["line 1"]),
    "empty": ("", ["line 1"]),
    "1.3 counts": ("#1.3\n3\t2\nid\tA\tB\n", ["line 2"]),
    "1.3 one line": ("#1.3\n", ["line 2"]),
    "1.3 columns": ("#1.3\n1\t3\t0\t0\nid\tA\tB\nG\t1\t2\n", ["line 2", "3 samples"]),
    "1.3 rows": ("#1.3\n2\t2\t0\t0\nid\tA\tB\nG\t1\t2\n", ["2 rows", "1"]),
    "1.3 row": ("#1.3\n1\t2\t0\t0\nid\tA\tB\nG\t1\n", ["line 4", "gene G"]),
}


@pytest.mark.parametrize("case", BAD_TEXTS)
def test_bad_text(tmp_path: Path, refuses: Refuses, case: str) -> None:
    content, parts = BAD_TEXTS[case]
    (tmp_path / "a.txt").write_text(content)
    with refuses("a.txt", *parts):
        list(open_matrix(tmp_path / "a.txt").rows(lambda gene: True))


def test_delimiters_behind_the_last_column(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("gene,A,B,,\nG,1,2,,\n\n,,,,\nH,3,4\n")
    matrix = open_matrix(tmp_path / "a.csv")
    assert matrix.sample_ids == ["A", "B"]
    assert [(gene, row.tolist()) for gene, row in matrix.rows(lambda gene: True)] == [("G", [1, 2]), ("H", [3, 4])]


def test_whole_numbers_in_parquet(tmp_path: Path) -> None:
    parquet.write_table(pyarrow.table({"gene": ["G", "H"], "A": [1, 2], "B": [3, 4]}), tmp_path / "a.parquet")
    rows = list(open_matrix(tmp_path / "a.parquet").rows(lambda gene: True))
    assert [(gene, row.tolist()) for gene, row in rows] == [("G", [1, 3]), ("H", [2, 4])]


@pytest.mark.parametrize(
    ("columns", "parts"),
    [
        ({"A": [1.0], "gene": ["G"]}, ["'A'"]),
        ({"gene": ["G"], "A": ["1"]}, ["'A'", "string"]),
        ({"gene": ["G"]}, ["a.parquet"]),
        ({"gene": ["G"], "A": [True]}, ["'A'", "bool"]),
    ],
)
def test_bad_parquet(tmp_path: Path, refuses: Refuses, columns: dict[str, list[Any]], parts: list[str]) -> None:
    parquet.write_table(pyarrow.table(columns), tmp_path / "a.parquet")
    with refuses("a.parquet", *parts):
        open_matrix(tmp_path / "a.parquet")


@pytest.mark.parametrize("start", [b"PAR1", b"\x89HDF\r\n\x1a\n"])
def test_broken_binary_files(tmp_path: Path, refuses: Refuses, start: bytes) -> None:
    (tmp_path / "file").write_bytes(start + bytes(100))
    with refuses("file"):
        open_matrix(tmp_path / "file")


def test_anndata_without_values(tmp_path: Path, refuses: Refuses) -> None:
    anndata.AnnData(obs=pd.DataFrame(index=["S"]), var=pd.DataFrame(index=["G"])).write_h5ad(tmp_path / "a.h5ad")
    with refuses("a.h5ad", "X"):
        open_matrix(tmp_path / "a.h5ad")


def test_anndata_is_optional(tmp_path: Path, refuses: Refuses, monkeypatch: pytest.MonkeyPatch) -> None:
    write_h5ad(tmp_path / "a.h5ad", GENES, SAMPLES, VALUES)
    real = builtins.__import__

    def refuse(name: str, *arguments: Any) -> Any:
        if name == "anndata":
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with refuses("a.h5ad", "pip install anndata"):
        open_matrix(tmp_path / "a.h5ad")

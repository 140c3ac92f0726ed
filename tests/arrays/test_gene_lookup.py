"""Which genes the identifiers of an expression file stand for."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers.fixtures import Refuses, says
from tr300m.arrays.absent_genes import absent_regulators
from tr300m.arrays.expression_matrix import ExpressionMatrix, with_gene_ids
from tr300m.arrays.expression_survey import ExpressionSurvey, check_survey, check_unit, survey_expression
from tr300m.arrays.gene_lookup import GeneLookup, without_version
from tr300m.arrays.genes import GeneRecords
from tr300m.arrays.matrix_formats import open_matrix
from tr300m.base.types import Floats

ROWS = [
    ("ENSG01.7", "SOX2"),
    ("ENSG02.3", "TWO"),
    ("ENSG03.1", "TWO"),
    ("ENSG04.2", "XY"),
    ("ENSG04.2_PAR_Y", "XY"),
    ("ENSG05.9", ""),
    ("ENSG06", "BARE"),
    ("ENSG07.1", "RP11-34P13.7"),
]


def annotation(rows: list[tuple[str, str]]) -> GeneRecords:
    """Return protein-coding genes by ID and symbol."""
    number = len(rows)
    ids, names = (np.array(column) for column in zip(*rows, strict=True))
    return GeneRecords(
        ids,
        names,
        np.full(number, "protein_coding"),
        np.full(number, "chr1"),
        np.full(number, "+"),
        5000 * np.arange(1, number + 1),
        5000 * np.arange(1, number + 1) + 900,
    )


LOOKUP = GeneLookup.of(annotation(ROWS))


@pytest.mark.parametrize(
    ("identifier", "kind", "candidates"),
    [
        ("ENSG01.7", "versioned ID", ["ENSG01.7"]),
        ("ENSG01", "ID without version", ["ENSG01.7"]),
        ("ENSG01.6", "another version", []),
        ("SOX2", "symbol", ["ENSG01.7"]),
        ("Sox2", "unknown", []),
        ("TWO", "ambiguous", ["ENSG02.3", "ENSG03.1"]),
        # Of a gene in a pseudo-autosomal region, the one on chrX.
        ("XY", "symbol", ["ENSG04.2"]),
        ("ENSG04", "ID without version", ["ENSG04.2"]),
        ("ENSG04.2_PAR_Y", "versioned ID", ["ENSG04.2_PAR_Y"]),
        ("ENSG04_PAR_Y", "ID without version", ["ENSG04.2_PAR_Y"]),
        # An annotation without versions matches any version.
        ("ENSG06.4", "versioned ID", ["ENSG06"]),
        ("ENSG06", "ID without version", ["ENSG06"]),
        ("RP11-34P13.7", "symbol", ["ENSG07.1"]),
        ("", "unknown", []),
        ("ENSG99.1", "unknown", []),
    ],
)
def test_what_an_identifier_stands_for(identifier: str, kind: str, candidates: list[str]) -> None:
    match = LOOKUP.find(identifier)
    assert (match.kind, list(match.candidates)) == (kind, candidates)
    assert match.gene_id == (candidates[0] if candidates and kind != "ambiguous" else "")


@pytest.mark.parametrize(
    ("gene_id", "expected"),
    [
        ("ENSG01.2", "ENSG01"),
        ("ENSG01", "ENSG01"),
        ("ENSG01.2_PAR_Y", "ENSG01_PAR_Y"),
        ("ENSG01_PAR_Y", "ENSG01_PAR_Y"),
    ],
)
def test_ids_without_version(gene_id: str, expected: str) -> None:
    assert without_version(gene_id) == expected


def matrix(path: Path, genes: list[str], values: Floats, samples: list[str] | None = None) -> ExpressionMatrix:
    """Write a CSV and open it."""
    header = ",".join(["gene", *(samples or [f"S{number}" for number in range(values.shape[1])])])
    rows = [",".join([gene, *map(repr, row)]) for gene, row in zip(genes, values.tolist(), strict=True)]
    path.write_text("\n".join([header, *rows]) + "\n")
    return open_matrix(path)


def test_rows_get_the_ids_of_the_annotation(tmp_path: Path) -> None:
    asked: list[str] = []

    def wanted(gene: str) -> bool:
        asked.append(gene)
        return gene != "ENSG06"

    found = matrix(tmp_path / "a.csv", ["SOX2", "TWO", "ENSG06", "nothing", "ENSG05"], np.arange(10.0).reshape(5, 2))
    rows = list(with_gene_ids(found, LOOKUP).rows(wanted, 1))
    assert asked == ["ENSG01.7", "ENSG06", "ENSG05.9"]
    assert [(gene, values.tolist()) for gene, values in rows] == [("ENSG01.7", [0]), ("ENSG05.9", [8])]


def test_two_rows_of_one_gene_are_refused(tmp_path: Path, refuses: Refuses) -> None:
    found = matrix(tmp_path / "a.csv", ["ENSG06", "SOX2", "ENSG01"], np.ones((3, 1)))
    with refuses("a.csv", "SOX2", "ENSG01", "ENSG01.7"):
        list(with_gene_ids(found, LOOKUP).rows(lambda gene: False))
    with refuses("a.csv", "SOX2", "ENSG01", "ENSG01.7"):
        survey_expression(found, LOOKUP)


def test_a_survey_says_what_is_there(tmp_path: Path) -> None:
    genes = ["ENSG01", "ENSG04", "BARE", "TWO", "ENSG05.1", "x", "y"]
    found = matrix(tmp_path / "a.csv", genes, np.arange(70.0).reshape(7, 10))
    survey = survey_expression(found, LOOKUP)
    assert survey.gene_ids == {"ENSG01.7", "ENSG04.2", "ENSG06"}
    assert survey.ambiguous == {"TWO": ("ENSG02.3", "ENSG03.1")}
    assert survey.sample_ids == [f"S{number}" for number in range(8)]
    assert survey.sums.tolist() == [210 + 7 * column for column in range(8)]
    assert survey.whole
    text = "\n".join(survey.lines())
    assert says(text, "a.csv", "CSV", "7 rows", "2 by ID without version", "1 by symbol", "TWO")
    assert "2 rows are no genes" in text and "1 rows have the ID" in text
    check_survey(survey, LOOKUP, found.sample_ids)


@pytest.mark.parametrize(
    ("genes", "samples", "parts"),
    [
        (["ENSMUSG01.1", "ENSMUSG02.1"], ["A"], ["0", "2", "ENSMUSG01.1", "ENSG01.7", "species"]),
        (["Sox2", "Bare"], ["A"], ["0", "2", "Sox2", "species"]),
        (["ENSG01.6", "ENSG02.1"], ["A"], ["ENSG01.6", "versions"]),
        (["A", "B"], ["SOX2"], ["columns", "SOX2"]),
    ],
)
def test_expression_of_other_genes(
    tmp_path: Path, refuses: Refuses, genes: list[str], samples: list[str], parts: list[str]
) -> None:
    found = matrix(tmp_path / "a.csv", genes, np.ones((len(genes), 1)), samples)
    with refuses("a.csv", *parts):
        check_survey(survey_expression(found, LOOKUP), LOOKUP, found.sample_ids)


def test_a_symbol_shared_by_two_species_does_not_help(tmp_path: Path, refuses: Refuses) -> None:
    found = matrix(tmp_path / "a.csv", ["Sox2", "Bare", "XY"], np.ones((3, 1)))
    with refuses("a.csv", "1", "3", "Sox2", "species"):
        check_survey(survey_expression(found, LOOKUP), LOOKUP, found.sample_ids)


# --- units ------------------------------------------------------------------------------------------------------------

MANY = GeneLookup.of(annotation([(f"ENSG{row}.1", f"G{row}") for row in range(6_000)]))


def surveyed(values: Floats) -> ExpressionSurvey:
    """Return the survey of values [gene, sample] of the first genes of 6,000."""

    def rows(wanted: object, columns: int | None = None) -> Iterator[tuple[str, Floats]]:
        for row, value in enumerate(values):
            assert callable(wanted) and wanted(f"ENSG{row}.1")
            yield f"ENSG{row}.1", value[:columns]

    samples = [f"S{number}" for number in range(values.shape[1])]
    return survey_expression(ExpressionMatrix("x.csv", "CSV", samples, rows), MANY)


def tpm(genes: int = 6_000) -> Floats:
    """Return TPM of two samples, whose columns sum to a million over all genes."""
    values = np.random.default_rng(1).lognormal(1, 2, size=(6_000, 2))
    return np.asarray((values / values.sum(axis=0) * 1e6)[:genes])


@pytest.mark.parametrize(
    "values",
    [
        tpm(),
        np.round(tpm(), 1),
        np.round(tpm()),
        tpm() * 0.3,
        tpm(50),
        tpm(3_000),
        np.log1p(tpm(50)),
        np.zeros((6_000, 2)) + 1e6 / 6_000,
        np.ones((3, 2)),
    ],
)
def test_values_that_can_be_tpm(values: Floats) -> None:
    check_unit(surveyed(values), MANY)


@pytest.mark.parametrize(
    ("values", "parts"),
    [
        (np.round(tpm() * 25), ["counts", "length"]),
        (np.round(tpm(3_000) * 25), ["counts", "length"]),
        (np.round(tpm() * 0.05), ["whole numbers"]),
        (tpm() * 25, ["normalised counts"]),
        (np.log2(tpm() + 1), ["logarithms", "log2(TPM + 1)"]),
        (np.log1p(tpm()), ["logarithms"]),
    ],
)
def test_values_that_are_no_tpm(refuses: Refuses, values: Floats, parts: list[str]) -> None:
    survey = surveyed(values)
    with refuses("x.csv", "S0", f"{survey.sums[0]:,.0f}", f"{len(values):,}", "1,000,000", *parts):
        check_unit(survey, MANY)


def test_one_sample_of_counts_is_named(refuses: Refuses) -> None:
    values = np.round(tpm())
    values[:, 1] *= 30
    with refuses("x.csv", "S1", "counts"):
        check_unit(surveyed(values), MANY)


def test_a_survey_reads_nothing_of_later_samples() -> None:
    assert surveyed(np.ones((3, 20))).sums.tolist() == [3] * 8


# --- regulators -------------------------------------------------------------------------------------------------------


def test_absent_regulators_are_listed_with_the_reason() -> None:
    found = absent_regulators({"ENSG01", "ENSG03", "ENSG88", "ENSG06"}, ["ENSG01.7", "ENSG06"], LOOKUP)
    assert found == {
        "gene_id": ["ENSG03", "ENSG88"],
        "state": ["no row in the expression file", "not in the annotation"],
    }

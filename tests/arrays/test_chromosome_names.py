"""Chromosome names of UCSC and Ensembl, and the chromosomes of the target genes."""

import numpy as np
import pytest
from helpers.fixtures import MakeGenes, Refuses, says
from hypothesis import given
from hypothesis import strategies as st
from tr300m.arrays.chromosome_names import (
    choose_chromosomes,
    genes_elsewhere,
    in_names_of,
    mapping_note,
    match_names,
    other_style,
)
from tr300m.arrays.genes import CHROMOSOMES, GeneRecords

NAMES = st.sampled_from(["1", "19", "X", "MT", "chr1", "chr19", "chrX", "chrM", "2L", "GL456211.1", "NC_000067.7"])


def records(*rows: tuple[str, str]) -> GeneRecords:
    """Return gene lines of these chromosomes and types."""
    count = len(rows)
    return GeneRecords(
        gene_id=np.array([f"E{number}.1" for number in range(count)]),
        gene_name=np.array([""] * count),
        gene_type=np.array([kind for _, kind in rows]),
        chromosome=np.array([name for name, _ in rows]),
        strand=np.array(["+"] * count),
        tss=np.arange(5000, 5000 + count),
        end=np.arange(6000, 6000 + count),
    )


CODING = "protein_coding"
MOUSE = records(("X", CODING), ("1", CODING), ("1", CODING), ("2", "lncRNA"), ("MT", CODING), ("JH5.1", CODING))


@given(NAMES)
def test_the_other_style_of_the_other_style(name: str) -> None:
    assert other_style(other_style(name)) == name
    assert other_style(name) != name


@pytest.mark.parametrize(("ucsc", "ensembl"), [("chr1", "1"), ("chrX", "X"), ("chrM", "MT"), ("chr2L", "2L")])
def test_styles(ucsc: str, ensembl: str) -> None:
    assert (other_style(ucsc), other_style(ensembl)) == (ensembl, ucsc)


def test_the_same_name_comes_before_the_other_style() -> None:
    assert match_names(["1", "2", "MT", "Un"], ["chr1", "1", "chr2", "chrM", "chrX"]) == {
        "1": "1", "2": "chr2", "MT": "chrM",
    }  # fmt: skip


def test_a_mapping_is_said() -> None:
    assert mapping_note({"1": "1", "X": "X"}, "g.fa") == ""
    many = {f"{number}": f"chr{number}" for number in range(1, 20)}
    assert says(mapping_note(many, "g.fa"), "g.fa", "chr1 for 1", "14 more")


def test_genes_in_the_names_of_a_file(make_genes: MakeGenes) -> None:
    genes = make_genes([("1", "+", 5000), ("MT", "-", 5000), ("Un", "+", 5000)])
    assert in_names_of(genes, {"chr1": 9, "chrM": 9}).chromosome.tolist() == ["chr1", "chrM", "Un"]
    assert genes.chromosome.tolist() == ["1", "MT", "Un"]


def test_chromosomes_of_the_release() -> None:
    assert choose_chromosomes(MOUSE, None) == CHROMOSOMES


@pytest.mark.parametrize("there", [["1", "2", "X", "MT"], ["chr1", "chr2", "chrX", "chrM"]])
def test_all_chromosomes_with_genes_and_a_sequence(there: list[str]) -> None:
    """Not 2, which has no protein-coding gene, nor the mitochondrial genome, nor the scaffold without a sequence."""
    assert choose_chromosomes(MOUSE, None, there) == ("X", "1")
    assert genes_elsewhere(MOUSE, ("X", "1")) == {"JH5.1": 1, "MT": 1}
    assert choose_chromosomes(MOUSE, None, [*there, "JH5.1"]) == ("X", "1", "JH5.1")


def test_chosen_chromosomes_in_either_style(refuses: Refuses) -> None:
    assert choose_chromosomes(MOUSE, ["chr1", "MT"]) == ("1", "MT")
    for missing in ("chr2", "chr7"):
        with refuses(f"on {missing};", "X, 1, MT, JH5.1", "`chromosomes`"):
            choose_chromosomes(MOUSE, ["chr1", missing])


def test_names_of_a_third_kind(refuses: Refuses) -> None:
    with refuses("X, 1, MT, JH5.1", "NC_000067.7"):
        choose_chromosomes(MOUSE, None, ["NC_000067.7"])

"""Whether annotation, genome, regulators and motifs belong together, before any work."""

from pathlib import Path
from typing import Any

import pytest
from helpers.fixtures import Refuses, says
from helpers.small_run import copy_tables
from tr300m.config.settings import resolve
from tr300m.preflight.agreement import check_agreement, check_splits
from tr300m.preflight.check import Check

# Gata1 on 1, Klf4 on X; both files are of mm39 as far as they say.
MOUSE = (
    "#!genome-build GRCm39\n"
    '1\th\tgene\t5000\t5100\t.\t+\t.\tgene_id "ENSMUSG1"; gene_version "3"; gene_name "Gata1"; '
    'gene_biotype "protein_coding";\n'
    'X\th\tgene\t400\t500\t.\t+\t.\tgene_id "ENSMUSG2"; gene_version "1"; gene_name "Klf4"; '
    'gene_biotype "protein_coding";\n'
)


def mouse_files(folder: Path, **others: Any) -> dict[str, Any]:
    """Write an annotation, a genome and a list of regulators that fit."""
    (folder / "own.gtf").write_text(MOUSE)
    (folder / "own.fa").write_text(f">chr1\n{'A' * 6000}\n>chrX\n{'C' * 600}\n")
    (folder / "own.txt").write_text("Gata1\nNanog\n")
    sources = {"default": "simulated", "annotation": "own.gtf", "genome": "own.fa", "regulators": "own.txt"}
    return {"sources": sources, "edition": "corrected", "motifs": {"taxon": "vertebrates"}, **others}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a checkout of the tables and schemas."""
    copy_tables(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def split_problem(config: dict[str, Any]) -> str:
    (check,) = check_splits(resolve(config, Path(), files=False))
    return check.problem


def agreement(config: dict[str, Any]) -> list[Check]:
    return check_agreement(resolve(config, Path(), files=False))


def test_files_that_belong_together(folder: Path) -> None:
    genome, regulators = agreement(mouse_files(folder))
    assert (genome.problem, regulators.problem) == ("", "")
    assert says(genome.state, "2", "2 chromosomes")
    assert says(regulators.state, "1", "Nanog")


def test_files_of_the_release_are_not_read_for_it(folder: Path) -> None:
    assert agreement({"sources": {"default": "simulated"}}) == []
    assert agreement({"sources": {"default": "upstream"}}) == []


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"chromosomes": ["chr1", "chr2"]}, ["chr2", "1, X"]),
        ({"motifs": {}}, ["Gata1", "`motifs: taxon`"]),
        ({"motifs": {"taxon": "plants"}}, ["Gata1"]),
    ],
    ids=["chromosome", "motifs", "taxon"],
)
def test_settings_that_do_not_fit_the_files(folder: Path, change: dict[str, Any], parts: list[str]) -> None:
    problems = [check.problem for check in agreement(mouse_files(folder) | change) if check.problem]
    assert len(problems) == 1 and says(problems[0], *parts)


@pytest.mark.parametrize(
    ("name", "old", "new", "parts"),
    [
        ("own.fa", ">chr1", ">NC_000067.7", ["no sequence 1", "own.fa", "NC_000067.7, chrX"]),
        ("own.fa", "A" * 2000, "A", ["ENSMUSG1.3", "1:5,000", "own.fa"]),
        ("own.gtf", "GRCm39", "GRCh38", []),
        ("own.txt", "Gata1", "GATA1", ["own.txt", "GATA1, Nanog", "ENSMUSG1.3 (Gata1)"]),
    ],
    ids=["names", "build", "unknown lengths", "species of the regulators"],
)
def test_files_that_do_not_fit(folder: Path, name: str, old: str, new: str, parts: list[str]) -> None:
    """All chromosomes of the annotation are asked for by name, so that none is left out in silence."""
    config = mouse_files(folder, chromosomes=["1", "X"])
    path = folder / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    problems = [check.problem for check in agreement(config) if check.problem]
    assert len(problems) == bool(parts) and all(says(problem, *parts) for problem in problems)


def test_the_splits_of_another_species(folder: Path) -> None:
    """Genes are counted on the chromosomes that annotation and FASTA have, which may still have to be downloaded."""
    config = mouse_files(folder, split={"held_out_genes": 2, "held_out_samples": 4, "gene_pool": None})
    assert says(split_problem(config), "2")
    (folder / "own.fa").unlink()
    assert says(split_problem(config), "2")


@pytest.mark.parametrize(
    ("sources", "chromosomes", "expected"),
    [
        ({}, None, False),
        ({"annotation": "simulated"}, None, False),
        ({"annotation": "own.gtf"}, None, True),
        ({"annotation": "https://x/a.gtf"}, None, True),
        # The key of another row of the table.
        ({"annotation": "grch38_p10"}, None, True),
        ({"annotation": "own.gtf"}, ["1"], False),
    ],
)
def test_whose_chromosomes_are_taken(
    folder: Path, sources: dict[str, str], chromosomes: list[str] | None, expected: bool
) -> None:
    chosen = resolve({"sources": {"default": "upstream", **sources}, "chromosomes": chromosomes}, Path(), files=False)
    assert chosen.takes_chromosomes_of_genome == expected


def test_motif_files_that_are_missing(folder: Path, refuses: Refuses) -> None:
    with refuses("`motifs: file`", "m.meme", "`motifs: map`", "m.tsv"):
        resolve({"motifs": {"file": "m.meme", "map": "m.tsv"}}, Path())

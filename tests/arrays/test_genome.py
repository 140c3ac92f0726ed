"""Bases of a genome by position: across blocks, past the ends, by either name."""

import gzip
from pathlib import Path

import numpy as np
import pysam
import pytest
from helpers.fixtures import Refuses
from helpers.toy_genome import write_fasta
from tr300m.arrays.genome import Genome
from tr300m.base.base_codes import CODE_OF_BYTE, OUTSIDE_CODE

LENGTH = 150_001


@pytest.fixture
def chromosomes() -> dict[str, str]:
    chance = np.random.default_rng(0)
    return {name: "".join(chance.choice(list("ACGTNR"), length)) for name, length in (("chr1", LENGTH), ("MT", 90))}


@pytest.mark.parametrize("packed", [False, True])
def test_pieces_equal_the_text(tmp_path: Path, chromosomes: dict[str, str], packed: bool) -> None:
    path = write_fasta(tmp_path / "toy.fa", chromosomes)
    if packed:
        pysam.tabix_compress(str(path), str(tmp_path / "toy.fa.gz"))
        path = tmp_path / "toy.fa.gz"
    chance, outside = np.random.default_rng(1), np.full(50, OUTSIDE_CODE)
    with Genome(path) as genome:
        assert genome.lengths == {"chr1": LENGTH, "MT": 90}
        for name, text in chromosomes.items():
            whole = np.concatenate([outside, CODE_OF_BYTE[np.frombuffer(text.encode(), np.uint8)], outside])
            for _ in range(100):
                start = int(chance.integers(-50, len(text) + 50))
                end = min(start + int(chance.choice([0, 1, 30, 70_000, 140_000])), len(text) + 50)
                np.testing.assert_array_equal(genome.codes(name, start, end), whole[start + 50 : end + 50])
        np.testing.assert_array_equal(genome.codes("1", 5, 9), genome.codes("chr1", 5, 9))
        np.testing.assert_array_equal(genome.codes("chrM", 5, 9), genome.codes("MT", 5, 9))
        # What is read is the caller's own.
        genome.codes("chr1", 0, 9)[:] = 9
        assert genome.codes("chr1", 0, 9).max() < 9


def test_what_is_no_genome_is_refused(tmp_path: Path, refuses: Refuses, chromosomes: dict[str, str]) -> None:
    path = write_fasta(tmp_path / "toy.fa", chromosomes)
    with Genome(path) as genome, refuses("toy.fa", "chr7", "chr1", "MT"):
        genome.codes("chr7", 0, 5)
    with refuses("absent.fa"):
        Genome(tmp_path / "absent.fa")
    (tmp_path / "toy.fa.gz").write_bytes(gzip.compress(path.read_bytes()))
    with refuses("toy.fa.gz", "bgzip", "gunzip"):
        Genome(tmp_path / "toy.fa.gz")
    (tmp_path / "text.fa").write_text("no FASTA\n")
    with refuses("text.fa"):
        Genome(tmp_path / "text.fa")

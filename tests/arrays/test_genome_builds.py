"""Genome builds: FASTA, annotation and tracks against each other."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from tr300m.arrays.ccres import cre_windows
from tr300m.arrays.genome_builds import (
    BUILDS,
    build_of,
    check_inside,
    check_lengths,
    check_stated_build,
    reaching_past,
    read_lengths,
    stated_build,
)
from tr300m.arrays.histones import silent_chromosomes, track_windows
from tr300m.base.axes import Genes
from tr300m.simulate.bigbed import BedRow, write_bigbed

Refuses = Callable[..., AbstractContextManager[None]]
MakeGenes = Callable[..., Genes]


def write_track(path: Path, lengths: dict[str, int], *entries: tuple[str, int, int, float]) -> Path:
    with pyBigWig.open(str(path), "w") as track:
        track.addHeader(list(lengths.items()))
        for name, start, end, value in entries:
            track.addEntries([name], [start], ends=[end], values=[value])
    return path


def test_builds_are_told_by_their_lengths() -> None:
    assert build_of("chr22", 51_304_566) == "hg19"
    assert build_of("chr22", 50_818_468) == "hg38"
    assert build_of("chr22", 50_818_469) == ""
    assert build_of("chrM", 16_569) == ""
    assert not any(BUILDS["hg19"][name] == length for name, length in BUILDS["hg38"].items())


def test_builds_of_the_mouse_in_either_style() -> None:
    assert build_of("chr19", 61_431_566) == build_of("19", 61_431_566) == "mm10"
    assert build_of("X", 169_476_592) == "mm39"
    assert len(BUILDS["mm10"]) == len(BUILDS["mm39"]) == 21
    assert list(BUILDS["mm39"])[-3:] == ["chr19", "chrX", "chrY"]
    # No two builds have a length in common, so that one chromosome is enough.
    known = [(name, length) for lengths in BUILDS.values() for name, length in lengths.items()]
    assert len(set(known)) == len(known) == 2 * 24 + 2 * 21


@pytest.mark.parametrize(
    ("comments", "build"),
    [
        ("##description: evidence-based annotation of the human genome (GRCh38), version 26 (Ensembl 88)\n", "hg38"),
        ("#!genome-build GRCm39\n#!genome-version GRCm39\n", "mm39"),
        ("##provider: GENCODE\n##description: annotation of the mouse genome (GRCm38.p6), version M25\n", "mm10"),
        ("#!genome-build GRCz11\n", "GRCz11"),
        ("", ""),
    ],
)
def test_what_an_annotation_states(tmp_path: Path, comments: str, build: str) -> None:
    (tmp_path / "a.gtf").write_text(comments + "1\th\tgene\t1\t2\t.\t+\t.\tgene_id GRCh37;\n")
    assert stated_build(tmp_path / "a.gtf") == build


def test_an_annotation_of_another_species_than_the_genome(tmp_path: Path, refuses: Refuses) -> None:
    (tmp_path / "a.gtf").write_text("#!genome-build GRCm39\n")
    with refuses("a.gtf", "mm39", "g.fa", "chr22", "50,818,468", "hg38"):
        check_stated_build(tmp_path / "a.gtf", {"chr22": 50_818_468}, tmp_path / "g.fa")
    check_stated_build(tmp_path / "a.gtf", {"19": 61_420_004, "X": 1000}, tmp_path / "g.fa")
    # What states no build, or has no known length, is not checked.
    check_stated_build(tmp_path / "a.gtf", {"chr22": 1000}, tmp_path / "g.fa")
    (tmp_path / "a.gtf").write_text("##provider: X\n")
    check_stated_build(tmp_path / "a.gtf", {"chr22": 50_818_468}, tmp_path / "g.fa")


def test_an_annotation_of_an_earlier_build(tmp_path: Path, refuses: Refuses) -> None:
    (tmp_path / "a.gtf").write_text("#!genome-build GRCh37.p13\n")
    with refuses("hg19", "21", "46,709,983", "hg38"):
        check_stated_build(tmp_path / "a.gtf", {"21": 46_709_983}, tmp_path / "g.fa")


def test_lengths_are_compared_under_either_name(tmp_path: Path, refuses: Refuses) -> None:
    check_lengths(tmp_path / "a.bw", {"chr1": 9, "chrM": 5, "chr2": 1}, {"1": 9, "MT": 5, "3": 4})
    with refuses("a.bw", "MT", "5 bp", "6 bp"):
        check_lengths(tmp_path / "a.bw", {"chr1": 9, "chrM": 5}, {"1": 9, "MT": 6})


def test_an_hg19_track_on_an_hg38_genome(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes) -> None:
    lengths = {name: BUILDS["hg19"][name] for name in ("chr21", "chr22")}
    track = write_track(tmp_path / "a.bw", lengths, ("chr22", 3000, 4000, 2.0))
    genes = make_genes([("chr22", "+", 4000)])
    with refuses("a.bw", "chr22", "51,304,566", "hg19", "50,818,468", "hg38"):
        track_windows(track, genes, {"chr22": BUILDS["hg38"]["chr22"]})
    assert track_windows(track, genes, {"chr22": BUILDS["hg19"]["chr22"]}).any()


def test_lengths_that_no_build_has(refuses: Refuses) -> None:
    genome = {"chr1": 9000, "chr2": 8000, "chr3": 7000}
    check_lengths("a.bw", {"chr1": 9000, "chrUn": 5}, genome)
    with refuses("a.bw", "chr2", "8,001 bp", "8,000 bp", "2 chromosomes"):
        check_lengths("a.bw", {"chr1": 9000, "chr2": 8001, "chr3": 6999}, genome)


def test_ccres_of_another_build(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes) -> None:
    write_bigbed(tmp_path / "a.bb", {"chr1": 9000}, [BedRow("chr1", 3000, 3010, "name\t500")])
    genes = make_genes([("chr1", "+", 4000)])
    with refuses("a.bb", "chr1", "9,000", "9,001"):
        cre_windows(tmp_path / "a.bb", genes, {"chr1": 9001})
    assert cre_windows(tmp_path / "a.bb", genes, {"chr1": 9000}).any()


def test_annotation_of_another_build(refuses: Refuses, make_genes: MakeGenes) -> None:
    hg38 = BUILDS["hg38"]
    # Inside hg19's chr22, past the end of hg38's.
    genes = make_genes([("chr22", "+", 40_000_000), ("chr22", "-", 51_200_000), ("chr22", "+", 51_300_000)])
    check_inside(genes, BUILDS["hg19"], "hg19.fa")
    with refuses("ENSG00000000001.1", "chr22:51,200,000", "hg38.fa", "50,818,468", "1 further"):
        check_inside(genes, hg38, "hg38.fa")


def test_windows_over_an_end_are_named_and_kept(make_genes: MakeGenes) -> None:
    genes = make_genes([("chr1", "+", 100), ("chr1", "+", 5000), ("chr1", "-", 8000), ("chr1", "-", 9000)])
    check_inside(genes, {"chr1": 9000}, "a.fa")
    assert reaching_past(genes, {"chr1": 9000}) == genes.gene_id[[0, 2, 3]].tolist()


def test_a_chromosome_that_a_track_lacks_is_named(
    tmp_path: Path, make_genes: MakeGenes, capsys: pytest.CaptureFixture[str]
) -> None:
    track = write_track(tmp_path / "a.bw", {"chr1": 9000, "chr2": 9000}, ("chr1", 0, 9000, 2.0))
    genes = make_genes([("chr1", "+", 4000), ("chrY", "-", 4000), ("chr2", "+", 4000), ("chrY", "+", 4000)])
    windows = track_windows(track, genes, {"chr1": 9000, "chr2": 9000, "chrY": 9000})
    said = next(line for line in capsys.readouterr().err.splitlines() if "lacks" in line)
    assert "a.bw" in said and "chrY (2 genes)" in said and "chr2" not in said
    # Where the file has the chromosome and no values, the table tells.
    assert silent_chromosomes(genes, windows) == {"chr2": 1, "chrY": 2}


@pytest.mark.parametrize("lengths", [{"chr1": 9000}, {"chr1": 9000, "chr2": 9000}], ids=["one", "two"])
def test_a_track_without_data(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes, lengths: dict[str, int]) -> None:
    track = write_track(tmp_path / "a.bw", lengths)
    with refuses("a.bw", "no data", "chr1"):
        track_windows(track, make_genes([("chr1", "+", 4000), ("chrX", "+", 4000)]), {"chr1": 9000})


def test_ccres_without_rows(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes) -> None:
    write_bigbed(tmp_path / "a.bb", {"chr1": 9000}, [])
    with refuses("a.bb", "no data", "chr1"):
        cre_windows(tmp_path / "a.bb", make_genes([("chr1", "+", 4000)]))


def test_gaps_between_values_stay_zero(tmp_path: Path, make_genes: MakeGenes) -> None:
    track = write_track(tmp_path / "a.bw", {"chr1": 90_000}, ("chr1", 80_000, 80_010, 2.0))
    assert not track_windows(track, make_genes([("chr1", "+", 4000)])).any()


def test_index(tmp_path: Path, refuses: Refuses) -> None:
    path = tmp_path / "a.fa.fai"
    path.write_text("chr1\t9000\t6\t60\t61\nchr2\t10\t9\t10\t11\n")
    assert read_lengths(path) == {"chr1": 9000, "chr2": 10}
    path.write_text("chr1\n")
    with refuses("a.fa.fai", "line 1"):
        read_lengths(path)


def test_silent_chromosomes_of_no_silence(make_genes: MakeGenes) -> None:
    assert silent_chromosomes(make_genes([("chr1", "+", 4000)]), np.ones((1, 2823), np.float32)) == {}

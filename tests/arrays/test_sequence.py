"""FASTA to one-hot windows, against a lookup by position."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from helpers.fixtures import MakeGenes, Refuses
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tr300m.arrays.sequence import (
    clip_window,
    extract_chromosomes,
    join_parts,
    onehot,
    onehot_windows,
    read_promoters,
    sequence_lengths,
)

ROW = {"A": [1, 0, 0, 0], "C": [0, 1, 0, 0], "G": [0, 0, 1, 0], "T": [0, 0, 0, 1]}
COMPLEMENT = {"A": "T", "C": "G", "G": "C", "T": "A"}
UNKNOWN = [0.25, 0.25, 0.25, 0.25]


def random_bases(length: int, seed: int, letters: str = "ACGTacgtN") -> str:
    """Return bases, some of them soft-masked or unknown."""
    return "".join(np.random.default_rng(seed).choice(list(letters), length))


def write_fasta(path: Path, sequences: dict[str, str], width: int = 60) -> Path:
    """Write a FASTA of lines of `width`."""
    text = ""
    for name, sequence in sequences.items():
        lines = [sequence[at : at + width] for at in range(0, len(sequence), width)]
        text += f">{name}\n" + "\n".join(lines) + "\n"
    path.write_text(text)
    return path


def literal_window(sequence: str, strand: str, start: int, end: int) -> NDArray[np.float64]:
    """Look a window up base by base."""
    positions = range(start, end) if strand == "+" else range(end - 1, start - 1, -1)
    rows: list[list[float]] = []
    for position in positions:
        if not 0 <= position < len(sequence):
            rows.append([0, 0, 0, 0])
            continue
        base = sequence[position].upper()
        if strand == "-":
            base = COMPLEMENT.get(base, base)
        rows.append([float(value) for value in ROW.get(base, UNKNOWN)])
    return np.array(rows)


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet="ACGTacgtNnRYKMSWBDHVX", max_size=40))
def test_onehot_equals_a_dictionary(sequence: str) -> None:
    found = onehot(sequence)
    expected = np.array([ROW.get(base, UNKNOWN) for base in sequence.upper()], dtype=float).reshape(-1, 4)
    assert found.dtype == np.float16
    assert found.shape == (len(sequence), 4)
    assert np.array_equal(found, expected)


def test_n_is_a_quarter_and_soft_masking_is_ignored() -> None:
    assert onehot("N").tolist() == [UNKNOWN]
    assert np.array_equal(onehot("acgt"), onehot("ACGT"))
    assert np.array_equal(onehot("ACGT"), np.eye(4))


@settings(deadline=None, max_examples=100)
@given(start=st.integers(-40, 40), width=st.integers(1, 40), length=st.integers(1, 30))
def test_clip_window_keeps_the_inside_at_its_place(start: int, width: int, length: int) -> None:
    first, last, offset = clip_window(start, start + width, length)
    inside = [position for position in range(start, start + width) if 0 <= position < length]
    assert list(range(first, last)) == inside
    if inside:
        assert start + offset == inside[0]


@pytest.mark.parametrize("edition", ["release", "corrected"])
def test_windows_equal_a_lookup_by_position(tmp_path: Path, make_genes: MakeGenes, edition: str) -> None:
    sequences = {"chr1": random_bases(9001, 1), "chr2": random_bases(7000, 2)}
    fasta = write_fasta(tmp_path / "a.fa", sequences)
    rows = [("chr1", "+", 3000), ("chr1", "-", 3000), ("chr2", "-", 4000), ("chr2", "+", 6950), ("chr1", "+", 2774)]
    genes = make_genes(rows, edition=edition)
    found = onehot_windows(fasta, genes)
    assert found.shape == (5, 2823, 4)
    assert found.dtype == np.float16
    for row, (chromosome, strand, _) in enumerate(rows):
        start, end = int(genes.window_start[row]), int(genes.window_end[row])
        assert np.array_equal(found[row], literal_window(sequences[chromosome], strand, start, end))


@pytest.mark.parametrize(("edition", "plus"), [("release", 2772), ("corrected", 2773)])
def test_tss_base_keeps_its_index_near_both_ends(
    tmp_path: Path, make_genes: MakeGenes, edition: str, plus: int
) -> None:
    # One G in a chromosome of As: it is the TSS base, near the left end, in the middle, near the right end.
    for position in (1, 20, 1500, 2990, 3000):
        sequence = "A" * (position - 1) + "G" + "A" * (3000 - position)
        folder = tmp_path / str(position)
        folder.mkdir()
        fasta = write_fasta(folder / "a.fa", {"chr5": sequence})
        genes = make_genes([("chr5", "+", position), ("chr5", "-", position)], edition=edition)
        found = onehot_windows(fasta, genes)
        assert np.flatnonzero(found[0, :, 2]).tolist() == [plus]
        assert np.flatnonzero(found[1, :, 1]).tolist() == [2773]  # G reads C on -
        for row in (0, 1):
            start, end = int(genes.window_start[row]), int(genes.window_end[row])
            outside = max(0, -start) + max(0, end - 3000)
            assert int((found[row].sum(axis=1) == 0).sum()) == outside
            assert np.array_equal(found[row], literal_window(sequence, "+-"[row], start, end))


def test_both_strands_of_one_interval_are_reverse_complements(tmp_path: Path, make_genes: MakeGenes) -> None:
    fasta = write_fasta(tmp_path / "a.fa", {"chr1": random_bases(9000, 3)})
    # [TSS-2773, TSS+50) on + and [TSS-50, TSS+2773) on - are the same bases when the TSS differ by 2723.
    genes = make_genes([("chr1", "+", 4000), ("chr1", "-", 4000 - 2723)])
    found = onehot_windows(fasta, genes)
    assert np.array_equal(found[0], found[1, ::-1, ::-1])


def test_tss_off_the_chromosome_is_refused(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes) -> None:
    fasta = write_fasta(tmp_path / "a.fa", {"chr1": "ACGT" * 10})
    genes = make_genes([("chr1", "+", 40), ("chr1", "-", 41), ("chr1", "+", 90_000)])
    with refuses("ENSG00000000001.1", "chr1:41", "a.fa", "40 bp", "1 further"):
        onehot_windows(fasta, genes)
    assert onehot_windows(fasta, genes.take(np.array([0]))).any()


@pytest.mark.parametrize("packed", [False, True])
def test_extract_keeps_the_named_sequences(tmp_path: Path, make_genes: MakeGenes, packed: bool) -> None:
    sequences = {"chr1": random_bases(3500, 1), "chrUn": random_bases(100, 2), "chr2": random_bases(3600, 3)}
    source = write_fasta(tmp_path / "in.fa", sequences)
    if packed:
        source.write_bytes(gzip.compress(source.read_bytes()))
    out = tmp_path / "out.fa"
    extract_chromosomes(source, ["chr2", "chr1"], out)
    text = out.read_text()
    assert "chrUn" not in text
    for record in text.split(">")[1:]:
        name, _, bases = record.partition("\n")
        assert bases.replace("\n", "") == sequences[name.split()[0]]
    found = onehot_windows(out, make_genes([("chr2", "-", 700)]))
    assert np.array_equal(found[0], literal_window(sequences["chr2"], "-", 650, 3473))


def test_extract_reads_a_name_up_to_the_first_space(tmp_path: Path, make_genes: MakeGenes) -> None:
    source = tmp_path / "in.fa"
    source.write_text(">chr1 1 dna:chromosome\nACGT\n>chr10 10\nTTTT\n")
    extract_chromosomes(source, ["chr1"], tmp_path / "out.fa")
    assert "TTTT" not in (tmp_path / "out.fa").read_text()
    found = onehot_windows(tmp_path / "out.fa", make_genes([("chr1", "-", 4)]))
    # T at position 4 is the TSS; on - the window runs A C G T from index 2773 on.
    assert np.array_equal(found[0, 2773:2777], np.eye(4))


def test_extract_lacks_a_chromosome(tmp_path: Path, refuses: Refuses) -> None:
    source = write_fasta(tmp_path / "in.fa", {"chr1": "ACGT"})
    with refuses("in.fa", "chr9"):
        extract_chromosomes(source, ["chr1", "chr9"], tmp_path / "out.fa")


def test_extract_from_no_fasta(tmp_path: Path, refuses: Refuses) -> None:
    source = tmp_path / "in.fa"
    source.write_text("<html>503 Service Unavailable</html>\n")
    with refuses("in.fa", "FASTA"):
        extract_chromosomes(source, ["chr1"], tmp_path / "out.fa")


def test_extract_from_binary_file(tmp_path: Path, refuses: Refuses) -> None:
    source = tmp_path / "in.fa"
    source.write_bytes(b">chr1\n\xff\xfe\x00\n")
    with refuses("in.fa", "chr1"):
        extract_chromosomes(source, ["chr1"], tmp_path / "out.fa")


def test_extract_from_empty_file(tmp_path: Path, refuses: Refuses) -> None:
    source = tmp_path / "in.fa"
    source.write_text("")
    with refuses("in.fa"):
        extract_chromosomes(source, ["chr1"], tmp_path / "out.fa")


def test_extract_with_a_sequence_twice(tmp_path: Path, refuses: Refuses) -> None:
    source = tmp_path / "in.fa"
    source.write_text(">chr1\nACGT\n>chr1\nACGT\n")
    with refuses("in.fa", "chr1"):
        extract_chromosomes(source, ["chr1"], tmp_path / "out.fa")


def test_extract_from_truncated_gzip(tmp_path: Path, refuses: Refuses) -> None:
    source = tmp_path / "in.fa.gz"
    packed = gzip.compress(write_fasta(tmp_path / "in.fa", {"chr1": random_bases(9000, 1)}).read_bytes())
    source.write_bytes(packed[: len(packed) // 2])
    with refuses("in.fa.gz"):
        extract_chromosomes(source, ["chr1"], tmp_path / "out.fa")


def test_extract_from_missing_file(tmp_path: Path, refuses: Refuses) -> None:
    with refuses("none.fa"):
        extract_chromosomes(tmp_path / "none.fa", ["chr1"], tmp_path / "out.fa")


def test_windows_on_a_missing_chromosome(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes) -> None:
    fasta = write_fasta(tmp_path / "a.fa", {"chr1": "ACGT" * 1000})
    with refuses("a.fa", "chr3", "ENSG00000000001.1"):
        onehot_windows(fasta, make_genes([("chr1", "+", 3000), ("chr3", "+", 3000)]))


@pytest.mark.parametrize(
    "text", ["no fasta\n", "", ">chr1\nACGT\nAC\nACGTAC\n"], ids=["text", "empty", "lines of other lengths"]
)
def test_windows_of_a_bad_fasta(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes, text: str) -> None:
    path = tmp_path / "a.fa"
    path.write_text(text)
    with refuses("a.fa"):
        onehot_windows(path, make_genes([("chr1", "+", 3000)]))


def test_windows_of_a_missing_fasta(tmp_path: Path, refuses: Refuses, make_genes: MakeGenes) -> None:
    with refuses("none.fa"):
        onehot_windows(tmp_path / "none.fa", make_genes([("chr1", "+", 3000)]))


def test_promoters_given_twice_are_refused(tmp_path: Path, refuses: Refuses) -> None:
    path = tmp_path / "own.fa"
    path.write_text(">A\nACGT\n>A\nACGT\n")
    with refuses("own.fa", "A"):
        read_promoters(path, ["A"], 8)


def test_headers_may_hold_any_letter(tmp_path: Path) -> None:
    path = tmp_path / "genome.fa"
    path.write_text(">chr1 \u03b1\nACGT\n", encoding="utf-8")
    extract_chromosomes(path, ["chr1"], tmp_path / "out.fa")
    assert (tmp_path / "out.fa").read_text() == ">chr1\nACGT\n"


@pytest.mark.parametrize(("wanted", "there"), [("chr1", "1"), ("1", "chr1"), ("MT", "chrM"), ("chrM", "MT")])
def test_names_of_the_other_style_become_those_of_the_annotation(tmp_path: Path, wanted: str, there: str) -> None:
    (tmp_path / "g.fa").write_text(f">{there} text\nACGT\n>other\nTT\n")
    assert extract_chromosomes(tmp_path / "g.fa", [wanted], tmp_path / "out.fa") == {wanted: there}
    assert (tmp_path / "out.fa").read_text() == f">{wanted}\nACGT\n"


def test_a_chromosome_under_both_names(tmp_path: Path, refuses: Refuses) -> None:
    (tmp_path / "g.fa").write_text(">1\nACGT\n>chr1\nACGT\n")
    with refuses("g.fa", "1", "chr1"):
        extract_chromosomes(tmp_path / "g.fa", ["1"], tmp_path / "out.fa")


def test_names_of_both_sides_are_said(tmp_path: Path, refuses: Refuses) -> None:
    (tmp_path / "g.fa").write_text(">NC_000067.7\nACGT\n>NC_000068.8\nACGT\n")
    with refuses("g.fa", "no sequence 1, 2", "NC_000067.7, NC_000068.8", "`chromosomes`"):
        extract_chromosomes(tmp_path / "g.fa", ["2", "1"], tmp_path / "out.fa")


def test_lengths_of_sequences(tmp_path: Path, refuses: Refuses) -> None:
    (tmp_path / "g.fa").write_text(">1 dna\nACGT\nAC GT\n\n>MT\n>X\nA\n")
    assert sequence_lengths(tmp_path / "g.fa") == {"1": 8, "MT": 0, "X": 1}
    (tmp_path / "g.fa").write_text(">1\nA\n>1\nA\n")
    with refuses("g.fa", "1"):
        sequence_lengths(tmp_path / "g.fa")
    (tmp_path / "g.fa").write_text("ACGT\n")
    with refuses("g.fa", "'>'"):
        sequence_lengths(tmp_path / "g.fa")


def test_parts_of_a_genome_read_as_one(tmp_path: Path) -> None:
    """Plain and gzip, with and without an end of the last line."""
    (tmp_path / "a.fa").write_bytes(b">chr1 first\nACGT\nAC")
    (tmp_path / "b.fa.gz").write_bytes(gzip.compress(b">chr2\nGGT", mtime=0))
    (tmp_path / "c.fa").write_bytes(b">chr3\nT\n")
    join_parts([tmp_path / name for name in ("a.fa", "b.fa.gz", "c.fa")], tmp_path / "all.fa.gz")
    assert sequence_lengths(tmp_path / "all.fa.gz") == {"chr1": 6, "chr2": 3, "chr3": 1}
    extract_chromosomes(tmp_path / "all.fa.gz", ["chr3", "chr1"], tmp_path / "out.fa")
    assert (tmp_path / "out.fa").read_text() == ">chr1\nACGTAC\n>chr3\nT\n"


@pytest.mark.parametrize("content", [b"ACGT\n", b"", gzip.compress(b"ACGT\n", mtime=0)])
def test_a_part_that_is_no_fasta_is_named(tmp_path: Path, refuses: Refuses, content: bytes) -> None:
    (tmp_path / "a.fa").write_bytes(b">chr1\nACGT\n")
    (tmp_path / "b.fa").write_bytes(content)
    with refuses("b.fa"):
        join_parts([tmp_path / "a.fa", tmp_path / "b.fa"], tmp_path / "all.fa.gz")

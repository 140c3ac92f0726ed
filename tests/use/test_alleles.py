"""Alleles: against whole chromosomes that are rebuilt with the change and cut anew."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.toy_genome import GENES, RUN, UPSTREAM, WIDTH, genome_dataset, toy_chromosomes, write_fasta
from tr300m.arrays.genome import Genome
from tr300m.arrays.sequence import onehot
from tr300m.use.alleles import Edit, PromoterWindow, allele_codes, edited_codes, shortest_edit, spans_tss, tss_distance
from tr300m.use.variant_places import Placer, Windows

CHROMOSOMES = toy_chromosomes()
MOST = 7


def read_chr1(start: int, end: int) -> Any:
    return np.frombuffer(allele_codes(CHROMOSOMES["chr1"][start:end]), np.uint8)


def edit_of(start: int, ref: str, alt: str) -> Edit:
    return shortest_edit(start, allele_codes(ref), allele_codes(alt), read_chr1)


def rebuilt(before: str, start: int, removed: int, alt: str, tss: int) -> tuple[str, int | None]:
    """Return a chromosome with a change, and where the TSS is then; None if it was replaced by other bases.

    What both chromosomes have in common at their ends is not changed, the right end counting first.
    """
    after = before[:start] + alt + before[start + removed :]
    shortest = min(len(before), len(after))
    same = [a == b for a, b in zip(before[::-1], after[::-1], strict=False)]
    suffix = next((n for n, equal in enumerate(same) if not equal), shortest)
    same = [a == b for a, b in zip(before[: shortest - suffix], after, strict=False)]
    prefix = next((n for n, equal in enumerate(same) if not equal), shortest - suffix)
    if tss < prefix or len(after) == len(before):
        return after, tss
    return after, tss + len(after) - len(before) if tss >= len(before) - suffix else None


def window_of(chromosome: str, strand: str, tss: int) -> Any:
    """Cut the promoter window around a 0-based TSS; positions outside the chromosome are zero."""
    first = tss - UPSTREAM if strand == "+" else tss - (WIDTH - 1 - UPSTREAM)
    window = np.zeros((WIDTH, 4))
    for number, position in enumerate(range(first, first + WIDTH)):
        if 0 <= position < len(chromosome):
            window[number] = onehot(chromosome[position])[0]
    return window if strand == "+" else window[::-1, ::-1]


@pytest.mark.parametrize("seed", range(4))
def test_windows_equal_rebuilt_chromosomes(tmp_path: Path, seed: int) -> None:
    chance = np.random.default_rng(seed)
    fasta = write_fasta(tmp_path / "toy.fa", CHROMOSOMES)
    dataset = genome_dataset(fasta)
    changed = spanning = 0
    with Genome(fasta) as genome:
        placer = Placer(Windows.of(dataset.genes), genome)
        for _ in range(150):
            row = int(chance.integers(len(GENES)))
            name, _, gene_tss = GENES[row]
            before, read = CHROMOSOMES[name], placer.reader(name)
            start = int(np.clip(gene_tss - 1 + chance.integers(-WIDTH, WIDTH), 1, len(before) - MOST - 1))
            removed, added = chance.integers(0, MOST, 2)
            alt = "".join(chance.choice(list("ACGT"), added))
            ref = before[start : start + removed]
            if "N" in ref:
                continue
            # As VCF wants it: both alleles start with the base before.
            anchor = before[start - 1]
            edit = shortest_edit(start - 1, allele_codes(anchor + ref), allele_codes(anchor + alt), read)
            held = placer.windows.holding(name, edit)
            for gene, (other, strand, tss) in enumerate(GENES):
                if other != name:
                    continue
                after, now = rebuilt(before, start, int(removed), alt, tss - 1)
                assert spans_tss(edit, placer.windows.of_gene(gene)) == (now is None)
                if now is None:
                    spanning += 1
                    continue
                expected = window_of(after, strand, now)
                if gene in held:
                    changed += 1
                    np.testing.assert_array_equal(placer.edited(gene, edit), expected)
                else:
                    np.testing.assert_array_equal(dataset.onehot[gene], expected)
    assert changed > 80 and spanning


def test_all_spellings_of_a_change_are_one_edit() -> None:
    """A run of A from index 325, CAG four times from index 370, and GT six times from index 780."""
    chr1 = CHROMOSOMES["chr1"]
    for start, unit, count in ((325, "A", RUN), (370, "CAG", 4), (780, "GT", 6)):
        size = len(unit)
        first = start + size * count
        deletions = {edit_of(at, chr1[at : at + size + 1], chr1[at]) for at in range(start, first - size)}
        deletions |= {edit_of(at - 3, chr1[at - 3 : at + size + 5], chr1[at - 3 : at] + chr1[at + size : at + size + 5])
                      for at in range(start, first - size)}  # fmt: skip
        assert len(deletions) == 1
        edit = deletions.pop()
        assert edit.start <= start and edit.end - edit.start == size and edit.inserted == b""
        insertions = {
            edit_of(at, chr1[at], chr1[at] + chr1[at + 1 : at + 1 + size]) for at in range(start, first - size)
        }
        assert len(insertions) == 1
        edit = insertions.pop()
        assert edit.start == edit.end <= start and len(edit.inserted) == size


def test_alleles_are_trimmed_at_both_ends() -> None:
    chr1 = CHROMOSOMES["chr1"]
    other = {"A": "C", "C": "G", "G": "T", "T": "A"}[chr1[503]]
    assert edit_of(500, chr1[500:507], chr1[500:503] + other + chr1[504:507]) == Edit(503, 504, allele_codes(other))
    same = edit_of(500, chr1[500:503], chr1[500:503])
    assert (same.start, same.end, same.shift) == (500, 503, 0)


def test_the_tss_stays_and_lost_bases_come_back() -> None:
    """A window of ten bases, five before the TSS at index 25 of a chromosome whose bases are all different from it."""
    codes = np.arange(100, dtype=np.uint8)

    def read(start: int, end: int) -> Any:
        return codes[start:end].copy()

    window = PromoterWindow(20, 30, 25)
    cases = {
        Edit(22, 24, b""): [18, 19, 20, 21, 24, 25, 26, 27, 28, 29],
        Edit(24, 24, b"\xfe"): [21, 22, 23, 0xFE, 24, 25, 26, 27, 28, 29],
        Edit(25, 25, b"\xfe"): [21, 22, 23, 24, 0xFE, 25, 26, 27, 28, 29],
        Edit(26, 26, b"\xfe"): [20, 21, 22, 23, 24, 25, 0xFE, 26, 27, 28],
        Edit(27, 29, b""): [20, 21, 22, 23, 24, 25, 26, 29, 30, 31],
        Edit(28, 35, b""): [20, 21, 22, 23, 24, 25, 26, 27, 35, 36],
        Edit(15, 22, b""): [13, 14, 22, 23, 24, 25, 26, 27, 28, 29],
        Edit(25, 26, b"\xfe"): [20, 21, 22, 23, 24, 0xFE, 26, 27, 28, 29],
        Edit(18, 21, b"\xfa\xfb\xfc"): [0xFC, 21, 22, 23, 24, 25, 26, 27, 28, 29],
        Edit(21, 21, bytes(range(200, 220))): [219, 21, 22, 23, 24, 25, 26, 27, 28, 29],
        Edit(24, 25, bytes(range(200, 220))): [215, 216, 217, 218, 219, 25, 26, 27, 28, 29],
    }
    for edit, expected in cases.items():
        assert edited_codes(read, window, edit).tolist() == expected, edit
        assert not spans_tss(edit, window)
    for edit in (Edit(25, 26, b""), Edit(24, 26, b"\xfe"), Edit(25, 27, b"\xfe"), Edit(20, 40, b"")):
        assert spans_tss(edit, window)


@pytest.mark.parametrize(
    ("edit", "distance"),
    [
        (Edit(25, 26, b"\x00"), 0),
        (Edit(24, 25, b"\x00"), -1),
        (Edit(26, 27, b"\x00"), 1),
        (Edit(25, 25, b"\x00"), -1),
        (Edit(26, 26, b"\x00"), 1),
        (Edit(20, 23, b""), -3),
        (Edit(28, 40, b""), 3),
        (Edit(20, 40, b""), 0),
    ],
)
def test_distances_are_those_of_the_nearest_base(edit: Edit, distance: int) -> None:
    assert tss_distance(edit, PromoterWindow(20, 30, 25), "+") == distance
    assert tss_distance(edit, PromoterWindow(20, 30, 25), "-") == -distance

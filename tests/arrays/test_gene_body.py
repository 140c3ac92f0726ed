"""Marks over gene bodies, against bodies counted by hand and values read position by position."""

from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from helpers.fixtures import MakeGenes
from tr300m.arrays.gene_body import BODY_UPSTREAM, body_marks, body_ranges
from tr300m.arrays.genes import GeneRecords, read_gene_records
from tr300m.base.axes import Genes

LENGTH = 6000


def records(genes: Genes, lengths: list[int], others: tuple[tuple[str, int], ...] = ()) -> GeneRecords:
    """Return gene lines: those of `genes` with these lengths, and others at the TSS of the first gene."""
    count = len(genes) + len(others)
    names = np.array([*genes.gene_id.tolist(), *(name for name, _ in others)])
    first = [0] * len(others)
    rows = np.array([*range(len(genes)), *first])
    tss, strand = genes.tss[rows], genes.strand[rows]
    steps = np.array([*lengths, *(length for _, length in others)]) - 1
    return GeneRecords(
        gene_id=names,
        gene_name=names,
        gene_type=np.full(count, "protein_coding"),
        chromosome=genes.chromosome[rows],
        strand=strand,
        tss=tss,
        end=np.where(strand == "+", tss + steps, tss - steps),
    )


def test_bodies_by_hand(make_genes: MakeGenes) -> None:
    """From 500 bp upstream of the TSS, which is included, to the last base of the gene."""
    genes = make_genes([("chr1", "+", 3000), ("chr1", "-", 3000), ("chr1", "+", 4)])
    start, end = body_ranges(genes, records(genes, [1, 10, 100]))
    # 0-based and half-open: the TSS is base 2999.
    assert start.tolist() == [2499, 2990, 0]
    assert end.tolist() == [3000, 3500, 103]
    assert BODY_UPSTREAM == 500


def test_the_longest_gene_of_a_tss_counts(make_genes: MakeGenes) -> None:
    genes = make_genes([("chr1", "+", 3000), ("chr1", "-", 3000)])
    merged = Genes(**{**genes.columns(), "merged": np.array(["B.1;C.1", ""])})
    _, end = body_ranges(merged, records(genes, [50, 50], others=(("B.1", 20), ("C.1", 90))))
    assert end.tolist() == [3089, 3500]
    _, end = body_ranges(merged, records(genes, [500, 50], others=(("B.1", 20), ("C.1", 90))))
    assert end.tolist() == [3499, 3500]


def test_mean_and_largest_position_by_position(tmp_path: Path, make_genes: MakeGenes) -> None:
    path, values = tmp_path / "a.bw", np.zeros(LENGTH)
    handle = pyBigWig.open(str(path), "w")
    handle.addHeader([("chr1", LENGTH)])
    for begin in range(5, LENGTH - 40, 37):
        handle.addEntries(["chr1"], [begin], ends=[begin + 20], values=[float(begin % 91) / 4])
        values[begin : begin + 20] = begin % 91 / 4
    handle.close()
    genes = make_genes([("chr1", "+", 3000), ("chr1", "-", 3000), ("chr1", "+", 4), ("chr1", "-", LENGTH - 2)])
    ranges = body_ranges(genes, records(genes, [700, 2000, 900, 30]))
    found = body_marks(path, genes, ranges)
    assert found.dtype == np.float32
    for row, (start, end) in enumerate(zip(*(bound.tolist() for bound in ranges), strict=True)):
        # Beyond the chromosome there is no signal.
        body = [values[place] if place < LENGTH else 0.0 for place in range(start, end)]
        assert found[row].tolist() == pytest.approx([np.mean(body), np.max(body)], rel=1e-6)


def test_ends_of_genes_are_read_from_the_annotation(tmp_path: Path) -> None:
    path = tmp_path / "a.gtf"
    rows = (("A", "+", 101, 150), ("B", "-", 201, 290))
    path.write_text(
        "".join(
            f'chr1\tx\tgene\t{start}\t{end}\t.\t{strand}\t.\tgene_id "{name}.1"; gene_type "protein_coding";\n'
            for name, strand, start, end in rows
        )
    )
    found = read_gene_records(path)
    assert found.tss.tolist() == [101, 290]
    assert found.end.tolist() == [150, 201]

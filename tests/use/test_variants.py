"""Variants: statuses, rows, strands and numbers, with a model whose predictions can be computed by hand."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.fixtures import Refuses
from helpers.toy_genome import (
    GENES,
    RUN,
    UPSTREAM,
    WIDTH,
    PositionModel,
    genome_dataset,
    toy_chromosomes,
    toy_predictor,
    write_fasta,
)
from tr300m.arrays.genome import Genome
from tr300m.arrays.sequence import onehot
from tr300m.use.contexts import Contexts
from tr300m.use.variant_rows import VariantRow
from tr300m.use.variants import ScoredVariants, score_variants
from tr300m.use.vcf import Vcf

CHROMOSOMES = toy_chromosomes()
COMPLEMENT = str.maketrans("ACGT", "TGCA")
HEADER = "##fileformat=VCFv4.2\n{more}#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO{columns}\n"
Line = tuple[str, int, str, str]


def base_at(chromosome: str, position: int) -> str:
    return CHROMOSOMES[chromosome][position - 1]


def others(base: str) -> str:
    return "ACGT".replace(base, "")


def snv(chromosome: str, position: int, number: int = 0) -> Line:
    base = base_at(chromosome, position)
    return chromosome, position, base, others(base)[number]


@pytest.fixture
def fasta(tmp_path: Path) -> Path:
    return write_fasta(tmp_path / "toy.fa", CHROMOSOMES)


@pytest.fixture
def score(tmp_path: Path, fasta: Path) -> Callable[..., ScoredVariants]:
    """Return a function that writes variants as a VCF and scores them."""
    dataset, path = genome_dataset(fasta), tmp_path / "toy.vcf"
    path.write_text("")

    def run(lines: Sequence[Line], *models: Any, more: str = "", contexts: int = 1, **options: Any) -> ScoredVariants:
        text = HEADER.format(more=more, columns="")
        text += "".join(
            f"{chrom}\t{pos}\tv{n}\t{ref}\t{alt}\t.\t.\t.\n" for n, (chrom, pos, ref, alt) in enumerate(lines)
        )
        path = tmp_path / "toy.vcf"
        path.write_text(text)
        predictor = toy_predictor(options.pop("dataset", dataset), *(models or (PositionModel(),)))
        chosen = Contexts.of_samples(dataset, dataset.samples.sample_id[:contexts].tolist())
        with Genome(options.pop("genome", fasta)) as genome:
            return score_variants(predictor, Vcf.open(path), genome, chosen, **options)

    return run


def flat(scored: ScoredVariants) -> list[VariantRow]:
    return [row for rows in scored.rows() for row in rows]


def promoter(chromosome: str, strand: str, tss: int) -> str:
    """Cut a promoter as text, 5' to 3'."""
    first = tss - 1 - UPSTREAM if strand == "+" else tss - WIDTH + UPSTREAM
    bases = chromosome[first : first + WIDTH]
    return bases if strand == "+" else bases[::-1].translate(COMPLEMENT)


def test_a_variant_equals_the_edited_promoter_on_either_strand(score: Callable[..., ScoredVariants]) -> None:
    """Position 350 lies in the windows of two genes that are head to head."""
    chromosome, position, ref, alt = snv("chr1", 350)
    rows = flat(score([(chromosome, position, ref, alt)], contexts=2))
    assert [(row.gene, row.strand, row.tss_dist, row.context) for row in rows] == [
        ("G1", "-", -20, "S0"),
        ("G1", "-", -20, "S1"),
        ("G0", "+", -50, "S0"),
        ("G0", "+", -50, "S1"),
    ]
    before = CHROMOSOMES["chr1"]
    after = before[: position - 1] + alt + before[position:]
    model = PositionModel()
    for row in rows:
        gene, context = GENES[int(row.gene[1])], int(row.context[1])
        then, now = (model.expected(promoter(bases, *gene[1:]), context) for bases in (before, after))
        assert row.ref_mean == pytest.approx(then, rel=1e-5)
        assert row.alt_mean == pytest.approx(now, rel=1e-5)
        assert row.log2fc == pytest.approx(np.log2((now + 1) / (then + 1)), abs=1e-5)
        assert row.ref_median == pytest.approx(then**0.9, rel=1e-5)
        assert row.status == "ok"
    assert len({row.log2fc for row in rows}) == 4


@pytest.mark.parametrize(("first", "unit", "count", "genes"), [(325, "A", RUN, 1), (370, "CAG", 4, 2)])
def test_spellings_of_an_indel_score_the_same(
    score: Callable[..., ScoredVariants], first: int, unit: str, count: int, genes: int
) -> None:
    """The run of A covers the TSS of one gene, and is outside of the other's window when moved to the left."""
    bases, size = CHROMOSOMES["chr1"], len(unit)
    anchors = range(first - 1, first + size * (count - 1))
    deletions = [("chr1", at + 1, bases[at : at + 1 + size], bases[at]) for at in anchors]
    insertions = [("chr1", at + 1, bases[at], bases[at] + bases[at + 1 : at + 1 + size]) for at in anchors]
    for lines in (deletions, insertions):
        rows = flat(score(lines))
        assert len(rows) == genes * len(lines)
        assert len({(row.gene, row.tss_dist, row.log2fc) for row in rows}) == genes
        assert all(row.log2fc for row in rows)


STATUSES: dict[str, tuple[Line, list[tuple[str, str]]]] = {
    "ok": (("chr1", 410, "", "other"), [("G0", "ok")]),
    "without chr": (("1", 410, "", "other"), [("G0", "ok")]),
    "lower case": (("chr1", 410, "lower", "other"), [("G0", "ok")]),
    "mismatch": (("chr1", 410, "wrong", "third"), [("G0", "ref_mismatch")]),
    "swapped": (("chr1", 410, "wrong", "genome"), [("G0", "swapped")]),
    "outside": (("chr1", 600, "", "other"), [("", "outside")]),
    "other chromosome": (("chrM", 20, "A", "C"), [("", "outside")]),
    "past the end": (("chr2", 5_000, "A", "C"), [("", "outside")]),
    "mismatch outside": (("chr1", 600, "wrong", "third"), [("", "outside")]),
    "deleted TSS": (("chr1", 798, "four", "first"), [("G2", "spans_tss")]),
    "replaced TSS": (("chr1", 800, "", "other"), [("G2", "ok")]),
    "star": (("chr1", 410, "", "*"), [("G0", "unsupported_alt")]),
    "symbol": (("chr1", 410, "", "<DEL>"), [("G0", "unsupported_alt")]),
    "breakend": (("chr1", 410, "", "G]chr2:5]"), [("G0", "unsupported_alt")]),
    "no ALT": (("chr1", 410, "", "."), [("G0", "unsupported_alt")]),
    "ambiguous": (("chr1", 410, "", "R"), [("G0", "unsupported_alt")]),
    "no change": (("chr1", 410, "", "genome"), [("G0", "ok")]),
    "two windows": (("chr1", 350, "", "*"), [("G1", "unsupported_alt"), ("G0", "unsupported_alt")]),
    "star outside": (("chr1", 600, "", "*"), [("", "outside")]),
}


def spelled(line: Line) -> Line:
    """Replace names of alleles by bases of the genome."""
    chromosome, position, ref, alt = line
    if "chr" not in chromosome:
        base = base_at("chr" + chromosome, position)
    else:
        base = (CHROMOSOMES.get(chromosome, "") + "A" * 6_000)[position - 1]
    named = {"": base, "lower": base.lower(), "genome": base, "first": base, "other": others(base)[0]}
    named |= {"wrong": others(base)[1], "third": others(base)[2]}
    named["four"] = CHROMOSOMES["chr1"][position - 1 : position + 3]
    return chromosome, position, named.get(ref, ref), named.get(alt, alt)


@pytest.mark.parametrize("case", STATUSES)
def test_statuses(score: Callable[..., ScoredVariants], case: str) -> None:
    line, expected = STATUSES[case]
    rows = flat(score([spelled(line)]))
    assert [(row.gene, row.status) for row in rows] == expected
    for row in rows:
        cells = dict(zip(VariantRow._fields, row.cells(), strict=True))
        numbers = [cells[name] for name in ("ref_mean", "alt_mean", "ref_median", "alt_median", "log2fc")]
        assert all(numbers) if row.status == "ok" else not any(numbers)
        assert (cells["context"], cells["strand"], cells["tss_dist"]) != ("", "", "") or row.status == "outside"
    if case == "no change":
        assert rows[0].log2fc == 0 and rows[0].cells()[13] == "0"


def test_nothing_is_lost(score: Callable[..., ScoredVariants]) -> None:
    """Bad variants first, several ALTs: rows are ALT by window by context, in the order of the file."""
    lines = [spelled(line) for line, _ in STATUSES.values()]
    base = base_at("chr1", 350)
    lines.insert(3, ("chr1", 350, base, ",".join([*others(base), "*", base + "T", "<DUP>"])))
    scored = score(lines, contexts=3)
    rows = flat(scored)
    windows = [len(expected) if expected[0][0] else 0 for _, expected in STATUSES.values()]
    outside = sum(count == 0 for count in windows)
    assert len(rows) == 3 * (sum(windows) + 6 * 2) + outside
    several = [row for row in rows if row.id == "v3"]
    assert [row.alt for row in several[::6]] == [*others(base), "*", base + "T", "<DUP>"]
    assert [row.status for row in several[::6]] == ["ok"] * 3 + ["unsupported_alt", "ok", "unsupported_alt"]
    assert [int(row.id[1:]) for row in rows] == sorted(int(row.id[1:]) for row in rows)
    counts = scored.places.counts()
    assert sum(counts.values()) == sum(windows) + outside + 12
    assert counts["outside"] == outside and counts["spans_tss"] == 1 and counts["swapped"] == 1
    # In any order, each variant has the same scores.
    again = flat(score(lines[::-1], contexts=3))
    key = [(row.chrom, row.pos, row.ref, row.alt, row.gene, row.context) for row in rows]
    other = {(row.chrom, row.pos, row.ref, row.alt, row.gene, row.context): row.log2fc for row in again}
    np.testing.assert_allclose([other[name] for name in key], [row.log2fc for row in rows], atol=1e-6)


def test_swapped_variants_are_scored_on_request(score: Callable[..., ScoredVariants]) -> None:
    chromosome, position, ref, alt = snv("chr1", 410)
    (there,) = flat(score([(chromosome, position, ref, alt)]))
    (back,) = flat(score([(chromosome, position, alt, ref)], swap=True))
    assert back.status == "swapped"
    assert (back.ref_mean, back.alt_mean) == (there.alt_mean, there.ref_mean)
    assert (back.ref_median, back.alt_median) == (there.alt_median, there.ref_median)
    assert back.log2fc == -there.log2fc != 0
    base = base_at("chr1", 410)
    (there,) = flat(score([("chr1", 410, base, base + "GGG")]))
    (back,) = flat(score([("chr1", 410, base + "GGG", base)], swap=True))
    assert (back.status, back.log2fc) == ("swapped", -there.log2fc)


def test_windows_at_the_ends_of_chromosomes(score: Callable[..., ScoredVariants]) -> None:
    """The last gene's window reaches past the end; a deletion there brings nothing back."""
    start = 485
    ref = CHROMOSOMES["chr2"][start - 1 : start + 2]
    (row,) = flat(score([("chr2", start, ref, ref[0])]))
    after = CHROMOSOMES["chr2"][:start] + CHROMOSOMES["chr2"][start + 2 :]
    # Minus strand: the window starts outside.
    window = np.zeros((WIDTH, 4))
    bases = onehot(after[480 - WIDTH + UPSTREAM :]).astype(float)
    window[WIDTH - len(bases) :] = bases[::-1, ::-1]
    assert len(bases) < WIDTH
    assert row.alt_mean == pytest.approx(np.exp((window * PositionModel().weights).sum()), rel=1e-5)


def test_runs_are_averaged_and_compared(score: Callable[..., ScoredVariants]) -> None:
    lines = [snv("chr1", position) for position in range(335, 410, 3)]
    alone = [flat(score(lines, PositionModel(seed=seed))) for seed in range(3)]
    rows = flat(score(lines, *(PositionModel(seed=seed) for seed in range(3))))
    for row, *found in zip(rows, *alone, strict=True):
        values = np.array([one.log2fc for one in found])
        assert row.log2fc == pytest.approx(values.mean(), abs=1e-6)
        assert row.log2fc_sd == pytest.approx(values.std(ddof=1), abs=1e-6)
        assert row.agree == pytest.approx(np.mean(np.sign(values) == np.sign(values.mean())))
        assert row.alt_mean == pytest.approx(np.mean([one.alt_mean for one in found]), rel=1e-5)
        assert np.isnan([found[0].log2fc_sd, found[0].agree]).all()
    assert {row.agree for row in rows} > {1.0}
    same = flat(score(lines, PositionModel(), PositionModel(name="again")))
    assert {(row.log2fc_sd, row.agree) for row in same} == {(0.0, 1.0)}


def test_percentiles_are_among_all_single_base_changes(score: Callable[..., ScoredVariants]) -> None:
    position = 790
    lines = [snv("chr1", position, number) for number in range(3)]
    base = base_at("chr1", position)
    rows = flat(score([*lines, ("chr1", position, base, base)], contexts=2, percentile=True))
    model = PositionModel()
    # Three unknown bases are not changed.
    native = promoter(CHROMOSOMES["chr1"], "-", 800)
    assert "N" not in native
    for context in range(2):
        then = model.expected(native, context)
        changes = [
            abs(np.log2((model.expected(native[:n] + new + native[n + 1 :], context) + 1) / (then + 1)))
            for n, old in enumerate(native)
            for new in others(old)
        ]
        for row in rows:
            if row.context == f"S{context}":
                below = np.mean(np.array(changes) < abs(row.log2fc) - 1e-6)
                assert row.percentile == pytest.approx(100 * below, abs=0.4)
    assert rows[-1].percentile == 0


def test_each_promoter_is_scanned_once(score: Callable[..., ScoredVariants]) -> None:
    model = PositionModel()
    lines = [snv("chr1", position) for position in (350, 790, 351, 791, 352, 600, 900)]
    score(lines, model)
    assert sorted(model.calls) == [0, 1, 2]


def test_remarks(score: Callable[..., ScoredVariants], capsys: pytest.CaptureFixture[str]) -> None:
    lines = [snv("chr1", 790), snv("chr1", 350)]
    model = PositionModel(name="blind", reads_levels=False, reads_histones=True)
    scored = score(lines, model, contexts=2)
    said = capsys.readouterr().err
    assert "sorted" in said and said.count("blind") == 2
    assert any("genes with variants: 3" in note and ": 1" in note for note in scored.notes)
    score(lines[::-1], PositionModel())
    assert capsys.readouterr().err == ""
    base = base_at("chr1", 790)
    score([("chr1", 790, others(base)[0], others(base)[1])])
    assert "toy.vcf" in capsys.readouterr().err


def test_mean_marks_are_a_view(score: Callable[..., ScoredVariants]) -> None:
    seen = []

    class Marks(PositionModel):
        def at(self, query: Any, row: int) -> Any:
            seen.append(query.histones)
            return super().at(query, row)

    score([snv("chr1", 790)], Marks(reads_histones=True), histones="mean")
    assert seen[0].shape == (len(GENES), WIDTH, 21)
    assert seen[0].strides[0] == 0


def test_another_genome_is_refused(score: Callable[..., ScoredVariants], tmp_path: Path, refuses: Refuses) -> None:
    other = write_fasta(tmp_path / "other.fa", toy_chromosomes(seed=1))
    with refuses("other.fa", "G2", str(WIDTH), "chr1"):
        score([snv("chr1", 790)], genome=other)
    lacking = write_fasta(tmp_path / "lacking.fa", {"chr2": CHROMOSOMES["chr2"]})
    with refuses("lacking.fa", "chr1", "chr2"):
        score([snv("chr1", 790)], genome=lacking)
    # Without chr it is the same genome, and nothing of it is read for variants outside.
    plain = write_fasta(tmp_path / "plain.fa", {name[3:]: bases for name, bases in CHROMOSOMES.items()})
    assert flat(score([snv("chr1", 790)], genome=plain))[0].status == "ok"


def test_another_build_is_refused(score: Callable[..., ScoredVariants], refuses: Refuses) -> None:
    with refuses("toy.vcf", "chr1", "1,000", "1,001"):
        score([snv("chr1", 790)], more="##contig=<ID=chr1,length=1001>\n")
    with refuses("toy.vcf", "chr2", "500", "499"):
        score([snv("chr1", 790)], more="##contig=<ID=1,length=1000>\n##contig=<ID=2,length=499>\n")
    score([snv("chr1", 790)], more="##contig=<ID=1,length=1000>\n##contig=<ID=chr2>\n##contig=<ID=chr9,length=5>\n")

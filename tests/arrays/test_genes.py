"""GTF to gene rows, TSS, windows and clusters."""

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers.fixtures import Refuses
from hypothesis import given, settings
from hypothesis import strategies as st
from tr300m.arrays.genes import (
    CHROMOSOMES,
    choose_genes,
    chromosome_onehot,
    clusters_around,
    join_par_twins,
    overlap_clusters,
    parse_attributes,
    read_gene_records,
    target_genes,
    windows,
)
from tr300m.base.axes import Genes
from tr300m.config.window import Window

Row = tuple[str, str, int, int, str, str, str]  # chromosome, strand, start, end, ID, type, name
CODING = "protein_coding"
ROWS: list[Row] = [
    ("chr2", "+", 5000, 9000, "ENSG01.3", CODING, "A"),
    ("chr1", "-", 5000, 9000, "ENSG02.1", CODING, "B"),
    ("chr1", "+", 5000, 6000, "ENSG03.1", "lincRNA", "C"),
    ("chrM", "+", 5000, 6000, "ENSG04.1", CODING, "D"),
    ("chrX", "+", 7000, 8000, "ENSG05.2", CODING, "E"),
    ("chrY", "+", 7000, 8000, "ENSG05.2_PAR_Y", CODING, "E"),
    ("chr1", "-", 4000, 9000, "ENSG06.1", CODING, "F"),
    ("chr2", "-", 4000, 5000, "ENSG07.1", CODING, "G"),
    ("chr1", "-", 3000, 9000, "ENSG08.1", CODING, "H"),
    ("KI270711.1", "+", 5000, 6000, "ENSG09.1", CODING, "I"),
]


def gene_line(row: Row) -> str:
    """Return a GTF gene line."""
    chromosome, strand, start, end, gene_id, gene_type, name = row
    attributes = f'gene_id "{gene_id}"; gene_type "{gene_type}"; gene_name "{name}"; level 2;'
    return f"{chromosome}\tHAVANA\tgene\t{start}\t{end}\t.\t{strand}\t.\t{attributes}\n"


def write_gtf(path: Path, rows: list[Row] = ROWS, extra: str = "") -> Path:
    """Write a GTF with a comment, and with a transcript line after each gene line."""
    text = "##description: tiny\n"
    for row in rows:
        text += gene_line(row) + gene_line(row).replace("\tgene\t", "\ttranscript\t")
    path.write_text(text + extra)
    return path


def tiny(tmp_path: Path, edition: str = "release", chromosomes: tuple[str, ...] = CHROMOSOMES) -> Genes:
    """Return the target genes of ROWS."""
    return target_genes(read_gene_records(write_gtf(tmp_path / "a.gtf")), chromosomes, edition)


def test_only_gene_lines_are_read_in_file_order(tmp_path: Path) -> None:
    records = read_gene_records(write_gtf(tmp_path / "a.gtf"))
    assert records.gene_id.tolist() == [row[4] for row in ROWS]
    assert records.gene_type.tolist() == [row[5] for row in ROWS]
    assert records.gene_name.tolist() == [row[6] for row in ROWS]
    assert records.chromosome.tolist() == [row[0] for row in ROWS]
    assert records.strand.tolist() == [row[1] for row in ROWS]
    assert records.tss.tolist() == [row[2] if row[1] == "+" else row[3] for row in ROWS]
    assert records.tss.dtype == np.int64


def test_gzip_and_plain_read_alike(tmp_path: Path) -> None:
    plain = write_gtf(tmp_path / "a.gtf")
    # Told apart by the bytes, not by the name.
    packed = tmp_path / "b.gtf"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert read_gene_records(packed).columns()["tss"].tolist() == read_gene_records(plain).tss.tolist()


def test_target_genes_are_protein_coding_with_par_y_and_without_chrm(tmp_path: Path) -> None:
    genes = tiny(tmp_path)
    assert genes.gene_id.tolist() == ["ENSG01.3", "ENSG02.1", "ENSG05.2", "ENSG05.2_PAR_Y", "ENSG07.1"]
    assert genes.gene_name.tolist() == ["A", "B", "E", "E", "G"]
    assert genes.chromosome.tolist() == ["chr2", "chr1", "chrX", "chrY", "chr2"]
    assert genes.tss.tolist() == [5000, 9000, 7000, 7000, 5000]


def test_shared_tss_merges_into_the_first_gene_by_strand(tmp_path: Path) -> None:
    genes = tiny(tmp_path)
    # ENSG06 and ENSG08 end where ENSG02 ends; ENSG07 shares the number of ENSG01 but not its strand.
    assert genes.merged.tolist() == ["", "ENSG06.1;ENSG08.1", "", "", ""]


def test_editions_differ_in_plus_windows_only(tmp_path: Path) -> None:
    release, corrected = tiny(tmp_path), tiny(tmp_path, "corrected")
    assert corrected.gene_id.tolist() == release.gene_id.tolist()
    assert corrected.merged.tolist() == release.merged.tolist()
    assert corrected.tss.tolist() == release.tss.tolist()
    assert release.window_start.tolist() == [5000 - 2773, 9000 - 50, 7000 - 2773, 7000 - 2773, 5000 - 50]
    assert release.window_end.tolist() == [5000 + 50, 9000 + 2773, 7000 + 50, 7000 + 50, 5000 + 2773]
    assert corrected.window_start.tolist() == [5000 - 2774, 9000 - 50, 7000 - 2774, 7000 - 2774, 5000 - 50]
    assert corrected.window_end.tolist() == [5000 + 49, 9000 + 2773, 7000 + 49, 7000 + 49, 5000 + 2773]


@pytest.mark.parametrize(("edition", "plus"), [("release", 2772), ("corrected", 2773)])
@settings(deadline=None, max_examples=50)
@given(tss=st.integers(1, 250_000_000))
def test_tss_base_stands_at_its_index(edition: str, plus: int, tss: int) -> None:
    start, end = windows(np.array([tss, tss]), np.array(["+", "-"]), edition)
    base = tss - 1  # 0-based position of the 1-based TSS
    assert (end - start).tolist() == [2823, 2823]
    assert base - start[0] == plus
    assert end[1] - 1 - base == 2773


@given(st.integers(30, 9000), st.integers(0, 9000), st.sampled_from(["release", "corrected"]))
def test_windows_of_another_extent(upstream: int, downstream: int, edition: str) -> None:
    """The TSS is at index `upstream`, or one further, as in the release's windows."""
    start, end = windows(np.array([50_000, 50_000]), np.array(["+", "-"]), edition, Window(upstream, downstream))
    assert (end - start).tolist() == [upstream + 1 + downstream] * 2
    assert 49_999 - start[0] == upstream + (edition == "corrected")
    assert end[1] - 50_000 == upstream + 1


def test_windows_may_reach_past_the_chromosome(tmp_path: Path) -> None:
    rows = [("chr1", "+", 1, 90, "ENSG01.1", CODING, "A")]
    genes = target_genes(read_gene_records(write_gtf(tmp_path / "a.gtf", rows)), CHROMOSOMES, "release")
    assert (genes.window_start[0], genes.window_end[0]) == (1 - 2773, 1 + 50)


def test_chromosomes_restrict_genes(tmp_path: Path) -> None:
    genes = tiny(tmp_path, chromosomes=("chr1", "chrY"))
    assert genes.gene_id.tolist() == ["ENSG02.1", "ENSG05.2_PAR_Y"]


def test_chromosome_onehot_has_24_columns_in_order() -> None:
    names = [f"chr{number}" for number in range(1, 23)] + ["chrX", "chrY"]
    assert list(CHROMOSOMES) == names
    onehot = chromosome_onehot(np.array([*names, "chrM"]))
    assert np.array_equal(onehot, np.eye(25, 24))
    assert onehot.dtype == np.float64


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from(["chr1", "chr2"]), st.integers(0, 60), st.integers(1, 9)), min_size=1, max_size=14
    )
)
def test_clusters_are_the_connected_windows(rows: list[tuple[str, int, int]]) -> None:
    chromosome = np.array([row[0] for row in rows], dtype=str)
    start = np.array([row[1] for row in rows], dtype=np.int64)
    end = start + np.array([row[2] for row in rows], dtype=np.int64)
    found = overlap_clusters(chromosome, start, end)
    # Literal flooding: each row takes the label of any row that it overlaps until nothing changes.
    label = list(range(len(rows)))
    changed = True
    while changed:
        changed = False
        for i in range(len(rows)):
            for j in range(len(rows)):
                touches = chromosome[i] == chromosome[j] and start[i] < end[j] and start[j] < end[i]
                if touches and label[i] > label[j]:
                    label[i] = label[j]
                    changed = True
    for i in range(len(rows)):
        for j in range(len(rows)):
            assert (found[i] == found[j]) == (label[i] == label[j])


def test_genes_of_one_locus_share_a_cluster_across_strands(tmp_path: Path) -> None:
    genes = tiny(tmp_path)
    # Both genes of chr2 have their TSS at 5000, on opposite strands.
    assert genes.cluster[0] == genes.cluster[4]
    # Nor do chrX and chrY tell twins apart.
    assert genes.cluster[2] == genes.cluster[3]
    assert len(set(genes.cluster.tolist())) == 3


def test_twins_of_the_pseudo_autosomal_regions_join_their_clusters() -> None:
    """Through neighbours that overlap one of them, and where a twin is listed as merged."""
    ids = np.array(["A.1", "B.2", "C.1", "A.1_PAR_Y", "D.1", "E.1_PAR_Y", "F.1_PAR_Y"])
    merged = np.array(["", "E.1;G.1", "", "", "", "", ""])
    joined = join_par_twins(np.array([0, 1, 2, 3, 3, 4, 5]), ids, merged)
    # F's twin is not in the table.
    assert joined.tolist() == [0, 1, 2, 0, 0, 1, 3]


def test_choose_genes_keeps_axis_order(tmp_path: Path, refuses: Refuses) -> None:
    genes = tiny(tmp_path)
    assert choose_genes(genes, ["ENSG07.1", "ENSG02.1"]).gene_id.tolist() == ["ENSG02.1", "ENSG07.1"]
    with refuses("ENSG99.9"):
        choose_genes(genes, ["ENSG02.1", "ENSG99.9"])


def test_no_gene_line(tmp_path: Path, refuses: Refuses) -> None:
    path = tmp_path / "a.gtf"
    path.write_text("##x\n" + gene_line(ROWS[0]).replace("\tgene\t", "\texon\t"))
    with refuses("a.gtf"):
        read_gene_records(path)


@pytest.mark.parametrize(
    "line",
    [
        "chr1\tHAVANA\tgene\t5\t9\n",
        gene_line(ROWS[0]).replace("5000", "five"),
        gene_line(ROWS[0]).replace("9000", ""),
        gene_line(ROWS[0]).replace("\t+\t", "\t.\t"),
        gene_line(ROWS[0]).replace("gene_id", "id"),
    ],
    ids=["few columns", "text start", "no end", "no strand", "no gene_id"],
)
def test_malformed_gene_line(tmp_path: Path, refuses: Refuses, line: str) -> None:
    path = write_gtf(tmp_path / "a.gtf", ROWS[1:3], line)
    with refuses("a.gtf", "6"):
        read_gene_records(path)


def test_duplicate_gene_id(tmp_path: Path, refuses: Refuses) -> None:
    path = write_gtf(tmp_path / "a.gtf", ROWS[:2], gene_line(ROWS[0]))
    with refuses("a.gtf", "6", "ENSG01.3"):
        read_gene_records(path)


def test_truncated_gzip(tmp_path: Path, refuses: Refuses) -> None:
    path = tmp_path / "a.gtf.gz"
    path.write_bytes(gzip.compress(write_gtf(tmp_path / "a.gtf").read_bytes())[:-12])
    with refuses("a.gtf.gz"):
        read_gene_records(path)


def test_missing_file(tmp_path: Path, refuses: Refuses) -> None:
    with refuses("none.gtf"):
        read_gene_records(tmp_path / "none.gtf")


def test_chromosome_without_genes(tmp_path: Path, refuses: Refuses) -> None:
    records = read_gene_records(write_gtf(tmp_path / "a.gtf"))
    with refuses("chr7"):
        target_genes(records, ("chr7",), "release")


def test_unknown_edition(tmp_path: Path, refuses: Refuses) -> None:
    records = read_gene_records(write_gtf(tmp_path / "a.gtf"))
    with refuses("relaese"):
        target_genes(records, CHROMOSOMES, "relaese")


def test_an_empty_list_of_genes_is_refused(make_genes: Callable[..., Genes], refuses: Refuses) -> None:
    with refuses("`genes"):
        choose_genes(make_genes([("chr1", "+", 5000)]), [])


def one_line(path: Path, attributes: str, chromosome: str = "chr1") -> Path:
    path.write_text(f"{chromosome}\tHAVANA\tgene\t5000\t6000\t.\t+\t.\t{attributes}\n")
    return path


@pytest.mark.parametrize(
    "attributes",
    [
        # A key that ends like another one, before and behind it.
        'projection_parent_gene_id "ENSG99.9"; gene_id "ENSG01.3"; gene_type "protein_coding"; gene_name "A";',
        'gene_id "ENSG01.3"; parent_gene_type "lincRNA"; gene_type "protein_coding"; x_gene_name "B"; gene_name "A";',
        # A value that holds a key.
        'note "see gene_id "; gene_id "ENSG01.3"; gene_type "protein_coding"; gene_name "A"',
        'note "a; gene_name b; c"; gene_id "ENSG01.3"; gene_type "protein_coding"; gene_name "A";',
        # Without the last semicolon, without blanks, with many, without quotation marks.
        'gene_id "ENSG01.3"; gene_type "protein_coding"; gene_name "A"',
        'gene_id "ENSG01.3";gene_type "protein_coding";gene_name "A";',
        'gene_id   "ENSG01.3" ;  gene_type  " protein_coding " ; gene_name "A" ; ; '.replace("; ;", ";"),
        "gene_id ENSG01.3; gene_type protein_coding; gene_name A; level 2;",
        # Repeated keys.
        'tag "x"; gene_id "ENSG01.3"; tag "gene_id"; gene_type "protein_coding"; gene_name "A"; tag "basic"; level 2;',
        'gene_id "ENSG01.3"; gene_type "protein_coding"; gene_name "A"; empty "";',
    ],
)
def test_attributes_are_read_by_key(tmp_path: Path, attributes: str) -> None:
    records = read_gene_records(one_line(tmp_path / "a.gtf", attributes))
    assert records.gene_id.tolist() == ["ENSG01.3"]
    assert records.gene_type.tolist() == [CODING]
    assert records.gene_name.tolist() == ["A"]


@pytest.mark.parametrize("text", ['gene_id "ENSG01.3', "gene_id=ENSG01.3;gene_type=protein_coding", 'gene_id "A" "B";'])
def test_attributes_that_are_none(tmp_path: Path, refuses: Refuses, text: str) -> None:
    path = one_line(tmp_path / "a.gtf", text)
    with refuses("a.gtf", "line 1", "GFF3"):
        read_gene_records(path)


def test_empty_attributes() -> None:
    assert parse_attributes(" ") == {}
    assert parse_attributes('a "1"; a "2";') == {"a": "1"}


@pytest.mark.parametrize(
    ("attributes", "gene_id", "name"),
    [
        ('gene_id "ENSG00000186092"; gene_version "6"; gene_name "OR4F5"', "ENSG00000186092.6", "OR4F5"),
        # Without a name, as many predicted genes.
        ('gene_id "ENSMUSG00000102693"; gene_version "2"', "ENSMUSG00000102693.2", ""),
        ('gene_id "ENSMUSG00000102693"', "ENSMUSG00000102693", ""),
        # A version that the ID has already.
        ('gene_id "ENSG00000186092.6"; gene_version "6"; gene_name "OR4F5"', "ENSG00000186092.6", "OR4F5"),
    ],
)
def test_an_ensembl_gtf(tmp_path: Path, attributes: str, gene_id: str, name: str) -> None:
    records = read_gene_records(one_line(tmp_path / "a.gtf", f'{attributes}; gene_biotype "protein_coding";', "1"))
    assert (records.gene_id.tolist(), records.gene_name.tolist()) == ([gene_id], [name])
    assert (records.gene_type.tolist(), records.chromosome.tolist()) == ([CODING], ["1"])


def test_a_gene_without_type(tmp_path: Path, refuses: Refuses) -> None:
    path = one_line(tmp_path / "a.gtf", 'gene_id "ENSG01.3"; gene_name "A";')
    with refuses("a.gtf", "line 1", "ENSG01.3", "gene_type", "gene_biotype"):
        read_gene_records(path)


def test_chromosomes_of_another_naming_are_shown(tmp_path: Path, refuses: Refuses) -> None:
    records = read_gene_records(one_line(tmp_path / "a.gtf", 'gene_id "E.1"; gene_type "protein_coding";', "1"))
    with refuses("chr1", "on 1", "`chromosomes`"):
        target_genes(records, ("chr1",), "release")


@settings(deadline=None, max_examples=40)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from(["chr1", "chr2"]), st.sampled_from("+-"), st.integers(1, 400)),
        min_size=1,
        max_size=20,
    ),
    upstream=st.integers(0, 40),
    downstream=st.integers(0, 40),
)
def test_clusters_of_any_width(rows: list[tuple[str, str, int]], upstream: int, downstream: int) -> None:
    """Two genes are in one cluster if a chain of genes joins them of which neighbours have a base in common."""
    chromosome, strand, tss = (np.array(column) for column in zip(*rows, strict=True))
    ids = np.array([f"G{row}" for row in range(len(rows))])
    genes = Genes(ids, ids, chromosome, strand, tss, tss, tss, np.full(len(rows), ""), tss)
    seen = []
    for name, sign, position in rows:
        first, last = (-upstream, downstream) if sign == "+" else (-downstream, upstream)
        seen.append({(name, position + offset) for offset in range(first, last + 1)})
    expected = np.arange(len(rows))
    for _ in rows:
        for one in range(len(rows)):
            for other in range(len(rows)):
                if seen[one] & seen[other]:
                    expected[[one, other]] = expected[[one, other]].min()
    found = clusters_around(genes, upstream, downstream)
    assert (found[:, None] == found).tolist() == (expected[:, None] == expected).tolist()


def test_the_clusters_of_the_corrected_window_are_those_of_the_genes(tmp_path: Path) -> None:
    genes = tiny(tmp_path, "corrected")
    assert clusters_around(genes, 2773, 49).tolist() == genes.cluster.tolist()
    # The pseudo-autosomal twins stay together at any width.
    twins = np.flatnonzero(np.isin(genes.gene_id, ["ENSG05.2", "ENSG05.2_PAR_Y"]))
    assert len(set(clusters_around(genes, 0, 0)[twins].tolist())) == 1

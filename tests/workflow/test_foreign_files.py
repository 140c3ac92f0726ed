"""Files as other programs leave them: blanks beside IDs, byte order marks, delimiters behind the last column."""

import gzip
import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from tr300m.arrays.absent_genes import drop_absent, is_release_data
from tr300m.arrays.expression import read_expression, read_gct_header, read_gct_rows
from tr300m.arrays.genes import CHROMOSOMES, in_expression, named, read_gene_records, target_genes
from tr300m.arrays.matrix_formats import open_matrix
from tr300m.arrays.regulators import read_lambert
from tr300m.arrays.samples import choose_samples, donor_axis, sample_axis
from tr300m.arrays.sequence import extract_chromosomes, onehot, read_promoters
from tr300m.base.files import read_columns, read_json, read_lines, read_list, read_tsv
from tr300m.config.architectures import read_architectures

Refuses = Callable[..., AbstractContextManager[None]]
BOM = b"\xef\xbb\xbf"
# Space, tab, non-breaking space, zero-width space and all of them: a tab separates columns only where it is one.
BLANKS = [" ", "\u00a0", "\u200b", "\u3000", " \u00a0 "]
ATTRIBUTES = "SAMPID\tSMTS\tSMTSD\nGTEX-1-a\tLung\tLung\nGTEX-2-a\tBlood\tWhole Blood\n"
PHENOTYPES = "SUBJID\tSEX\tAGE\tDTHHRDY\nGTEX-1\t2\t60-69\t4\nGTEX-2\t1\t20-29\t\n"
LAMBERT = "n,Ensembl ID,HGNC symbol\n0,ENSG01,A\n1,ENSG02,B\n"
GCT = "#1.2\n2\t2\nName\tDescription\tGTEX-1-a\tGTEX-2-a\nENSG01.1\tA\t1\t2\nENSG02.1\tB\t3\t4\n"
GTF = "".join(
    f'chr1\tH\tgene\t{start}\t{start + 9}\t.\t+\t.\tgene_id "{gene}"; gene_type "protein_coding"; gene_name "N";\n'
    for gene, start in (("ENSG01.1", 5000), ("ENSG02.1", 9000), ("ENSG03.1", 20_000))
)


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def check_readers(folder: Path, change: Callable[[str, str], bytes]) -> None:
    """Read one file of each kind after a change: nothing is lost, and nothing is a new name."""
    attributes = write(folder / "attributes.txt", change("\t", ATTRIBUTES))
    samples = sample_axis(["GTEX-1-a", "GTEX-2-a"], attributes)
    assert samples.tissue.tolist() == ["Lung", "Whole Blood"]
    donors = donor_axis(samples, write(folder / "phenotypes.txt", change("\t", PHENOTYPES)))
    assert (donors.sex.tolist(), donors.age.tolist()) == (["2", "1"], ["60-69", "20-29"])
    assert read_lambert(write(folder / "l.csv", change(",", LAMBERT)), "corrected") == {"ENSG01", "ENSG02"}
    genes = target_genes(read_gene_records(write(folder / "a.gtf", change("", GTF))), CHROMOSOMES, "release")
    gct = write(folder / "a.gct", change("\t", GCT))
    assert read_gct_header(gct).sample_ids == ["GTEX-1-a", "GTEX-2-a"]
    tpm = np.zeros((3, 2), np.float32)
    present, ids, levels = read_expression(
        open_matrix(gct), genes, samples.sample_id, frozenset({"ENSG02"}), "release", tpm
    )
    assert present.tolist() == [True, True, False]
    assert tpm.tolist() == [[1, 2], [3, 4], [0, 0]]
    assert (ids, levels.tolist()) == (["ENSG02.1"], [[3], [4]])


def test_files_as_they_are(tmp_path: Path) -> None:
    check_readers(tmp_path, lambda separator, text: text.encode())


def test_byte_order_marks(tmp_path: Path) -> None:
    check_readers(tmp_path, lambda separator, text: BOM + text.encode())


def test_byte_order_marks_inside_gzip(tmp_path: Path) -> None:
    check_readers(tmp_path, lambda separator, text: gzip.compress(BOM + text.encode()))


def test_windows_line_ends(tmp_path: Path) -> None:
    check_readers(tmp_path, lambda separator, text: text.replace("\n", "\r\n").encode())


def padded(separator: str, text: str, blank: str) -> bytes:
    """Put a blank on both sides of every name, not of the numbers of a GCT."""
    if not separator:
        return (
            text.replace('"ENSG', f'"{blank}ENSG')
            .replace('.1"', f'.1{blank}"')
            .replace("chr1", f"chr1{blank}")
            .encode()
        )
    lines = [line.split(separator) for line in text.splitlines()]
    gct = text.startswith("#1.2")
    for number, line in enumerate(lines):
        last = (0 if number < 2 else 2 if number > 2 else len(line)) if gct else len(line)
        line[:last] = [f"{blank}{cell}{blank}" for cell in line[:last]]
    return ("\n".join(separator.join(line) for line in lines) + "\n").encode()


@pytest.mark.parametrize("blank", BLANKS)
def test_blanks_beside_names(tmp_path: Path, blank: str) -> None:
    check_readers(tmp_path, lambda separator, text: padded(separator, text, blank))


@pytest.mark.parametrize("where", ["header", "rows", "both"])
@pytest.mark.parametrize("count", [1, 3])
def test_delimiters_at_line_ends(tmp_path: Path, where: str, count: int) -> None:
    def change(separator: str, text: str) -> bytes:
        first = 3 if text.startswith("#1.2") else 1
        lines = text.splitlines()
        for number in range(len(lines)):
            if where == "both" or (where == "header") == (number < first):
                lines[number] += separator * count
        return ("\n".join(lines) + "\n").encode()

    check_readers(tmp_path, change)


def test_tables_of_this_workflow(tmp_path: Path) -> None:
    text = "architecture\tfamily\tlabel\ttf\tcore\thm\tdistance\nseq\tpairwise\tSeq\t0\t0\t0\t0\n"
    changed = BOM + text.replace("\n", "\t \r\n").replace("seq\t", " seq\u00a0\t").encode()
    assert list(read_architectures(write(tmp_path / "a.tsv", changed))) == ["seq"]


def test_a_cell_behind_the_last_column_is_refused(tmp_path: Path, refuses: Refuses) -> None:
    path = write(tmp_path / "a.tsv", "a\tb\n1\t2\n\n1\t2\t\t3\n")
    with refuses("a.tsv", "line 4", "4 fields", "2"):
        read_tsv(path)
    with refuses("a.tsv", "line 4"):
        read_columns(path, ["a"])


def test_columns_of_one_name_matter_where_they_are_asked_for(tmp_path: Path, refuses: Refuses) -> None:
    path = write(tmp_path / "a.csv", ",x,,y,y\n1,2,3,4,5\n")
    assert read_columns(path, ["x"], ",")["x"].tolist() == ["2"]
    with refuses("a.csv", "twice", "y"):
        read_columns(path, ["y"], ",")


def test_empty_cells_at_the_end_are_cells(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "a\tb\tc\n1\t\t\n\t\t\n")
    assert {name: column.tolist() for name, column in read_tsv(path).items()} == {
        "a": ["1", ""], "b": ["", ""], "c": ["", ""],
    }  # fmt: skip


def test_a_row_that_ends_before_a_column_asked_for(tmp_path: Path, refuses: Refuses) -> None:
    path = write(tmp_path / "attributes.txt", ATTRIBUTES + "GTEX-3-a\tLung\n")
    with refuses("attributes.txt", "line 4", "2 fields", "3"):
        sample_axis(["GTEX-1-a"], path)


def test_a_row_without_last_columns_that_nobody_asks_for(tmp_path: Path) -> None:
    path = write(tmp_path / "phenotypes.txt", PHENOTYPES.replace("20-29\t\n", "20-29\n"))
    assert read_columns(path, ["AGE"])["AGE"].tolist() == ["60-69", "20-29"]


def test_too_many_values_in_a_gct_stay_refused(tmp_path: Path, refuses: Refuses) -> None:
    path = write(tmp_path / "a.gct", GCT.replace("\t3\t4\n", "\t3\t4\t5\t\n"))
    with refuses("a.gct", "line 5", "ENSG02.1"):
        list(read_gct_rows(path, lambda gene: True))


def test_a_sample_without_a_name(tmp_path: Path, refuses: Refuses) -> None:
    path = write(tmp_path / "a.gct", GCT.replace("\tGTEX-1-a\t", "\t \t"))
    with refuses("a.gct", "line 3", "sample 1"):
        read_gct_header(path)


def test_json_with_a_byte_order_mark(tmp_path: Path) -> None:
    assert read_json(write(tmp_path / "a.json", BOM + b'{"a": 1}')) == {"a": 1}


def test_only_the_first_mark_is_cut(tmp_path: Path) -> None:
    assert list(read_lines(write(tmp_path / "a.txt", BOM + b"a\n" + BOM + b"b\n"))) == ["a", "\ufeffb"]


# --- lists ------------------------------------------------------------------------------------------------------------


def test_lists_have_one_name_a_line(tmp_path: Path) -> None:
    text = "# mine\r\n  sample 1 \r\n\r\nGTEX-2-a\u00a0\r\nsample 1\r\n\t# another\nlast#1"
    assert read_list(write(tmp_path / "a.txt", BOM + text.encode())) == ["sample 1", "GTEX-2-a", "last#1"]


def test_a_sample_with_a_blank_in_its_name(tmp_path: Path) -> None:
    attributes = write(tmp_path / "attributes.txt", ATTRIBUTES.replace("GTEX-1-a", "GTEX-1 a"))
    samples = sample_axis(["GTEX-1 a", "GTEX-2-a"], attributes)
    assert choose_samples(samples, read_list(write(tmp_path / "w.txt", "GTEX-1 a\n"))).sample_id.tolist() == [
        "GTEX-1 a"
    ]


def test_two_names_on_a_line_are_one(tmp_path: Path, refuses: Refuses) -> None:
    samples = sample_axis(["GTEX-1-a", "GTEX-2-a"], write(tmp_path / "attributes.txt", ATTRIBUTES))
    wanted = read_list(write(tmp_path / "w.txt", "GTEX-1-a GTEX-2-a\n"))
    with refuses("GTEX-1-a GTEX-2-a"):
        choose_samples(samples, wanted)


# --- sequences --------------------------------------------------------------------------------------------------------


def test_u_is_t_in_either_case() -> None:
    assert np.array_equal(onehot("ACGUacgu"), onehot("ACGTacgt"))


def test_rna_reads_as_dna(tmp_path: Path) -> None:
    path = write(tmp_path / "own.fa", BOM + b">A\r\nAC GU\r\nuN\r\n")
    assert np.array_equal(read_promoters(path, ["A"], 6)[0], onehot("ACGTTN"))


@pytest.mark.parametrize("code", list("NRYKMSWBDHVnrykmswbdhv"))
def test_codes_of_several_bases_are_unknown(tmp_path: Path, code: str) -> None:
    path = write(tmp_path / "own.fa", f">A\nA{code}\n")
    assert read_promoters(path, ["A"], 2)[0, 1].tolist() == [0.25] * 4


@pytest.mark.parametrize("other", list("-.*XEZ1?"))
def test_other_characters_are_refused_with_their_place(tmp_path: Path, refuses: Refuses, other: str) -> None:
    path = write(tmp_path / "own.fa", f">A\nACGTACGT\nACG{other}ACG{other}\n")
    with refuses("own.fa", "A has", repr(other), "base 12"):
        read_promoters(path, ["A"], 16)
    with refuses("own.fa", "A has", repr(other), "base 12"):
        extract_chromosomes(path, ["A"], tmp_path / "out.fa")


def test_sequence_before_the_first_record(tmp_path: Path, refuses: Refuses) -> None:
    path = write(tmp_path / "own.fa", "ACGT\n>A\nACGT\n")
    with refuses("own.fa", "start with '>'"):
        read_promoters(path, ["A"], 4)


def test_genomes_with_marks_blanks_and_u(tmp_path: Path) -> None:
    path = write(tmp_path / "g.fa", BOM + b">chr1 x\r\nACGU \r\nacgt\r\n>chr2\r\nNNNN\r\n")
    extract_chromosomes(path, ["chr1", "chr2"], tmp_path / "out.fa")
    assert (tmp_path / "out.fa").read_text() == ">chr1\nACGUacgt\n>chr2\nNNNN\n"


# --- genes that the GCT lacks -----------------------------------------------------------------------------------------


def test_genes_that_the_gct_lacks(tmp_path: Path) -> None:
    genes = target_genes(read_gene_records(write(tmp_path / "a.gtf", GTF)), CHROMOSOMES, "release")
    assert in_expression(genes, ["ENSG01.1", "ENSG02.1"], "release").tolist() == [True, True, False]


def test_a_merged_gene_counts_in_the_corrected_edition(tmp_path: Path) -> None:
    genes = target_genes(
        read_gene_records(write(tmp_path / "a.gtf", GTF.replace("9000", "5000"))), CHROMOSOMES, "release"
    )
    assert genes.merged.tolist() == ["ENSG02.1", ""]
    assert in_expression(genes, ["ENSG02.1"], "release").tolist() == [False, False]
    assert in_expression(genes, ["ENSG02.1"], "corrected").tolist() == [True, False]


def test_genes_without_a_row_are_left_out(tmp_path: Path, refuses: Refuses) -> None:
    genes = target_genes(read_gene_records(write(tmp_path / "a.gtf", GTF)), CHROMOSOMES, "release")
    kept, dropped = drop_absent(genes, ["ENSG01.1", "ENSG02.1"], "release", "a.gct")
    assert kept.gene_id.tolist() == ["ENSG01.1", "ENSG02.1"]
    assert dropped.tolist() == ["ENSG03.1"]
    with refuses("b.gct", "3 target genes", "ENSG01.1"):
        drop_absent(genes, ["ENSM01.1"], "release", "b.gct")


def test_the_release_is_known_by_its_checksum(tmp_path: Path) -> None:
    gct, content = write(tmp_path / "a.gct.gz", gzip.compress(GCT.encode())), hashlib.sha256(GCT.encode()).hexdigest()
    published = {str(gct): f"uncompressed-sha256:{content}"}
    assert is_release_data("release", {})
    assert is_release_data("release", published)
    assert not is_release_data("corrected", published)
    assert not is_release_data("release", {str(gct): f"sha256:{content}"})
    assert not is_release_data("release", {**published, str(tmp_path / "a.gct.gz"): ""})


def test_names_in_messages_are_counted() -> None:
    assert named(["a", "b"], most=2) == "a, b"
    assert named([*"abcd"], most=2) == "a, b and 2 more"

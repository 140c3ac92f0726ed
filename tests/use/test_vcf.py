"""VCF files: plain and gzip, what is refused, and copies with one more field."""

import gzip
from pathlib import Path

import pysam
import pytest
from helpers.fixtures import Refuses
from tr300m.use.vcf import Vcf, VcfRecord

VERSION = "##fileformat=VCFv4.2\n"
CONTIGS = "##contig=<ID=chr1,length=1000>\n##contig=<ID=chr2>\n"
FORMAT = '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
RECORDS = (
    "chr1\t10\trs1\tA\tG,<DEL>\t.\tPASS\tDP=3;DB",
    "chr9\t0\t.\tacg\t.\t12.50\tlow\t.",
    "chr1\t5\t.\tN\t*\t.\t.\tX",
)
READ = [
    VcfRecord("chr1", 10, "rs1", "A", ("G", "<DEL>")),
    VcfRecord("chr9", 0, ".", "acg", (".",)),
    VcfRecord("chr1", 5, ".", "N", ("*",)),
]
PLAIN = VERSION + CONTIGS + COLUMNS + "\n" + "".join(f"{line}\n" for line in RECORDS)
PEOPLE = VERSION + FORMAT + COLUMNS + "\tFORMAT\tNA1\tNA2\nchr1\t10\t.\tA\tG\t.\t.\t.\tGT\t0/1\t1/1\n"


def written(path: Path, text: str, how: str) -> Path:
    if how == "plain":
        path.write_text(text, newline="")
    elif how == "gzip":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        with pysam.BGZFile(str(path), "wb", index=None) as packed:
            packed.write(text.encode())
    return path


@pytest.mark.parametrize("how", ["plain", "gzip", "bgzip"])
@pytest.mark.parametrize("name", ["toy.vcf", "toy.vcf.gz"])
def test_records_whatever_the_name(tmp_path: Path, how: str, name: str) -> None:
    vcf = Vcf.open(written(tmp_path / name, PLAIN, how))
    assert vcf.lengths == {"chr1": 1000} and vcf.samples == ()
    assert list(vcf.records()) == READ
    # Once more, from the start.
    assert list(vcf.records()) == READ


def test_line_ends_of_windows(tmp_path: Path) -> None:
    vcf = Vcf.open(written(tmp_path / "toy.vcf", PLAIN.replace("\n", "\r\n"), "plain"))
    assert list(vcf.records()) == READ


def test_genotypes_are_known_and_not_read(tmp_path: Path) -> None:
    vcf = Vcf.open(written(tmp_path / "toy.vcf", PEOPLE, "plain"))
    assert vcf.samples == ("NA1", "NA2")
    assert list(vcf.records()) == [VcfRecord("chr1", 10, ".", "A", ("G",))]


@pytest.mark.parametrize("how", ["plain", "gzip", "bgzip"])
@pytest.mark.parametrize("out", ["out.vcf", "out.vcf.gz"])
def test_a_copy_has_one_more_field_and_is_else_the_same(tmp_path: Path, how: str, out: str) -> None:
    vcf = Vcf.open(written(tmp_path / "toy.vcf", PLAIN, how))
    added = ["##note=a; b=c", '##INFO=<ID=NEW,Number=.,Type=String,Description="x">']
    vcf.annotate(tmp_path / out, added, "NEW", [["G|1", "<DEL>|2"], [".|3"], ["*|"]])
    data = (tmp_path / out).read_bytes()
    assert (data[:2] == b"\x1f\x8b") == out.endswith(".gz")
    lines = (gzip.decompress(data) if out.endswith(".gz") else data).decode().splitlines()
    head = (VERSION + CONTIGS).splitlines()
    assert lines[:6] == [*head, *added, COLUMNS]
    assert lines[6:] == [
        RECORDS[0] + ";NEW=G|1,<DEL>|2",
        RECORDS[1][:-1] + "NEW=.|3",
        RECORDS[2] + ";NEW=*|",
    ]
    with pysam.VariantFile(str(tmp_path / out)) as file:
        assert [record.info["NEW"] for record in file] == [("G|1", "<DEL>|2"), (".|3",), ("*|",)]
        assert out == "out.vcf" or file.compression == "BGZF"


def test_genotypes_stay_in_a_copy(tmp_path: Path) -> None:
    vcf = Vcf.open(written(tmp_path / "toy.vcf", PEOPLE, "plain"))
    vcf.annotate(tmp_path / "out.vcf", [], "NEW", [["1"]])
    assert (tmp_path / "out.vcf").read_text() == PEOPLE.replace(".\tGT", "NEW=1\tGT")


REFUSED = {
    "empty": "",
    "no header": RECORDS[0] + "\n",
    "no version": COLUMNS + "\n" + RECORDS[0] + "\n",
    "columns with blanks": VERSION + COLUMNS.replace("\t", " ") + "\n",
    "too few columns": VERSION + "#CHROM\tPOS\tID\tREF\tALT\n",
    "fasta": ">chr1\nACGT\n",
    "table": "chrom\tpos\nchr1\t5\n",
}


@pytest.mark.parametrize("how", ["plain", "gzip"])
@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_is_no_vcf_is_refused(tmp_path: Path, refuses: Refuses, text: str, how: str) -> None:
    path = written(tmp_path / "toy.vcf", text, how)
    with refuses("toy.vcf", "#CHROM"):
        Vcf.open(path)


@pytest.mark.parametrize(
    "line", ["chr1\t12\t.\tA", "chr1\tx\t.\tA\tC\t.\t.\t.", "chr1\t-3\t.\tA\tC\t.\t.\t.", "", "chr1 12 . A C . . ."]
)
def test_a_bad_record_is_named(tmp_path: Path, refuses: Refuses, line: str) -> None:
    text = VERSION + CONTIGS + COLUMNS + f"\n{RECORDS[0]}\n{line}\n{RECORDS[2]}\n"
    vcf = Vcf.open(written(tmp_path / "toy.vcf", text, "plain"))
    with refuses("toy.vcf", "record 2", "chr1:10"):
        list(vcf.records())


@pytest.mark.parametrize("how", ["gzip", "bgzip"])
def test_a_truncated_file_is_refused(tmp_path: Path, refuses: Refuses, how: str) -> None:
    many = PLAIN + "".join(f"chr1\t{n}\t.\tA\tG\t.\t.\tN={n * n}\n" for n in range(1, 30_000))
    path = written(tmp_path / "toy.vcf.gz", many, how)
    data = path.read_bytes()
    for size in (len(data) // 2, len(data) - 9):
        path.write_bytes(data[:size])
        with refuses("toy.vcf.gz"):
            list(Vcf.open(path).records())


def test_what_cannot_be_opened_is_refused(tmp_path: Path, refuses: Refuses) -> None:
    with refuses("absent.vcf"):
        Vcf.open(tmp_path / "absent.vcf")
    with refuses("#CHROM"):
        Vcf.open(tmp_path)
    plain = written(tmp_path / "toy.vcf", PLAIN.replace("chr9", "chr2").replace("low", "."), "plain")
    with pysam.VariantFile(str(plain)) as file, pysam.VariantFile(str(tmp_path / "toy.bcf"), "wb", header=file.header):
        pass
    with refuses("toy.bcf", "BCF", "bcftools view"):
        Vcf.open(tmp_path / "toy.bcf")


def test_a_failed_copy_leaves_nothing(tmp_path: Path) -> None:
    vcf = Vcf.open(written(tmp_path / "toy.vcf", PLAIN, "plain"))

    def values() -> object:
        yield ["1"]
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        vcf.annotate(tmp_path / "out.vcf", [], "NEW", values())  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["toy.vcf"]

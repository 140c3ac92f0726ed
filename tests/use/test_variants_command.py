"""`tr300m variants`: from a VCF to a table or a VCF, with fitted runs in folders."""

import csv
import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pysam
import pytest
from click.testing import CliRunner, Result
from helpers.fixtures import says
from helpers.toy_dataset import draw, write_dataset
from helpers.toy_genome import GENES, SIZES, UPSTREAM, WIDTH, genome_parts, toy_chromosomes, write_fasta
from tr300m.base.files import write_json
from tr300m.cli import main
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.splits import Split
from tr300m.factorised.fit import fit
from tr300m.features.gene_features import gene_features
from tr300m.model.likelihood.distributions import settings_of
from tr300m.model.likelihood.zero_lognormal_mixture import ZeroLognormalMixture
from tr300m.training.run_record import fit_record

FEATURES = ("histone_means", "composition", "kmers", "motif_maxima")
CHROMOSOMES = toy_chromosomes()
MORE_GENES = [("chr1", "+", 500 + 9 * number) for number in range(12)] + [
    ("chr2", "-", 100 + 11 * n) for n in range(12)
]
HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tNA1\n"
AT = 410
REF = CHROMOSOMES["chr1"][AT - 1]
ALT, OTHER = [base for base in "ACGT" if base != REF][:2]
LINES = (
    f"chr1\t{AT}\trs1\t{REF}\t{ALT},<DEL>\t.\tPASS\tDP=1\tGT\t0/1\n",
    "chr1\t10\trs2\tA\tC\t.\tPASS\t.\tGT\t0/1\n",
    f"1\t{AT}\trs3\t{ALT}\t{OTHER}\t.\tPASS\t.\tGT\t0/1\n",
)


class Files(NamedTuple):
    """Files of the tests."""

    runs: tuple[Path, Path]
    dataset: Path
    genome: Path
    vcf: Path


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """Write a genome, its dataset, two fitted runs that differ and a VCF."""
    root = tmp_path_factory.mktemp("variants")
    genome = write_fasta(root / "toy.fa", CHROMOSOMES)
    rows = [*GENES, *MORE_GENES]
    sizes = SIZES._replace(genes=len(rows), samples=30, tissues=2)
    parts = draw(sizes) | genome_parts(genome, rows)
    parts["tissues"] = ("Brain - Cortex (a;b)", "Liver")
    tissue = np.array(parts["tissues"])[parts["tissue"].argmax(axis=1)]
    parts["samples"] = replace(parts["samples"], tissue=tissue)
    write_dataset(root / "dataset", parts)
    dataset = Dataset.open(root / "dataset")
    split = Split("thesis", np.array([0, 6]), np.array([1]), np.array([5]), np.array([1]))
    split.write(root / "splits/thesis.tsv", dataset.genes, dataset.samples)
    arrays = {feature: gene_features(dataset, feature) for feature in FEATURES}
    likelihood, runs = ZeroLognormalMixture(), (root / "runs/one", root / "runs/two")
    fitted = fit(dataset, split, arrays, model="bilinear", likelihood=likelihood, seed=3)
    for number, folder in enumerate(runs):
        folder.mkdir(parents=True)
        # What is fitted to noise reads little of the sequence.
        given = fitted.coefficients
        chance = np.random.default_rng(number).normal(0, 0.3, given.gene_map.shape)
        changed = replace(fitted, coefficients=replace(given, gene_map=chance))
        changed.save(folder / "model.npz")
        row = {"run": folder.name, "control": "none", "split": "thesis", "seed": 3, "options": "-"}
        record = fit_record(row, {}, settings_of(likelihood), list(FEATURES), dataset.manifest, "c0de")
        write_json(folder / "run.json", record)
    vcf = root / "mine.vcf"
    vcf.write_text(HEADER + "".join(LINES))
    return Files(runs, root / "dataset", genome, vcf)


def call(files: Files, *options: Any, runs: int = 1, vcf: Path | None = None, genome: Path | None = None) -> Result:
    named = ",".join(map(str, files.runs[:runs]))
    given = ["variants", named, files.dataset, vcf or files.vcf, "--genome", genome or files.genome, *options]
    return CliRunner().invoke(main, list(map(str, given)))


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader([line for line in text.splitlines() if line[:1] != "#"], delimiter="\t"))


def test_a_table(files: Files, tmp_path: Path) -> None:
    out = tmp_path / "scores.tsv"
    done = call(files, "--sample", "S2", "--tissue", "Liver", "--out", out, runs=2)
    assert done.exit_code == 0, done.output
    text = out.read_text()
    notes = [line for line in text.splitlines() if line.startswith("#")]
    assert notes[0].startswith("# tr300m ") and any("one, two" in note for note in notes)
    assert says("\n".join(notes), "ok 1", "ref_mismatch 1", "outside 1", "native")
    assert text.splitlines()[len(notes)].split("\t") == [
        *("chrom", "pos", "id", "ref", "alt", "gene", "strand", "tss_dist", "context"),
        *("ref_mean", "alt_mean", "ref_median", "alt_median", "log2fc", "log2fc_sd", "agree", "percentile", "status"),
    ]
    rows = table(text)
    found = [(row["id"], row["alt"], row["context"], row["status"]) for row in rows if row["gene"] == "G0"]
    contexts = ("Liver", "S2")
    assert found == [
        *(("rs1", ALT, context, "ok") for context in contexts),
        *(("rs1", "<DEL>", context, "unsupported_alt") for context in contexts),
        *(("rs3", OTHER, context, "ref_mismatch") for context in contexts),
    ]
    assert [(row["gene"], row["status"]) for row in rows if row["id"] == "rs2"] == [("", "outside")]
    for row in rows:
        numbers = [row[name] for name in ("ref_mean", "alt_mean", "log2fc", "log2fc_sd", "agree")]
        assert all(numbers) if row["status"] == "ok" else not any(numbers)
        assert row["percentile"] == ""
    assert any(float(row["log2fc"]) for row in rows if row["log2fc"])
    # Of genotypes, and at the end of what was found.
    assert done.stderr.count("mine.vcf") >= 2 and says(done.stderr, "ref_mismatch 1")
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("name", ["scores.vcf", "scores.vcf.gz"])
def test_an_annotated_vcf_says_the_same_as_the_table(files: Files, tmp_path: Path, name: str) -> None:
    asked = ("--tissue", "all")
    rows = table(call(files, *asked, runs=2).stdout)
    assert {row["context"] for row in rows} == {"Brain - Cortex (a;b)", "Liver", ""}
    done = call(files, *asked, "--out", tmp_path / name, runs=2)
    assert done.exit_code == 0, done.output
    data = (tmp_path / name).read_bytes()
    text = (gzip.decompress(data) if name.endswith("gz") else data).decode()
    assert says(text, "##tr300m=", "allele|gene|tss_dist|context|log2fc|sd|percentile|status")
    # Genotypes and all else stay.
    for line, written in zip(LINES, text.splitlines()[-3:], strict=True):
        old, new = line.rstrip().split("\t"), written.split("\t")
        assert new[:7] + new[8:] == old[:7] + old[8:]
    with pysam.VariantFile(str(tmp_path / name)) as file:
        values = [value.split("|") for record in file for value in record.info["TR300M"]]
    assert len(values) == len(rows)
    for value, row in zip(values, rows, strict=True):
        context = row["context"].replace(" ", "%20").replace(";", "%3B")
        numbers = [row[key] for key in ("log2fc", "log2fc_sd", "percentile")]
        assert value == [row["alt"], row["gene"], row["tss_dist"], context, *numbers, row["status"]]


def test_a_variant_of_a_minus_gene_equals_the_edited_fasta(files: Files, tmp_path: Path) -> None:
    """The second gene is on the minus strand, its TSS at 330."""
    position, chr1 = 345, CHROMOSOMES["chr1"]
    alt = next(base for base in "ACGT" if base != chr1[position - 1])
    vcf = tmp_path / "one.vcf"
    vcf.write_text(HEADER + f"chr1\t{position}\t.\t{chr1[position - 1]}\t{alt}\t.\t.\t.\tGT\t0/1\n")
    scored = table(call(files, "--tissue", "Liver", "--histones", "mean", vcf=vcf).stdout)
    row = next(row for row in scored if row["gene"] == "G1")
    fasta = tmp_path / "promoters.fa"
    with open(fasta, "w") as handle:
        for name, bases in (("ref", chr1), ("alt", chr1[: position - 1] + alt + chr1[position:])):
            window = bases[330 + UPSTREAM - WIDTH : 330 + UPSTREAM]
            handle.write(f">{name}\n{window[::-1].translate(str.maketrans('ACGT', 'TGCA'))}\n")
    given = ["predict", files.runs[0], files.dataset, "--fasta", fasta, "--tissue", "Liver"]
    there = {row["gene"]: row for row in table(CliRunner().invoke(main, list(map(str, given))).stdout)}
    for name in ("ref", "alt"):
        # Changes of a factorised model are measured by its point estimate, which is the median of `predict`.
        for what in ("mean", "median"):
            assert float(row[f"{name}_{what}"]) == pytest.approx(float(there[name]["median"]), rel=2e-3)
    assert row["ref_mean"] != row["alt_mean"] and row["tss_dist"] == "-15"


def test_options(files: Files) -> None:
    rows = table(call(files, "--sample", "S2", "--swap", "--percentile", "--histones", "mean").stdout)
    assert all(row["percentile"] for row in rows if row["status"] == "ok")
    assert not any(row["percentile"] for row in rows if row["status"] != "ok")


def test_the_help_refuses_personal_genomes() -> None:
    text = CliRunner().invoke(main, ["variants", "--help"]).output
    assert says(" ".join(text.split()), "personal genomes", "genotypes are not read", "diagnosis")


def refused(done: Result, *parts: str) -> None:
    assert done.exit_code == 1 and says(done.output, *parts), done.output


def test_bad_input_is_refused_before_any_work(files: Files, tmp_path: Path) -> None:
    sample = ("--sample", "S2")
    refused(call(files), "--tissue", "--sample", "--levels")
    refused(call(files, "--sample", "S999"), "S999")
    refused(call(files, "--tissue", "Livver"), "Livver", "Liver")
    refused(call(files, *sample, "--out", tmp_path / "x.csv"), "x.csv", ".tsv", ".vcf.gz")
    refused(call(files, *sample, "--out", files.vcf), "mine.vcf")
    refused(call(files, *sample, vcf=tmp_path / "absent.vcf"), "absent.vcf")
    refused(call(files, *sample, genome=tmp_path / "absent.fa"), "absent.fa")
    (tmp_path / "toy.txt").write_text("no genome\n")
    refused(call(files, *sample, genome=tmp_path / "toy.txt"), "toy.txt")
    (tmp_path / "toy.fa.gz").write_bytes(gzip.compress(b">chr1\nACGT\n"))
    refused(call(files, *sample, genome=tmp_path / "toy.fa.gz"), "toy.fa.gz", "bgzip")
    bad = tmp_path / "bad.vcf"
    bad.write_text("chr1\t5\t.\tA\tC\t.\t.\t.\n")
    refused(call(files, *sample, vcf=bad), "bad.vcf", "#CHROM")
    bad.write_text(HEADER.replace("#CHROM", "##contig=<ID=chr2,length=77>\n#CHROM") + "".join(LINES))
    refused(call(files, *sample, vcf=bad), "bad.vcf", "chr2", "77", "500")
    bad.write_text(HEADER + LINES[0] + "chr1\tx\n")
    refused(call(files, *sample, "--out", tmp_path / "x.tsv", vcf=bad), "bad.vcf", "2")
    bad.write_text(HEADER.replace("#CHROM", '##INFO=<ID=TR300M,Number=1,Type=Float,Description="">\n#CHROM') + LINES[0])
    refused(call(files, *sample, "--out", tmp_path / "x.vcf", vcf=bad), "bad.vcf", "TR300M", "bcftools")
    other = write_fasta(tmp_path / "other.fa", toy_chromosomes(seed=1))
    refused(call(files, *sample, "--out", tmp_path / "x.tsv", genome=other), "other.fa", "G0")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("x")]

"""The large released arrays against a slow, literal reading of simulated upstream files, with every special case.

The reference reads the text of the files line by line and shares no code with the package.
"""

import csv
import gzip
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyBigWig
import pytest
from numpy.typing import NDArray
from tr300m.arrays.ccres import cre_windows
from tr300m.arrays.expression import read_expression, read_gct_header
from tr300m.arrays.genes import CHROMOSOMES, read_gene_records, target_genes
from tr300m.arrays.histones import stack_tracks, track_windows
from tr300m.arrays.matrix_formats import open_matrix
from tr300m.arrays.regulators import read_lambert, regulator_axis
from tr300m.arrays.samples import sample_axis, tissue_onehot
from tr300m.arrays.sequence import extract_chromosomes, onehot_windows
from tr300m.base.array_files import save_array
from tr300m.base.axes import Genes
from tr300m.config.simulation import SimulationConfig
from tr300m.release.export import RECIPES, rebuild, write_release
from tr300m.simulate.annotation import simulate_gtf
from tr300m.simulate.bigwig import simulate_bigwig
from tr300m.simulate.ccres import simulate_cres
from tr300m.simulate.expression import simulate_gct
from tr300m.simulate.genome import simulate_genome
from tr300m.simulate.lambert import simulate_lambert
from tr300m.simulate.samples import simulate_sample_attributes
from tr300m.simulate.truth import simulate_truth

CONFIG = SimulationConfig(genes=80, regulators=12, samples=24, donors=6, chromosomes=("chr1", "chrX", "chrY"))
MARKS = ("H3K4me1", "H3K4me3", "H3K27ac")
CELLS = ("Gm12878", "H1hesc", "Hsmm", "Huvec", "K562", "Nhek", "Nhlf")
UP, DOWN = 2773, 50
COMPLEMENT = {"A": "T", "C": "G", "G": "C", "T": "A"}


# --- upstream files ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def upstream(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of simulated upstream files."""
    folder = tmp_path_factory.mktemp("upstream")
    gtf, fasta, lambert, table = (folder / name for name in ("a.gtf.gz", "g.fa.gz", "tf.csv", "samples.txt"))
    simulate_gtf(CONFIG, gtf)
    simulate_lambert(CONFIG, gtf, lambert)
    simulate_sample_attributes(CONFIG, table)
    simulate_genome(CONFIG, gtf, fasta, folder)
    simulate_truth(CONFIG, gtf, fasta, lambert, table, folder)
    simulate_gct(CONFIG, folder, folder / "tpm.gct.gz")
    with open(folder / "sizes", "w") as handle:
        handle.writelines(f"{name}\t{len(bases)}\n" for name, bases in sequences(fasta).items())
    for mark in MARKS:
        for cell in CELLS:
            simulate_bigwig(CONFIG, folder, folder / "sizes", mark, cell, folder / f"{cell}{mark}.bigWig")
    plant_nan(folder / "K562H3K27ac.bigWig")
    simulate_cres(CONFIG, gtf, folder / "sizes", folder / "cres.bb", folder / "cres.bed")
    return folder


def plant_nan(path: Path) -> None:
    """Make every tenth value of a track NaN, which its writer otherwise leaves out."""
    with pyBigWig.open(str(path)) as track:
        lengths = track.chroms()
        intervals = {name: track.intervals(name) or () for name in lengths}
    with pyBigWig.open(str(path), "w") as track:
        track.addHeader(list(lengths.items()))
        for name, rows in intervals.items():
            values = [float("nan") if number % 10 == 0 else value for number, (_, _, value) in enumerate(rows)]
            if rows:
                track.addEntries([name] * len(rows), [r[0] for r in rows], ends=[r[1] for r in rows], values=values)


# --- the literal reading ----------------------------------------------------------------------------------------------


def lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt") as handle:
        for line in handle:
            yield line.rstrip("\n")


class LiteralGene(NamedTuple):
    gene_id: str
    chromosome: str
    strand: str
    tss: int

    def positions(self) -> Iterator[int]:
        """Yield the 0-based positions of the window in the gene's direction, with the release's slip on +."""
        if self.strand == "+":
            yield from range(self.tss - UP, self.tss + DOWN)
        else:
            yield from range(self.tss + UP - 1, self.tss - DOWN - 1, -1)


def target_rows(gtf: Path) -> list[LiteralGene]:
    found: list[LiteralGene] = []
    for line in lines(gtf):
        if line.startswith("#"):
            continue
        chromosome, _, feature, start, end, _, strand, _, attributes = line.split("\t")
        if feature != "gene" or 'gene_type "protein_coding"' not in attributes or chromosome == "chrM":
            continue
        gene = LiteralGene(
            attributes.split('gene_id "')[1].split('"')[0], chromosome, strand, int(start if strand == "+" else end)
        )
        if all(gene[1:] != other[1:] for other in found):
            found.append(gene)
    return found


def sequences(fasta: Path) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for line in lines(fasta):
        if line.startswith(">"):
            parts = found[line[1:].split()[0]] = []
        else:
            parts.append(line)
    return {name: "".join(parts) for name, parts in found.items()}


def tpm_rows(gct: Path) -> dict[str, list[float]]:
    rows = [line.split("\t") for line in list(lines(gct))[3:]]
    return {row[0]: [float(value) for value in row[2:]] for row in rows}


def literal_onehot(genes: list[LiteralGene], bases: dict[str, str]) -> Iterator[list[float]]:
    for gene in genes:
        for position in gene.positions():
            if not 0 <= position < len(bases[gene.chromosome]):
                yield [0.0, 0.0, 0.0, 0.0]
                continue
            base = bases[gene.chromosome][position].upper()
            if gene.strand == "-":
                base = COMPLEMENT.get(base, "N")
            yield [float(base == letter) for letter in "ACGT"] if base in COMPLEMENT else [0.25, 0.25, 0.25, 0.25]


def literal_track(genes: list[LiteralGene], path: Path) -> Iterator[float]:
    with pyBigWig.open(str(path)) as track:
        values = {
            (name, position): value
            for name in track.chroms()
            for start, end, value in track.intervals(name) or ()
            for position in range(start, end)
        }
    for gene in genes:
        for position in gene.positions():
            value = values.get((gene.chromosome, position), 0.0)
            yield value if value == value else 0.0


def literal_cres(genes: list[LiteralGene], bed: Path) -> Iterator[float]:
    rows = [line.split("\t") for line in bed.read_text().splitlines()]
    for gene in genes:
        near = [row for row in rows if row[0] == gene.chromosome and abs(int(row[1]) - gene.tss) < 5000]
        for position in gene.positions():
            score = 0.0
            for row in near:
                if int(row[1]) <= position < int(row[2]):
                    score = float(row[4])
            yield score


# --- the two side by side ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def genes(upstream: Path) -> list[LiteralGene]:
    return target_rows(upstream / "a.gtf.gz")


@pytest.fixture(scope="module")
def exported(upstream: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, NDArray[np.float64]]:
    """Return the five large arrays, built by the package, written as released files and read again."""
    root = tmp_path_factory.mktemp("results")
    records = read_gene_records(upstream / "a.gtf.gz")
    targets = target_genes(records, CHROMOSOMES, "release")
    gct = upstream / "tpm.gct.gz"
    samples = sample_axis(read_gct_header(gct).sample_ids, upstream / "samples.txt")
    stems = read_lambert(upstream / "tf.csv", "release")
    expression = np.zeros((len(targets), len(samples)), dtype=np.float32)
    _, regulators, levels = read_expression(open_matrix(gct), targets, samples.sample_id, stems, "release", expression)
    regulator_axis(regulators, records)
    extract_chromosomes(upstream / "g.fa.gz", targets.chromosome.tolist(), root / "g.fa")
    built = {
        "acgtSeqArr_gene": onehot_windows(root / "g.fa", targets),
        "creSeqArr_gene": cre_windows(upstream / "cres.bb", targets),
        "hmArr": histones(upstream, root, targets),
        "expressionArr_gene": expression,
        "tfExpressArr": levels,
        "cellTypeArr": tissue_onehot(samples.tissue)[1],
    }
    found = {}
    for name, array in built.items():
        save_array(root / RECIPES[name].file, array)
        out = root / f"{name}.npy.gz"
        write_release(out, rebuild(name, root / RECIPES[name].file), 0, block_bytes=1 << 20)
        with gzip.open(out) as handle:
            found[name] = np.load(handle)
        assert found[name].dtype == np.float64
    return found


def histones(upstream: Path, root: Path, targets: Genes) -> NDArray[np.float32]:
    paths = []
    for mark in MARKS:
        for cell in CELLS:
            paths.append(root / f"{mark}_{cell}.npy")
            save_array(paths[-1], track_windows(upstream / f"{cell}{mark}.bigWig", targets))
    stack_tracks(paths, root / "histones.npy")
    return np.load(root / "histones.npy")


def same_bits(found: NDArray[Any], expected: NDArray[np.float64]) -> bool:
    return found.shape == expected.shape and found.tobytes() == expected.tobytes()


def test_the_files_hold_every_special_case(upstream: Path, genes: list[LiteralGene]) -> None:
    tpm, bases = tpm_rows(upstream / "tpm.gct.gz"), sequences(upstream / "g.fa.gz")
    assert {gene.strand for gene in genes} == {"+", "-"}
    coding = sum("\tgene\t" in line and '"protein_coding"' in line for line in lines(upstream / "a.gtf.gz"))
    assert coding > len(genes)  # shared TSS, and chrM's
    assert any(gene.gene_id not in tpm for gene in genes)
    assert any(gene.gene_id.endswith("_PAR_Y") for gene in genes)
    assert any(min(gene.positions()) < 0 for gene in genes)
    assert any(max(gene.positions()) >= len(bases[gene.chromosome]) for gene in genes)
    letters = {
        bases[gene.chromosome][position]
        for gene in genes
        for position in gene.positions()
        if 0 <= position < len(bases[gene.chromosome])
    }
    assert letters == set("ACGTNacgt")
    with pyBigWig.open(str(upstream / "NhlfH3K4me1.bigWig")) as track:
        assert "chrY" not in track.chroms()
    with pyBigWig.open(str(upstream / "K562H3K27ac.bigWig")) as track:
        assert any(value != value for _, _, value in track.intervals("chr1"))
    cres = [line.split("\t") for line in (upstream / "cres.bed").read_text().splitlines()]
    overlaps = [(one, two) for one, two in itertools.pairwise(cres) if one[0] == two[0] and int(one[2]) > int(two[1])]
    assert any(int(two[4]) < int(one[4]) for one, two in overlaps)
    assert not any(row[0] == "chrY" for row in cres)


def test_sequence(exported: dict[str, NDArray[np.float64]], upstream: Path, genes: list[LiteralGene]) -> None:
    expected = np.array(list(literal_onehot(genes, sequences(upstream / "g.fa.gz"))))
    assert same_bits(exported["acgtSeqArr_gene"], expected.reshape(len(genes), UP + DOWN, 4))


def test_cres(exported: dict[str, NDArray[np.float64]], upstream: Path, genes: list[LiteralGene]) -> None:
    expected = np.array(list(literal_cres(genes, upstream / "cres.bed"))).reshape(len(genes), UP + DOWN, 1)
    assert same_bits(exported["creSeqArr_gene"], expected)


@pytest.mark.parametrize("mark", MARKS)
def test_histones(
    exported: dict[str, NDArray[np.float64]], upstream: Path, genes: list[LiteralGene], mark: str
) -> None:
    assert exported["hmArr"].shape == (len(genes), UP + DOWN, 3, 7)
    for column, cell in enumerate(CELLS):
        expected = np.array(list(literal_track(genes, upstream / f"{cell}{mark}.bigWig")))
        found = np.ascontiguousarray(exported["hmArr"][:, :, MARKS.index(mark), column])
        assert same_bits(found, expected.reshape(len(genes), UP + DOWN))


def test_expression(exported: dict[str, NDArray[np.float64]], upstream: Path, genes: list[LiteralGene]) -> None:
    tpm = tpm_rows(upstream / "tpm.gct.gz")
    absent = [0.0] * CONFIG.samples
    assert same_bits(exported["expressionArr_gene"], np.array([tpm.get(gene.gene_id, absent) for gene in genes]))


def test_regulator_levels(exported: dict[str, NDArray[np.float64]], upstream: Path) -> None:
    with open(upstream / "tf.csv", newline="") as handle:
        listed = {row["Ensembl ID"] for row in csv.DictReader(handle)} - {"ENSG00000198690", "ENSG00000100146"}
    tpm = tpm_rows(upstream / "tpm.gct.gz")
    regulators = sorted(gene for gene in tpm if gene.split(".")[0] in listed)
    assert sum(gene.endswith("_PAR_Y") for gene in regulators) == 3
    expected = np.array([[[tpm[gene][sample]] for gene in regulators] for sample in range(CONFIG.samples)])
    assert same_bits(exported["tfExpressArr"], expected)


def test_tissues(exported: dict[str, NDArray[np.float64]], upstream: Path) -> None:
    header = list(lines(upstream / "tpm.gct.gz"))[2].split("\t")[2:]
    with open(upstream / "samples.txt", newline="") as handle:
        tissue_of = {row["SAMPID"]: row["SMTSD"] for row in csv.DictReader(handle, delimiter="\t")}
    names = sorted({tissue_of[sample] for sample in header})
    expected = np.array([[[float(tissue_of[sample] == name)] for name in names] for sample in header])
    assert same_bits(exported["cellTypeArr"], expected)

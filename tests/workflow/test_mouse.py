"""Another species through the rules of the arrays: a toy mouse with names of Ensembl, and tracks with names of UCSC."""

from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from helpers.fixtures import says
from helpers.small_run import checkout, snakemake
from pyjaspar import jaspardb
from tr300m.dataset.dataset import Dataset

LENGTHS = {"1": 12_000, "X": 9_000, "MT": 1_000}
# Chromosome, strand, start, end, ID, version, name, biotype.
GENES = [
    ("1", "+", 5000, 6000, "ENSMUSG00000000001", 4, "Gnai3", "protein_coding"),
    ("1", "-", 7000, 8000, "ENSMUSG00000000002", 1, "Klf4", "protein_coding"),
    ("X", "-", 4000, 5000, "ENSMUSG00000000003", 7, "Gata1", "protein_coding"),
    ("X", "+", 5500, 6000, "ENSMUSG00000000004", 2, "", "protein_coding"),
    ("1", "+", 3000, 3500, "ENSMUSG00000000005", 1, "Gm5", "lncRNA"),
    ("MT", "+", 100, 900, "ENSMUSG00000000006", 1, "mt-Nd1", "protein_coding"),
    ("JH584304.1", "+", 100, 900, "ENSMUSG00000000007", 1, "Gm7", "protein_coding"),
]
TPM = {"Gnai3": (1.0, 2.0), "Klf4": (3.0, 4.0), "Gata1": (5.0, 6.0), "": (7.0, 0.5), "mt-Nd1": (9.0, 9.0)}
SAMPLES = ("M1-a-liver", "M2-a-brain")
TRACK = ("chr1", 4990, 5010, 2.0)
CONFIG = """
results: results/mouse
edition: corrected
sources:
  annotation: mouse/annotation.gtf
  genome: mouse/genome.fa
  regulators: mouse/regulators.txt
  expression: mouse/tpm.gct
  samples: mouse/samples.txt
  donors: mouse/donors.txt
  histones: mouse/track.bw
motifs: {taxon: vertebrates, collection: CORE, versions: latest}
"""


def genome(seed: int = 0) -> dict[str, str]:
    """Draw the chromosomes of the FASTA; the scaffold of the annotation is not among them."""
    chance = np.random.default_rng(seed)
    return {name: "".join(chance.choice(list("ACGT"), length)) for name, length in LENGTHS.items()}


def write_mouse(folder: Path) -> None:
    """Write the upstream files as Ensembl and the user would have them."""
    folder.mkdir()
    lines = ["#!genome-build GRCm39", "#!genome-version GRCm39"]
    for chromosome, strand, start, end, gene_id, version, name, biotype in GENES:
        attributes = f'gene_id "{gene_id}"; gene_version "{version}"; gene_source "havana"; gene_biotype "{biotype}";'
        attributes += f' gene_name "{name}";' if name else ""
        lines.append(f"{chromosome}\thavana\tgene\t{start}\t{end}\t.\t{strand}\t.\t{attributes}")
    (folder / "annotation.gtf").write_text("\n".join(lines) + "\n")
    (folder / "genome.fa").write_text("".join(f">{name} dna:chromosome\n{bases}\n" for name, bases in genome().items()))
    (folder / "regulators.txt").write_text("# of the user's choice\nGata1\nKlf4\nNanog\n")
    rows = [(f"{gene[4]}.{gene[5]}", gene[6], *TPM[gene[6]]) for gene in GENES if gene[6] in TPM]
    table = "".join("\t".join(map(str, row)) + "\n" for row in rows)
    (folder / "tpm.gct").write_text(f"#1.2\n{len(rows)}\t2\nName\tDescription\t" + "\t".join(SAMPLES) + "\n" + table)
    (folder / "samples.txt").write_text(f"SAMPID\tSMTSD\n{SAMPLES[0]}\tLiver\n{SAMPLES[1]}\tBrain\n")
    (folder / "donors.txt").write_text("SUBJID\tSEX\tAGE\nM1-a\t1\t20-29\nM2-a\t2\t20-29\n")
    with pyBigWig.open(str(folder / "track.bw"), "w") as track:
        track.addHeader([(f"chr{name}", length) for name, length in LENGTHS.items() if name != "MT"])
        name, start, end, value = TRACK
        track.addEntries([name, "chrX"], [start, 4950], ends=[end, 4960], values=[value, 3.0])


@pytest.fixture(scope="module")
def mouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkout in which the arrays of the mouse were made."""
    folder = checkout(tmp_path_factory.mktemp("mouse"))
    write_mouse(folder / "mouse")
    (folder / "mouse.yaml").write_text(CONFIG)
    snakemake(folder, "dataset", "--configfile", "mouse.yaml")
    return folder


@pytest.fixture(scope="module")
def dataset(mouse: Path) -> Dataset:
    return Dataset.open(mouse / "results/mouse/dataset")


pytestmark = [pytest.mark.slow, pytest.mark.workflow]


def test_genes_keep_the_names_of_the_annotation(dataset: Dataset) -> None:
    genes = dataset.genes
    assert genes.gene_id.tolist() == [f"{row[4]}.{row[5]}" for row in GENES[:4]]
    assert genes.gene_name.tolist() == ["Gnai3", "Klf4", "Gata1", ""]
    assert genes.chromosome.tolist() == ["1", "1", "X", "X"]
    assert genes.tss.tolist() == [5000, 8000, 5000, 5500]


def test_sequences_of_both_strands(dataset: Dataset) -> None:
    """The TSS base is at index 2773 of both windows: position 5000 of 1, and the complement of position 5000 of X."""
    chromosomes = genome()
    plus, minus = dataset.onehot[0], dataset.onehot[2]
    read = "".join("ACGT"[base] for base in plus.argmax(axis=1))
    assert read == chromosomes["1"][4999 - 2773 : 4999 - 2773 + 2823]
    read = "".join("ACGT"[base] for base in minus.argmax(axis=1))
    complement = chromosomes["X"].translate(str.maketrans("ACGT", "TGCA"))
    assert read == complement[4950:7773][::-1]
    assert read[2773] == complement[4999]


def test_tracks_with_names_of_ucsc(dataset: Dataset) -> None:
    plus, minus = dataset.histones[0, :, 0], dataset.histones[2, :, 0]
    assert np.flatnonzero(plus).tolist() == list(range(4990 - 2226, 5010 - 2226))
    assert set(plus[plus > 0]) == {2.0}
    # Reversed: positions 4950 to 4959 are the last ten of [4950, 7773).
    assert np.flatnonzero(minus).tolist() == list(range(2813, 2823))
    assert not dataset.histones[1].any()


def test_expression_and_levels(dataset: Dataset) -> None:
    assert dataset.expression.tolist() == [[1, 2], [3, 4], [5, 6], [7, 0.5]]
    assert dataset.regulators.gene_name.tolist() == ["Klf4", "Gata1"]
    assert dataset.regulator_levels.tolist() == [[3, 5], [4, 6]]
    assert dataset.tissues == ("Brain", "Liver")


def test_motifs_by_symbol_in_upper_or_lower_case(dataset: Dataset) -> None:
    database = jaspardb(release="JASPAR2022")
    found = [
        (motif.matrix_id, motif.name)
        for motif in database.fetch_motifs(tax_group="vertebrates", all_versions=False)
        if motif.name.upper() in ("GATA1", "KLF4")
    ]
    database.conn.close()
    assert {name for _, name in found} == {"GATA1", "KLF4"}
    assert list(zip(dataset.motifs.matrix_id.tolist(), dataset.motifs.name.tolist(), strict=True)) == found
    assert dataset.motif_map.tolist() == [[int(name == gene) for _, name in found] for gene in ("KLF4", "GATA1")]
    expected = [[{"KLF4": klf4, "GATA1": gata1}[name] for _, name in found] for klf4, gata1 in [(3, 5), (4, 6)]]
    assert dataset.tf_levels.tolist() == expected


def test_the_logs_say_what_was_taken(mouse: Path) -> None:
    logs = mouse / "results/mouse/logs"
    assert says((logs / "genes.log").read_text(), "1, X", "MT (1)", "JH584304.1 (1)")
    assert says((logs / "expression.log").read_text(), "WARNING", "Nanog")
    assert says((logs / "histone_track/H3K4me1_K562.log").read_text(), "track.bw", "chr1 for 1")
    assert says((logs / "motifs.log").read_text(), "2 regulators")

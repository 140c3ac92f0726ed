"""Real upstream files: released arrays rebuilt bit for bit, and readers on data nobody here made up."""

import csv
import dataclasses
import gzip
import hashlib
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from helpers.fixtures import MakeGenes, Refuses
from pyfaidx import Faidx
from tr300m.arrays.absent_genes import drop_absent
from tr300m.arrays.chromosome_names import choose_chromosomes
from tr300m.arrays.expression import read_expression, read_gct_header, read_gct_rows, stem
from tr300m.arrays.expression_survey import checked_survey
from tr300m.arrays.genes import CHROMOSOMES, RELEASE_WINDOW, GeneRecords, read_gene_records, target_genes
from tr300m.arrays.genome_builds import BUILDS, check_inside, reaching_past, read_lengths
from tr300m.arrays.histones import silent_chromosomes, track_windows
from tr300m.arrays.matrix_formats import open_matrix
from tr300m.arrays.motif_links import choose_motifs
from tr300m.arrays.motifs import (
    CORE_WIDTH,
    TF_WIDTH,
    core_profiles,
    human_profiles,
    kernels,
    motif_axis,
    motif_columns,
    motif_map,
)
from tr300m.arrays.regulators import read_lambert, regulator_axis
from tr300m.arrays.samples import donor_axis, sample_axis, tissue_onehot
from tr300m.arrays.sequence import extract_chromosomes, onehot_windows
from tr300m.base.array_files import save_array
from tr300m.base.axes import Genes, Regulators, Samples
from tr300m.base.files import read_list
from tr300m.config.motif_choice import MotifChoice
from tr300m.dataset.split_schemes import draw_split
from tr300m.dataset.splits import thesis_split
from tr300m.dataset.tf_levels import regulator_genes
from tr300m.release.export import RECIPES, Written, exact_decimals, rebuild, write_release
from tr300m.release.published import read_published
from tr300m.release.verify import compresses_alike, verification

PUBLISHED = read_published(Path(__file__).parents[2] / "resources/release_manifest.tsv")
# Their .npy is known; the others need the full upstream files, or round as another platform's log2 does.
EXACT = [name for name, fact in PUBLISHED.items() if fact.npy_sha256]


@pytest.fixture(scope="module")
def records(realdata: Path) -> GeneRecords:
    """Return the gene lines of GENCODE v26."""
    return read_gene_records(realdata / "gencode" / "gencode.v26.gene_lines.gtf.gz")


@pytest.fixture(scope="module")
def genes(records: GeneRecords) -> Genes:
    """Return the target genes of the release."""
    return target_genes(records, CHROMOSOMES, "release")


@pytest.fixture(scope="module")
def released_ids(realdata: Path) -> list[str]:
    """Return the versioned IDs of the release's regulators."""
    with open(realdata / "gtex" / "released_regulators.txt", encoding="utf-8", newline="") as handle:
        return next(csv.reader(handle))


@pytest.fixture(scope="module")
def regulators(released_ids: list[str], records: GeneRecords) -> Regulators:
    """Return the regulators of the release."""
    return regulator_axis(released_ids, records)


@pytest.fixture(scope="module")
def chr22(realdata: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return chromosome 22 as plain FASTA."""
    out = tmp_path_factory.mktemp("genome") / "genome.fa"
    extract_chromosomes(realdata / "chr22" / "chr22.fa.gz", ["chr22"], out)
    return out


@pytest.fixture(scope="module")
def samples(realdata: Path) -> Samples:
    """Return the 17,382 samples."""
    header = read_gct_header(realdata / "gtex" / "gene_tpm_3_genes.gct.gz")
    return sample_axis(header.sample_ids, realdata / "gtex" / "sample_attributes_rnaseq.txt")


@pytest.fixture(scope="module")
def exported(
    genes: Genes, regulators: Regulators, samples: Samples, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Written]:
    """Return facts of the released files that the real data suffice for, written by the export."""
    root = tmp_path_factory.mktemp("results")
    profiles = motif_columns(human_profiles(), regulators)
    motifs = motif_axis(profiles, spare=1)
    for table, name in ((genes, "genes"), (regulators, "regulators"), (motifs, "motifs")):
        (root / "dataset").mkdir(exist_ok=True)
        table.write(root / f"dataset/{name}.tsv")
    arrays = {
        "core": kernels(core_profiles(), CORE_WIDTH),
        "pssm": kernels(profiles, TF_WIDTH, spare=1),
        "motif_map": motif_map(regulators, motifs),
        "tissue": tissue_onehot(samples.tissue)[1],
    }
    for name, array in arrays.items():
        save_array(root / f"dataset/{name}.npy", array)
    return {
        name: write_release(
            root / f"{name}.npy.gz", rebuild(name, root / RECIPES[name].file), PUBLISHED[name].gz_time or 0
        )
        for name in [*EXACT, "PSSMKernels"]
    }


def test_nine_arrays_are_exact() -> None:
    assert EXACT == [
        "POLIIKernels", "PSSMCounts", "cellTypeArr", "chrArr_gene", "tfBiasArray", "tfChrArr", "tfMotifMatchArray",
        "tfTssArr", "tssArr_gene",
    ]  # fmt: skip


@pytest.mark.parametrize("name", EXACT)
def test_released_array(exported: dict[str, Written], name: str) -> None:
    assert exported[name].shape == PUBLISHED[name].shape
    assert exported[name].npy_sha256 == PUBLISHED[name].npy_sha256


def skip_other_zlib(exported: dict[str, Written]) -> None:
    """Skip where zlib compresses to other bytes: the arrays are the release's all the same, by the test above."""
    if not compresses_alike(exported, PUBLISHED):
        pytest.skip(f"zlib {zlib.ZLIB_RUNTIME_VERSION} packs the released arrays into other bytes")


@pytest.mark.parametrize("name", EXACT)
def test_released_file(exported: dict[str, Written], name: str) -> None:
    skip_other_zlib(exported)
    assert exported[name].gz_sha256 == PUBLISHED[name].gz_sha256
    assert exported[name].gz_bytes == PUBLISHED[name].gz_bytes


def test_kernels_differ_by_the_last_digits_of_log2(exported: dict[str, Written]) -> None:
    assert exported["PSSMKernels"].shape == PUBLISHED["PSSMKernels"].shape
    skip_other_zlib(exported)
    assert abs(exported["PSSMKernels"].gz_bytes - PUBLISHED["PSSMKernels"].gz_bytes) <= 2


def test_verification_calls_them_identical(exported: dict[str, Written]) -> None:
    facts = {name: PUBLISHED[name] for name in exported}
    table = verification(exported, facts, dict.fromkeys(facts, ""))
    verdict = dict(zip(table["array"], table["verdict"], strict=True))
    assert [verdict[name] for name in EXACT] == ["identical"] * 9
    assert verdict["PSSMKernels"] != "identical"


def test_tissues_are_54_sorted_names(samples: Samples) -> None:
    names, _ = tissue_onehot(samples.tissue)
    assert len(names) == 54
    assert names == sorted(names)


def test_released_motif_columns(regulators: Regulators) -> None:
    profiles = motif_columns(human_profiles(), regulators)
    assert len(profiles) == 1071
    assert len({one.name for one in profiles}) == 813
    assert sum(one.name == "TFAP2A" for one in profiles) == 6
    assert not any("::" in one.name for one in profiles)
    pssm = kernels(profiles, 35, spare=1)
    assert pssm.shape == (35, 4, 1072)
    assert not pssm[:, :, -1].any()


def test_corrected_motif_columns(released_ids: list[str], regulators: Regulators, records: GeneRecords) -> None:
    both = regulator_axis(sorted([*released_ids, "ENSG00000198690.9", "ENSG00000100146.16"]), records)
    assert len(both) == 2755
    release = [one.matrix_id for one in motif_columns(human_profiles(), regulators)]
    profiles = motif_columns(human_profiles(), both)
    corrected = [one.matrix_id for one in profiles]
    assert len(corrected) == 1072
    assert corrected.index("MA0442.2") == 455
    assert corrected[:455] + corrected[456:] == release
    assert len({one.name for one in profiles}) == 814
    mapping = motif_map(both, motif_axis(profiles))
    assert mapping.shape == (2755, 1072)
    assert (mapping.sum(axis=0) > 0).all()


def test_motifs_of_the_default_choice_are_the_released_ones(regulators: Regulators) -> None:
    found, profiles = choose_motifs(MotifChoice(), regulators), motif_columns(human_profiles(), regulators)
    assert [one.matrix_id for one in found.profiles] == [one.matrix_id for one in profiles]
    assert np.array_equal(np.pad(found.links, [(0, 0), (0, 1)]), motif_map(regulators, motif_axis(profiles, spare=1)))


def test_a_local_copy_of_the_annotation_gives_the_same_genes(genes: Genes, records: GeneRecords) -> None:
    """The names of hg38's sequences choose the 24 chromosomes, without chrM."""
    in_genome = [*reversed(CHROMOSOMES), "chrM", "chrUn_KI270302v1", "chr1_KI270706v1_random"]
    chosen = choose_chromosomes(records, None, in_genome)
    assert set(chosen) == set(CHROMOSOMES)
    again = target_genes(records, chosen, "release")
    assert all(np.array_equal(column, genes.columns()[name]) for name, column in again.columns().items())


def test_target_genes(genes: Genes, records: GeneRecords) -> None:
    assert len(records) == 58219
    assert len(genes) == 19786
    assert sum(bool(ids) for ids in genes.merged) == 18
    assert sum(len(ids.split(";")) for ids in genes.merged if ids) == 18
    assert genes.window_start.min() == 29689
    assert genes.tss.mean() == pytest.approx(73_641_783.55, abs=0.01)
    assert "chrM" not in genes.chromosome
    assert sum(gene.endswith("_PAR_Y") for gene in genes.gene_id.tolist()) > 0


def test_lambert_list(realdata: Path, released_ids: list[str]) -> None:
    path = realdata / "lambert" / "DatabaseExtract_v_1.01.csv"
    release, corrected = read_lambert(path, "release"), read_lambert(path, "corrected")
    assert len(corrected) == 2765 - 3  # three IDs are no Ensembl IDs
    assert corrected - release == {"ENSG00000198690", "ENSG00000100146"}
    assert {stem(gene) for gene in released_ids} < release
    assert len({stem(gene) for gene in released_ids}) == 2750


def test_regulators_come_out_of_a_gct_of_all_genes(
    realdata: Path, tmp_path: Path, records: GeneRecords, genes: Genes, released_ids: list[str]
) -> None:
    # A GCT of two samples on the real gene IDs, with the release's versions where the annotation lacks them.
    versioned = {(stem(gene), gene.endswith("_PAR_Y")): gene for gene in released_ids}
    ids = [versioned.get((stem(gene), gene.endswith("_PAR_Y")), gene) for gene in records.gene_id.tolist()]
    path = tmp_path / "all.gct.gz"
    with gzip.open(path, "wt", compresslevel=1) as handle:
        handle.write(f"#1.2\n{len(ids)}\t2\nName\tDescription\tS0\tS1\n")
        for number, gene in enumerate(ids):
            handle.write(f"{gene}\t-\t{number}\t{number / 4}\n")
    stems = read_lambert(realdata / "lambert" / "DatabaseExtract_v_1.01.csv", "release")
    expression = np.zeros((len(genes), 2), dtype=np.float32)
    _, found, levels = read_expression(open_matrix(path), genes, np.array(["S0", "S1"]), stems, "release", expression)
    assert found == sorted(found)
    assert set(released_ids) <= set(found)
    # These have gene lines but are no rows of GTEx's GCT, as the specification says.
    assert len(found) - len(released_ids) == 7
    row = {gene: number for number, gene in enumerate(ids)}
    assert levels.shape == (2, len(found))
    assert levels[0].tolist() == [row[gene] for gene in found]
    assert levels[1].tolist() == [row[gene] / 4 for gene in found]
    assert expression[:, 0].tolist() == [row.get(gene, 0) for gene in genes.gene_id.tolist()]


def test_tissues_among_held_out_samples(samples: Samples) -> None:
    split = thesis_split(gene_pool=None)
    assert len(set(samples.tissue[split.validation_samples].tolist())) == 50
    assert len(set(samples.tissue[split.test_samples].tolist())) == 49


def test_folds_and_donors_of_the_whole_dataset(genes: Genes, samples: Samples) -> None:
    settings = {"held_out_genes": 512, "held_out_samples": 512, "gene_pool": 19746, "seed": 0}
    folds = [draw_split(f"chromosome_{fold}", genes, samples, settings | {"folds": 5}) for fold in range(1, 6)]
    sizes = [len(fold.test_genes) for fold in folds]
    assert sum(sizes) == len(genes)
    assert sizes == pytest.approx([len(genes) / 5] * 5, rel=0.05)
    donors = draw_split("donor", genes, samples, settings | {"held_out_donors": 28})
    assert 400 < len(donors.held_out_samples) < 700


def test_genes_that_share_their_promoter_with_training(genes: Genes) -> None:
    """By windows 38 validation and 46 test genes, seven of each by 90 % or more; one more has its twin on chrY."""
    split = thesis_split()
    train, _ = split.training_axes(len(genes), 17382)
    start, end = genes.window_start, genes.window_end
    shared = split.shares_promoter(genes.cluster)
    for part, count, twins in (("validation", 38, 0), ("test", 46, 1)):
        held_out = split.axes(part)[0]  # type: ignore[arg-type]
        overlap = np.array(
            [
                (np.minimum(end[row], end[others]) - np.maximum(start[row], start[others])).max(initial=0)
                for row in held_out
                for others in [train[genes.chromosome[train] == genes.chromosome[row]]]
            ]
        )
        assert ((overlap > 0).sum(), (overlap >= 0.9 * RELEASE_WINDOW.width).sum()) == (count, 7)
        assert shared[held_out][overlap > 0].all()
        assert shared[held_out].sum() == count + twins
        # So that intervals on this split are those of genes drawn one by one.
        assert len(np.unique(genes.cluster[held_out])) == 256


def test_clusters_of_the_release(genes: Genes) -> None:
    _, sizes = np.unique(genes.cluster, return_counts=True)
    assert np.bincount(sizes).tolist() == [0, 16716, 1358, 94, 14, 2, 1]
    row = {gene: number for number, gene in enumerate(genes.gene_id.tolist())}
    twins = [gene for gene in row if gene.endswith("_PAR_Y")]
    assert len(twins) == 18
    assert all(genes.cluster[row[gene]] == genes.cluster[row[gene.removesuffix("_PAR_Y")]] for gene in twins)


def test_no_promoter_is_on_two_sides_of_overlap_free(genes: Genes, samples: Samples) -> None:
    settings = {"held_out_genes": 512, "held_out_samples": 512, "gene_pool": 19746, "seed": 0}
    split, thesis = draw_split("overlap_free", genes, samples, settings), thesis_split()
    assert (len(split.validation_genes), len(split.test_genes)) == (256, 256)
    assert split.test_samples.tolist() == thesis.test_samples.tolist()
    train, _ = split.training_axes(len(genes), len(samples))
    sides = (split.validation_genes, split.test_genes, train)
    side = np.zeros(len(genes), dtype=np.int64)
    for number, members in enumerate(sides):
        side[members] = number
    # Windows in genome order overlap if any two neighbours do, all being of one length.
    order = np.lexsort((genes.window_start, genes.chromosome))
    first, second = order[:-1], order[1:]
    overlap = (genes.chromosome[first] == genes.chromosome[second]) & (
        genes.window_start[second] < genes.window_end[first]
    )
    assert overlap.sum() > 1000
    assert (side[first] == side[second])[overlap].all()
    row = {gene: number for number, gene in enumerate(genes.gene_id.tolist())}
    for gene in (gene for gene in row if gene.endswith("_PAR_Y")):
        assert side[row[gene]] == side[row[gene.removesuffix("_PAR_Y")]]


def test_validation_genes_that_are_regulators(genes: Genes, regulators: Regulators) -> None:
    """Of 32 that are regulators, 11 have a motif: a model with TF levels reads their own TPM."""
    mapping = motif_map(regulators, motif_axis(motif_columns(human_profiles(), regulators), spare=1))
    own = regulator_genes(genes.gene_id, genes.merged, regulators.gene_id, mapping)
    assert own[thesis_split().validation_genes].sum() == 11
    every = regulator_genes(genes.gene_id, genes.merged, regulators.gene_id, np.ones((len(regulators), 1)))
    assert every[thesis_split().validation_genes].sum() == 32


def test_donors(realdata: Path, samples: Samples) -> None:
    donors = donor_axis(samples, realdata / "gtex" / "subject_phenotypes.txt")
    assert set(donors.donor_id.tolist()) == set(samples.donor_id.tolist())
    assert donors.donor_id[0] == "GTEX-1117F"
    assert (donors.sex[0], donors.age[0]) == ("2", "60-69")
    assert set(donors.sex.tolist()) <= {"1", "2"}
    assert len(donors) == len({"-".join(name.split("-")[:2]) for name in samples.sample_id.tolist()})


def chr22_genes(records: GeneRecords, edition: str = "release") -> Genes:
    """Return the target genes of chromosome 22."""
    return target_genes(records, ("chr22",), edition)


def test_chr22_has_439_genes_without_unknown_bases(chr22: Path, records: GeneRecords) -> None:
    genes = chr22_genes(records)
    assert len(genes) == 439
    onehot = onehot_windows(chr22, genes)
    assert onehot.shape == (439, 2823, 4)
    assert set(np.unique(onehot).tolist()) == {0, 1}
    assert (onehot.sum(axis=2) == 1).all()


def test_chr22_is_whole(chr22: Path) -> None:
    bases = "".join(line for line in chr22.read_text().splitlines() if not line.startswith(">")).upper()
    assert len(bases) == 50_818_468
    assert hashlib.md5(bases.encode(), usedforsecurity=False).hexdigest() == "221733a2a15e2de66d33e73d126c5109"


# Ten bases before the TSS, the TSS base and ten after, 5' to 3' on the gene's strand. Read from the FASTA by slicing
# its text at the GTF's coordinate; on - reversed and complemented by hand.
TSS_BASES = [
    ("HMOX1", "+", 35380361, "AGGAGGCAGG", "C", "GGGGACTTAG"),
    ("MIF", "+", 23894004, "GACAGGAGGT", "A", "CAGGGGCTCA"),
    ("XBP1", "-", 28800597, "CCACGACCGT", "A", "GAAAGGCCGG"),
    ("MAPK1", "-", 21867680, "CTCGGCGCGC", "G", "CCCCTCCCTC"),
]


@pytest.mark.parametrize(("edition", "plus"), [("release", 2772), ("corrected", 2773)])
@pytest.mark.parametrize(("name", "strand", "tss", "before", "base", "after"), TSS_BASES)
def test_bases_around_the_tss(
    chr22: Path,
    records: GeneRecords,
    edition: str,
    plus: int,
    name: str,
    strand: str,
    tss: int,
    before: str,
    base: str,
    after: str,
) -> None:
    genes = chr22_genes(records, edition)
    gene = genes.take(genes.gene_name == name)
    assert gene.tss.tolist() == [tss]
    assert gene.strand.tolist() == [strand]
    window = "".join("ACGT"[column] for column in onehot_windows(chr22, gene)[0].argmax(axis=1))
    index = plus if strand == "+" else 2773
    assert window[index - 10 : index] == before
    assert window[index] == base
    assert window[index + 1 : index + 11] == after


@pytest.mark.parametrize("cell", ["K562", "GM12878"])
def test_accessibility_peaks_at_the_tss(realdata: Path, records: GeneRecords, cell: str) -> None:
    genes = chr22_genes(records)
    path = realdata / "chr22" / f"acc.{cell}.chr22.bw"
    far = dataclasses.replace(genes, window_start=genes.window_start + 20_000, window_end=genes.window_end + 20_000)
    near_mean = track_windows(path, genes)[:, 2673:].mean(dtype=np.float64)
    far_mean = track_windows(path, far)[:, 2673:].mean(dtype=np.float64)
    assert near_mean > 3 * far_mean > 0


@pytest.mark.parametrize("name", ["acc.K562", "GM12878.ds", "K562.ds"])
def test_real_tracks_equal_values_by_position(realdata: Path, records: GeneRecords, name: str) -> None:
    genes = chr22_genes(records).take(np.arange(0, 439, 40))
    files = sorted((realdata / "chr22").glob(f"{name}.chr22*.bw"))
    assert files
    for path in files:
        found = track_windows(path, genes)
        handle = pyBigWig.open(str(path))
        for row in range(len(genes)):
            values = handle.values("chr22", int(genes.window_start[row]), int(genes.window_end[row]))
            expected = np.array([0 if value != value else value for value in values], dtype=np.float32)
            assert np.array_equal(found[row], expected if genes.strand[row] == "+" else expected[::-1])
        handle.close()


def test_initiation_stands_just_downstream_on_the_genes_strand(realdata: Path, records: GeneRecords) -> None:
    # Stranded initiation, so a reversed or complemented window would lose it.
    genes = chr22_genes(records)
    plus, minus = genes.take(genes.strand == "+"), genes.take(genes.strand == "-")
    sense = [
        track_windows(realdata / "chr22" / "K562.ds.chr22.pl.bw", plus),
        track_windows(realdata / "chr22" / "K562.ds.chr22.mn.bw", minus),
    ]
    for windows in sense:
        profile = np.abs(windows).mean(axis=0, dtype=np.float64)
        assert profile[2673:].mean() > 5 * profile[:1500].mean()


def test_gct_of_three_genes(realdata: Path, samples: Samples, make_genes: MakeGenes) -> None:
    path = realdata / "gtex" / "gene_tpm_3_genes.gct.gz"
    header = read_gct_header(path)
    assert header.rows == 3
    assert len(header.sample_ids) == 17382
    assert header.sample_ids[-1] == "GTEX-ZZPU-2726-SM-5NQ8O"
    ids = ["ENSG00000171867.16", "ENSG00000130234.10", "ENSG00000000000.1"]
    genes = make_genes([("chr20", "+", 4686456), ("chrX", "-", 15602148), ("chr1", "+", 9000)], ids=ids)
    expression = np.zeros((3, 17382), dtype=np.float32)
    present, regulators, levels = read_expression(
        open_matrix(path), genes, samples.sample_id, frozenset({"ENSG00000184012"}), "release", expression
    )
    assert present.tolist() == [True, True, False]
    assert expression[0, :3].tolist() == np.array([127, 52.78, 113.8], dtype=np.float32).tolist()
    assert expression[0, -1] == np.float32(66.64)
    assert expression[1, :3].tolist() == np.array([0.09511, 0.09585, 0.1738], dtype=np.float32).tolist()
    assert expression[1, -1] == np.float32(3.277)
    assert not expression[2].any()
    assert regulators == ["ENSG00000184012.11"]
    assert levels.shape == (17382, 1)
    assert levels[[0, 1, -1], 0].tolist() == np.array([7.375, 0.1302, 0.008049], dtype=np.float32).tolist()


def test_decimals_of_real_rows_come_back_exactly(realdata: Path) -> None:
    with gzip.open(realdata / "gtex" / "gene_tpm_3_genes.gct.gz", "rt") as handle:
        rows = [line.rstrip("\n").split("\t")[2:] for line in handle.readlines()[3:]]
    exact = np.array([[float(value) for value in row] for row in rows])
    assert exact.shape == (3, 17382)
    assert not np.array_equal(exact, exact.astype(np.float32))
    assert exact_decimals(exact.astype(np.float32)).tobytes() == exact.tobytes()
    # GTEx prints four digits.
    assert max(len(value.replace(".", "").strip("0")) for row in rows for value in row) == 4


def test_gct_whose_header_lies(realdata: Path, refuses: Refuses) -> None:
    path = realdata / "gtex" / "gene_reads_59_genes.gct.gz"
    with refuses("gene_reads_59_genes.gct.gz", "56200", "59"):
        list(read_gct_rows(path, lambda gene: gene.startswith("ENSG00000117118.")))


def test_attributes_cover_the_gct(samples: Samples) -> None:
    assert len(samples) == 17382
    assert samples.sample_id[0] == "GTEX-1117F-0226-SM-5GZZ7"
    assert samples.tissue[:2].tolist() == ["Adipose - Subcutaneous", "Muscle - Skeletal"]


@pytest.mark.parametrize("mark", ["k4me1", "k4me3", "k27ac"])
def test_hg19_histones_on_hg38_are_refused(realdata: Path, refuses: Refuses, records: GeneRecords, mark: str) -> None:
    genes = target_genes(records, ("chr6",), "release").take(np.arange(3))
    path = realdata / "histone_hg19" / f"H1_{mark}.bw"
    with refuses(f"H1_{mark}.bw", "chr6", "171,115,067", "hg19", "170,805,979", "hg38"):
        track_windows(path, genes, BUILDS["hg38"])


def test_hg38_tracks_on_hg38_are_read(realdata: Path, chr22: Path, records: GeneRecords) -> None:
    Faidx(str(chr22)).close()
    genome = read_lengths(f"{chr22}.fai")
    assert genome == {"chr22": BUILDS["hg38"]["chr22"]}
    genes = chr22_genes(records)
    check_inside(genes, genome, chr22)
    assert reaching_past(genes, genome) == []
    windows = track_windows(realdata / "chr22" / "acc.K562.chr22.bw", genes, genome)
    assert silent_chromosomes(genes, windows) == {}


def test_all_target_genes_lie_inside_hg38(genes: Genes) -> None:
    check_inside(genes, BUILDS["hg38"], "hg38")
    assert reaching_past(genes, BUILDS["hg38"]) == []


@pytest.mark.parametrize("mark", ["k4me1", "k4me3", "k27ac"])
def test_hg19_histones_read(realdata: Path, make_genes: MakeGenes, mark: str) -> None:
    path = realdata / "histone_hg19" / f"H1_{mark}.bw"
    handle = pyBigWig.open(str(path))
    (chromosome,) = handle.chroms()
    start, end, value = handle.intervals(chromosome)[0]
    genes = make_genes([(chromosome, "+", start + 3000), (chromosome, "-", start + 3000), ("chr1", "+", 9000)])
    found = track_windows(path, genes)
    for row in (0, 1):
        values = handle.values(chromosome, int(genes.window_start[row]), int(genes.window_end[row]))
        expected = np.nan_to_num(np.array(values, dtype=np.float32))
        assert np.array_equal(found[row], expected if row == 0 else expected[::-1])
    handle.close()
    assert value > 0
    assert end > start
    assert found[:2].max() > 0
    assert not found[2].any()


@pytest.mark.parametrize("edition", ["release", "corrected"])
def test_tissues_of_the_pilot_are_tpm_of_the_annotation(realdata: Path, edition: str) -> None:
    """Rounded values of one column a tissue, 19,764 genes; some IDs have no version in either file."""
    own = read_gene_records(realdata / "pilot" / "genes.gtf.gz")
    survey = checked_survey(realdata / "pilot" / "tpm.gct.gz", own, "TPM")
    assert (len(survey.gene_ids), survey.ambiguous) == (19_764, {})
    kept, dropped = drop_absent(target_genes(own, ("chr20", "chr22", "chrX"), edition), survey.gene_ids, edition, "x")
    assert (len(kept), len(dropped)) == (1_241, 23)
    assert set(kept.gene_id) == set(read_list(realdata / "pilot" / "target_genes.txt"))


def test_a_table_of_the_pilot_by_symbol(realdata: Path, tmp_path: Path, records: GeneRecords, refuses: Refuses) -> None:
    with gzip.open(realdata / "pilot" / "tpm.gct.gz", "rt", encoding="utf-8") as handle:
        rows = [line.rstrip("\n").split("\t")[1:] for line in handle.readlines()[2:]]
    times = Counter(row[0] for row in rows)
    once = [row for row in rows if times[row[0]] == 1]
    (tmp_path / "a.csv").write_text("\n".join(map(",".join, once)) + "\n")
    survey = checked_survey(tmp_path / "a.csv", records, "TPM")
    assert len(survey.gene_ids) + len(survey.ambiguous) == len(once) - 1
    assert {"MAL2", "SDHD"} <= set(survey.ambiguous)
    # Written as the mouse's symbols are.
    mouse = [[row[0].capitalize(), *row[1:]] for row in once[1:] if row[0].capitalize() != row[0]]
    (tmp_path / "mouse.csv").write_text("\n".join(map(",".join, [once[0], *mouse])) + "\n")
    with refuses("mouse.csv", "species", mouse[0][0]):
        checked_survey(tmp_path / "mouse.csv", records, "TPM")

"""The simulated upstream files: their formats line by line, their special cases, and the planted truth."""

import csv
import gzip
import hashlib
import itertools
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyBigWig  # type: ignore[import-not-found, import-untyped, unused-ignore]
import pytest
from helpers.fixtures import Refuses
from numpy.typing import NDArray
from tr300m.base.axes import CELLS, MARKS
from tr300m.base.base_codes import OUTSIDE_CODE, UNKNOWN_CODE
from tr300m.base.files import read_json, read_lines, read_tsv
from tr300m.config.simulation import SimulationConfig
from tr300m.simulate.annotation import simulate_gtf
from tr300m.simulate.bigwig import simulate_bigwig
from tr300m.simulate.driver_motifs import ProbabilityMatrix, best_scores, driver_matrix, human_matrices
from tr300m.simulate.expression import simulate_gct
from tr300m.simulate.formats import (
    Gene,
    read_genes,
    read_genome,
    read_regulator_ids,
    read_samples,
    window_codes,
)
from tr300m.simulate.genome import chromosome_sizes, simulate_genome
from tr300m.simulate.lambert import simulate_lambert
from tr300m.simulate.samples import simulate_sample_attributes, simulate_subject_phenotypes
from tr300m.simulate.truth import simulate_truth

CONFIG = SimulationConfig()
STEP = {"+": 1, "-": -1}
TARGETS = ("chr1", "chr2", "chr22", "chrX", "chrY")


def simulate(config: SimulationConfig, folder: Path, tracks: list[tuple[str, str]]) -> Path:
    """Write all files of a simulation to `folder`."""
    gtf, fasta, lambert, table = (folder / name for name in ("a.gtf.gz", "g.fa.gz", "tf.csv", "samples.txt"))
    truth = folder / "truth"
    simulate_gtf(config, gtf)
    simulate_lambert(config, gtf, lambert)
    simulate_sample_attributes(config, table)
    simulate_subject_phenotypes(config, folder / "donors.txt")
    simulate_genome(config, gtf, fasta, truth)
    simulate_truth(config, gtf, fasta, lambert, table, truth)
    simulate_gct(config, truth, folder / "tpm.gct.gz")
    sizes = chromosome_sizes(read_genes(gtf))
    (folder / "sizes").write_text("".join(f"{name}\t{size}\t0\t50\t51\n" for name, size in sizes.items()))
    for mark, cell in tracks:
        simulate_bigwig(config, truth, folder / "sizes", mark, cell, folder / f"{cell}{mark}.bigWig")
    return folder


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate(CONFIG, tmp_path_factory.mktemp("demo"), [(mark, cell) for mark in MARKS for cell in CELLS])


@pytest.fixture(scope="module")
def genes(demo: Path) -> list[Gene]:
    return read_genes(demo / "a.gtf.gz")


@pytest.fixture(scope="module")
def genome(demo: Path) -> dict[str, NDArray[Any]]:
    return read_genome(demo / "g.fa.gz", [*TARGETS, "chrM"])


def targets(genes: list[Gene]) -> list[Gene]:
    return [gene for gene in genes if gene.kind == "protein_coding" and gene.chromosome in TARGETS]


# --- annotation -------------------------------------------------------------------------------------------------------


def test_gtf_lines_are_well_formed(demo: Path) -> None:
    features: Counter[str] = Counter()
    lines = list(read_lines(demo / "a.gtf.gz"))
    assert lines[0].startswith("##description: SIMULATED")
    for line in lines:
        if line.startswith("##"):
            continue
        field = line.split("\t")
        assert len(field) == 9
        assert 1 <= int(field[3]) <= int(field[4])
        assert field[6] in "+-"
        assert field[8].startswith('gene_id "ENSG')
        assert field[8].endswith(";")
        features[field[2]] += 1
    assert features["gene"] == features["transcript"] < features["exon"]


def test_gtf_is_in_genome_order_with_unique_ids(genes: list[Gene]) -> None:
    assert [*dict.fromkeys(gene.chromosome for gene in genes)] == [*TARGETS, "chrM"]
    for chromosome in TARGETS:
        starts = [gene.start for gene in genes if gene.chromosome == chromosome]
        assert starts == sorted(starts)
    assert len({gene.gene_id for gene in genes}) == len(genes)
    assert len(targets(genes)) == CONFIG.genes


def test_gtf_has_every_special_case(genes: list[Gene]) -> None:
    by_id = {gene.gene_id: gene for gene in genes}
    assert {gene.kind for gene in genes} > {"protein_coding", "lincRNA", "processed_pseudogene"}
    assert any(gene.chromosome == "chrM" and gene.kind == "protein_coding" for gene in genes)
    assert {gene.strand for gene in targets(genes)} == {"+", "-"}
    par = [gene for gene in genes if gene.gene_id.endswith("_PAR_Y")]
    assert {"ZBED1", "SHOX", "PPP2R3B"} < {gene.name for gene in par}
    for gene in par:
        twin = by_id[gene.gene_id.removesuffix("_PAR_Y")]
        assert (gene.chromosome, twin.chromosome) == ("chrY", "chrX")
        assert gene[4:] == twin[4:]
    shared = Counter((gene.chromosome, gene.tss, gene.strand) for gene in targets(genes))
    doubled = [key for key, count in shared.items() if count == 2]
    assert {strand for _, _, strand in doubled} == {"+", "-"}
    assert len(doubled) == 2
    assert max(shared.values()) == 2
    sizes = chromosome_sizes(genes)
    before = [gene for gene in targets(genes) if gene.window[0] < 0]
    after = [gene for gene in targets(genes) if gene.window[1] > sizes[gene.chromosome]]
    assert len(before) == len(after) == 1


def test_most_windows_do_not_overlap(genes: list[Gene]) -> None:
    overlapping = 0
    for chromosome in TARGETS:
        windows = sorted({gene.window for gene in targets(genes) if gene.chromosome == chromosome})
        overlapping += sum(left[1] > right[0] for left, right in itertools.pairwise(windows))
    assert 3 <= overlapping <= 8


# --- regulators -------------------------------------------------------------------------------------------------------


def test_lambert_has_the_real_columns_and_special_rows(demo: Path, genes: list[Gene]) -> None:
    with open(demo / "tf.csv", encoding="utf-8", newline="") as handle:
        rows = list(csv.reader(handle))
    header, body = rows[0], rows[1:]
    assert header[:5] == ["number", "Ensembl ID", "HGNC symbol", "DBD", "Is TF?"]
    assert "Conditional Binding Requirements " in header
    assert all(len(row) == len(header) == 29 for row in body)
    assert any("," in cell for row in body for cell in row)
    symbols = {row[1]: row[2] for row in body}
    assert symbols["ENSG00000198690"] == "FAN1"
    assert symbols["ENSG00000100146"] == "SOX10"
    stable = {gene.stable_id for gene in genes}
    absent = set(symbols) - stable
    assert any(not name.startswith("ENSG") for name in absent)
    assert any(name.startswith("ENSG") for name in absent)
    assert {"FAN1", "SOX10", "TFAP2A", *CONFIG.drivers} <= {gene.name for gene in targets(genes)}
    assert any(gene.stable_id in symbols and gene.kind != "protein_coding" for gene in genes)


def test_lambert_matches_the_real_header(demo: Path) -> None:
    if "TR300M_REALDATA" not in os.environ:
        pytest.skip("TR300M_REALDATA is not set")
    real = Path(os.environ["TR300M_REALDATA"]) / "lambert/DatabaseExtract_v_1.01.csv"
    assert next(read_lines(demo / "tf.csv")) == next(read_lines(real))


def test_motif_columns_stay_few(demo: Path, genes: list[Gene]) -> None:
    listed = read_regulator_ids(demo / "tf.csv")
    names = {gene.name for gene in genes if gene.stable_id in listed}
    columns = Counter(profile.name for profile in human_matrices() if profile.name in names)
    assert len(human_matrices()) == 1237
    assert 100 < columns.total() <= 120
    assert columns["TFAP2A"] == 6
    assert columns["FAN1"] == 0
    assert columns["ZBED1"] == 1


# --- samples ----------------------------------------------------------------------------------------------------------


def test_sample_table(demo: Path) -> None:
    table = read_tsv(demo / "samples.txt")
    sequenced = table["SMAFRZE"] == "RNASEQ"
    assert sequenced.sum() == CONFIG.samples
    assert {"WGS", "EXCLUDE"} <= set(table["SMAFRZE"].tolist())
    assert set(table["SMTSD"][sequenced].tolist()) == set(CONFIG.tissues)
    assert len(np.unique(table["SAMPID"])) == len(table["SAMPID"])
    for name in table["SAMPID"][sequenced]:
        project, donor, portion, kind, vial = str(name).split("-")
        assert (project, kind) == ("GTEX", "SM")
        assert len(donor) in (4, 5)
        assert len(portion) == 4
        assert len(vial) == 5
    donors = Counter("-".join(str(name).split("-")[:2]) for name in table["SAMPID"][sequenced])
    assert len(donors) == CONFIG.donors
    assert set(donors.values()) == {CONFIG.samples // CONFIG.donors}
    phenotypes = read_tsv(demo / "donors.txt")
    assert list(phenotypes) == ["SUBJID", "SEX", "AGE", "DTHHRDY"]
    assert set(donors) < set(phenotypes["SUBJID"].tolist())
    assert set(phenotypes["SEX"].tolist()) == {"1", "2"}


def test_samples_are_taken_evenly_over_tissues_in_file_order(tmp_path: Path) -> None:
    rows = [f"GTEX-{i}-1-SM-X\t{'rare' if i == 7 else 'common'}\tRNASEQ\n" for i in range(10)]
    rows.insert(0, "GTEX-90-1-SM-X\trare\tWGS\n")
    (tmp_path / "s.txt").write_text("SAMPID\tSMTSD\tSMAFRZE\n" + "".join(rows))
    table = read_samples(tmp_path / "s.txt", 4)
    assert table.sample_id.tolist() == [f"GTEX-{i}-1-SM-X" for i in (0, 1, 2, 7)]
    assert table.donor.tolist()[-1] == "GTEX-7"
    assert len(read_samples(tmp_path / "s.txt", 50).sample_id) == 10


# --- genome -----------------------------------------------------------------------------------------------------------


def test_fasta_lines(demo: Path, genes: list[Gene]) -> None:
    sizes: Counter[str] = Counter()
    seen: set[str] = set()
    name = ""
    for line in read_lines(demo / "g.fa.gz"):
        if line.startswith(">"):
            name = line[1:]
            continue
        assert len(line) <= 60
        sizes[name] += len(line)
        seen |= set(line)
    assert dict(sizes) == chromosome_sizes(genes)
    assert seen == set("ACGTNacgt")


def test_genome_special_stretches(genes: list[Gene], genome: dict[str, NDArray[Any]]) -> None:
    for chromosome in TARGETS:
        assert (genome[chromosome][:200] == UNKNOWN_CODE).all()
    windows = [window_codes(genome, gene) for gene in targets(genes)]
    assert all(len(window) == 2823 for window in windows)
    unknown = [int((window == UNKNOWN_CODE).sum()) for window in windows]
    assert sum(count > 0 for count in unknown) == 2  # the run inside a window, and the start of chr1
    assert sum(bool((window == OUTSIDE_CODE).any()) for window in windows) == 2
    content = [float(np.isin(window, (1, 2)).mean()) for window in windows]
    assert np.std(content) > 0.02
    for gene in targets(genes):
        if gene.gene_id.endswith("_PAR_Y"):
            twin = gene._replace(chromosome="chrX")
            assert (window_codes(genome, gene) == window_codes(genome, twin)).all()


def test_planted_sites_score_high_where_the_table_says(
    demo: Path, genes: list[Gene], genome: dict[str, NDArray[Any]]
) -> None:
    sites = read_tsv(demo / "truth/motif_sites.tsv")
    by_id = {gene.gene_id: gene for gene in genes}
    profiles = {name: driver_matrix(name) for name in CONFIG.drivers}
    distance, above = [], []
    for row in range(len(sites["gene_id"])):
        gene, profile = by_id[str(sites["gene_id"][row])], profiles[str(sites["regulator"][row])]
        width, start = len(profile.scores), int(sites["start"][row])
        first, last = gene.window
        index = start - first if gene.strand == "+" else last - start - width
        assert 0 <= index <= 2823 - width
        site = window_codes(genome, gene)[None, index : index + width]
        assert sites["matrix_id"][row] == profile.matrix_id
        above.append(best_scores(site, profile)[0] > 0)
        distance.append(2823 - index)
    assert np.mean(above) > 0.95
    assert 0.7 < np.mean(np.array(distance) <= 500) < 0.95
    assert set(sites["strand"].tolist()) == {"+", "-"}


# --- truth and expression ---------------------------------------------------------------------------------------------


def read_gct(path: Path) -> tuple[list[str], list[str], NDArray[Any]]:
    lines = list(read_lines(path))
    assert lines[0] == "#1.2"
    rows, columns = (int(number) for number in lines[1].split("\t"))
    header = lines[2].split("\t")
    assert header[:2] == ["Name", "Description"]
    body = [line.split("\t") for line in lines[3:]]
    assert len(body) == rows
    assert all(len(row) == columns + 2 for row in body)
    for row in body[:20]:
        for value in row[2:]:
            assert value == f"{float(value):.4g}"
    return [row[0] for row in body], header[2:], np.array([row[2:] for row in body], dtype=np.float64)


def test_gct(demo: Path, genes: list[Gene]) -> None:
    names, samples, tpm = read_gct(demo / "tpm.gct.gz")
    table = read_tsv(demo / "samples.txt")
    assert samples == table["SAMPID"][table["SMAFRZE"] == "RNASEQ"].tolist()
    missing = [gene for gene in genes if gene.gene_id not in set(names)]
    assert len(missing) == 1
    assert missing[0] in targets(genes)
    assert names == [gene.gene_id for gene in genes if gene != missing[0]]
    assert (tpm >= 0).all()
    assert 0.1 < (tpm == 0).mean() < 0.5
    assert tpm.max() > 9_999  # chrM: four digits are then written with an exponent
    by_name = dict(zip(names, tpm, strict=True))
    for name in names:
        if name.endswith("_PAR_Y"):
            np.testing.assert_allclose(by_name[name], 0.05 * by_name[name.removesuffix("_PAR_Y")], rtol=2e-3)
    assert read_json(demo / "truth/summary.json")["gene_missing_from_expression"] == missing[0].gene_id


def test_openness_explains_gene_means_and_regulation_samples(demo: Path, genes: list[Gene]) -> None:
    names, _, tpm = read_gct(demo / "tpm.gct.gz")
    row = {name: index for index, name in enumerate(names)}
    table = read_tsv(demo / "truth/openness.tsv")
    openness = np.array([table[cell] for cell in CELLS], dtype=np.float64).T
    assert openness.min() >= 0
    assert openness.max() <= 1
    plain = [gene.gene_id for gene in targets(genes) if gene.gene_id in row]
    at = {name: index for index, name in enumerate(table["gene_id"].tolist())}
    mean_open = openness[[at[name] for name in plain]].mean(axis=1)
    mean_log = np.log1p(tpm[[row[name] for name in plain]]).mean(axis=1)
    assert np.corrcoef(mean_open, mean_log)[0, 1] > 0.9
    shares = read_json(demo / "truth/summary.json")["variance"]["across_samples_of_expressed_genes"]
    assert shares["regulation"] > 0.2
    assert shares["openness"] > 0.2


def test_effects_can_be_read_back_from_the_files(demo: Path, genes: list[Gene]) -> None:
    """Regress each open gene's log level on the drivers' levels; the slopes follow effect times hit."""
    names, _, tpm = read_gct(demo / "tpm.gct.gz")
    row = {name: index for index, name in enumerate(names)}
    effects = read_tsv(demo / "truth/regulator_effects.tsv")
    hits = read_tsv(demo / "truth/hits.tsv")
    opens = read_tsv(demo / "truth/openness.tsv")
    level = np.log1p(tpm[[row[name] for name in effects["gene_id"].tolist()]]).T
    level = (level - level.mean(axis=0)) / level.std(axis=0)
    design = np.column_stack([np.ones(len(level)), level])
    wanted, found = [], []
    for index, name in enumerate(hits["gene_id"].tolist()):
        if name not in row or name in effects["gene_id"]:
            continue
        if min(float(opens[cell][index]) for cell in CELLS) > 0.6:
            found.append(np.linalg.lstsq(design, np.log1p(tpm[row[name]]), rcond=None)[0][1:])
            hit = np.array([hits[driver][index] for driver in CONFIG.drivers], dtype=np.float64)
            wanted.append(hit * effects["effect"].astype(np.float64))
    assert len(found) > 20
    assert np.corrcoef(np.ravel(wanted), np.ravel(found))[0, 1] > 0.7


def test_neighbouring_promoters_are_equally_open_and_par_copies_closed(demo: Path, genes: list[Gene]) -> None:
    table = read_tsv(demo / "truth/openness.tsv")
    at = {name: index for index, name in enumerate(table["gene_id"].tolist())}
    openness = np.array([table[cell] for cell in CELLS], dtype=np.float64).T
    near = [
        (at[left.gene_id], at[right.gene_id])
        for left, right in itertools.combinations(targets(genes), 2)
        if left.chromosome == right.chromosome and abs(left.tss - right.tss) <= 301
    ]
    assert len(near) >= len(TARGETS) + 2
    assert all((openness[left] == openness[right]).all() for left, right in near)
    assert all((openness[row] == 0).all() for name, row in at.items() if name.endswith("_PAR_Y"))


def test_tissue_mixes_sum_to_one(demo: Path) -> None:
    table = read_tsv(demo / "truth/tissue_cells.tsv")
    assert table["tissue"].tolist() == sorted(CONFIG.tissues)
    np.testing.assert_allclose(np.sum([table[cell].astype(float) for cell in CELLS], axis=0), 1, atol=1e-3)


# --- bigWigs ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", MARKS)
def test_bigwigs_are_higher_at_open_genes(demo: Path, genes: list[Gene], mark: str) -> None:
    table = read_tsv(demo / "truth/openness.tsv")
    at = {name: index for index, name in enumerate(table["gene_id"].tolist())}
    plain = [gene for gene in targets(genes) if gene.window[0] >= 0 and not gene.gene_id.endswith("_PAR_Y")]
    for cell in CELLS:
        with pyBigWig.open(str(demo / f"{cell}{mark}.bigWig")) as track:
            chromosomes = track.chroms()
            assert ("chrY" in chromosomes) == (cell != CONFIG.gap_cell)
            mine = [gene for gene in plain if gene.window[1] <= chromosomes.get(gene.chromosome, 0)]
            signal = [track.values(gene.chromosome, *gene.window, numpy=True) for gene in mine]
        openness = np.array([float(table[cell][at[gene.gene_id]]) for gene in mine])
        height = np.array([np.nanmean(values) for values in signal])
        assert np.corrcoef(openness, height)[0, 1] > 0.8
        assert height[openness > 0.7].mean() > 2 * height[openness < 0.2].mean()
        gaps = np.array([np.isnan(values).mean() for values in signal])
        assert 0 < (gaps > 0).mean() < 1
        assert gaps.max() < 0.5


def test_bigwig_bins(demo: Path) -> None:
    with pyBigWig.open(str(demo / "K562H3K4me3.bigWig")) as track:
        intervals = track.intervals("chr2")
        far = track.values("chr2", 0, 1000)
        size = track.chroms("chr2")
    assert all(end - start == 25 and start % 25 == 0 for start, end, _ in intervals)
    assert intervals[-1][1] <= size
    values = np.array([value for _, _, value in intervals])
    np.testing.assert_allclose(values, np.round(values, 2), atol=1e-5)
    assert 0.3 < np.median(values) < 2
    assert np.isnan(far).all()


def test_peak_shapes_differ_by_mark(demo: Path, genes: list[Gene]) -> None:
    """H3K4me3 stands at the TSS, H3K4me1 on the flanks, H3K27ac is broader than H3K4me3."""
    table = read_tsv(demo / "truth/openness.tsv")
    at = {name: index for index, name in enumerate(table["gene_id"].tolist())}
    profile = {}
    for mark in MARKS:
        with pyBigWig.open(str(demo / f"Gm12878{mark}.bigWig")) as track:
            stack = [
                track.values(gene.chromosome, gene.tss - 2500, gene.tss + 2500, numpy=True)[:: STEP[gene.strand]]
                for gene in targets(genes)
                if gene.chromosome == "chr22" and float(table["Gm12878"][at[gene.gene_id]]) > 0.7
            ]
        profile[mark] = np.nanmean(stack, axis=0)
    upstream, middle = slice(1000, 1300), slice(2200, 2800)
    assert profile["H3K4me1"][upstream].mean() > 2 * profile["H3K4me1"][middle].mean()
    assert profile["H3K4me3"][middle].mean() > 4 * profile["H3K4me3"][upstream].mean()
    narrow, broad = (profile[m] > 0.5 * profile[m].max() for m in ("H3K4me3", "H3K27ac"))
    assert narrow.sum() < broad.sum()


# --- all together -----------------------------------------------------------------------------------------------------


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_same_config_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    small = {"genes": 80, "regulators": 12, "samples": 24, "donors": 6, "chromosomes": ["chr1", "chrX", "chrY"]}
    config = SimulationConfig.from_dict(small)
    tracks = [("H3K27ac", "K562"), ("h3k4me1", "Nhlf")]
    first, second = (digests(simulate(config, tmp_path / name, tracks)) for name in "ab")
    assert first == second
    assert len(first) == 20
    other = digests(simulate(SimulationConfig.from_dict(small | {"seed": 4}), tmp_path / "c", tracks))
    same = {name for name in first if first[name] == other[name]}
    assert same <= {"tf.csv", "sizes"}


def test_gzip_headers_carry_no_time(demo: Path) -> None:
    for name in ("a.gtf.gz", "g.fa.gz", "tpm.gct.gz"):
        assert (demo / name).read_bytes()[4:8] == bytes(4)


def test_truth_on_some_chromosomes_with_regulators_elsewhere(demo: Path, tmp_path: Path) -> None:
    """What is done with one real chromosome: few target genes, all regulators, some samples."""
    config = SimulationConfig.from_dict({"chromosomes": ["chr22"], "samples": 40, "all_genes": False})
    fasta = tmp_path / "chr22.fa"
    text = gzip.decompress((demo / "g.fa.gz").read_bytes()).decode()
    fasta.write_text(">chr22" + text.split(">chr22")[1].split(">")[0])
    truth = tmp_path / "truth"
    simulate_truth(config, demo / "a.gtf.gz", fasta, demo / "tf.csv", demo / "samples.txt", truth)
    simulate_gct(config, truth, tmp_path / "tpm.gct.gz")
    genes = read_tsv(truth / "genes.tsv")
    elsewhere = genes["chromosome"] != "chr22"
    assert (genes["regulator"][elsewhere] == "1").all()
    assert (genes["has_sequence"] == np.where(elsewhere, "0", "1")).all()
    assert set(read_tsv(truth / "openness.tsv")["gene_id"].tolist()) == set(genes["gene_id"][~elsewhere].tolist())
    names, samples, tpm = read_gct(tmp_path / "tpm.gct.gz")
    tissue = read_tsv(truth / "samples.tsv")["tissue"]
    assert len(samples) == 40
    assert set(Counter(tissue.tolist()).values()) == {5}
    drivers = genes["gene_id"][(genes["driver"] == "1") & elsewhere].tolist()
    assert drivers
    for name in drivers:
        assert tpm[names.index(name)].std() > 1
    (tmp_path / "sizes").write_text("chr22\t5000000\n")
    simulate_bigwig(config, truth, tmp_path / "sizes", "H3K27ac", "Nhlf", tmp_path / "x.bigWig")
    with pyBigWig.open(str(tmp_path / "x.bigWig")) as track:
        assert list(track.chroms()) == ["chr22"]


def test_truth_on_real_chr22(tmp_path: Path) -> None:
    if "TR300M_REALDATA" not in os.environ:
        pytest.skip("TR300M_REALDATA is not set")
    real = Path(os.environ["TR300M_REALDATA"])
    config = SimulationConfig.from_dict({"chromosomes": ["chr22"], "samples": 108, "all_genes": False})
    gtf, lambert = real / "gencode/gencode.v26.gene_lines.gtf.gz", real / "lambert/DatabaseExtract_v_1.01.csv"
    table = real / "gtex/sample_attributes_rnaseq.txt"
    simulate_truth(config, gtf, real / "chr22/chr22.fa.gz", lambert, table, tmp_path)
    simulate_gct(config, tmp_path, tmp_path / "tpm.gct.gz")
    names, samples, tpm = read_gct(tmp_path / "tpm.gct.gz")
    assert 3_000 < len(names) < 3_300
    assert (len(samples), samples[0]) == (108, "GTEX-1117F-0226-SM-5GZZ7")
    counts = Counter(read_tsv(tmp_path / "samples.tsv")["tissue"].tolist())
    assert len(counts) == 54
    assert set(counts.values()) == {2}
    assert np.isfinite(tpm).all()
    summary = read_json(tmp_path / "summary.json")
    assert summary["genes_with_sequence"] > 400
    assert summary["variance"]["across_genes"]["squared_correlation_of_openness_and_mean_log_tpm"] > 0.8


def test_best_score_counted_by_hand() -> None:
    profile = ProbabilityMatrix("M", "m", np.array([[0.5, 0.25, 0.125, 0.125], [0.125, 0.125, 0.25, 0.5]]))
    windows = np.array([[0, 3, 1, 1], [4, 4, 4, 4], [5, 5, 5, 5]], dtype=np.uint8)
    unknown = (1 + 0 - 1 - 1) / 4 * 2
    np.testing.assert_allclose(best_scores(windows, profile), [2, unknown, 0])


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"gene": 3}, "gene"),
        ({"genes": "many"}, "int"),
        ({"all_genes": 1}, "bool"),
        ({"tissues": "Lung"}, "list"),
        ({"planted": 1.5}, "planted"),
        ({"samples": 0}, "samples"),
        ({"spacing": 10}, "spacing"),
        ({"gap_cell": "HeLa"}, "HeLa"),
        ({"drivers": []}, "drivers"),
    ],
)
def test_bad_settings_are_refused(settings: dict[str, object], word: str, refuses: Refuses) -> None:
    with refuses(word):
        SimulationConfig.from_dict(settings)


def test_requests_that_cannot_be_met(demo: Path, tmp_path: Path, refuses: Refuses) -> None:
    with refuses("60"):
        simulate_gtf(SimulationConfig(genes=60), tmp_path / "x.gtf.gz")
    with refuses("2"):
        simulate_sample_attributes(SimulationConfig(donors=2), tmp_path / "x.txt")
    config = SimulationConfig(drivers=("NOSUCH",))
    paths = [demo / name for name in ("a.gtf.gz", "g.fa.gz", "tf.csv", "samples.txt")]
    with refuses("NOSUCH"):
        simulate_truth(config, paths[0], paths[1], paths[2], paths[3], tmp_path)
    with refuses("H3K9me3", "K562"):
        simulate_bigwig(CONFIG, demo / "truth", demo / "sizes", "H3K9me3", "K562", tmp_path / "x.bigWig")
    with refuses("chr9"):
        read_genome(demo / "g.fa.gz", ["chr9"])
    assert not list(tmp_path.iterdir())


def test_summary_is_json(demo: Path) -> None:
    summary = json.loads((demo / "truth/summary.json").read_text())
    assert summary["samples"] == CONFIG.samples
    assert summary["drivers"] == list(CONFIG.drivers)

"""Presets that read other data than the full run: what they plan, and the first look on pieces of a server."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyBigWig
import pytest
import yaml
from helpers.fixtures import Refuses, says
from helpers.http_server import Reply, Server, serving, without_proxies
from helpers.small_run import ROOT, checkout, dry_run, snakemake
from tr300m.arrays.genes import CHROMOSOMES as CHROMOSOMES_OF_RELEASE
from tr300m.arrays.genes import read_gene_records, target_genes
from tr300m.arrays.histones import track_windows
from tr300m.arrays.sequence import onehot
from tr300m.arrays.wide import mark_bins, wide_mark_means
from tr300m.base.files import read_json
from tr300m.config.settings import Settings, resolve
from tr300m.config.simulation import SimulationConfig
from tr300m.dataset.dataset import Dataset
from tr300m.preflight.axes import RELEASE_GENES, axis_lengths
from tr300m.preflight.excerpts import check_excerpt
from tr300m.preflight.resources import missing_files
from tr300m.preflight.sources import check_source
from tr300m.simulate.annotation import simulate_gtf
from tr300m.simulate.genome import simulate_genome
from tr300m.simulate.lambert import simulate_lambert

pytestmark = pytest.mark.workflow
PRESET = ("--configfile", "config/first_look.yaml")
CHROMOSOMES = ("chr20", "chr21", "chr22", "chrX")
TISSUES = ("Liver", "Brain - Cortex", "Testis")
# Share of the tracks' bytes that is fetched below; the rest is on chr1, where no gene of the preset is.
MOST = 0.2
QUICK = (2.0, 2.0)
# Of rules that every preset plans.
ARRAYS = {
    "gene_lines": 1, "genes": 1, "samples": 1, "expression": 1, "motifs": 1, "genome": 1, "onehot": 1, "histones": 1,
    "manifest": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkout in which nothing was run."""
    return checkout(tmp_path_factory.mktemp("clean"))


def read_preset(name: str) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())
    return config


def preset(name: str) -> Settings:
    return resolve(read_preset(name), ROOT, files=False)


def test_the_first_look_is_planned_without_a_whole_track(clean: Path) -> None:
    jobs = dry_run(clean, "dataset", *PRESET)
    # Medians, annotation, regulators and four chromosomes.
    expected = {"download": 3 + 4, "genome_parts": 1, "track_excerpt": 21, "histone_track": 21, "wide_track": 21}
    assert jobs == {**expected, **ARRAYS, "wide_bases": 1, "wide_marks": 1, "dataset": 1}


def test_the_first_look_trains_a_model_for_each_chromosome(clean: Path) -> None:
    jobs = dry_run(clean, *PRESET)
    assert (jobs["train"], jobs["split"], jobs["scan"], jobs["table1"]) == (4, 4, 1, 1)


def test_gtex_v10_is_planned_from_its_own_files(clean: Path) -> None:
    jobs = dry_run(clean, "dataset", "--configfile", "config/gtex_v10.yaml")
    assert jobs == {"download": 27, **ARRAYS, "histone_track": 21, "dataset": 1}
    settings = preset("gtex_v10")
    paths = [settings.source_path(key) for key in ("expression", "samples", "donors", "annotation")]
    assert all("v10" in path or "v39" in path for path in paths)
    assert settings.config["edition"] == "corrected"


def test_gtex_v10_is_not_taken_for_the_release() -> None:
    records = preset("gtex_v10").source_records()
    assert "v10" in records["expression"]["origin"]
    assert records["expression"]["published_checksum"].startswith("sha256:ec783825")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    without_proxies(monkeypatch)
    with serving(b"x" * 100_000) as running:
        yield running


def by_ranges(url: str, **changes: object) -> Settings:
    config = {"tracks_by_range": True, "sources": {"default": "simulated", "histones": url}, **changes}
    return resolve(config, ROOT, files=False)


def kinds(config: dict[str, Any], tmp_path: Path) -> list[bool]:
    (tmp_path / "tracks.tsv").write_text(
        f"mark\tcell\tsource\treader\na\tx\thttp://host.invalid/x.bw\t\na\ty\thttp://host.invalid/y.bedGraph\t\n"
        f"a\tz\t{tmp_path}/z.bw\t\na\tw\thistone_H3K4me1_K562\tbigwig\n"
    )
    settings = resolve({"tracks": str(tmp_path / "tracks.tsv"), **config}, ROOT, files=False)
    assert not settings.by_range("expression")
    return [settings.by_range(track.key) for track in settings.tracks]


def test_remote_bigwigs_alone_are_read_by_ranges_and_only_if_asked_for(tmp_path: Path) -> None:
    assert kinds({"tracks_by_range": True}, tmp_path) == [True, False, False, True]
    assert kinds({"tracks_by_range": True, "sources": {"histones": "simulated"}}, tmp_path) == [True, *[False] * 3]
    assert kinds({}, tmp_path) == [False] * 4


@pytest.mark.parametrize(
    ("config", "parts"),
    [
        ({"genome_parts": ["genome_chr99"]}, ["`genome_parts`", "genome_chr99", "config/sources.tsv"]),
        (
            {"genome_parts": ["genome_chr20"], "sources": {"genome": "upstream"}},
            ["`genome_parts`", "`sources: genome`"],
        ),
        ({"genome_parts": ["genome_chr20"], "sources": {"default": "simulated"}}, ["genome_chr20", "simulated"]),
        ({"genome_parts": ["genome_chr20"], "sources": {"genome_chr20": "no.fa"}}, ["genome_chr20", "no.fa"]),
    ],
)
def test_parts_that_are_no_genome_are_refused(config: dict[str, Any], parts: list[str], refuses: Refuses) -> None:
    with refuses(*parts):
        resolve(config, ROOT)


def test_preflight_counts_windows_of_a_track(server: Server, tmp_path: Path) -> None:
    settings = by_ranges(server.url("/a.bw"), results=str(tmp_path), simulation={"genes": 300})
    check = check_excerpt(settings, "histone_H3K4me1_K562", QUICK)
    assert check.problem == ""
    # 300 genes of 2,822 bp, each with two blocks of 25,600 bp.
    assert check.to_fetch == check.size == round(100_000 * 300 * (2_822 + 51_200) / 3.1e9)
    assert says(check.state, "100,000")
    assert server.sent == 1


def test_preflight_refuses_a_server_without_ranges(server: Server, tmp_path: Path) -> None:
    url = server.plan("/a.bw", Reply(ranges=False))
    check = check_excerpt(by_ranges(url, results=str(tmp_path)), "histone_H3K4me1_K562", QUICK)
    assert says(check.problem, "/a.bw", "ranges", "`tracks_by_range: false`")


def test_preflight_asks_a_laptop_for_no_more_than_the_first_look_needs() -> None:
    settings = preset("first_look")
    assert axis_lengths(settings)["gene"] == 539 + 233 + 439 + 840
    # The cached scan of 2,051 genes is the largest file.
    assert sum(missing_files(settings).values()) < 6e9


def test_numbers_of_genes_are_those_of_the_release(realdata: Path) -> None:
    records = read_gene_records(realdata / "gencode/gencode.v26.gene_lines.gtf.gz")
    genes = target_genes(records, CHROMOSOMES_OF_RELEASE, "release")
    names, counts = np.unique(genes.chromosome, return_counts=True)
    assert dict(zip(names.tolist(), counts.tolist(), strict=True)) == RELEASE_GENES


def test_preflight_names_the_parts_of_the_genome() -> None:
    check = check_source(preset("first_look"), "genome", QUICK)
    assert (check.problem, check.to_fetch) == ("", 0)
    assert says(check.state, "genome_chr20", "genome_chrX")


def write_pieces(folder: Path) -> dict[str, Path]:
    """Write small files in the formats of upstream, by the key of the source."""
    config = SimulationConfig(genes=60, regulators=12, samples=8, donors=4, chromosomes=CHROMOSOMES)
    gtf, fasta, lambert = folder / "genes.gtf.gz", folder / "genome.fa.gz", folder / "lambert.csv"
    simulate_gtf(config, gtf)
    simulate_genome(config, gtf, fasta, folder)
    simulate_lambert(config, gtf, lambert)
    pieces = {"annotation": gtf, "regulators": lambert, "expression_v8_medians": folder / "medians.gct.gz"}
    lengths = {"chr1": 20_000_000}
    for record in gzip.decompress(fasta.read_bytes()).decode().split(">")[1:]:
        name, _, lines = record.partition("\n")
        lengths[name] = len(lines.replace("\n", ""))
        pieces[f"genome_{name}"] = folder / f"{name}.fa.gz"
        pieces[f"genome_{name}"].write_bytes(gzip.compress(f">{record}".encode()))
    records, chance = read_gene_records(gtf), np.random.default_rng(0)
    tpm = chance.gamma(0.3, 1, (len(records.gene_id), len(TISSUES)))
    tpm *= 900_000 / tpm.sum(axis=0)
    rows = ["#1.2", f"{len(tpm)}\t{len(TISSUES)}", "\t".join(["Name", "Description", *TISSUES])]
    rows += ["\t".join([name, "x", *map("{:.4g}".format, row)]) for name, row in zip(records.gene_id, tpm, strict=True)]
    pieces["expression_v8_medians"].write_bytes(gzip.compress("\n".join([*rows, ""]).encode()))
    with pyBigWig.open(str(folder / "track.bw"), "w") as track:
        track.addHeader(sorted(lengths.items()))
        for name in sorted(lengths):
            # Nothing on chr21, as of a track that has no data there.
            start = np.arange(0, lengths[name] - 25, 25) if name != "chr21" else np.arange(0)
            if len(start):
                track.addEntries(name, start.tolist(), values=chance.gamma(0.5, 1, len(start)).tolist(), span=25)
    return {**pieces, "histone": folder / "track.bw"}


def serve_pieces(folder: Path, server: Server, pieces: dict[str, Path]) -> None:
    """Let the sources table of a checkout name the server, without sizes and checksums."""
    path = folder / "config/sources.tsv"
    header, *lines = path.read_text().splitlines()
    changed = []
    for line in lines:
        cells = line.split("\t")
        key = "histone" if cells[0].startswith("histone_") and cells[0] not in pieces else cells[0]
        if key in pieces:
            server.plan(f"/{cells[0]}", Reply(content=pieces[key].read_bytes(), etag='"v1"'))
            cells[2:6] = [server.url(f"/{cells[0]}"), "", "", ""]
        changed.append("\t".join(cells))
    path.write_text("\n".join([header, *changed, ""]))


@pytest.mark.slow
def test_the_first_look_runs_from_pieces_of_a_server(server: Server, tmp_path: Path) -> None:
    folder = checkout(tmp_path / "checkout")
    (tmp_path / "pieces").mkdir()
    pieces = write_pieces(tmp_path / "pieces")
    serve_pieces(folder, server, pieces)
    snakemake(folder, "dataset", *PRESET)

    results, track = folder / "results/first_look", pieces["histone"]
    dataset, sources = Dataset.open(results / "dataset"), read_json(results / "dataset/manifest.json")["sources"]
    genes = dataset.genes
    assert set(genes.chromosome.tolist()) == set(CHROMOSOMES)
    assert dataset.tissues == tuple(sorted(TISSUES))
    windows = track_windows(track, genes)
    assert windows.any()
    assert all(np.array_equal(dataset.histones[:, :, number], windows) for number in range(21))
    edges = read_preset("first_look")["wide"]["mark_edges"]
    means = wide_mark_means(track, genes, mark_bins(edges))
    assert np.array_equal(dataset.wide_marks[:, :, 0], means.astype(dataset.wide_marks.dtype))
    row = int(np.flatnonzero((genes.strand == "+") & (genes.window_start >= 0))[-1])
    bases = gzip.decompress(pieces[f"genome_{genes.chromosome[row]}"].read_bytes()).decode()
    sequence = "".join(bases.split("\n")[1:])[genes.window_start[row] : genes.window_end[row]]
    assert np.array_equal(dataset.onehot[row], onehot(sequence))

    assert says(sources["histone_H3K4me1_K562"]["origin"], "windows of", "/histone_H3K4me1_K562")
    assert says(sources["genome"]["origin"], *(f"genome_{name}" for name in CHROMOSOMES))
    assert {f"genome_{name}" for name in CHROMOSOMES} < set(sources)
    # No track was downloaded whole.
    whole = sum(pieces[key].stat().st_size for key in pieces if key != "histone")
    assert 0 < server.sent - whole < MOST * 21 * track.stat().st_size
    requests = len(server.requests)
    excerpt = "results/first_look/excerpts/K562H3k4me3.bigWig"
    (folder / excerpt).unlink()
    snakemake(folder, excerpt, *PRESET)
    assert len(server.requests) == requests


def write_real_pieces(realdata: Path, folder: Path) -> dict[str, Path]:
    """Return real files by the key of the source; the genome is cut into a file a chromosome."""
    pilot = realdata / "pilot"
    pieces = {
        "annotation": pilot / "genes.gtf.gz",
        "regulators": realdata / "lambert/DatabaseExtract_v_1.01.csv",
        "expression_v8_medians": folder / "medians.gct.gz",
        **{f"histone_{path.stem}": path for path in pilot.glob("H3*.bigWig")},
    }
    # The medians of GTEx have names of tissues where these have samples.
    tissue_of = dict(line.split("\t")[0:3:2] for line in (pilot / "attributes.txt").read_text().splitlines())
    version, size, header, rest = gzip.decompress((pilot / "tpm.gct.gz").read_bytes()).decode().split("\n", 3)
    columns = "\t".join(tissue_of.get(column, column) for column in header.split("\t"))
    pieces["expression_v8_medians"].write_bytes(gzip.compress("\n".join([version, size, columns, rest]).encode(), 1))
    for record in gzip.decompress((pilot / "genome.fa.gz").read_bytes()).split(b">")[1:]:
        name = record[: record.index(b"\n")].split()[0].decode()
        pieces[f"genome_{name}"] = folder / f"{name}.fa.gz"
        pieces[f"genome_{name}"].write_bytes(gzip.compress(b">" + record, compresslevel=1))
    return pieces


@pytest.mark.slow
def test_the_first_look_runs_from_real_pieces(server: Server, tmp_path: Path, realdata: Path) -> None:
    """Real genes, marks and expression of three chromosomes, read from a server by ranges, give the files' arrays."""
    folder = checkout(tmp_path / "checkout")
    (tmp_path / "pieces").mkdir()
    pieces = write_real_pieces(realdata, tmp_path / "pieces")
    serve_pieces(folder, server, pieces)
    names = ["chr20", "chr22", "chrX"]
    fewer = {"chromosomes": names, "genome_parts": [f"genome_{name}" for name in names]}
    (folder / "fewer.yaml").write_text(yaml.safe_dump(fewer))
    snakemake(folder, "dataset", *PRESET, "fewer.yaml")

    dataset = Dataset.open(folder / "results/first_look/dataset")
    genes = dataset.genes
    assert (len(genes), len(dataset.tissues)) == (1_241, 37)
    for number, track in enumerate(zip(dataset.tracks.mark, dataset.tracks.cell, strict=True)):
        windows = track_windows(realdata / "pilot" / f"{'_'.join(track)}.bigWig", genes)
        assert np.array_equal(dataset.histones[:, :, number], windows), track
    assert dataset.histones.any(axis=(1, 2)).mean() > 0.5
    # Known tissues of known genes.
    for name, tissue in (("MB", "Skeletal muscle"), ("SNAP25", "Cerebellum"), ("OTC", "Liver"), ("HNF4A", "Liver")):
        row = dataset.expression[genes.gene_name.tolist().index(name)]
        assert tissue in dataset.tissues[dataset.tissue[row.argmax()].argmax()], name

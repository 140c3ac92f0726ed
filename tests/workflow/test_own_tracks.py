"""A table of own tracks in three formats, beside a simulated one, through the array rules."""

import gzip
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from helpers.http_server import serving
from helpers.small_run import SECRET, checkout, snakemake
from tr300m.base.files import read_json, read_tsv
from tr300m.dataset.dataset import Dataset

pytestmark = [pytest.mark.workflow, pytest.mark.slow]
OWN = """
results: results/own
chromosomes: [chr1, chrX]
sources: {default: simulated}
split: {held_out_genes: 20, held_out_samples: 8, gene_pool: null}
compute: {device: cpu, array_mem_mb: 1000}
simulation: {genes: 80, regulators: 12, samples: 24, donors: 6, chromosomes: [chr1, chrX]}
"""
TRACKS = (
    "mark\tcell\tsource\treader\n"
    "H3K4me3\tliver\tliver.bw\n"
    "H3K4me3\tleft ventricle\t{data}/peaks.bed.gz\tnarrowPeak\n"
    "H3K4me3\tK562\thistone_H3K4me3_K562\tbigwig\n"
    "ATAC\tliver\t{url}\t\n"
)


def test_a_table_of_own_tracks_makes_a_dataset(tmp_path: Path) -> None:
    folder = checkout(tmp_path)
    (folder / "own.yaml").write_text(OWN)
    index = "results/own/genome/genome.fa.fai"
    # The tracks must be as long as the simulated chromosomes.
    snakemake(folder, "--configfile", "own.yaml", "--", index)
    lengths = {line.split("\t")[0]: int(line.split("\t")[1]) for line in (folder / index).read_text().splitlines()}
    genes = read_tsv(folder / "results/own/dataset/genes.tsv")
    # Not the first of its chromosome, whose window may extend beyond it.
    row = len(genes["gene_id"]) // 3
    gene = {name: values[row] for name, values in genes.items()}
    name, start, end = gene["chromosome"], int(gene["window_start"]), int(gene["window_end"])

    with pyBigWig.open(str(folder / "liver.bw"), "w") as track:
        track.addHeader(list(lengths.items()))
        track.addEntries([name], [start], ends=[start + 10], values=[5.0])
    # chrX has no peak at all, and is named.
    with gzip.open(folder / "peaks.bed.gz", "wt") as peaks:
        peaks.write(f"{name}\t{start + 5}\t{start + 20}\tp1\t100\t.\t2.5\t-1\t-1\t7\n")
        peaks.write(f"{name}\t{end - 5}\t{end + 20}\tp2\t100\t.\t4.5\t-1\t-1\t7\n")
    atac = f"track type=bedGraph\n{name}\t{start}\t{start + 3}\t0.5\n"
    settings = ("--configfile", "own.yaml", "--config", "tracks=own.tsv", "data=.", "--")
    with serving(atac.encode()) as server:
        address = server.url("/atac.bedGraph")
        (folder / "own.tsv").write_text(TRACKS.replace("{url}", f"{address}?token={SECRET}"))
        output = snakemake(folder, *settings, "results/own/dataset/manifest.json")
    assert SECRET not in output
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "own.tsv"]
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]

    dataset = Dataset.open(folder / "results/own/dataset")
    assert dataset.tracks.mark.tolist() == ["H3K4me3"] * 3 + ["ATAC"]
    assert dataset.tracks.cell.tolist() == ["liver", "left ventricle", "K562", "liver"]
    width = end - start
    expected = np.zeros((width, 4), dtype=np.float32)
    expected[:10, 0], expected[5:20, 1], expected[-5:, 1], expected[:3, 3] = 5, 2.5, 4.5, 0.5
    found = np.asarray(dataset.histones[row])[:: 1 if gene["strand"] == "+" else -1]
    assert np.array_equal(found[:, [0, 1, 3]], expected[:, [0, 1, 3]])
    assert dataset.histones[:, :, 2].any(axis=1).mean() > 0.9
    silent = read_tsv(folder / "results/own/dataset/silent_chromosomes.tsv")
    lacking = [name for name in ("chr1", "chrX") if name != gene["chromosome"]]
    assert silent["chromosome"].tolist() == lacking * 3
    assert silent["cell"].tolist() == ["liver", "left ventricle", "liver"]
    log = (folder / "results/own/logs/histone_track/H3K4me3_left ventricle.log").read_text()
    assert f"peaks.bed.gz lacks {lacking[0]}" in log
    sources = read_json(folder / "results/own/dataset/manifest.json")["sources"]
    assert {key for key in sources if key.startswith(("histone_", "track_"))} == {
        "histone_H3K4me3_K562",
        "track_H3K4me3_liver",
        "track_H3K4me3_left ventricle",
        "track_ATAC_liver",
    }
    assert sources["track_ATAC_liver"]["origin"] == f"{address}?..."
    # The nine released arrays are of the release's tracks.
    output = snakemake(folder, "--dry-run", *settings, "release", check=False)
    assert "own.tsv" in output
    assert "hmArr" in output

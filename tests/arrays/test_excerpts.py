"""Windows of a remote bigWig, read by ranges: equal to those of the whole file, for a small share of its bytes."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyBigWig
import pytest
from helpers.fixtures import MakeGenes, Refuses
from helpers.http_server import Reply, Server, serving, without_proxies
from hypothesis import given
from hypothesis import strategies as st
from tr300m.arrays.excerpts import fetch_excerpt, gene_windows
from tr300m.arrays.histones import track_windows
from tr300m.arrays.wide import mark_bins, wide_mark_means
from tr300m.base.axes import Genes

LENGTHS = {"chr1": 4_000_000, "chr2": 3_000_000, "chrX": 2_000_000, "chrY": 50_000}
EDGES = [250, 1000, 5000]
# Share of the file's bytes that may be sent for the windows of the genes below.
MOST = 0.06


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    without_proxies(monkeypatch)


def write_track(path: Path, lengths: Mapping[str, int] = LENGTHS, silent: tuple[str, ...] = ("chrY",)) -> Path:
    """Write a track of intervals of 25 bp on all chromosomes but the silent ones, with gaps and steps of each kind."""
    chance = np.random.default_rng(0)
    with pyBigWig.open(str(path), "w") as track:
        track.addHeader(list(lengths.items()))
        for name in (name for name in lengths if name not in silent):
            start = np.arange(0, lengths[name] - 25, 25)
            start = start[chance.random(len(start)) < 0.9]
            value = chance.gamma(0.5, 2, len(start)).astype(np.float32).astype(float)
            half = len(start) // 2
            first, second = slice(0, half), slice(half, None)
            ends = (start[first] + 25).tolist()
            track.addEntries([name] * half, start[first].tolist(), ends=ends, values=value[first].tolist())
            track.addEntries(name, start[second].tolist(), values=value[second].tolist(), span=25)
    return path


@pytest.fixture(scope="module")
def track(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_track(tmp_path_factory.mktemp("track") / "whole.bw")


@pytest.fixture
def server(track: Path) -> Iterator[Server]:
    with serving(track.read_bytes()) as running:
        yield running


@pytest.fixture
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of what came; not in `tmp_path`, where a refused file leaves nothing."""
    return tmp_path_factory.mktemp("kept") / "a.bw"


@pytest.fixture
def genes(make_genes: MakeGenes) -> Genes:
    """Return genes at both ends of a chromosome, two that share a window, and one where the track has no data."""
    rows = [("chr1", "+", 1_000), ("chr1", "-", 3_999_000), ("chr1", "+", 2_000_000), ("chr1", "-", 2_003_000)]
    return make_genes([*rows, ("chrX", "+", 1_234_567), ("chrY", "-", 25_000)])


def assert_equal_windows(whole: Path, excerpt: Path, genes: Genes) -> None:
    assert np.array_equal(track_windows(excerpt, genes, LENGTHS), track_windows(whole, genes, LENGTHS))
    bins = mark_bins(EDGES)
    assert np.array_equal(wide_mark_means(excerpt, genes, bins, LENGTHS), wide_mark_means(whole, genes, bins, LENGTHS))


def test_windows_equal_those_of_the_whole_file(
    server: Server, track: Path, genes: Genes, kept: Path, tmp_path: Path
) -> None:
    urls, out = [server.url("/a.bw")], tmp_path / "excerpt.bw"
    fetch_excerpt(urls, kept, out, track.stat().st_size, genes, EDGES[-1])
    assert track_windows(track, genes, LENGTHS).any(axis=1).tolist() == [True] * 5 + [False]
    assert_equal_windows(track, out, genes)
    assert 0 < server.sent < MOST * track.stat().st_size
    assert len(server.requests) < 20
    # All that is kept is enough to write it again.
    requests = len(server.requests)
    again = tmp_path / "again.bw"
    fetch_excerpt(urls, kept, again, None, genes, EDGES[-1])
    assert len(server.requests) == requests
    assert again.read_bytes() == out.read_bytes()


def test_chromosomes_and_lengths_are_all_there(server: Server, genes: Genes, kept: Path, tmp_path: Path) -> None:
    fetch_excerpt([server.url("/a.bw")], kept, tmp_path / "excerpt.bw", None, genes)
    with pyBigWig.open(str(tmp_path / "excerpt.bw")) as found:
        assert found.chroms() == LENGTHS


def test_names_of_the_other_style(server: Server, track: Path, genes: Genes, kept: Path, tmp_path: Path) -> None:
    other = replace(genes, chromosome=np.char.replace(genes.chromosome, "chr", ""))
    fetch_excerpt([server.url("/a.bw")], kept, tmp_path / "excerpt.bw", None, other, EDGES[-1])
    assert_equal_windows(track, tmp_path / "excerpt.bw", other)


def test_a_track_without_data_in_any_window(server: Server, genes: Genes, kept: Path, tmp_path: Path) -> None:
    last = genes.take(np.array([5]))
    fetch_excerpt([server.url("/a.bw")], kept, tmp_path / "excerpt.bw", None, last)
    assert not track_windows(tmp_path / "excerpt.bw", last, LENGTHS).any()


def test_a_file_that_changes_under_way_is_read_anew(server: Server, genes: Genes, kept: Path, tmp_path: Path) -> None:
    new = write_track(tmp_path / "new.bw", silent=("chr2", "chrY"))
    content = new.read_bytes()
    url = server.plan("/a.bw", Reply(etag='"v1"'), Reply(content=content, etag='"v2"'))
    fetch_excerpt([url], kept, tmp_path / "excerpt.bw", None, genes, EDGES[-1])
    assert_equal_windows(new, tmp_path / "excerpt.bw", genes)


def test_the_mirror_is_used(server: Server, track: Path, genes: Genes, kept: Path, tmp_path: Path) -> None:
    urls = [server.plan("/gone.bw", Reply(status=404)), server.url("/a.bw")]
    fetch_excerpt(urls, kept, tmp_path / "excerpt.bw", None, genes, EDGES[-1])
    assert_equal_windows(track, tmp_path / "excerpt.bw", genes)


@pytest.mark.parametrize(
    ("reply", "parts"),
    [
        (Reply(ranges=False), ["out.bw", "/a.bw", "tracks_by_range: false"]),
        (Reply(content=b"chr1\t0\t10\t1\n" * 1000), ["/a.bw", "bigWig"]),
        (Reply(content=b"short"), ["/a.bw", "bigWig"]),
        (Reply(status=403), ["/a.bw", "403"]),
    ],
)
def test_what_gives_no_windows_is_refused(
    server: Server, genes: Genes, kept: Path, tmp_path: Path, refuses: Refuses, reply: Reply, parts: list[str]
) -> None:
    url = server.plan("/a.bw", reply)
    with refuses(*parts):
        fetch_excerpt([url], kept, tmp_path / "out.bw", None, genes)


def test_a_track_of_other_chromosomes_is_refused(
    server: Server, genes: Genes, kept: Path, tmp_path: Path, refuses: Refuses
) -> None:
    other = replace(genes, chromosome=np.array(["chr7"] * len(genes)))
    with refuses("/a.bw", "chr1"):
        fetch_excerpt([server.url("/a.bw")], kept, tmp_path / "out.bw", None, other)


SPANS = st.lists(st.tuples(st.integers(-50, 300), st.integers(1, 60)), min_size=1, max_size=12)


@given(SPANS)
def test_the_union_of_windows_covers_each_position_once(spans: list[tuple[int, int]]) -> None:
    start = np.array([first for first, _ in spans], dtype=np.int64)
    end = start + np.array([size for _, size in spans])
    text, number = np.full(len(spans), "chr1"), np.arange(len(spans))
    found = gene_windows(Genes(text, text, text, text, number, start, end, text, number))["chr1"]
    positions = [position for first, last in found.tolist() for position in range(first, last)]
    wanted = {position for first, size in spans for position in range(first, first + size)}
    assert positions == sorted(wanted)
    # Windows that touch are one.
    assert (found[1:, 0] > found[:-1, 1]).all()

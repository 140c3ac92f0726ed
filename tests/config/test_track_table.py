"""The table of tracks: its rows, its messages, what of the sources it needs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.fixtures import Refuses
from tr300m.base.axes import RELEASE_TRACKS
from tr300m.config.settings import Settings, resolve
from tr300m.config.track_table import READERS

ROOT = Path(__file__).parents[2]
HEADER = "mark\tcell\tsource\treader\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in a folder with a few files of tracks."""
    monkeypatch.chdir(tmp_path)
    for name in ("a.bw", "b.narrowPeak.gz", "c.txt"):
        (tmp_path / name).touch()


def settings(rows: str, header: str = HEADER, **config: Any) -> Settings:
    Path("tracks.tsv").write_text(header + rows)
    return resolve({"tracks": "tracks.tsv", "sources": {"default": "simulated"}, **config}, ROOT)


def test_the_default_table_has_the_releases_tracks() -> None:
    found = resolve({}, ROOT)
    assert [(track.mark, track.cell) for track in found.tracks] == list(RELEASE_TRACKS)
    assert [track.key for track in found.tracks] == [f"histone_{mark}_{cell}" for mark, cell in RELEASE_TRACKS]
    assert {track.reader for track in found.tracks} == {"bigwig"}


def test_keys_paths_and_addresses(tmp_path: Path) -> None:
    found = settings(
        "ATAC\tleft ventricle\ta.bw\n"
        "ATAC\tliver\t{data}/c.txt\tbedGraph\n"
        "H3K27ac\tmine\thistone_H3K27ac_K562\n"
        "H3K4me3\tGm12878\thttps://me:hunter2@host.org/peaks.broadPeak.gz?token=1\tauto\n",
        data=f"{tmp_path}/",
        results="out",
    )
    names = ["ATAC_left ventricle", "ATAC_liver", "H3K27ac_mine", "H3K4me3_Gm12878"]
    assert [track.name for track in found.tracks] == names
    assert [track.reader for track in found.tracks] == ["bigwig", "bedgraph", "bigwig", "broadpeak"]
    keys = ["track_ATAC_left ventricle", "track_ATAC_liver", "histone_H3K27ac_K562", "track_H3K4me3_Gm12878"]
    assert [track.key for track in found.tracks] == keys
    file = "H3K4me3_Gm12878.broadpeak"
    paths = ["a.bw", f"{tmp_path}/c.txt", "out/sources/K562H3k27ac.bigWig", f"out/downloads/{file}"]
    assert [found.source_path(track.key) for track in found.tracks] == paths
    assert found.download_of(file)["urls"] == ["https://me:hunter2@host.org/peaks.broadPeak.gz?token=1"]
    assert found.public_download(file)["urls"] == ["https://host.org/peaks.broadPeak.gz?..."]
    records = found.source_records()
    assert {key for key in records if key.startswith(("histone_", "track_"))} == set(keys)
    assert records["track_H3K4me3_Gm12878"]["origin"] == "https://host.org/peaks.broadPeak.gz?..."
    assert (found.simulated, found.file_names("url")) == (True, [file])


def test_only_the_tables_tracks_are_needed() -> None:
    found = settings("a\tb\ta.bw\n", sources={"default": "upstream"})
    assert [key for key in found.source_records() if "_" in key] == ["track_a_b"]
    # Another source than a histone track may be one.
    found = settings("cCRE\tall\tccres\n", sources={"default": "upstream"})
    assert (found.tracks[0].reader, "ccres" in found.source_records()) == ("bigbed", True)


def test_the_section_sources_still_chooses_for_the_keys() -> None:
    found = settings("a\tb\thistone_H3K4me1_K562\n", sources={"default": "simulated", "histones": "b.narrowPeak.gz"})
    assert (found.source_path("histone_H3K4me1_K562"), found.tracks[0].reader) == ("b.narrowPeak.gz", "narrowpeak")


@pytest.mark.parametrize("reader", READERS)
def test_endings(reader: str) -> None:
    for ending in READERS[reader]:
        for name in (f"x{ending}", f"x{ending.upper()}.gz"):
            Path(name).touch()
            assert settings(f"a\tb\t{name}\n").tracks[0].reader == reader


@pytest.mark.parametrize(
    ("rows", "parts"),
    [
        ("", ["no tracks"]),
        ("a\tb\tnone.bw\n", ["line 2", "none.bw"]),
        ("a\tb\t{data}/a.bw\n", ["line 2", "{data}", "--config data=FOLDER"]),
        ("a\tb\thistone_H3K4me1_K526\n", ["line 2", "histone_H3K4me1_K526", "histone_H3K4me1_K562"]),
        ("a\tb\tsimulated\n", ["line 2", "'simulated'", "config/sources.tsv"]),
        ("a\tb\n", ["line 2", "''"]),
        ("a\tb\tftp://host/a.bw\n", ["line 2", "ftp://host/a.bw", "https://"]),
        ("a\tb\ta.bw\twig\n", ["line 2", "'wig'", "bigwig, bigbed"]),
        ("a\tb\tc.txt\n", ["line 2", "c.txt", "bigwig, bigbed"]),
        ("a\tb\ta.bw\na\tc\ta.bw\na\tb\ta.bw\n", ["line 4", "a b", "twice"]),
        ("a\tb_c\ta.bw\na_b\tc\ta.bw\n", ["line 3", "a_b_c"]),
        ("a\tb\ta.bw\na\tB\ta.bw\n", ["line 3", "a B"]),
        ("a\tb\ta.bw\nc\tb\ta.bw\na\td\ta.bw\n", ["line 4", "a d", "apart"]),
        ("a/b\tc\ta.bw\n", ["line 2", "mark", "'a/b'"]),
        ("a\t..\ta.bw\n", ["line 2", "cell", "'..'"]),
        ("a\t{b}\ta.bw\n", ["line 2", "cell", "'{b}'"]),
        ("\tb\ta.bw\n", ["line 2", "mark", "''"]),
        ("a\tb\tx.bw\na\tb\ta.bw\twig\n", ["tracks.tsv", "3 problem(s)", "x.bw", "twice", "'wig'"]),
    ],
)
def test_problems_are_named_with_their_lines(rows: str, parts: list[str], refuses: Refuses) -> None:
    Path("tracks.tsv").touch()
    with refuses("tracks.tsv", *parts):
        settings(rows)


@pytest.mark.parametrize("header", ["mark\tcell\n", "mark\tcell\tsource\tformat\n", "mark\tmark\tcell\tsource\n"])
def test_columns(header: str, refuses: Refuses) -> None:
    Path("tracks.tsv").touch()
    with refuses("tracks.tsv", header.split()[-1], "mark, cell, source, reader"):
        settings("", header)


def test_a_table_that_is_not_there(refuses: Refuses) -> None:
    with refuses("`tracks`", "none.tsv"):
        resolve({"tracks": "none.tsv"}, ROOT)


def test_missing_files_are_left_to_preflight() -> None:
    Path("tracks.tsv").write_text(HEADER + "a\tb\tnone.bw\n")
    assert resolve({"tracks": "tracks.tsv"}, ROOT, files=False).source_path("track_a_b") == "none.bw"


def test_more_marks_than_a_trunk_has_channels_for(refuses: Refuses) -> None:
    rows = "".join(f"mark{number}\tcell\ta.bw\n" for number in range(29))
    Path("tracks.tsv").touch()
    with refuses("`network: width`", "128", "seq_tf_core_hm", "29", "129"):
        settings(rows)
    assert len(settings(rows, network={"width": 130}).tracks) == 29


@pytest.mark.parametrize(
    ("changed", "own"),
    [
        (lambda lines: lines, False),
        (lambda lines: lines[:-1], True),
        (lambda lines: [*lines[:1], *lines[2:8], lines[1], *lines[8:]], True),
        (lambda lines: [line.replace("\tNhlf\t", "\tlung\t") for line in lines], True),
        (lambda lines: [line.replace("H3K27ac_K562", "H3K27ac_Nhlf") for line in lines], True),
        (lambda lines: [line.replace("histone_H3K27ac_K562", "a.bw") for line in lines], False),
    ],
)
def test_whether_the_tracks_are_the_releases(changed: Callable[[list[str]], list[str]], own: bool) -> None:
    lines = [line for line in (ROOT / "config/tracks.tsv").read_text().splitlines() if not line.startswith("#")]
    assert settings("\n".join(changed(lines)), header="").own_tracks is own

"""The sources table."""

from pathlib import Path

import pytest
from helpers.fixtures import Refuses
from tr300m.base.errors import TR300MError
from tr300m.config.source_table import read_sources

ROOT = Path(__file__).parents[2]


def test_table() -> None:
    sources = read_sources(ROOT / "config/sources.tsv")
    assert sum(source.needed for source in sources.values()) == 27
    assert sum(key.startswith("histone_") for key in sources) == 21
    assert sources["genome"].size == 983659424
    assert sources["expression"].size is None
    assert len(sources["expression"].urls) == 2
    assert all(source.terms and source.citation for source in sources.values())


def test_a_size_that_is_no_number(tmp_path: Path, refuses: Refuses) -> None:
    header = "key\tlocal_name\turl\tmirror\tbytes\tchecksum\tneeded\tterms\tcitation\n"
    (tmp_path / "s.tsv").write_text(header + "a\ta.gz\thttp://x\t\tmany\t\tyes\tt\tc\n")
    with refuses("s.tsv", "'many'"):
        read_sources(tmp_path / "s.tsv")


@pytest.mark.parametrize(
    "name", ["../up.gz", "/etc/up.gz", "a/b.gz", "a\\b.gz", "..", ".", "", ".hidden", "{x}.gz", "a b"]
)
def test_a_file_name_that_is_none(tmp_path: Path, name: str) -> None:
    header = "key\tlocal_name\turl\tmirror\tbytes\tchecksum\tneeded\tterms\tcitation\n"
    (tmp_path / "s.tsv").write_text(header + f"a\t{name}\thttp://x\t\t\t\tyes\tt\tc\n")
    with pytest.raises(TR300MError, match="local_name of a"):
        read_sources(tmp_path / "s.tsv")


@pytest.mark.parametrize("urls", ["ftp://x/a\t", "http://x/a\tftp://x/a", "a.gz\t", "\t"])
def test_addresses_are_http(tmp_path: Path, urls: str, refuses: Refuses) -> None:
    header = "key\tlocal_name\turl\tmirror\tbytes\tchecksum\tneeded\tterms\tcitation\n"
    (tmp_path / "s.tsv").write_text(header + f"a\ta.gz\t{urls}\t\t\tyes\tt\tc\n")
    with refuses("s.tsv", "url", "a", "https://"):
        read_sources(tmp_path / "s.tsv")

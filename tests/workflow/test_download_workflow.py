"""The download rule under Snakemake: what is fetched once stays, reruns cost no byte, three come at a time."""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.fixtures import says
from helpers.http_server import Reply, Server, serving
from helpers.small_run import checkout, dry_run, snakemake

pytestmark = pytest.mark.workflow
CONTENT = random.Random(0).randbytes(300_000)
SHA = "sha256:" + hashlib.sha256(CONTENT).hexdigest()
HEADER = "key\tlocal_name\turl\tmirror\tbytes\tchecksum\tneeded\tterms\tcitation"
COUNT = 6
TARGETS = [f"resources/upstream/source{number}.gz" for number in range(COUNT)]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(CONTENT) as running:
        yield running


@pytest.fixture(scope="module")
def fetched(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkout with six sources of the loopback server, fetched."""
    folder = checkout(tmp_path_factory.mktemp("downloads"))
    rows = [
        HEADER,
        *(f"source{n}\tsource{n}.gz\t{server.url(f'/{n}')}\t\t\t{SHA}\tno\tterms\tcitation" for n in range(COUNT)),
    ]
    # The last has no checksum: it is known by its address.
    rows[-1] = rows[-1].replace(SHA, "")
    rows += (folder / "config/sources.tsv").read_text().splitlines()[3:]
    (folder / "config/sources.tsv").write_text("\n".join(rows) + "\n")
    chosen = "".join(f"  source{n}: upstream\n" for n in range(COUNT))
    (folder / "own.yaml").write_text(f"sources:\n{chosen}")
    for n in range(COUNT):
        server.plan(f"/{n}", Reply(together=3, pause=0.02))
    run(folder)
    return folder


def run(folder: Path, *arguments: str) -> str:
    return snakemake(folder, *TARGETS, "--cores", str(COUNT), "--configfile", "own.yaml", *arguments)


def planned(folder: Path) -> dict[str, int]:
    return dry_run(folder, *TARGETS, "--configfile", "own.yaml")


@pytest.mark.slow
def test_three_come_at_a_time_by_the_default_profile(server: Server, fetched: Path) -> None:
    assert server.peak == 3
    assert server.sent == COUNT * len(CONTENT)
    assert all((fetched / target).read_bytes() == CONTENT for target in TARGETS)


@pytest.mark.slow
def test_a_second_call_does_nothing(fetched: Path) -> None:
    assert planned(fetched) == {}


@pytest.mark.slow
def test_a_forced_rerun_costs_no_byte(server: Server, fetched: Path) -> None:
    before = len(server.requests)
    (fetched / TARGETS[0]).unlink()
    run(fetched, "--forcerun", "download")
    assert len(server.requests) == before
    assert all((fetched / target).read_bytes() == CONTENT for target in TARGETS)
    assert planned(fetched) == {}


@pytest.mark.slow
def test_a_damaged_file_alone_is_fetched_again(server: Server, fetched: Path) -> None:
    before = len(server.requests)
    with open(fetched / "resources/upstream/verified/source1.gz", "ab") as handle:
        handle.write(b"more")
    run(fetched, "--forcerun", "download")
    assert [request.target for request in server.requests[before:]] == ["/1"]
    assert (fetched / TARGETS[1]).read_bytes() == CONTENT


@pytest.mark.slow
def test_other_terms_fetch_nothing_and_another_checksum_does(fetched: Path) -> None:
    table = fetched / "config/sources.tsv"
    before = table.read_text()
    try:
        table.write_text(before.replace("no\tterms\t", "no\tother words\t"))
        assert planned(fetched) == {}
        table.write_text(before.replace(SHA, "sha256:" + "0" * 64, 1))
        assert planned(fetched) == {"download": 1}
    finally:
        table.write_text(before)


@pytest.mark.slow
def test_a_failed_download_says_why_and_leaves_nothing_under_its_name(server: Server, fetched: Path) -> None:
    table = fetched / "config/sources.tsv"
    before = table.read_text()
    try:
        table.write_text(before.replace(SHA, "sha256:" + "0" * 64, 1))
        output = snakemake(fetched, TARGETS[0], "--configfile", "own.yaml", check=False)
    finally:
        table.write_text(before)
    assert says(output, TARGETS[0], "sha256")
    assert "Traceback" not in output
    assert not (fetched / TARGETS[0]).exists()
    # The right file, kept until a better one is there, is linked again without a byte.
    before_rerun = len(server.requests)
    run(fetched)
    assert (fetched / TARGETS[0]).read_bytes() == CONTENT
    assert len(server.requests) == before_rerun

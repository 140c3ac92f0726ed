"""Helpers of all tests: refused input, tiny gene tables, a small run, the folder of real data."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from helpers.fixtures import MakeGenes, Refuses, says
from helpers.small_run import small_run
from tr300m.base.axes import Genes
from tr300m.base.errors import TR300MError

SPREAD = ("test_train.py", "test_workflow.py")
"""Files whose tests go to any worker: TensorFlow keeps about 25 MB of each training, and plans come last."""


def needs(item: pytest.Item, fixture: str) -> bool:
    return fixture in getattr(item, "fixturenames", ())


# Before pytest-xdist reads the groups.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs the small run or real data; keep the former on one worker, and so the tests of each file."""
    for item in items:
        small = needs(item, "small")
        if small:
            item.add_marker("workflow")
        if small or needs(item, "realdata"):
            item.add_marker("slow")
        if small or item.path.name not in SPREAD:
            group = "small" if small else str(item.path.relative_to(config.rootpath))
            item.add_marker(pytest.mark.xdist_group(group))
    if hasattr(config, "workerinput"):
        # The longest group goes first; alone, pytest keeps the order of the files.
        items.sort(key=lambda item: not needs(item, "small"))


@pytest.fixture
def refuses(tmp_path: Path) -> Refuses:
    """Return a context that wants a TR300MError which names all `parts`, and no new file in tmp_path."""

    def files() -> set[Path]:
        # The index beside a FASTA is a cache that a failed read may leave.
        return {path for path in tmp_path.rglob("*") if path.suffix != ".fai"}

    @contextmanager
    def check(*parts: str) -> Iterator[None]:
        before = files()
        with pytest.raises(TR300MError) as caught:
            yield
        message = str(caught.value).replace(str(tmp_path), "")
        for part in parts:
            assert says(message, part), message
        assert files() == before

    return check


@pytest.fixture
def make_genes() -> MakeGenes:
    """Return a function that makes a gene table of (chromosome, strand, TSS) rows, windows as in the release."""

    def make(
        rows: Sequence[tuple[str, str, int]],
        ids: Sequence[str] | None = None,
        merged: Sequence[str] | None = None,
        edition: str = "release",
    ) -> Genes:
        slip = {"release": 0, "corrected": 1}[edition]
        starts = [tss - 2773 - slip if strand == "+" else tss - 50 for _, strand, tss in rows]
        names = list(ids) if ids is not None else [f"ENSG{number:011d}.1" for number in range(len(rows))]
        return Genes(
            gene_id=np.array(names),
            gene_name=np.array([f"G{number}" for number in range(len(rows))]),
            chromosome=np.array([row[0] for row in rows]),
            strand=np.array([row[1] for row in rows]),
            tss=np.array([row[2] for row in rows], dtype=np.int64),
            window_start=np.array(starts, dtype=np.int64),
            window_end=np.array(starts, dtype=np.int64) + 2823,
            merged=np.array(list(merged) if merged is not None else [""] * len(rows)),
            cluster=np.arange(len(rows), dtype=np.int64),
        )

    return make


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a checkout in which the small configuration was run. A test leaves it as it found it."""
    with small_run(tmp_path_factory.mktemp("small")) as folder:
        yield folder


@pytest.fixture(scope="session")
def realdata() -> Path:
    """Return the folder of real upstream files, or skip."""
    value = os.environ.get("TR300M_REALDATA")
    if not value:
        pytest.skip("TR300M_REALDATA is not set: no real data to read")
    folder = Path(value)
    if not folder.is_dir():
        pytest.skip(f"TR300M_REALDATA names no folder: {folder}")
    return folder

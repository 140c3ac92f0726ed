"""Where the arrays of a training lie, and that a batch is the same wherever they do."""

# isort: off
from tr300m.model import devices

# isort: on
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from helpers.fixtures import Refuses, says
from helpers.toy_training import GENES, SAMPLES, make_dataset
from tr300m.config.architectures import Architecture
from tr300m.features.scan_cache import scan_genes
from tr300m.model.devices import ops
from tr300m.model.inputs import model_inputs, own_units
from tr300m.training.batches import Feed, make_feed, place_arrays
from tr300m.training.loop import ahead

SCHEDULE = ((30, 6), (20, 2), (10, 1))
PAIRS = np.stack([np.arange(12) * 7 % GENES, np.arange(12) * 3 % SAMPLES], axis=1)
GB = 10**9


@pytest.mark.parametrize("on_device", [True, False])
@pytest.mark.parametrize("cached", [True, False])
@pytest.mark.parametrize("key", ["seq", "seq_tf_df", "seq_tf_core_hm"])
def test_a_batch_holds_the_rows_of_its_pairs(key: str, cached: bool, on_device: bool) -> None:
    dataset, architecture = make_dataset(), Architecture.from_key(key)
    scan = scan_genes(dataset.onehot, dataset.pssm, dataset.core, SCHEDULE) if cached else None
    feed = make_feed(dataset, architecture, scan, on_device=on_device)
    tables = {name: ops.convert_to_tensor(table) for name, table in feed.tables.items()}
    assert bool(tables) == on_device
    rows = feed.rows(PAIRS)
    assert set(rows) == ({"gene", "sample"} if on_device else set(feed.all_tables))
    inputs, observed = feed.batch(tables, {name: ops.convert_to_tensor(row) for name, row in rows.items()})
    units = own_units(dataset, architecture)
    expected = model_inputs(dataset, architecture, PAIRS[:, 0], PAIRS[:, 1], units, scan)
    assert set(inputs) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(ops.convert_to_numpy(inputs[name]), value, rtol=1e-6, err_msg=name)
    assert np.array_equal(ops.convert_to_numpy(observed), dataset.expression[PAIRS[:, 0], PAIRS[:, 1]])


def test_rows_keep_the_shape_of_the_pairs() -> None:
    feed = make_feed(make_dataset(), Architecture.from_key("seq_tf"), None, on_device=False)
    rows = feed.rows(PAIRS.reshape(3, 4, 2))
    assert rows["sequence"].shape == (3, 4, 60, 4)
    assert rows["sequence"].dtype == np.float16  # as stored: a step casts
    assert np.array_equal(rows["sequence"].reshape(12, 60, 4), feed.rows(PAIRS)["sequence"])
    assert rows["expression"].shape == (3, 4)
    assert feed.gathered_bytes(4) == sum(row.nbytes for row in feed.rows(PAIRS[:4]).values())


def mapped_kb() -> int:
    """Read how much of mapped files counts as this process's memory."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("RssFile:"))


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="no /proc")
def test_rows_of_a_mapped_file_do_not_stay_in_memory(tmp_path: Path) -> None:
    table = np.random.default_rng(0).random((64, 1 << 17))  # 64 MB
    np.save(tmp_path / "table.npy", table)
    mapped = np.load(tmp_path / "table.npy", mmap_mode="r")
    feed = Feed({"sequence": mapped}, {}, np.zeros((64, 1), np.float32), 1.0, on_device=False)
    pairs = np.stack([np.arange(64), np.zeros(64, np.int64)], axis=1)
    before = mapped_kb()
    rows = [feed.rows(half) for half in (pairs[:40], pairs[40:])]
    assert mapped_kb() - before < 1 << 13
    assert np.array_equal(np.concatenate([half["sequence"] for half in rows]), table)
    # The file itself is untouched, and can be read again.
    assert np.array_equal(feed.rows(pairs[:1])["sequence"], table[:1])


def test_bytes_are_those_of_all_tables() -> None:
    feed = Feed({"a": np.zeros((2, 3), np.float16)}, {"b": np.zeros((5, 1), np.uint8)}, np.zeros((2, 5), np.float32), 1)
    assert feed.nbytes == 12 + 5 + 40


def place(monkeypatch: pytest.MonkeyPatch, wanted: str, tables: float, *, gpu: bool, free: float | None) -> bool:
    """Place tables of so many GB where so many are free."""
    monkeypatch.setattr(devices, "gpu_names", lambda: ["a GPU"] if gpu else [])
    monkeypatch.setattr(devices, "free_memory", lambda: None if free is None else int(free * GB))
    return place_arrays(wanted, int(tables * GB))


@pytest.mark.parametrize(
    ("wanted", "tables", "gpu", "free", "on_device"),
    [
        # On a GPU by what is free, of which a quarter is left for the steps.
        ("auto", 24, True, 32, True),
        ("auto", 24, True, 31.9, False),
        ("auto", 25, True, None, True),
        ("host", 1, True, 30, False),
        # On a CPU by size: a copy of a mapped file is memory and nothing won.
        ("auto", 0.9, False, 30, True),
        ("auto", 0.9, False, 1, False),
        ("auto", 1.2, False, 30, False),
        ("device", 1.2, False, 1.3, True),
        ("host", 25, False, 1, False),
    ],
)
def test_where_arrays_go(
    wanted: str, tables: float, gpu: bool, free: float | None, on_device: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert place(monkeypatch, wanted, tables, gpu=gpu, free=free) == on_device


def test_too_little_memory_is_told_before_the_first_step(monkeypatch: pytest.MonkeyPatch, refuses: Refuses) -> None:
    with refuses("25.0 GB", "24.0 GB", "arrays: host"):
        place(monkeypatch, "device", 25, gpu=True, free=24)
    with refuses("'disk'", "auto, device, host"):
        place(monkeypatch, "disk", 1, gpu=False, free=10)


def test_the_log_says_where_arrays_are(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(devices, "gpu_names", lambda: [])
    monkeypatch.setattr(devices, "free_memory", lambda: 24 * GB)
    place_arrays("auto", 18 * GB)
    place_arrays("auto", 5_000_000)
    lines = capsys.readouterr().err.splitlines()
    assert says(lines[0], "18.0 GB", "24.0 GB")
    assert says(lines[1], "5.0 MB")


def test_available_memory_is_read_off_the_kernel_s_table(tmp_path: Path) -> None:
    table = tmp_path / "meminfo"
    assert devices._available(table) is None
    table.write_text("MemTotal:       100 kB\nMemAvailable:    42 kB\n")
    assert devices._available(table) == 42 * 1024
    table.write_text("MemTotal:       100 kB\n")
    assert devices._available(table) is None


def counted(made: list[int]) -> Iterator[int]:
    """Yield 1, 2, 3, noting each as it is made."""
    for k in (1, 2, 3):
        made.append(k)
        yield k


def test_items_come_in_order_and_one_is_made_ahead() -> None:
    made: list[int] = []
    items = ahead(counted(made))
    assert next(items) == 1
    assert list(items) == [2, 3]
    assert made == [1, 2, 3]


def failing() -> Iterator[int]:
    yield 1
    raise ValueError("made badly")


def test_an_error_in_making_an_item_reaches_its_user() -> None:
    items = ahead(failing())
    assert next(items) == 1
    with pytest.raises(ValueError, match="made badly"):
        next(items)

"""Scan and pooling: the fast paths against the slow reference, and cases counted by hand."""

import dataclasses
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.child import start_child
from helpers.fixtures import Refuses
from helpers.toy_dataset import Sizes, toy_dataset
from tr300m.dataset.dataset import Dataset
from tr300m.features import motif_scan, pooling, scan_cache

SMALL = ((40, 6), (20, 4), (10, 1))


def random_onehot(genes: int, length: int, seed: int = 0) -> np.ndarray[Any, Any]:
    chance = np.random.default_rng(seed)
    onehot = np.eye(4, dtype=np.float16)[chance.integers(0, 4, (genes, length))]
    onehot[:, 5] = 0.25  # an N
    onehot[0, :3] = 0.0  # off the chromosome
    return onehot


def test_the_schedule_leaves_430_positions() -> None:
    assert sum(length for length, _ in pooling.SCHEDULE) == 2823
    assert pooling.pooled_length() == 430
    assert pooling.max_pool(np.zeros((2, 2823, 3))).shape == (2, 430, 3)


def test_pooling_by_hand() -> None:
    scores = np.array([3, 1, 2, 9, 9, 4, 5, 7, 6], dtype=float)[:, None]
    # 5 by 2 keeps two pairs and drops the fifth (a 9); 3 by 3; 1 by 1.
    assert pooling.max_pool(scores, ((5, 2), (3, 3), (1, 1)))[:, 0].tolist() == [3, 9, 7, 6]


def test_the_reference_by_hand() -> None:
    onehot = np.eye(4)[[0, 1, 2]]
    kernel = np.zeros((3, 4, 1))
    kernel[0, 0], kernel[1, 1], kernel[2, 2] = 1, 2, 4
    # Position 1 sees A, C, G: all three match. Beyond the ends each base counts 0.25 of the sum of its column.
    assert motif_scan.scan(onehot, kernel)[:, 0].tolist() == [0.25, 7.0, 1.0]
    onehot = np.eye(4)[[2, 2, 2]]
    assert motif_scan.scan(onehot, kernel)[:, 0].tolist() == [4.25, 4.0, 1.0]


@pytest.mark.parametrize("width", [1, 4, 19, 35])
def test_the_fast_scan_equals_the_reference(width: int) -> None:
    onehot = random_onehot(3, 70)
    kernels = np.random.default_rng(1).normal(size=(width, 4, 6)) * 10
    expected = np.stack([pooling.max_pool(motif_scan.scan(gene, kernels), SMALL) for gene in onehot])
    np.testing.assert_allclose(motif_scan.pooled_scan(onehot, kernels, SMALL), expected, atol=1e-4)


def test_motifs_are_scored_on_one_strand_and_in_order() -> None:
    onehot = random_onehot(1, 70)
    motif = onehot[0, 30:35].astype(float)
    scores = motif_scan.scan(onehot[0], motif[:, :, None])
    assert scores[:, 0].argmax() == 32
    assert scores.max() == 5.0


def test_the_table_on_disk(tmp_path: Path) -> None:
    # More genes than a block.
    dataset = toy(scan_cache.SCANNED_GENES_PER_BLOCK + 6)
    onehot, pssm, core = dataset.onehot, dataset.pssm, dataset.core
    scan_cache.write_scan_table(dataset, tmp_path / "scan", SMALL)
    table = scan_cache.ScanTable.open(tmp_path / "scan")
    assert table.pooled.dtype == table.core.dtype == np.float16
    for found, kernels in ((table.pooled, pssm), (table.core, core)):
        expected = motif_scan.pooled_scan(onehot, kernels, SMALL)
        np.testing.assert_allclose(found, expected, rtol=2**-11, atol=1e-6)
    assert sorted(path.name for path in (tmp_path / "scan").iterdir()) == ["core.npy", "pooled.npy", "scan.json"]
    assert table.key == scan_cache.scan_key(dataset, SMALL)


def test_a_failed_scan_leaves_no_table(tmp_path: Path, refuses: Refuses) -> None:
    dataset = dataclasses.replace(toy(), pssm=np.zeros((5, 3, 7)))
    with pytest.raises(ValueError):
        scan_cache.write_scan_table(dataset, tmp_path, SMALL)
    with refuses("pooled.npy", "run the rule"):
        scan_cache.ScanTable.open(tmp_path)


def test_a_missing_table_and_a_bad_schedule_are_refused(tmp_path: Path, refuses: Refuses) -> None:
    with refuses("pooled.npy", "run the rule"):
        scan_cache.ScanTable.open(tmp_path)
    with refuses("70 bp", "80"):
        pooling.check_schedule(SMALL, 80)
    with refuses("10 bp by 20"):
        pooling.check_schedule(((10, 20),), 10)
    with refuses("by 0"):
        pooling.check_schedule(((10, 0),), 10)


def toy(genes: int = 5) -> Dataset:
    """Make a dataset of windows of 70 bp, 7 motifs and 2 core elements."""
    chance = np.random.default_rng(2)
    return toy_dataset(
        Sizes(genes=genes, length=70, motifs=7, motif_width=5, elements=2, element_width=3),
        onehot=random_onehot(genes, 70),
        pssm=chance.normal(size=(5, 4, 7)) * 8,
        core=chance.normal(size=(3, 4, 2)),
    )


def changed(name: str) -> Dataset:
    """Make the toy with the first number of an array changed."""
    dataset = toy()
    array = np.array(getattr(dataset, name))
    array.flat[0] += 1
    return dataclasses.replace(dataset, **{name: array})


def test_the_key_is_of_all_that_scores_depend_on() -> None:
    key = scan_cache.scan_key(toy(), SMALL)
    assert key == scan_cache.scan_key(toy(), [list(segment) for segment in SMALL])  # type: ignore[misc]
    others = [scan_cache.scan_key(changed(name), SMALL) for name in ("onehot", "pssm", "core")]
    others += [scan_cache.scan_key(toy(6), SMALL), scan_cache.scan_key(toy(), ((40, 5), (20, 4), (10, 1)))]
    assert len({key, *others}) == 6


@pytest.mark.parametrize("name", ["onehot", "pssm", "core"])
def test_a_scan_of_something_else_is_refused(name: str, tmp_path: Path, refuses: Refuses) -> None:
    scan_cache.write_scan_table(toy(), tmp_path, SMALL)
    table = scan_cache.ScanTable.open(tmp_path)
    scan_cache.check_scan(table, toy(), SMALL)
    with refuses():
        scan_cache.check_scan(table, changed(name), SMALL)
    with refuses():
        scan_cache.check_scan(table, toy(), ((40, 5), (20, 4), (10, 1)))


class KilledError(Exception):
    """Stands for the end of a process."""


def scan_until(dataset: Dataset, folder: Path, genes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scan and end before the block that starts at `genes`; the schedule is SMALL."""
    real = motif_scan.pooled_scan
    left = 2 * genes // scan_cache.SCANNED_GENES_PER_BLOCK

    def limited(*arguments: Any, **named: Any) -> Any:
        nonlocal left
        if left == 0:
            raise KilledError
        left -= 1
        return real(*arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(scan_cache, "pooled_scan", limited)
        with pytest.raises(KilledError):
            scan_cache.write_scan_table(dataset, folder, SMALL)


def count_scanned(dataset: Dataset, folder: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """Scan to the end; return how many genes were scanned for that."""
    real, scanned = motif_scan.pooled_scan, [0]

    def counting(onehot: Any, *arguments: Any, **named: Any) -> Any:
        scanned[0] += len(onehot)
        return real(onehot, *arguments, **named)

    with monkeypatch.context() as patch:
        patch.setattr(scan_cache, "pooled_scan", counting)
        scan_cache.write_scan_table(dataset, folder, SMALL)
    return scanned[0] // 2


def test_a_killed_scan_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    block = scan_cache.SCANNED_GENES_PER_BLOCK
    dataset = toy(3 * block + 5)
    scan_until(dataset, tmp_path / "part", 2 * block, monkeypatch)
    assert not list((tmp_path / "part").glob("*.npy"))
    assert count_scanned(dataset, tmp_path / "part", monkeypatch) == block + 5
    scan_cache.write_scan_table(dataset, tmp_path / "whole", SMALL)
    for name in ("pooled.npy", "core.npy", "scan.json"):
        assert (tmp_path / "part" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert sorted(path.name for path in (tmp_path / "part").iterdir()) == ["core.npy", "pooled.npy", "scan.json"]


def scan_many(folder: str) -> None:
    scan_cache.write_scan_table(toy(60 * scan_cache.SCANNED_GENES_PER_BLOCK), folder, SMALL)


def test_a_scan_that_was_killed_ends_like_one_that_was_not(tmp_path: Path) -> None:
    child = start_child(scan_many, tmp_path / "part")
    while child.poll() is None and not (tmp_path / "part/part.json").is_file():
        time.sleep(0.001)
    child.kill()
    _, errors = child.communicate()
    assert child.returncode == -signal.SIGKILL, errors
    assert not list((tmp_path / "part").glob("*.npy"))
    dataset = toy(60 * scan_cache.SCANNED_GENES_PER_BLOCK)
    for folder in ("part", "whole"):
        scan_cache.write_scan_table(dataset, tmp_path / folder, SMALL)
    for name in ("pooled.npy", "core.npy", "scan.json"):
        assert (tmp_path / "part" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_a_part_of_something_else_is_scanned_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    block = scan_cache.SCANNED_GENES_PER_BLOCK
    dataset = toy(3 * block + 5)
    scan_until(dataset, tmp_path, 2 * block, monkeypatch)
    other = dataclasses.replace(dataset, pssm=dataset.pssm + 1)
    assert count_scanned(other, tmp_path, monkeypatch) == 3 * block + 5
    expected = motif_scan.pooled_scan(other.onehot, other.pssm, SMALL)
    np.testing.assert_allclose(scan_cache.ScanTable.open(tmp_path).pooled, expected, rtol=2**-11, atol=1e-6)


def test_a_part_without_its_array_is_scanned_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    block = scan_cache.SCANNED_GENES_PER_BLOCK
    dataset = toy(2 * block)
    scan_until(dataset, tmp_path, block, monkeypatch)
    (tmp_path / "core.part").unlink()
    assert count_scanned(dataset, tmp_path, monkeypatch) == 2 * block


def test_a_scan_of_other_genes_is_refused(refuses: Refuses) -> None:
    table = scan_cache.ScanTable(np.zeros((3, 4, 5)), np.zeros((3, 4, 1)))
    dataset = toy(4)
    with refuses("3", "5", "1", "4", "7", "2"):
        scan_cache.check_scan(table, dataset)
    scan_cache.check_scan(None, dataset)

"""Arrays over wide windows in the dataset: there if the configuration asks for them, and checked like all others."""

from pathlib import Path

import numpy as np
import pytest
from helpers.fixtures import Refuses
from helpers.toy_dataset import Sizes, draw, toy_dataset, write_dataset
from tr300m.arrays.wide import mark_bins
from tr300m.dataset.dataset import BINS_TABLE, Dataset

SIZES = Sizes()
BINS = mark_bins([10, 30])


def wide_parts() -> dict[str, object]:
    rng = np.random.default_rng(0)
    drawn = draw(SIZES)
    genes, tracks = len(drawn["genes"]), len(drawn["tracks"])
    return {
        "wide_bases": rng.integers(0, 6, (genes, 61)).astype(np.uint8),
        "wide_marks": rng.random((genes, len(BINS), tracks), dtype=np.float32),
        "body_marks": rng.random((genes, 2, tracks), dtype=np.float32),
        "bins": BINS,
    }


def test_wide_arrays_are_opened_and_follow_the_genes() -> None:
    parts = wide_parts()
    dataset = toy_dataset(SIZES, **parts)
    assert np.array_equal(dataset.wide_bases, parts["wide_bases"])
    assert np.array_equal(dataset.wide_marks, parts["wide_marks"])
    assert dataset.bins.start.tolist() == [-30, -10, 0, 10]
    some = dataset.take_genes(np.array([2, 0]))
    assert np.array_equal(some.wide_bases, dataset.wide_bases[[2, 0]])
    assert np.array_equal(some.wide_marks, dataset.wide_marks[[2, 0]])
    assert np.array_equal(some.body_marks, parts["body_marks"][[2, 0]])


def test_a_dataset_has_none_unless_asked_for() -> None:
    dataset = toy_dataset(SIZES)
    assert dataset.wide_bases is None and dataset.wide_marks is None and dataset.body_marks is None
    assert len(dataset.bins) == 0
    some = dataset.take_genes(np.array([1]))
    assert some.wide_marks is None and some.body_marks is None


@pytest.mark.parametrize("change", ["bins", "genes"])
def test_axes_that_disagree_are_refused(change: str, tmp_path: Path, refuses: Refuses) -> None:
    parts = wide_parts()
    marks = np.asarray(parts["wide_marks"])
    parts["wide_marks"] = marks[:, :3] if change == "bins" else marks[:1]
    write_dataset(tmp_path, draw(SIZES) | parts)
    with refuses("wide_marks", "bin" if change == "bins" else "gene"):
        Dataset.open(tmp_path)


def test_the_table_of_bins_is_needed(tmp_path: Path, refuses: Refuses) -> None:
    write_dataset(tmp_path, draw(SIZES) | wide_parts())
    (tmp_path / BINS_TABLE).unlink()
    with refuses(BINS_TABLE):
        Dataset.open(tmp_path)

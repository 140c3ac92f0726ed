"""Writing the manifest, opening a dataset folder, distances."""

import dataclasses
import hashlib
import json
import math
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.fixtures import MakeGenes, Refuses
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from tr300m.arrays.manifest import array_entry, build_manifest, mean_of, median_of
from tr300m.base.axes import ARRAYS, RELEASE_TRACKS, Donors, Genes, Motifs, Regulators, Samples, Tracks
from tr300m.base.files import read_json, write_json, write_tsv
from tr300m.dataset.dataset import TABLES, Dataset

TABLE_FILES = [f"{name}.tsv" for name in (*TABLES, "tissues")]
GENES = [("chr1", "+", 5000), ("chr2", "-", 9000), ("chr1", "-", 6000)]
N_WINDOW = 7


def arrays_of_a_dataset() -> dict[str, NDArray[Any]]:
    """Return small arrays of 3 genes, 4 samples, 3 regulators, 2 motifs, 2 tissues."""
    rng = np.random.default_rng(0)
    onehot = np.eye(4, dtype=np.float16)[rng.integers(0, 4, (3, N_WINDOW))]
    levels = rng.integers(0, 100, (4, 3)).astype(np.float32)
    motif_map = np.array([[1, 0], [0, 0], [1, 0]], dtype=np.uint8)
    return {
        "onehot": onehot,
        "expression": np.array([[0, 1, 2, 3], [10, 20, 30, 40], [0, 0, 7, 100]], dtype=np.float32),
        "regulator_levels": levels,
        "motif_map": motif_map,
        "tf_levels": levels @ motif_map.astype(np.float32),
        "tissue": np.array([[1, 0], [0, 1], [0, 1], [1, 0]], dtype=np.uint8),
        "histones": rng.integers(0, 9, (3, N_WINDOW, 21)).astype(np.float32),
        "pssm": rng.normal(size=(35, 4, 2)),
        "core": rng.normal(size=(19, 4, 13)),
    }


def write_tables(folder: Path, genes: Genes) -> None:
    """Write all tables."""
    text = np.array
    genes.write(folder / "genes.tsv")
    Samples(text(["S0", "S1", "S2", "S3"]), text(["D0", "D0", "D1", "D1"]), text(["A", "B", "B", "A"])).write(
        folder / "samples.tsv"
    )
    Donors(text(["D0", "D1"]), text(["1", "NA"]), text(["60-69", "NA"])).write(folder / "donors.tsv")
    Regulators(
        text(["R0.1", "R1.1", "R2.1"]),
        text(["X", "Y", "X"]),
        text(["chr1", "chr2", "chrX"]),
        text(["+", "-", "+"]),
        np.array([5100, 9000, 6000]),
    ).write(folder / "regulators.tsv")
    Motifs(text(["MA1.1", ""]), text(["X", ""]), np.array([8, 0]), np.array([20.0, 0])).write(folder / "motifs.tsv")
    Motifs(
        text([f"POL{n}.1" for n in range(13)]), text([f"E{n}" for n in range(13)]), np.full(13, 5), np.full(13, 9.0)
    ).write(folder / "core_motifs.tsv")
    Tracks.of(RELEASE_TRACKS).write(folder / "tracks.tsv")
    write_tsv(folder / "tissues.tsv", {"tissue": ["A", "B"]})


@pytest.fixture
def folder(tmp_path: Path, make_genes: MakeGenes) -> Path:
    """Return a whole dataset folder."""
    where = tmp_path / "dataset"
    where.mkdir()
    write_tables(where, make_genes(GENES))
    for name, array in arrays_of_a_dataset().items():
        np.save(where / f"{name}.npy", array)
    remake_manifest(where)
    return where


def remake_manifest(folder: Path) -> None:
    """Write the manifest of what the folder holds."""
    sources = {"expression": {"url": "https://example.org/a.gct.gz", "sha256": "0" * 64}}
    write_json(
        folder / "manifest.json",
        build_manifest(folder, list(ARRAYS), TABLE_FILES, sources, {"edition": "release"}, "c0de"),
    )


def test_arrays_of_the_dataset_are_known() -> None:
    assert {name: spec.axes for name, spec in ARRAYS.items()} == {
        "onehot": ("gene", "window", "base"),
        "expression": ("gene", "sample"),
        "regulator_levels": ("sample", "regulator"),
        "motif_map": ("regulator", "motif"),
        "tf_levels": ("sample", "motif"),
        "tissue": ("sample", "tissue"),
        "histones": ("gene", "window", "track"),
        "pssm": ("pssm_position", "base", "motif"),
        "core": ("core_position", "base", "core_motif"),
    }


def test_manifest_describes_arrays_tables_and_sources(folder: Path) -> None:
    manifest = read_json(folder / "manifest.json")
    assert json.loads(json.dumps(manifest)) == manifest
    for name, array in arrays_of_a_dataset().items():
        entry = manifest["arrays"][name]
        assert entry["shape"] == list(array.shape)
        assert entry["dtype"] == str(array.dtype)
        assert entry["axes"] == list(ARRAYS[name].axes)
        assert entry["sha256"] == hashlib.sha256((folder / f"{name}.npy").read_bytes()).hexdigest()
        assert array_entry(folder, name) == entry
    for name in TABLE_FILES:
        assert manifest["tables"][name]["sha256"] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    assert manifest["sources"]["expression"]["sha256"] == "0" * 64
    assert manifest["config"] == {"edition": "release"}
    assert manifest["code"] == "c0de"


def test_constants(folder: Path) -> None:
    dataset = Dataset.open(folder)
    assert dataset.tss_mean == (5000 + 9000 + 6000) / 3
    assert dataset.expression_median == 5  # of 0 0 0 1 2 3 | 7 10 20 30 40 100
    histones = arrays_of_a_dataset()["histones"]
    assert dataset.histone_mean == pytest.approx(float(histones.sum(dtype=np.float64)) / histones.size, rel=1e-12)


NUMBERS = st.one_of(st.sampled_from([0.0, -0.0, 1.0]), st.floats(0, 2**100, width=32))
BLOCKS = arrays(np.float32, st.tuples(st.integers(1, 9), st.integers(1, 5)), elements=NUMBERS)


@settings(deadline=None, max_examples=50)
@given(array=BLOCKS, rows=st.integers(1, 10))
def test_mean_and_median_do_not_depend_on_the_block(
    tmp_path_factory: pytest.TempPathFactory, array: NDArray[np.float32], rows: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "array.npy"
    np.save(path, array)
    assert mean_of(path, rows) == pytest.approx(math.fsum(array.ravel().tolist()) / array.size, rel=1e-12)
    assert median_of(path, rows) == statistics.median(array.ravel().tolist())


def test_mean_is_summed_in_float64(tmp_path: Path) -> None:
    array = np.full((300, 3), 2.0**24, dtype=np.float32)
    array[::2] = 1
    np.save(tmp_path / "array.npy", array)
    assert mean_of(tmp_path / "array.npy") == (2.0**24 + 1) / 2


def test_open_gives_tables_and_read_only_arrays(folder: Path) -> None:
    dataset = Dataset.open(folder)
    assert dataset.genes.tss.tolist() == [5000, 9000, 6000]
    assert dataset.samples.tissue.tolist() == ["A", "B", "B", "A"]
    assert dataset.donors.sex.tolist() == ["1", "NA"]
    assert dataset.regulators.gene_name.tolist() == ["X", "Y", "X"]
    assert dataset.motifs.name.tolist() == ["X", ""]
    assert len(dataset.core_motifs) == 13
    assert len(dataset.tracks) == 21
    assert list(dataset.tissues) == ["A", "B"]
    assert dataset.manifest["code"] == "c0de"
    for name, array in arrays_of_a_dataset().items():
        opened = getattr(dataset, name)
        assert isinstance(opened, np.memmap)
        assert opened.dtype == array.dtype
        assert np.array_equal(opened, array)
        with pytest.raises(ValueError, match="read-only"):
            opened[:] = 0


def test_open_takes_a_string(folder: Path) -> None:
    assert len(Dataset.open(str(folder)).genes) == 3


def test_a_dataset_is_frozen(folder: Path) -> None:
    dataset = Dataset.open(folder)
    with pytest.raises(dataclasses.FrozenInstanceError):
        dataset.tissues = ("C",)  # type: ignore[misc]


def test_distance_in_units_of_the_mean_tss(folder: Path) -> None:
    dataset = Dataset.open(folder)
    found = dataset.distance(np.array([2, 0, 1, 0]), dataset.tss_mean)
    mean = 20000 / 3
    expected = [[900 / mean, -1, -1], [100 / mean, -1, -1], [-1, 0, -1], [100 / mean, -1, -1]]
    assert found.dtype == np.float32
    assert np.array_equal(found, np.array(expected).astype(np.float32))


def test_distance_of_no_gene(folder: Path) -> None:
    assert Dataset.open(folder).distance(np.array([], dtype=np.int64), 1.0).shape == (0, 3)


@pytest.mark.parametrize("name", [*(f"{array}.npy" for array in ARRAYS), *TABLE_FILES, "manifest.json"])
def test_missing_file(folder: Path, refuses: Refuses, name: str) -> None:
    (folder / name).unlink()
    with refuses(name):
        Dataset.open(folder)


def test_missing_folder(tmp_path: Path, refuses: Refuses) -> None:
    with refuses("nowhere"):
        Dataset.open(tmp_path / "nowhere")


@pytest.mark.parametrize("name", list(ARRAYS))
def test_array_of_another_shape_than_the_manifest(folder: Path, refuses: Refuses, name: str) -> None:
    array = np.load(folder / f"{name}.npy")
    np.save(folder / f"{name}.npy", array[:-1])
    with refuses(name):
        Dataset.open(folder)


@pytest.mark.parametrize("name", list(ARRAYS))
def test_array_of_another_dtype_than_the_manifest(folder: Path, refuses: Refuses, name: str) -> None:
    array = np.load(folder / f"{name}.npy")
    np.save(folder / f"{name}.npy", array.astype(np.int32))
    with refuses(name):
        Dataset.open(folder)


# Ends of an array on an axis that a table or another array has too.
SHARED_ENDS = [
    (name, axis)
    for name, spec in ARRAYS.items()
    for axis in (0, -1)
    if spec.axes[axis] not in {"pssm_position", "core_position", "base"}
]


@pytest.mark.parametrize(("name", "axis"), SHARED_ENDS)
def test_axes_that_disagree(folder: Path, refuses: Refuses, name: str, axis: int) -> None:
    array = np.load(folder / f"{name}.npy")
    cut = np.delete(array, 0, axis=axis)
    np.save(folder / f"{name}.npy", cut)
    # The manifest tells the truth about each file, so that only the axes can be wrong.
    manifest = read_json(folder / "manifest.json")
    manifest["arrays"][name]["shape"] = list(cut.shape)
    write_json(folder / "manifest.json", manifest)
    with refuses(ARRAYS[name].axes[axis]):
        Dataset.open(folder)


@pytest.mark.parametrize("name", ["genes", "samples", "regulators", "motifs", "core_motifs", "tracks", "tissues"])
def test_table_that_is_too_short(folder: Path, refuses: Refuses, name: str) -> None:
    path = folder / f"{name}.tsv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    with refuses(name.rstrip("s")):
        Dataset.open(folder)


@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00"], ids=["empty", "text", "cut"])
def test_file_that_is_no_array(folder: Path, refuses: Refuses, content: bytes) -> None:
    (folder / "tissue.npy").write_bytes(content)
    with refuses("tissue"):
        Dataset.open(folder)


def test_array_that_was_cut(folder: Path, refuses: Refuses) -> None:
    content = (folder / "histones.npy").read_bytes()
    (folder / "histones.npy").write_bytes(content[:-40])
    with refuses("histones"):
        Dataset.open(folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}"])
def test_manifest_that_is_no_manifest(folder: Path, refuses: Refuses, text: str) -> None:
    (folder / "manifest.json").write_text(text)
    with refuses("manifest.json"):
        Dataset.open(folder)


def test_manifest_that_lacks_an_array(folder: Path, refuses: Refuses) -> None:
    manifest = read_json(folder / "manifest.json")
    del manifest["arrays"]["tissue"]
    write_json(folder / "manifest.json", manifest)
    with refuses("tissue"):
        Dataset.open(folder)


def test_manifest_of_a_newer_format(folder: Path, refuses: Refuses) -> None:
    manifest = read_json(folder / "manifest.json")
    manifest["format"] += 1
    write_json(folder / "manifest.json", manifest)
    with refuses("manifest.json"):
        Dataset.open(folder)


def test_tracks_of_a_dataset_may_be_fewer_when_all_agree(folder: Path) -> None:
    Tracks(np.array(["H3K4me1"]), np.array(["K562"])).write(folder / "tracks.tsv")
    np.save(folder / "histones.npy", np.ones((3, N_WINDOW, 1), dtype=np.float32))
    remake_manifest(folder)
    assert len(Dataset.open(folder).tracks) == 1

"""A toy dataset of any size: drawn, written as a real folder, opened with `Dataset.open`."""

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from tr300m.arrays.manifest import build_manifest
from tr300m.base.array_files import save_array
from tr300m.base.axes import ARRAYS, CELLS, MARKS, WIDE_ARRAYS, Donors, Genes, Motifs, Regulators, Samples, Tracks
from tr300m.base.files import write_json, write_tsv
from tr300m.dataset.dataset import BINS_TABLE, TABLES, Dataset
from tr300m.dataset.tf_levels import tf_levels

Array = NDArray[Any]
TABLE_FILES = [f"{name}.tsv" for name in (*TABLES, "tissues")]
SOURCES = {"genome": {"path": "x", "origin": "simulated", "sha256": "0" * 64}}


class Sizes(NamedTuple):
    """Axes of a toy dataset."""

    genes: int = 6
    samples: int = 5
    length: int = 100
    motifs: int = 9
    motif_width: int = 7
    elements: int = 4
    element_width: int = 5
    regulators: int = 12
    tissues: int = 3


def names(letter: str, count: int) -> NDArray[np.str_]:
    return np.array([f"{letter}{number}" for number in range(count)])


def motif_axis(letter: str, count: int) -> Motifs:
    return Motifs(names(letter, count), names(letter, count), np.ones(count, np.int64), np.ones(count))


def random_motifs(chance: np.random.Generator, width: int, count: int) -> Array:
    """Bits of random profiles [width, base, motif]: in the middle of the width, zero around."""
    kernels = np.zeros((width, 4, count))
    for motif in range(count):
        length = int(chance.integers(max(1, width // 6), width + 1))
        first = (width - length) // 2
        kernels[first : first + length, :, motif] = np.log2(chance.dirichlet(np.ones(4), length) / 0.25)
    return kernels


def draw(sizes: Sizes, seed: int = 0) -> dict[str, Any]:
    """Draw all arrays and tables; the first gene has unknown bases, the second reaches past the chromosome's end."""
    chance = np.random.default_rng(seed)
    shape = (sizes.genes, sizes.length)
    onehot = np.eye(4, dtype=np.float16)[chance.integers(0, 4, shape)]
    onehot[0, sizes.length // 3 : sizes.length // 3 + 3] = 0.25
    onehot[1, -sizes.length // 20 :] = 0
    # Three chromosomes: a third of the regulators lie on a gene's own.
    chromosomes = np.array(["chr1", "chr2", "chrX"])
    levels = chance.lognormal(0, 1.5, (sizes.samples, sizes.regulators)).astype(np.float32)
    motif_map = (chance.random((sizes.regulators, sizes.motifs)) < 3 / sizes.regulators).astype(np.uint8)
    tissue = chance.integers(0, sizes.tissues, sizes.samples)
    strands = chance.choice(["+", "-"], sizes.genes)
    gene_tss = chance.integers(1, 200_000_000, sizes.genes)
    return {
        "genes": Genes(
            gene_id=names("G", sizes.genes),
            gene_name=names("G", sizes.genes),
            chromosome=chromosomes[np.arange(sizes.genes) % 3],
            strand=strands,
            tss=gene_tss,
            window_start=gene_tss,
            window_end=gene_tss + sizes.length,
            merged=np.full(sizes.genes, ""),
            cluster=np.arange(sizes.genes),
        ),
        "samples": Samples(names("S", sizes.samples), names("D", sizes.samples), names("T", sizes.tissues)[tissue]),
        "regulators": Regulators(
            gene_id=names("R", sizes.regulators),
            gene_name=names("R", sizes.regulators),
            chromosome=chance.choice(chromosomes, sizes.regulators),
            strand=chance.choice(["+", "-"], sizes.regulators),
            tss=chance.integers(1, 200_000_000, sizes.regulators),
        ),
        "motifs": motif_axis("M", sizes.motifs),
        "core_motifs": motif_axis("E", sizes.elements),
        "donors": Donors(names("D", sizes.samples), np.full(sizes.samples, "1"), np.full(sizes.samples, "60-69")),
        "tracks": Tracks(np.repeat(MARKS, len(CELLS)), np.tile(CELLS, len(MARKS))),
        "tissues": tuple(names("T", sizes.tissues).tolist()),
        "onehot": onehot,
        "expression": chance.lognormal(1, 2, (sizes.genes, sizes.samples)).astype(np.float32),
        "regulator_levels": levels,
        "motif_map": motif_map,
        "tissue": np.eye(sizes.tissues, dtype=np.uint8)[tissue],
        "histones": chance.gamma(0.5, 2.0, (*shape, 21)).astype(np.float32),
        "pssm": random_motifs(chance, sizes.motif_width, sizes.motifs),
        "core": random_motifs(chance, sizes.element_width, sizes.elements),
    }


def write_dataset(folder: Path, parts: Mapping[str, Any], constants: Mapping[str, float] | None = None) -> None:
    """Write tables and arrays as a dataset folder, `tf_levels` among them where they are not given.

    Parameters
    ----------
    folder
        Where to.
    parts
        What `draw` returns, and arrays of `WIDE_ARRAYS` with their table `bins`.
    constants
        Units for the manifest, in the place of the means of what is written.
    """
    parts = {"tf_levels": tf_levels(parts["regulator_levels"], parts["motif_map"]), **parts}
    for name in TABLES:
        parts[name].write(folder / f"{name}.tsv")
    write_tsv(folder / "tissues.tsv", {"tissue": list(parts["tissues"])})
    arrays = [*ARRAYS, *(name for name in WIDE_ARRAYS if name in parts)]
    for name in arrays:
        save_array(folder / f"{name}.npy", parts[name])
    if "bins" in parts:
        parts["bins"].write(folder / BINS_TABLE)
    manifest = build_manifest(folder, arrays, TABLE_FILES, SOURCES, {"edition": "release"}, "c0de")
    manifest["constants"] |= constants or {}
    write_json(folder / "manifest.json", manifest)


def toy_dataset(
    sizes: Sizes | None = None, seed: int = 0, constants: Mapping[str, float] | None = None, **given: Any
) -> Dataset:
    """Draw a dataset, write it and open it; `given` arrays and tables stand in for drawn ones.

    The files are gone when it returns: what is mapped into memory stays readable.
    """
    with TemporaryDirectory() as folder:
        write_dataset(Path(folder), draw(sizes or Sizes(), seed) | given, constants)
        return Dataset.open(folder)

"""The dataset: aligned arrays and axis tables of a folder, opened and checked together."""

from dataclasses import dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..base.axes import ARRAYS, FORMAT, WIDE_ARRAYS, Bins, Donors, Genes, Motifs, Regulators, Samples, Tracks
from ..base.errors import TR300MError
from ..base.files import read_json, read_tsv, sha256
from ..base.types import Floats, Ints

_REBUILD_HINT = "the folder contains files of two builds: delete it and build it again"
TABLES: dict[str, Any] = {
    "genes": Genes,
    "samples": Samples,
    "regulators": Regulators,
    "motifs": Motifs,
    "core_motifs": Motifs,
    "donors": Donors,
    "tracks": Tracks,
}
BINS_TABLE = "bins.tsv"
"""Table of the bins of the array wide_marks, where there is one."""
NO_BINS = Bins(np.empty(0, np.int64), np.empty(0, np.int64))


@dataclass(frozen=True, repr=False)
class Dataset:
    """Aligned arrays of genes, samples, regulators and motifs; the arrays are memory-mapped and read-only.

    Attributes
    ----------
    onehot : array [gene, window, 4], float16
        Promoter sequence, 5' to 3', columns A, C, G, T; unknown bases are 0.25, positions outside the chromosome 0.
    expression : array [gene, sample], float32
        TPM.
    regulator_levels : array [sample, regulator], float32
        TPM of regulators.
    motif_map : array [regulator, motif], uint8
        1 where the regulator binds the motif.
    tf_levels : array [sample, motif], float32
        Summed TPM of the regulators that bind the motif.
    tissue : array [sample, tissue], uint8
        One-hot tissue of each sample.
    histones : array [gene, window, track], float32
        Histone signal; tracks of one mark stand together.
    pssm : array [35, 4, motif], float64
        Motif kernels in bits.
    core : array [19, 4, 13], float64
        Kernels of the core promoter elements in bits.
    wide_bases : array [gene, position], uint8, or None
        Bases around the TSS, which is in the middle: 0-3 for A, C, G, T, 4 unknown, 5 outside the chromosome. None if
        the configuration does not ask for it (`wide: sequence`).
    wide_marks : array [gene, bin, track], float32, or None
        Mean signal in bins around the TSS. None if the configuration does not ask for it (`wide: mark_edges`).
    body_marks : array [gene, 2, track], float32, or None
        Mean and largest signal from 500 bp upstream of the TSS to the end of the gene. None if the configuration does
        not ask for it (`wide: gene_body`).
    bins
        The bins of `wide_marks`; there are none if it is None.
    tissues
        Tissue names, in axis order.
    manifest
        Content of `manifest.json`: shapes, checksums, sources, constants.
    """

    folder: Path
    genes: Genes
    samples: Samples
    regulators: Regulators
    motifs: Motifs
    core_motifs: Motifs
    donors: Donors
    tracks: Tracks
    tissues: tuple[str, ...]
    onehot: NDArray[np.float16]
    expression: NDArray[np.float32]
    regulator_levels: NDArray[np.float32]
    motif_map: NDArray[np.uint8]
    tf_levels: NDArray[np.float32]
    tissue: NDArray[np.uint8]
    histones: NDArray[np.float32]
    pssm: Floats
    core: Floats
    manifest: dict[str, Any]
    wide_bases: NDArray[np.uint8] | None = None
    wide_marks: NDArray[np.float32] | None = None
    body_marks: NDArray[np.float32] | None = None
    bins: Bins = NO_BINS

    @classmethod
    def open(cls, folder: Path | str) -> Self:
        """Open a dataset folder and check that its arrays and tables agree.

        Raises
        ------
        TR300MError
            If a file is missing, a table or the shape or dtype of an array differs from the manifest, or axes disagree.
        """
        root = Path(folder)
        manifest = _manifest(root)
        for name, entry in manifest["tables"].items():
            if sha256(_need(root / name)) != entry["sha256"]:
                raise TR300MError(f"{root}/{name} is not the table that the manifest describes", _REBUILD_HINT)
        tables: dict[str, Any] = {name: table.read(_need(root / f"{name}.tsv")) for name, table in TABLES.items()}
        tissues = tuple(read_tsv(_need(root / "tissues.tsv"))["tissue"].tolist())
        wide = [name for name in WIDE_ARRAYS if name in manifest["arrays"]]
        arrays: dict[str, Any] = {name: _map(_need(root / f"{name}.npy")) for name in (*ARRAYS, *wide)}
        bins = Bins.read(_need(root / BINS_TABLE)) if "wide_marks" in wide else NO_BINS
        for name, array in arrays.items():
            entry = manifest["arrays"][name]
            if list(array.shape) != entry["shape"] or str(array.dtype) != entry["dtype"]:
                raise TR300MError(
                    f"{root}/{name}.npy is {array.dtype}{list(array.shape)}, the manifest states "
                    f"{entry['dtype']}{entry['shape']}",
                    _REBUILD_HINT,
                )
        sizes = {"tissue": len(tissues), "base": 4}
        singular = {"genes": "gene", "samples": "sample", "regulators": "regulator", "motifs": "motif"}
        singular |= {"core_motifs": "core_motif", "tracks": "track"}
        sizes |= {axis: len(tables[table]) for table, axis in singular.items()}
        sizes |= {"bin": len(bins)} if "wide_marks" in wide else {}
        _check_axes(root, arrays, sizes)
        return cls(folder=root, **tables, tissues=tissues, **arrays, manifest=manifest, bins=bins)

    def __repr__(self) -> str:
        """Return a text with the folder and the sizes of the main axes."""
        return (
            f"Dataset({str(self.folder)!r}: {len(self.genes)} genes, {len(self.samples)} samples, "
            f"{len(self.regulators)} regulators, {len(self.motifs)} motifs, {len(self.tissues)} tissues)"
        )

    @property
    def histone_mean(self) -> float:
        """Mean of `histones`; models trained on the dataset divide the signal by it."""
        return float(self.manifest["constants"]["histone_mean"])

    @property
    def tss_mean(self) -> float:
        """Mean 1-based TSS of the genes; models trained on the dataset divide distances by it."""
        return float(self.manifest["constants"]["tss_mean"])

    @property
    def expression_median(self) -> float:
        """Median of `expression` (TPM), the threshold of the accuracy."""
        return float(self.manifest["constants"]["expression_median"])

    @cached_property
    def _chromosome_codes(self) -> tuple[Ints, Ints]:
        _, codes = np.unique(np.concatenate([self.genes.chromosome, self.regulators.chromosome]), return_inverse=True)
        return codes[: len(self.genes)], codes[len(self.genes) :]

    def take_genes(self, genes: NDArray[np.integer]) -> Self:
        """Return the dataset restricted to some genes, in the given order, with their arrays in memory.

        Parameters
        ----------
        genes
            Gene indices [n].
        """
        return replace(
            self,
            genes=self.genes.take(genes),
            onehot=self.onehot[genes],
            expression=self.expression[genes],
            histones=self.histones[genes],
            wide_bases=None if self.wide_bases is None else self.wide_bases[genes],
            wide_marks=None if self.wide_marks is None else self.wide_marks[genes],
            body_marks=None if self.body_marks is None else self.body_marks[genes],
        )

    def take_samples(self, samples: NDArray[np.integer]) -> Self:
        """Return the dataset restricted to some samples, in the given order, with their arrays in memory.

        Parameters
        ----------
        samples
            Sample indices [n].
        """
        return replace(
            self,
            samples=self.samples.take(samples),
            expression=self.expression[:, samples],
            tissue=self.tissue[samples],
            regulator_levels=self.regulator_levels[samples],
            tf_levels=self.tf_levels[samples],
        )

    def distance(self, genes: NDArray[np.integer], unit: float) -> NDArray[np.float32]:
        """Return the distances of genes to all regulators on the chromosome.

        Parameters
        ----------
        genes
            Gene indices [n].
        unit
            Base pairs by which distances are divided: `tss_mean` of the dataset that the model was trained on.

        Returns
        -------
        array [n, regulator], float32
            Absolute difference of the two TSS, in this unit; -1 if the chromosomes differ.
        """
        gene_codes, regulator_codes = self._chromosome_codes
        apart = np.abs(self.genes.tss[genes][:, None] - self.regulators.tss[None, :]) / unit
        same = gene_codes[genes][:, None] == regulator_codes[None, :]
        return np.where(same, apart, -1.0).astype(np.float32)


def _need(path: Path) -> Path:
    if not path.is_file():
        raise TR300MError(
            f"{path} is missing",
            "give the folder with manifest.json, such as results/demo/dataset, which `make demo` builds",
        )
    return path


def _map(path: Path) -> NDArray[Any]:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise TR300MError(
            f"{path} is truncated or not a .npy file: {error}", "delete it and build the dataset again"
        ) from None


def _manifest(root: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = read_json(_need(root / "manifest.json"))
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise TR300MError(
            f"{root}/manifest.json does not have format {FORMAT}, which this version reads", "build the dataset again"
        )
    missing = sorted(set(ARRAYS) - set(manifest.get("arrays", {})))
    if missing:
        raise TR300MError(f"{root}/manifest.json does not describe {', '.join(missing)}", "build the dataset again")
    return manifest


def _check_axes(root: Path, arrays: dict[str, NDArray[Any]], sizes: dict[str, int]) -> None:
    """Check that each axis has the same length in all arrays and in its table."""
    owner = dict.fromkeys(sizes, "its table")
    for name, array in arrays.items():
        axes = (ARRAYS | WIDE_ARRAYS)[name].axes
        if array.ndim != len(axes):
            raise TR300MError(f"{root}/{name}.npy has {array.ndim} axes, {len(axes)} expected")
        for axis, size in zip(axes, array.shape, strict=True):
            if sizes.setdefault(axis, size) != size:
                raise TR300MError(
                    f"{root}: axis {axis} has length {size} in {name} and {sizes[axis]} in {owner[axis]}",
                    _REBUILD_HINT,
                )
            owner.setdefault(axis, name)


assert {field.name for field in fields(Dataset)} >= ARRAYS.keys() | TABLES.keys()

"""The axes of the dataset: tables of genes, samples, donors, regulators, motifs and tracks, and the arrays along them.

Each table is a frozen dataclass whose fields are columns: one-dimensional arrays of equal length, in axis order.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast

import numpy as np
from numpy.typing import NDArray

from .errors import TR300MError
from .files import read_tsv, write_tsv
from .types import Floats, Ints, Strings

if TYPE_CHECKING:
    import pandas

PAR_Y = "_PAR_Y"
"""Suffix of the ID of a gene on chrY that lies in a pseudo-autosomal region; its twin on chrX has the same sequence."""

# Number type of a column by its annotation; all other columns are text.
DTYPES: dict[Any, type] = {Ints: np.int64, Floats: np.float64}


class Table:
    """A table: the fields of a frozen dataclass are its columns, which have equal lengths."""

    def __post_init__(self) -> None:
        """Check that all columns have the same length."""
        lengths = {name: len(column) for name, column in self.columns().items()}
        if len(set(lengths.values())) > 1:
            raise TR300MError(f"the columns of {type(self).__name__} differ in length: {lengths}")

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the columns by name, in order."""
        return {field.name: getattr(self, field.name) for field in dataclasses.fields(cast(Any, self))}

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(next(iter(self.columns().values())))

    def take(self, index: NDArray[Any]) -> Self:
        """Return the rows at `index` (integers or a boolean mask), in that order."""
        return type(self)(**{name: column[index] for name, column in self.columns().items()})

    def to_pandas(self) -> "pandas.DataFrame":
        """Return the table as a pandas DataFrame; pandas is imported here."""
        import pandas

        return pandas.DataFrame(self.columns())

    def write(self, path: Path | str) -> None:
        """Write the table as tab-separated text with a header, atomically."""
        write_tsv(path, self.columns())

    @classmethod
    def read(cls, path: Path | str) -> Self:
        """Read a table written by `write`.

        Raises
        ------
        TR300MError
            If the file has other columns than the table, or a numeric column holds text.
        """
        found = read_tsv(path)
        fields = dataclasses.fields(cast(Any, cls))
        if list(found) != [field.name for field in fields]:
            raise TR300MError(
                f"{path}: columns {', '.join(found)} are not the columns of the {cls.__name__.lower()} table",
                "it was written by another version: delete the folder and build it again",
            )
        columns: dict[str, NDArray[Any]] = {}
        for field in fields:
            try:
                columns[field.name] = found[field.name].astype(DTYPES.get(field.type, np.str_))
            except ValueError as error:
                raise TR300MError(f"{path}, column {field.name}: {error}") from None
        return cls(**columns)


@dataclass(frozen=True)
class Genes(Table):
    """Target genes, one row per transcription start site (TSS).

    Attributes
    ----------
    gene_id, gene_name
        Versioned Ensembl ID and name of the first gene in GTF order that has this TSS.
    chromosome, strand
        Name in the annotation, such as ``chr1`` or ``1``; ``+`` or ``-``.
    tss
        1-based position of the TSS.
    window_start, window_end
        Promoter window on the + strand, 0-based and half-open. It may extend beyond the chromosome.
    merged
        IDs of further genes with the same TSS, joined by ``;``; empty if there is none.
    cluster
        Number of the group of genes that share a promoter: their windows overlap on either strand, directly or through
        other genes, or they are the same gene in the pseudo-autosomal regions of chrX and chrY.
    """

    gene_id: Strings
    gene_name: Strings
    chromosome: Strings
    strand: Strings
    tss: Ints
    window_start: Ints
    window_end: Ints
    merged: Strings
    cluster: Ints

    def find(self, names: Sequence[str]) -> Ints:
        """Return the indices of genes given by versioned ID, ID without version, or name.

        Raises
        ------
        TR300MError
            If a name matches no gene or several genes.
        """
        stems = np.array([gene.partition(".")[0] for gene in self.gene_id.tolist()])
        found = []
        for name in names:
            rows = np.flatnonzero((self.gene_id == name) | (stems == name) | (self.gene_name == name))
            if len(rows) != 1:
                several = ", ".join(self.gene_id[rows].tolist())
                found_as = f"matches several genes: {several}" if several else "is not a target gene"
                raise TR300MError(f"{name} {found_as}", "genes.tsv of the dataset lists IDs and names")
            found.append(int(rows[0]))
        return np.array(found, dtype=np.int64)


@dataclass(frozen=True)
class Samples(Table):
    """RNA-seq samples in the order of the GCT's columns; `tissue` is the SMTSD of GTEx."""

    sample_id: Strings
    donor_id: Strings
    tissue: Strings

    def find(self, sample_ids: Sequence[str], tissue: str | None = None) -> Ints:
        """Return the indices of samples given by ID, and of all samples of a tissue.

        Raises
        ------
        TR300MError
            If a sample or the tissue does not exist, or neither is given.
        """
        missing = sorted(set(sample_ids) - set(self.sample_id.tolist()))
        if missing:
            raise TR300MError(f"the dataset has no sample {missing[0]}", "samples.tsv of the dataset lists them")
        if tissue is not None and tissue not in self.tissue:
            raise TR300MError(
                f"no sample has tissue {tissue!r}", f"choose one of {', '.join(np.unique(self.tissue).tolist())}"
            )
        rows = np.flatnonzero(np.isin(self.sample_id, list(sample_ids)) | (self.tissue == (tissue or "")))
        if not len(rows):
            raise TR300MError("no sample was given", "name samples or a tissue")
        return rows


@dataclass(frozen=True)
class Donors(Table):
    """Donors; `sex` is the code of GTEx (1 male, 2 female), `age` a decade such as ``60-69``; ``NA`` if unknown."""

    donor_id: Strings
    sex: Strings
    age: Strings


@dataclass(frozen=True)
class Regulators(Table):
    """Genes of the list of regulators that have a row in the GCT, sorted by versioned ID."""

    gene_id: Strings
    gene_name: Strings
    chromosome: Strings
    strand: Strings
    tss: Ints


@dataclass(frozen=True)
class Motifs(Table):
    """Motifs (JASPAR profiles); `counts` is the sum of the four counts at the first position, 0 for a spare column."""

    matrix_id: Strings
    name: Strings
    length: Ints
    counts: Floats


# Of the release and of the simulator, in the order of the released array `hmArr`. A dataset may have others: `Tracks`.
MARKS = ("H3K4me1", "H3K4me3", "H3K27ac")
CELLS = ("Gm12878", "H1hesc", "Hsmm", "Huvec", "K562", "Nhek", "Nhlf")
RELEASE_TRACKS = tuple((mark, cell) for mark in MARKS for cell in CELLS)


@dataclass(frozen=True)
class Tracks(Table):
    """Histone tracks; those of one mark stand together. A mark need not have all cells."""

    mark: Strings
    cell: Strings

    @classmethod
    def of(cls, pairs: Sequence[Sequence[str]]) -> Self:
        """Return the tracks with these marks and cells, given as pairs."""
        return cls(np.array([mark for mark, _ in pairs]), np.array([cell for _, cell in pairs]))

    def cell_names(self) -> list[str]:
        """Return the cells, each once, in the order in which they come first."""
        return list(dict.fromkeys(self.cell.tolist()))

    def cells_by_mark(self) -> tuple[tuple[int, ...], ...]:
        """Return, for each mark, the index of each of its tracks' cells among `cell_names`."""
        index = {cell: number for number, cell in enumerate(self.cell_names())}
        groups: dict[str, list[int]] = {}
        for mark, cell in zip(self.mark.tolist(), self.cell.tolist(), strict=True):
            groups.setdefault(mark, []).append(index[cell])
        return tuple(map(tuple, groups.values()))


@dataclass(frozen=True)
class Bins(Table):
    """Bins around the TSS, upstream to downstream.

    Attributes
    ----------
    start, end
        First position of the bin and of what follows it, relative to the TSS (0) on the gene's strand (base pairs).
    """

    start: Ints
    end: Ints


class ArraySpec(NamedTuple):
    """Axes and unit of an array; an axis has the same length in all arrays."""

    axes: tuple[str, ...]
    unit: str


# Version of the layout of the dataset folder; other versions are refused.
FORMAT = 1
ARRAYS = {
    "onehot": ArraySpec(("gene", "window", "base"), "probability of A, C, G, T; all zero outside the chromosome"),
    "expression": ArraySpec(("gene", "sample"), "TPM"),
    "regulator_levels": ArraySpec(("sample", "regulator"), "TPM"),
    "motif_map": ArraySpec(("regulator", "motif"), "1 where the regulator binds the motif"),
    "tf_levels": ArraySpec(("sample", "motif"), "TPM"),
    "tissue": ArraySpec(("sample", "tissue"), "one-hot"),
    "histones": ArraySpec(("gene", "window", "track"), "signal of the track"),
    "pssm": ArraySpec(("pssm_position", "base", "motif"), "bits"),
    "core": ArraySpec(("core_position", "base", "core_motif"), "bits"),
}
WIDE_ARRAYS = {
    "wide_bases": ArraySpec(("gene", "wide_position"), "0-3 for A, C, G, T; 4 unknown; 5 outside the chromosome"),
    "wide_marks": ArraySpec(("gene", "bin", "track"), "mean signal of the track"),
    "body_marks": ArraySpec(("gene", "body_statistic", "track"), "mean and largest signal of the track"),
}
"""Arrays that a dataset has if the configuration asks for them."""

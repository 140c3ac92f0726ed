"""The axes of the dataset: tables of genes, samples, donors, regulators, motifs and tracks, and the arrays on them.

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

# Columns of other types are read as text.
DTYPES: dict[Any, type] = {Ints: np.int64, Floats: np.float64}


class Table:
    """Columns of equal length as fields of a frozen dataclass."""

    def __post_init__(self) -> None:
        """Check that the columns are equally long."""
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
        """Return the table as a pandas DataFrame (imports pandas now)."""
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
            If the file's columns are not the table's, or a numeric column holds text.
        """
        found = read_tsv(path)
        fields = dataclasses.fields(cast(Any, cls))
        if list(found) != [field.name for field in fields]:
            raise TR300MError(
                f"{path}: columns {', '.join(found)} are not those of a table of {cls.__name__.lower()}",
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
    """Target genes, one row a transcription start site.

    Attributes
    ----------
    gene_id, gene_name
        Versioned Ensembl ID and name of the first gene (in GTF order) with this TSS.
    chromosome, strand
        ``chr1`` .. ``chrY``; ``+`` or ``-``.
    tss
        1-based position of the transcription start.
    window_start, window_end
        The promoter window on the + strand, 0-based half-open; may reach past the chromosome.
    merged
        IDs of further genes with the same TSS, joined by ``;``; empty where there is none.
    cluster
        Genes that share a promoter have one number: their windows overlap, on either strand, directly or through
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
            If a name fits no gene or several.
        """
        stems = np.array([gene.partition(".")[0] for gene in self.gene_id.tolist()])
        found = []
        for name in names:
            rows = np.flatnonzero((self.gene_id == name) | (stems == name) | (self.gene_name == name))
            if len(rows) != 1:
                several = "several genes: " + ", ".join(self.gene_id[rows].tolist()) if len(rows) else "no target gene"
                raise TR300MError(f"{name} is {several}", "genes.tsv of the dataset lists IDs and names")
            found.append(int(rows[0]))
        return np.array(found, dtype=np.int64)


@dataclass(frozen=True)
class Samples(Table):
    """RNA-seq samples in GCT column order; `tissue` is GTEx's SMTSD."""

    sample_id: Strings
    donor_id: Strings
    tissue: Strings

    def find(self, sample_ids: Sequence[str], tissue: str | None = None) -> Ints:
        """Return the indices of the samples named, and of those of a tissue.

        Raises
        ------
        TR300MError
            If a sample or the tissue is not there, or nothing is asked for.
        """
        missing = sorted(set(sample_ids) - set(self.sample_id.tolist()))
        if missing:
            raise TR300MError(f"no sample {missing[0]}", "samples.tsv of the dataset lists them")
        if tissue is not None and tissue not in self.tissue:
            raise TR300MError(f"no sample of tissue {tissue!r}", "one of " + ", ".join(np.unique(self.tissue).tolist()))
        rows = np.flatnonzero(np.isin(self.sample_id, list(sample_ids)) | (self.tissue == (tissue or "")))
        if not len(rows):
            raise TR300MError("no sample is asked for", "name samples or a tissue")
        return rows


@dataclass(frozen=True)
class Donors(Table):
    """Donors; sex is GTEx's code (1 male, 2 female), age a decade such as ``60-69``; ``NA`` if unknown."""

    donor_id: Strings
    sex: Strings
    age: Strings


@dataclass(frozen=True)
class Regulators(Table):
    """Genes of the Lambert list that are rows of the GCT, sorted by versioned ID."""

    gene_id: Strings
    gene_name: Strings
    chromosome: Strings
    strand: Strings
    tss: Ints


@dataclass(frozen=True)
class Motifs(Table):
    """JASPAR profiles; `counts` is the sum of the four counts at a profile's first position, 0 for an empty column."""

    matrix_id: Strings
    name: Strings
    length: Ints
    counts: Floats


# In the order of the released array.
MARKS = ("H3K4me1", "H3K4me3", "H3K27ac")
CELLS = ("Gm12878", "H1hesc", "Hsmm", "Huvec", "K562", "Nhek", "Nhlf")


@dataclass(frozen=True)
class Tracks(Table):
    """Histone tracks, mark by mark and within a mark cell by cell."""

    mark: Strings
    cell: Strings


class ArraySpec(NamedTuple):
    """Axes and unit of an array; an axis has one length in all arrays."""

    axes: tuple[str, ...]
    unit: str


# Of the dataset folder; a reader refuses another.
FORMAT = 1
ARRAYS = {
    "onehot": ArraySpec(("gene", "window", "base"), "probability of A, C, G, T; all zero off the chromosome"),
    "expression": ArraySpec(("gene", "sample"), "TPM"),
    "regulator_levels": ArraySpec(("sample", "regulator"), "TPM"),
    "motif_map": ArraySpec(("regulator", "motif"), "1 where the regulator binds the motif"),
    "tf_levels": ArraySpec(("sample", "motif"), "TPM"),
    "tissue": ArraySpec(("sample", "tissue"), "one-hot"),
    "histones": ArraySpec(("gene", "window", "track"), "signal of the track"),
    "pssm": ArraySpec(("pssm_position", "base", "motif"), "bits"),
    "core": ArraySpec(("core_position", "base", "core_motif"), "bits"),
}

"""Contexts: the levels of regulators and the tissue that expression is predicted for, and promoters in them.

A query is a small `Dataset`: its genes are the promoters in question, its samples are the contexts. Everything that
reads a dataset, models above all, therefore takes a query as it is.
"""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

from ..arrays.matrix_formats import open_matrix
from ..base.axes import Samples
from ..base.errors import TR300MError
from ..base.progress import log
from ..base.types import Ints
from ..dataset.tf_levels import tf_levels

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset

ALL_TISSUES = "all"
"""Name that stands for a panel of all tissues."""
MOST_MISSING = 0.02
"""Share of the regulators that a table of levels may lack."""
MOST_SHOWN = 8
"""Names in a hint."""


@dataclass(frozen=True)
class Contexts:
    """Levels and tissue of what is predicted for.

    Attributes
    ----------
    names
        Name of each context: a sample, a tissue, or a column of a table of levels [context].
    tissues
        Tissue of each context; empty if it has none [context].
    levels
        TPM of regulators [context, regulator], float32.
    """

    names: tuple[str, ...]
    tissues: tuple[str, ...]
    levels: NDArray[np.float32]

    def __len__(self) -> int:
        """Return the number of contexts."""
        return len(self.names)

    @classmethod
    def of_samples(cls, dataset: "Dataset", sample_ids: Sequence[str]) -> Self:
        """Return samples of the dataset, each with its own levels.

        Raises
        ------
        TR300MError
            If the dataset lacks a sample.
        """
        known = dataset.samples.sample_id.tolist()
        for name in sample_ids:
            if name not in known:
                raise TR300MError(f"the dataset has no sample {name}", nearest_names(name, known))
        rows = [known.index(name) for name in sample_ids]
        return cls(tuple(sample_ids), tuple(dataset.samples.tissue[rows].tolist()), dataset.regulator_levels[rows])

    @classmethod
    def of_tissues(cls, dataset: "Dataset", samples: Ints, tissues: Sequence[str]) -> Self:
        """Return tissues, each with the median over its samples of the log(1 + TPM) of each regulator.

        Parameters
        ----------
        dataset
            Dataset.
        samples
            Samples whose median is taken: those that the model was trained on.
        tissues
            Names of tissues; `ALL_TISSUES` stands for every tissue of these samples.

        Raises
        ------
        TR300MError
            If none of the samples is of a tissue.
        """
        of_sample = dataset.samples.tissue[samples]
        known = [name for name in dataset.tissues if name in of_sample]
        if ALL_TISSUES in tissues:
            tissues = known
        medians = []
        for name in tissues:
            if name not in known:
                raise TR300MError(f"no sample in training has tissue {name!r}", nearest_names(name, known))
            levels = np.log1p(dataset.regulator_levels[samples[of_sample == name]].astype(np.float64))
            medians.append(np.expm1(np.median(levels, axis=0)).astype(np.float32))
        return cls(tuple(tissues), tuple(tissues), np.stack(medians))

    @classmethod
    def of_table(cls, dataset: "Dataset", path: Path | str, tissue: str = "") -> Self:
        """Return the columns of a table of levels, such as the RNA-seq of one's own cells.

        Parameters
        ----------
        dataset
            Dataset, whose regulators are read.
        path
            TPM by gene (Ensembl ID with or without version, or symbol) and sample: any format of an expression file.
        tissue
            Tissue of all columns, for models that read one.

        Raises
        ------
        TR300MError
            If the file cannot be read, or lacks more than `MOST_MISSING` of the regulators. Those that it lacks get
            0 TPM, and a message names them.
        """
        matrix = open_matrix(path)
        regulators = dataset.regulators
        column: dict[str, int] = {}
        for names in (
            regulators.gene_name,
            [gene.partition(".")[0] for gene in regulators.gene_id],
            regulators.gene_id,
        ):
            column |= {str(name): number for number, name in enumerate(names)}
        levels = np.zeros((len(matrix.sample_ids), len(regulators)), np.float32)
        seen: dict[int, str] = {}

        def wanted(name: str) -> bool:
            return name in column or name.partition(".")[0] in column

        for name, tpm in matrix.rows(wanted):
            number = column[name] if name in column else column[name.partition(".")[0]]
            if number in seen:
                raise TR300MError(
                    f"{path}: {seen[number]} and {name} are the same regulator", "keep one row of each gene"
                )
            seen[number] = name
            levels[:, number] = tpm
        missing = [str(name) for number, name in enumerate(regulators.gene_name) if number not in seen]
        if len(missing) > MOST_MISSING * len(regulators):
            raise TR300MError(
                f"{path} lacks {len(missing):,} of the {len(regulators):,} regulators: {', '.join(missing[:8])} ...",
                "give the TPM of all genes, with Ensembl IDs or symbols of human genes",
            )
        if missing:
            log(f"{path} lacks {', '.join(missing)}: their levels are 0, which no training sample may have")
        return cls(tuple(matrix.sample_ids), (tissue,) * len(levels), levels)

    def joined(self, other: "Contexts") -> Self:
        """Return the contexts of both."""
        return replace(
            self,
            names=self.names + other.names,
            tissues=self.tissues + other.tissues,
            levels=np.concatenate([self.levels, other.levels]),
        )

    def changed(self, levels: NDArray[np.float32]) -> Self:
        """Return the same contexts with other levels [context, regulator]."""
        return replace(self, levels=levels.astype(np.float32))


def in_contexts(rows: "Dataset", contexts: Contexts) -> "Dataset":
    """Return a query: promoters (the genes of `rows`) in contexts (its samples), without observed expression.

    Raises
    ------
    TR300MError
        If there is no context, or a tissue is none of the dataset's.
    """
    if not len(contexts):
        raise TR300MError("no context was given", "name a tissue, a sample or a table of levels")
    for name in contexts.tissues:
        if name and name not in rows.tissues:
            raise TR300MError(f"the dataset has no tissue {name!r}", nearest_names(name, rows.tissues))
    tissue = np.array([[name == column for column in rows.tissues] for name in contexts.tissues], np.uint8)
    none = np.full(len(contexts), "")
    return replace(
        rows,
        samples=Samples(np.array(contexts.names), none, np.array(contexts.tissues)),
        expression=np.full((len(rows.genes), len(contexts)), np.nan, np.float32),
        regulator_levels=contexts.levels,
        tf_levels=tf_levels(contexts.levels, rows.motif_map),
        tissue=tissue,
    )


def nearest_names(name: str, known: Sequence[str]) -> str:
    """Return a hint: all names if they are few, otherwise those that are most like a name."""
    if len(known) <= MOST_SHOWN:
        return f"choose from {', '.join(known)}"
    folded = {other.casefold(): other for other in known}
    near = [folded[other] for other in difflib.get_close_matches(name.casefold(), folded, MOST_SHOWN, 0.4)]
    inside = [other for other in known if name.casefold() in other.casefold()]
    shown = list(dict.fromkeys([*inside, *near]))[:MOST_SHOWN]
    return f"did you mean {', '.join(shown)}?" if shown else f"there are {', '.join(known[:MOST_SHOWN])} and others"

"""Splits: genes and samples that are held out for validation and test, their files, and the thesis's split."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..base.axes import Genes, Samples
from ..base.errors import TR300MError
from ..base.files import read_tsv, write_tsv
from ..base.types import Bools, Ints, Strings
from ..config.split_names import LEAVE_OUT
from .overlap_window import overlap_window
from .whole_groups import balanced_folds, held_out_count

Part = Literal["validation", "test"]
PARTS: tuple[Part, ...] = ("validation", "test")
Apart = Literal["nothing", "chromosome", "donor", "tissue", "cluster", "test_chromosome"]
APART: tuple[Apart, ...] = ("nothing", "chromosome", "donor", "tissue", "cluster", "test_chromosome")
"""Groups (columns of genes or samples) of which none is in two of training, validation and test. With
``test_chromosome`` no chromosome is in test and elsewhere, and no cluster in both training and validation."""
INNER_FOLDS = 5
N_GENES, N_SAMPLES = 19786, 17382
# As printed in the thesis, which has 19,786 genes.
THESIS_GENE_POOL = 19746
_APART_BY_NAME: dict[str, Apart] = {"chromosome": "chromosome", "donor": "donor", "overlap_free": "cluster"}
"""For files without the column `apart`, by the kind of split."""
SPLIT_COLUMNS = ("axis", "part", "index", "id", "apart", "overlap_window")
_OLDER_COLUMNS = (SPLIT_COLUMNS[:4], SPLIT_COLUMNS[:5])
_REDRAW = "delete the file: the workflow draws the split again"


@dataclass(frozen=True)
class Split:
    """Indices of held-out genes and samples; all others are for training.

    Attributes
    ----------
    name
        Name of the split, as in the run table.
    validation_genes, test_genes, validation_samples, test_samples
        Genes and samples of the parts.
    apart
        What no two sides share, one of `APART`.
    shares_samples
        Whether no sample is held out: both parts are of all samples, which train too.
    """

    name: str
    validation_genes: Ints
    test_genes: Ints
    validation_samples: Ints
    test_samples: Ints
    apart: Apart = "nothing"
    shares_samples: bool = False

    @property
    def held_out_genes(self) -> Ints:
        """Genes of both parts, validation first."""
        return np.concatenate([self.validation_genes, self.test_genes])

    @property
    def held_out_samples(self) -> Ints:
        """Samples of both parts, validation first; none if the parts share all samples with training."""
        if self.shares_samples:
            return np.array([], dtype=np.int64)
        return np.concatenate([self.validation_samples, self.test_samples])

    def training_axes(self, n_genes: int, n_samples: int) -> tuple[Ints, Ints]:
        """Return the indices of genes and samples for training, given the lengths of the two axes."""
        return (
            np.setdiff1d(np.arange(n_genes), self.held_out_genes),
            np.setdiff1d(np.arange(n_samples), self.held_out_samples),
        )

    def inner(self, genes: Genes, folds: int = INNER_FOLDS) -> Ints:
        """Deal the training genes to inner folds: for the choice of penalties, features and when to stop.

        A fold has whole chromosomes, or whole clusters of genes that share promoters if all training genes are on one
        chromosome: what is chosen on one fold is then chosen on genes unlike those that were fitted, as in the test.

        Parameters
        ----------
        genes
            The gene axis.
        folds
            Largest number of folds; there are no more than chromosomes or clusters.

        Returns
        -------
        ndarray
            Fold [training gene], counted from 0, in the order of `training_axes`.

        Raises
        ------
        TR300MError
            If all training genes share promoters with each other.
        """
        train, _ = self.training_axes(len(genes), 0)
        for groups in (genes.chromosome[train], genes.cluster[train]):
            if (several := len(np.unique(groups))) > 1:
                return balanced_folds(groups, min(folds, several))
        raise TR300MError(
            f"split {self.name}: the {len(train)} training genes are one cluster of genes that share promoters",
            "hold out fewer genes, or use more genes",
        )

    def shares_promoter(self, cluster: Ints) -> Bools:
        """Return which genes [gene] share a promoter (`axes.Genes.cluster`) with a training gene."""
        trains = np.ones(len(cluster), dtype=np.bool_)
        trains[self.held_out_genes] = False
        return np.isin(cluster, cluster[trains])

    def axes(self, part: Part) -> tuple[Ints, Ints]:
        """Return the genes and samples of a part."""
        if part == "validation":
            return self.validation_genes, self.validation_samples
        return self.test_genes, self.test_samples

    def pairs(self, part: Part) -> Ints:
        """Return the pairs (gene, sample) of a part [n, 2]; the gene varies fastest, as in the thesis."""
        genes, samples = self.axes(part)
        return np.stack([np.tile(genes, len(samples)), np.repeat(samples, len(genes))], axis=1)

    def write(self, path: Path | str, genes: Genes, samples: Samples) -> None:
        """Write a table with the columns axis, part, index and id, and two that are the same in all rows.

        These are `apart`, and `overlap_window`: where the windows lie whose overlap makes clusters of genes. There is
        no row of a sample if no sample is held out.
        """
        rows: list[tuple[str, str, int, str, str, str]] = []
        window = overlap_window(genes)
        for part in PARTS:
            for axis, index, ids in zip(
                ("gene", "sample"), self.axes(part), (genes.gene_id, samples.sample_id), strict=True
            ):
                if axis == "sample" and self.shares_samples:
                    continue
                rows += [(axis, part, int(i), str(ids[i]), self.apart, window) for i in index]
        write_tsv(path, dict(zip(SPLIT_COLUMNS, zip(*rows, strict=True), strict=True)))

    @classmethod
    def read(cls, path: Path | str, genes: Genes, samples: Samples) -> "Split":
        """Read a split written by `write` and check its IDs against the axes.

        The name of the split is that of the file. Files of earlier versions have no column `overlap_window`, or no
        column `apart` either, which then follows from the name. A file without a row of a sample is of a split that
        holds out none.

        Raises
        ------
        TR300MError
            If the file is not a split, an ID is not at its index of the axis, a gene or sample is held out twice, or
            `check_apart` fails.
        """
        table = _read_columns(Path(path))
        window = overlap_window(genes)
        if other := np.setdiff1d(table.get("overlap_window", np.array([window])), [window]).tolist():
            raise TR300MError(f"{path}: overlap_window {other[0]} is not {window}, as in the dataset", _REDRAW)
        index = table["index"].astype(np.int64)
        for axis, ids in (("gene", genes.gene_id), ("sample", samples.sample_id)):
            chosen = table["axis"] == axis
            seen: set[int] = set()
            for i, name in zip(index[chosen].tolist(), table["id"][chosen].tolist(), strict=True):
                if i >= len(ids) or ids[i] != name:
                    raise TR300MError(f"{path}: {axis} {i} of the dataset is not {name}", _REDRAW)
                if i in seen:
                    raise TR300MError(f"{path}: {axis} {name} is held out twice", _REDRAW)
                seen.add(i)

        def part(axis: str, name: str) -> Ints:
            return index[(table["axis"] == axis) & (table["part"] == name)]

        shares_samples = "sample" not in table["axis"]
        everyone = np.arange(len(samples))
        split = cls(
            Path(path).stem,
            part("gene", "validation"),
            part("gene", "test"),
            everyone if shares_samples else part("sample", "validation"),
            everyone if shares_samples else part("sample", "test"),
            table["apart"].tolist()[0],
            shares_samples,
        )
        check_apart(split, genes, samples)
        return split


def _read_columns(path: Path) -> dict[str, Strings]:
    """Read the columns of a split file and check their values."""
    table = read_tsv(path)
    if tuple(table) == _OLDER_COLUMNS[0]:
        kind, _ = kind_and_argument(path.stem)
        table["apart"] = np.full(len(table["id"]), _APART_BY_NAME.get(kind, "nothing"))
    if set(table) not in map(set, (SPLIT_COLUMNS, _OLDER_COLUMNS[1])) or not np.char.isdigit(table["index"]).all():
        raise TR300MError(f"{path}: columns {', '.join(SPLIT_COLUMNS)} expected, index a number", _REDRAW)
    for column, allowed in (("axis", ("gene", "sample")), ("part", PARTS), ("apart", APART)):
        if not np.isin(table[column], allowed).all():
            wrong = table[column][~np.isin(table[column], allowed)][0]
            raise TR300MError(f"{path}: {column} {wrong} is none of {', '.join(allowed)}", _REDRAW)
    apart = np.unique(table["apart"]).tolist()
    if len(apart) != 1:
        raise TR300MError(f"{path}: column apart has {' and '.join(apart) or 'no value'}, one is expected", _REDRAW)
    return table


def thesis_split(
    n_genes: int = N_GENES,
    n_samples: int = N_SAMPLES,
    held_out_genes: float = 512,
    held_out_samples: float = 512,
    gene_pool: int | None = THESIS_GENE_POOL,
    seed: int = 0,
) -> Split:
    """Draw the thesis's split: genes, then samples, without replacement, by NumPy's legacy generator.

    Parameters
    ----------
    n_genes, n_samples
        Lengths of the two axes.
    held_out_genes, held_out_samples
        Numbers of genes and samples to hold out, or shares of the pool and of the samples; the first half is for
        validation, the rest for test. With 0 samples all of them train, and the parts are of all samples.
    gene_pool
        Genes are drawn from the first `gene_pool` genes (the thesis printed 19,746, not 19,786); None for all.
    seed
        Seed of the generator.

    Raises
    ------
    TR300MError
        If there are too few genes or samples.
    """
    pool = n_genes if gene_pool is None else gene_pool
    if pool > n_genes:
        raise TR300MError(
            f"the gene pool of the split, {pool}, is larger than the {n_genes} genes of the dataset",
            "set `split: gene_pool: null` in the config to draw from all genes",
        )
    count = held_out_count("held_out_genes", held_out_genes, pool, "genes")
    generator = np.random.RandomState(seed)
    genes = generator.choice(pool, count, replace=False).astype(np.int64)
    samples = drawn_samples(n_samples, held_out_samples, generator)
    parts = (genes[: count // 2], genes[count // 2 :], *samples)
    return Split("thesis", *parts, shares_samples=held_out_samples == 0)


def drawn_samples(n_samples: int, held_out: float, generator: np.random.RandomState) -> tuple[Ints, Ints]:
    """Return the samples of validation and test, half of those that are drawn each; all in both if `held_out` is 0.

    Parameters
    ----------
    n_samples
        Number of samples.
    held_out
        Number or share of samples to hold out, or 0.
    generator
        NumPy's legacy generator, as in the thesis.
    """
    if held_out == 0:
        return np.arange(n_samples), np.arange(n_samples)
    count = held_out_count("held_out_samples", held_out, n_samples, "samples")
    drawn = generator.choice(n_samples, count, replace=False).astype(np.int64)
    return drawn[: count // 2], drawn[count // 2 :]


def check_apart(split: Split, genes: Genes, samples: Samples) -> None:
    """Check that no chromosome, donor or cluster that the split keeps apart is in two of training, validation, test.

    Raises
    ------
    TR300MError
        If one is; the message has a member from each side.
    """
    in_genes = (genes.gene_id, (split.validation_genes, split.test_genes))
    in_samples = (samples.sample_id, (split.validation_samples, split.test_samples))
    if split.apart == "chromosome":
        _check_sides(split.name, "chromosome", genes.chromosome, *in_genes)
    elif split.apart == "cluster":
        _check_sides(split.name, "cluster", genes.cluster, *in_genes)
    elif split.apart == "donor":
        _check_sides(split.name, "donor", samples.donor_id, *in_samples)
    elif split.apart == "tissue":
        _check_sides(split.name, "tissue", samples.tissue, *in_samples)
    elif split.apart == "test_chromosome":
        _check_sides(split.name, "chromosome", genes.chromosome, genes.gene_id, (split.test_genes,))
        rest = genes.take(np.setdiff1d(np.arange(len(genes)), split.test_genes))
        validation = np.flatnonzero(np.isin(rest.gene_id, genes.gene_id[split.validation_genes]))
        _check_sides(split.name, "cluster", rest.cluster, rest.gene_id, (validation,))


def _check_sides(name: str, kind: str, groups: NDArray[Any], ids: Strings, held_out: Sequence[Ints]) -> None:
    """Check that no group [member] is on two sides: one of the parts that are held out, or all others."""
    side = np.zeros(len(groups), np.int64)
    for number, part in enumerate(held_out, start=1):
        side[part] = number
    # The first member of each group on each side.
    _, first = np.unique(np.stack([np.unique(groups, return_inverse=True)[1], side]), axis=1, return_index=True)
    group, sides = np.unique(groups[first], return_counts=True)
    if (sides > 1).any():
        twice = group[sides > 1][0]
        members = " and ".join(ids[first[groups[first] == twice]].tolist())
        raise TR300MError(f"split {name}: {kind} {twice} is on two sides, with {members}", _REDRAW)


def kind_and_argument(name: str) -> tuple[str, str | None]:
    """Return the kind of a split and what its name adds: a fold (`chromosome_3`), a chromosome (`leave_out_chr22`)."""
    if name.startswith(LEAVE_OUT):
        return LEAVE_OUT.rstrip("_"), name.removeprefix(LEAVE_OUT)
    kind, _, fold = name.rpartition("_")
    return (kind, fold) if fold.isdecimal() else (name, None)

"""Splits: which genes and samples are held out for validation and test."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .axes import Genes, Ints, Samples
from .errors import TR300MError
from .io import read_tsv, write_tsv

Part = Literal["validation", "test"]
PARTS: tuple[Part, ...] = ("validation", "test")
N_GENES, N_SAMPLES = 19786, 17382
# As printed in the thesis; the table has 19,786 genes.
THESIS_GENE_POOL = 19746
REBUILD = "delete the file: the workflow draws the split again"


@dataclass(frozen=True)
class Split:
    """Held-out genes and samples, as indices into the two axes; all others train."""

    name: str
    validation_genes: Ints
    test_genes: Ints
    validation_samples: Ints
    test_samples: Ints

    @property
    def held_out_genes(self) -> Ints:
        """Genes of either part, validation first."""
        return np.concatenate([self.validation_genes, self.test_genes])

    @property
    def held_out_samples(self) -> Ints:
        """Samples of either part, validation first."""
        return np.concatenate([self.validation_samples, self.test_samples])

    def training_axes(self, n_genes: int, n_samples: int) -> tuple[Ints, Ints]:
        """Return the genes and samples, of so many, that no part holds out."""
        return (
            np.setdiff1d(np.arange(n_genes), self.held_out_genes),
            np.setdiff1d(np.arange(n_samples), self.held_out_samples),
        )

    def axes(self, part: Part) -> tuple[Ints, Ints]:
        """Return genes and samples of a part."""
        if part == "validation":
            return self.validation_genes, self.validation_samples
        return self.test_genes, self.test_samples

    def pairs(self, part: Part) -> Ints:
        """Return the pairs (gene, sample) of a part [n, 2], gene fastest, as in the thesis."""
        genes, samples = self.axes(part)
        return np.stack([np.tile(genes, len(samples)), np.repeat(samples, len(genes))], axis=1)

    def write(self, path: Path | str, genes: Genes, samples: Samples) -> None:
        """Write the split with IDs: columns axis, part, index, id."""
        rows: list[tuple[str, str, int, str]] = []
        for part in PARTS:
            for axis, index, ids in zip(
                ("gene", "sample"), self.axes(part), (genes.gene_id, samples.sample_id), strict=True
            ):
                rows += [(axis, part, int(i), str(ids[i])) for i in index]
        write_tsv(path, dict(zip(("axis", "part", "index", "id"), zip(*rows, strict=True), strict=True)))

    @classmethod
    def read(cls, path: Path | str, genes: Genes, samples: Samples) -> "Split":
        """Read a split written by `write` and check its IDs against the axes.

        Raises
        ------
        TR300MError
            If the file is no split, an index does not carry the ID that the axis has there, one is held out twice, or
            what the split keeps apart (`check_apart`) is on two sides.
        """
        table = read_tsv(path)
        if set(table) != {"axis", "part", "index", "id"} or not np.char.isdigit(table["index"]).all():
            raise TR300MError(f"{path}: columns axis, part, index (a number) and id expected", REBUILD)
        index = table["index"].astype(np.int64)
        for column, allowed in (("axis", ("gene", "sample")), ("part", PARTS)):
            if not np.isin(table[column], allowed).all():
                wrong = table[column][~np.isin(table[column], allowed)][0]
                raise TR300MError(f"{path}: {column} {wrong} is none of {', '.join(allowed)}", REBUILD)
        for axis, ids in (("gene", genes.gene_id), ("sample", samples.sample_id)):
            chosen = table["axis"] == axis
            seen: set[int] = set()
            for i, name in zip(index[chosen].tolist(), table["id"][chosen].tolist(), strict=True):
                if i >= len(ids) or ids[i] != name:
                    raise TR300MError(f"{path}: {axis} {i} of the dataset is not {name}", REBUILD)
                if i in seen:
                    raise TR300MError(f"{path}: {axis} {name} is held out twice", REBUILD)
                seen.add(i)

        def part(axis: str, name: str) -> NDArray[np.int64]:
            return index[(table["axis"] == axis) & (table["part"] == name)]

        split = cls(
            Path(path).stem,
            part("gene", "validation"),
            part("gene", "test"),
            part("sample", "validation"),
            part("sample", "test"),
        )
        check_apart(split, genes, samples)
        return split


def thesis_split(
    n_genes: int = N_GENES,
    n_samples: int = N_SAMPLES,
    held_out_genes: int = 512,
    held_out_samples: int = 512,
    gene_pool: int | None = THESIS_GENE_POOL,
    seed: int = 0,
) -> Split:
    """Draw the thesis's split: genes, then samples, without replacement from NumPy's legacy generator.

    Parameters
    ----------
    n_genes, n_samples
        Lengths of the two axes.
    held_out_genes, held_out_samples
        How many to hold out; the first half is validation, the rest test.
    gene_pool
        Genes are drawn from the first `gene_pool`; None for all. The thesis printed 19,746, not 19,786.
    seed
        Of the legacy generator.

    Raises
    ------
    TR300MError
        If more are to be held out than there are, or none would be left to train.
    """
    pool = n_genes if gene_pool is None else gene_pool
    if pool > n_genes:
        raise TR300MError(
            f"the gene pool of the split, {pool}, is larger than the {n_genes} genes of the dataset",
            "set `split: gene_pool: null` in the config to draw from all genes",
        )
    for name, count, size in (("genes", held_out_genes, pool), ("samples", held_out_samples, n_samples)):
        if not 2 <= count < size:
            raise TR300MError(
                f"cannot hold out {count} of {size} {name}: at least 2, and fewer than there are",
                f"change `split: held_out_{name}` in the config",
            )
    generator = np.random.RandomState(seed)
    genes = generator.choice(pool, held_out_genes, replace=False).astype(np.int64)
    samples = generator.choice(n_samples, held_out_samples, replace=False).astype(np.int64)
    half_genes, half_samples = held_out_genes // 2, held_out_samples // 2
    return Split("thesis", genes[:half_genes], genes[half_genes:], samples[:half_samples], samples[half_samples:])


def chromosome_folds(chromosome: NDArray[np.str_], folds: int) -> Ints:
    """Share out chromosomes over folds of nearly equally many genes.

    Chromosomes go, from the richest in genes to the poorest, each to the fold with the fewest genes so far.

    Parameters
    ----------
    chromosome
        Of each gene [gene].
    folds
        Number of folds.

    Returns
    -------
    ndarray
        Fold of each gene [gene], from 0.

    Raises
    ------
    TR300MError
        If there are fewer than three folds, or fewer chromosomes than folds.
    """
    names, codes, counts = np.unique(chromosome, return_inverse=True, return_counts=True)
    if not 3 <= folds <= len(names):
        raise TR300MError(
            f"cannot cut {len(names)} chromosomes into {folds} folds: one tests, one validates, others train",
            "set `split: folds` to at least 3 and at most the number of chromosomes",
        )
    fold_of, filled = np.empty(len(names), np.int64), np.zeros(folds, np.int64)
    for name in np.argsort(-counts, kind="stable"):
        fold_of[name] = filled.argmin()
        filled[fold_of[name]] += counts[name]
    return fold_of[codes]


def chromosome_split(genes: Genes, samples: Samples, fold: int, folds: int, **draw: Any) -> Split:
    """Test the genes of one fold of chromosomes and validate on the next: over all folds every gene is tested once.

    The samples are those of the thesis's draw, so that a fold's test pairs are unseen on both axes and its figures
    stand beside the thesis's split on the same samples.

    Parameters
    ----------
    genes, samples
        The two axes.
    fold
        From 1.
    folds
        Number of folds; the last one validates on the first.
    draw
        Settings of `thesis_split`.
    """
    fold_of, name = chromosome_folds(genes.chromosome, folds), f"chromosome_{fold}"
    if not 1 <= fold <= folds:
        raise TR300MError(f"there is no split {name}", f"the folds are 1 to {folds}; `split: folds` sets their number")
    drawn = thesis_split(len(genes), len(samples), **draw)
    validation, test = np.flatnonzero(fold_of == fold % folds), np.flatnonzero(fold_of == fold - 1)
    return Split(name, validation, test, drawn.validation_samples, drawn.test_samples)


def donor_split(genes: Genes, samples: Samples, held_out_donors: int, **draw: Any) -> Split:
    """Hold out all samples of some donors; half of the donors validate, half test. The genes are the thesis's.

    Parameters
    ----------
    genes, samples
        The two axes.
    held_out_donors
        How many donors to draw, without replacement.
    draw
        Settings of `thesis_split`, whose seed draws the donors too.

    Raises
    ------
    TR300MError
        If more donors are to be held out than there are, or none would be left to train.
    """
    donors = np.unique(samples.donor_id)
    if not 2 <= held_out_donors < len(donors):
        raise TR300MError(
            f"cannot hold out {held_out_donors} of {len(donors)} donors: at least 2, and fewer than there are",
            "change `split: held_out_donors` in the config",
        )
    drawn = thesis_split(len(genes), len(samples), **draw)
    chosen = np.random.default_rng(draw["seed"]).permutation(donors)[:held_out_donors]
    validation, test = (
        np.flatnonzero(np.isin(samples.donor_id, part)) for part in np.split(chosen, [held_out_donors // 2])
    )
    return Split("donor", drawn.validation_genes, drawn.test_genes, validation, test)


def check_apart(split: Split, genes: Genes, samples: Samples) -> None:
    """Check that no chromosome (splits `chromosome_K`) or donor (`donor`) is on two of train, validation and test.

    Raises
    ------
    TR300MError
        If one is.
    """
    kind = split.name.partition("_")[0]
    if kind == "chromosome":
        groups, held_out = genes.chromosome, (split.validation_genes, split.test_genes)
    elif kind == "donor":
        groups, held_out = samples.donor_id, (split.validation_samples, split.test_samples)
    else:
        return
    side = np.zeros(len(groups), np.int64)
    for number, part in enumerate(held_out, start=1):
        side[part] = number
    names, codes = np.unique(groups, return_inverse=True)
    group, sides = np.unique(np.unique(np.stack([codes, side]), axis=1)[0], return_counts=True)
    if (sides > 1).any():
        twice = names[group[sides > 1][0]]
        raise TR300MError(f"split {split.name}: {kind} {twice} is on two sides of it", REBUILD)


@dataclass(frozen=True)
class Scheme:
    """A way to split: a function of genes, samples and the named settings (`split:` in the config)."""

    draw: Callable[..., Split]
    settings: tuple[str, ...]


_DRAW = ("held_out_genes", "held_out_samples", "gene_pool", "seed")
SCHEMES = {
    "thesis": Scheme(lambda genes, samples, **draw: thesis_split(len(genes), len(samples), **draw), _DRAW),
    "chromosome": Scheme(chromosome_split, (*_DRAW, "folds")),
    "donor": Scheme(donor_split, (*_DRAW, "held_out_donors")),
}
"""By the name of the split up to its first underscore; what follows is a fold."""


def scheme_settings(name: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return those settings that the split of that name depends on."""
    return {key: settings[key] for key in SCHEMES[name.partition("_")[0]].settings}


def draw_split(name: str, genes: Genes, samples: Samples, settings: Mapping[str, Any]) -> Split:
    """Draw a split by name (`runs.split_names`), with the settings that `scheme_settings` names.

    Raises
    ------
    TR300MError
        If the axes are too short for it.
    """
    kind, _, fold = name.partition("_")
    split = SCHEMES[kind].draw(genes, samples, **({"fold": int(fold)} if fold else {}), **settings)
    check_apart(split, genes, samples)
    return split

"""What the parts of a split hold, as text."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..base.axes import Genes, Samples
from ..base.types import Ints, Strings
from .split_schemes import draw_split, scheme_settings
from .splits import Split

_BY_CHROMOSOME = ("chromosome", "test_chromosome")
"""Values of `Split.apart` of splits whose chromosomes are listed."""


def split_overview(split: Split, genes: Genes, samples: Samples) -> list[str]:
    """Return a line for the split, and one for each part: its genes, its samples, and what it keeps apart.

    Chromosomes are listed with their numbers of genes, tissues with their numbers of samples.

    Parameters
    ----------
    split
        A split of these axes.
    genes, samples
        The two axes.
    """
    lines = [f"{split.name}: {_kept_apart(split)}"]
    training = split.training_axes(len(genes), len(samples))
    for part, (gene, sample) in (
        ("training", training),
        ("validation", split.axes("validation")),
        ("test", split.axes("test")),
    ):
        line = f"  {part:<10}  {len(gene):>6,} genes, {len(sample):>6,} samples"
        if split.apart in _BY_CHROMOSOME:
            line += f": {_listed(genes.chromosome, gene)}"
        elif split.apart == "tissue":
            line += f": {_listed(samples.tissue, sample)}"
        elif split.apart == "donor":
            line += f" of {len(np.unique(samples.donor_id[sample])):,} donors"
        lines.append(line)
    return lines


def _kept_apart(split: Split) -> str:
    """Return in words what no two sides of the split share."""
    shared = {
        "nothing": "the parts share no gene",
        "cluster": "the parts share no promoter",
        "test_chromosome": "test shares no chromosome with the other parts, training and validation share no promoter",
    }.get(split.apart, f"the parts share no {split.apart}")
    return f"{shared}; all samples are in all parts" if split.shares_samples else f"{shared} and no sample"


def _listed(names: Strings, rows: Ints) -> str:
    """Return the names of `rows` in their order of first appearance on the axis, each with its number of rows."""
    chosen, first, counts = np.unique(names[rows], return_index=True, return_counts=True)
    order = np.argsort(rows[first], kind="stable") if len(rows) else first
    return ", ".join(f"{chosen[one]} {counts[one]:,}" for one in order.tolist())


def splits_overview(names: Sequence[str], settings: Mapping[str, Any], genes: Genes, samples: Samples) -> str:
    """Draw splits and return `split_overview` of each, below the lengths of the axes.

    Parameters
    ----------
    names
        Names of the splits.
    settings
        The section `split` of the configuration.
    genes, samples
        The two axes.
    """
    lines = [f"{len(genes):,} genes on {len(np.unique(genes.chromosome))} chromosomes, {len(samples):,} samples"]
    for name in names:
        split = draw_split(name, genes, samples, scheme_settings(name, settings))
        lines += ["", *split_overview(split, genes, samples)]
    return "\n".join(lines)

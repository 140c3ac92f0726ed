"""The split that holds out tissues with their relatives."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..base.axes import Genes, Samples
from ..base.errors import TR300MError
from ..base.types import Strings
from .splits import Split, thesis_split
from .whole_groups import held_out_count

SEPARATOR = " - "
"""In GTEx's names, such as ``Brain - Cortex``, it stands between an organ and its part."""


def groups_of_tissues(tissue: Strings, group_of: Mapping[str, str] | None = None) -> Strings:
    """Return the group of the tissue of each sample [sample].

    Parameters
    ----------
    tissue
        Tissues [sample].
    group_of
        Group of each tissue by name; None for the part of the name before ``" - "``.

    Raises
    ------
    TR300MError
        If `group_of` lacks a tissue.
    """
    names, codes = np.unique(tissue, return_inverse=True)
    if group_of is None:
        return np.array([name.partition(SEPARATOR)[0] for name in names.tolist()])[codes]
    missing = [name for name in names.tolist() if name not in group_of]
    if missing:
        raise TR300MError(
            f"`split: tissue_groups` has no group for {len(missing)} of {len(names)} tissues: {', '.join(missing)}",
            "give each tissue of the samples a row in the table",
        )
    return np.array([group_of[name] for name in names.tolist()])[codes]


def tissue_split(
    genes: Genes,
    samples: Samples,
    held_out_tissues: float | Sequence[str],
    tissue_groups: Mapping[str, str] | None = None,
    seed: int = 0,
    **draw: Any,
) -> Split:
    """Hold out all samples of some tissues and of their relatives; genes as in the thesis.

    Parameters
    ----------
    genes, samples
        The two axes.
    held_out_tissues
        Names of tissues: they and the other tissues of their groups are the test part, and as many groups are drawn
        for validation. Or a number or share of groups to draw, half of them for validation.
    tissue_groups
        Group of each tissue by name; see `groups_of_tissues`.
    seed
        Seed of the groups and of `thesis_split`.
    draw
        Further settings of `thesis_split`.

    Raises
    ------
    TR300MError
        If a tissue does not exist or has no group, or there are too few groups.
    """
    group = groups_of_tissues(samples.tissue, tissue_groups)
    groups, generator = np.unique(group), np.random.default_rng(seed)
    if isinstance(held_out_tissues, float | int):
        count = held_out_count("held_out_tissues", held_out_tissues, len(groups), "groups of tissues")
        validation, test = np.split(generator.permutation(groups)[:count], [count // 2])
    else:
        test = _groups_of(held_out_tissues, samples.tissue, group)
        others = np.setdiff1d(groups, test)
        if len(others) <= len(test):
            raise TR300MError(
                f"cannot hold out {', '.join(held_out_tissues)} (groups {', '.join(test.tolist())}): of {len(groups)} "
                f"groups of tissues {len(others)} remain, and as many as are tested must validate, one at least train",
                "name fewer tissues in `split: held_out_tissues`",
            )
        validation = generator.permutation(others)[: len(test)]
    # Genes are drawn before samples: they are the thesis's.
    drawn = thesis_split(len(genes), len(samples), seed=seed, **{**draw, "held_out_samples": 0})
    validated, tested = (np.flatnonzero(np.isin(group, part)) for part in (validation, test))
    return Split("tissue", drawn.validation_genes, drawn.test_genes, validated, tested, "tissue")


def _groups_of(names: Sequence[str], tissue: Strings, group: Strings) -> Strings:
    """Return the groups of named tissues, given tissue and group of each sample [sample]."""
    known = np.unique(tissue).tolist()
    missing = [name for name in names if name not in known]
    if missing:
        raise TR300MError(
            f"`split: held_out_tissues`: no sample has tissue {', '.join(missing)}", f"choose from {', '.join(known)}"
        )
    return np.unique(group[np.isin(tissue, list(names))])

"""Choose motifs, from JASPAR or from the user's file, and link them to regulators."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..base.axes import Regulators
from ..base.errors import TR300MError
from ..base.files import read_columns
from .expression import stem
from .genes import named
from .motif_files import read_motif_file
from .motifs import HUMAN, TF_RELEASE, TF_WIDTH, JasparProfile, jaspar_profiles, motif_axis, motif_map

LEFT_OUT = "no regulator has it"
TOO_LONG = f"longer than {TF_WIDTH} positions"
MAP_COLUMNS = ("regulator", "motif")


@dataclass(frozen=True)
class MotifChoice:
    """The section `motifs` of the configuration.

    Attributes
    ----------
    jaspar
        Release, such as ``JASPAR2022``.
    taxon
        NCBI number of a species, for the profiles of that species alone, or a group such as ``vertebrates``.
    collection
        Collection of JASPAR, such as ``CORE``; None for all.
    versions
        ``all`` versions of each profile, or the ``latest``.
    file
        Motif file that replaces JASPAR; None for JASPAR.
    map
        Table with the columns ``regulator`` and ``motif``; None to link by name.
    """

    jaspar: str = TF_RELEASE
    taxon: str = HUMAN
    collection: str | None = None
    versions: str = "all"
    file: str | None = None
    map: str | None = None


@dataclass(frozen=True)
class LinkedMotifs:
    """Motifs that a regulator has.

    Attributes
    ----------
    profiles
        The motifs, in the order of their source.
    links
        1 where a regulator has a motif [regulator, motif], uint8; every motif has a regulator.
    left_out
        Reason by motif, of the motifs that are left out; for rows of the user's table, by regulator.
    """

    profiles: list[JasparProfile]
    links: NDArray[np.uint8]
    left_out: dict[str, str]


def choose_motifs(choice: MotifChoice, regulators: Regulators) -> LinkedMotifs:
    """Choose the motifs of a configuration and link them to regulators.

    By name, a motif belongs to the regulators of its gene symbol. Human profiles of JASPAR must have it exactly, as in
    the release; elsewhere upper and lower case are the same, since JASPAR's vertebrate profiles are of several species.

    Raises
    ------
    TR300MError
        If a file cannot be read, JASPAR has no profile of the taxon, or no regulator has a motif.
    """
    profiles = _profiles(choice)
    fits = [len(profile.counts) <= TF_WIDTH for profile in profiles]
    left_out = {profile.matrix_id: TOO_LONG for profile, fit in zip(profiles, fits, strict=True) if not fit}
    profiles = [profile for profile, fit in zip(profiles, fits, strict=True) if fit]
    if choice.map:
        links, unknown = links_by_table(choice.map, profiles, regulators)
        left_out |= unknown
    else:
        links = links_by_name(profiles, regulators, exact=choice.file is None and choice.taxon == HUMAN)
    linked = [bool(column.any()) for column in links.T]
    if not any(linked):
        raise TR300MError(
            f"no regulator has a motif: motifs are named {_shown([profile.name for profile in profiles])}, "
            f"regulators {_shown(regulators.gene_name.tolist())}",
            "choose `motifs: taxon` by the species of the annotation, or give a table with `motifs: map`",
        )
    left_out |= {profile.matrix_id: LEFT_OUT for profile, there in zip(profiles, linked, strict=True) if not there}
    return LinkedMotifs(
        [profile for profile, there in zip(profiles, linked, strict=True) if there], links[:, linked], left_out
    )


def _profiles(choice: MotifChoice) -> list[JasparProfile]:
    if choice.file:
        return read_motif_file(choice.file)
    found = jaspar_profiles(choice.jaspar, choice.taxon, choice.collection, choice.versions == "all")
    if not found:
        raise TR300MError(
            f"{choice.jaspar} has no profile of taxon {choice.taxon}"
            + (f" in collection {choice.collection}" if choice.collection else ""),
            "give the NCBI number of a species (9606, 10090), or a group such as vertebrates, insects or plants",
        )
    return found


def links_by_name(profiles: Sequence[JasparProfile], regulators: Regulators, exact: bool) -> NDArray[np.uint8]:
    """Return the links [regulator, motif]: the name of the motif is the gene symbol of the regulator.

    Parameters
    ----------
    profiles, regulators
        Motifs and regulators; the dimers of JASPAR (``A::B``) are no gene symbol.
    exact
        Whether upper and lower case differ.
    """
    motifs = motif_axis(profiles)
    if exact:
        return motif_map(regulators, motifs)
    return motif_map(
        replace(regulators, gene_name=np.char.upper(regulators.gene_name)),
        replace(motifs, name=np.char.upper(motifs.name)),
    )


def links_by_table(
    path: Path | str, profiles: Sequence[JasparProfile], regulators: Regulators
) -> tuple[NDArray[np.uint8], dict[str, str]]:
    """Return the links [regulator, motif] of a table, and the reason why a row has none, by its unknown name.

    Parameters
    ----------
    path
        Tab-separated table with the columns `regulator` (Ensembl ID with or without version, or gene symbol) and
        `motif` (ID, or name).
    profiles, regulators
        Motifs and regulators.

    Raises
    ------
    TR300MError
        If the table cannot be read or lacks a column.
    """
    table = read_columns(path, MAP_COLUMNS)
    rows_of: dict[str, set[int]] = {}
    for row, (gene, name) in enumerate(zip(regulators.gene_id.tolist(), regulators.gene_name.tolist(), strict=True)):
        for key in {gene, stem(gene), name} - {""}:
            rows_of.setdefault(key, set()).add(row)
    columns_of: dict[str, set[int]] = {}
    for column, profile in enumerate(profiles):
        for key in {profile.matrix_id, profile.name} - {""}:
            columns_of.setdefault(key, set()).add(column)
    links = np.zeros((len(regulators), len(profiles)), dtype=np.uint8)
    unknown: dict[str, str] = {}
    for regulator, motif in zip(table["regulator"].tolist(), table["motif"].tolist(), strict=True):
        rows, columns = rows_of.get(regulator, set()), columns_of.get(motif, set())
        if not rows:
            unknown[regulator] = f"{path} names it, and it is no regulator"
        if not columns:
            unknown.setdefault(motif, f"{path} names it, and it is no motif")
        links[np.ix_(sorted(rows), sorted(columns))] = 1
    return links, unknown


def _shown(names: list[str]) -> str:
    return named(names, 3) or "nothing"

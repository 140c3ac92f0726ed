"""Make motif kernels (PSSMs) from JASPAR profiles, and map regulators to motifs."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pyjaspar import jaspardb

from ..base.axes import Motifs, Regulators
from ..base.errors import TR300MError
from ..base.types import Floats

TF_RELEASE, TF_WIDTH = "JASPAR2022", 35
CORE_RELEASE, CORE_WIDTH = "JASPAR2020", 19
HUMAN = "9606"
"""NCBI number of the species."""
# As in the thesis's code: added to each count before normalising.
PSEUDOCOUNT = 2.0**-24
BACKGROUND_PROBABILITY = 0.25


@dataclass(frozen=True)
class JasparProfile:
    """A JASPAR profile: matrix ID with version, factor name, counts [position, base ACGT]."""

    matrix_id: str
    name: str
    counts: Floats


def _fetch(release: str, all_versions: bool = True, **query: object) -> list[tuple[JasparProfile, list[str]]]:
    database = jaspardb(release=release)
    with closing(database.conn):
        motifs = database.fetch_motifs(all_versions=all_versions, **query)
    return [
        (JasparProfile(m.matrix_id, m.name, np.array([m.counts[base] for base in "ACGT"]).T), list(m.species))
        for m in motifs
    ]


def jaspar_profiles(release: str, taxon: str, collection: str | None, all_versions: bool) -> list[JasparProfile]:
    """Return the profiles of a taxon in a JASPAR release, in database order.

    Parameters
    ----------
    release
        Such as ``JASPAR2022``.
    taxon
        NCBI number of a species, for profiles whose only species it is, or a group of JASPAR's such as ``vertebrates``.
    collection
        Such as ``CORE``; None for all.
    all_versions
        Whether earlier versions of a profile are returned too.
    """
    if not taxon.isdecimal():
        return [profile for profile, _ in _fetch(release, all_versions, collection=collection, tax_group=taxon)]
    found = _fetch(release, all_versions, collection=collection, species=[taxon])
    return [profile for profile, species in found if species == [taxon]]


def human_profiles() -> list[JasparProfile]:
    """Return all versions of the 1,237 JASPAR 2022 profiles whose only species is human, in database order."""
    return jaspar_profiles(TF_RELEASE, HUMAN, None, True)


def core_profiles() -> list[JasparProfile]:
    """Return the 13 core promoter elements of JASPAR 2020's POLII collection, in database order."""
    return [profile for profile, _ in _fetch(CORE_RELEASE, collection="POLII")]


def motif_columns(profiles: Sequence[JasparProfile], regulators: Regulators) -> list[JasparProfile]:
    """Return the profiles whose name is the gene name of a regulator; dimers (``A::B``) match no regulator."""
    names = set(regulators.gene_name.tolist())
    return [profile for profile in profiles if profile.name in names]


def pssm(counts: Floats) -> Floats:
    """Return log2(p / 0.25) [position, base] in bits; p is counts + 2^-24, normalised at each position."""
    smoothed = counts + PSEUDOCOUNT
    return np.asarray(np.log2(smoothed / smoothed.sum(axis=1, keepdims=True) / BACKGROUND_PROBABILITY))


def kernels(profiles: Sequence[JasparProfile], width: int, spare: int = 0) -> Floats:
    """Stack PSSMs to kernels [width, 4, profile + spare], centred and zero-padded (an odd position on the right).

    Parameters
    ----------
    profiles
        JASPAR profiles of at most `width` positions.
    width
        Positions of a kernel.
    spare
        Number of all-zero kernels to append; the released arrays have one.
    """
    longest = max((len(profile.counts) for profile in profiles), default=0)
    if longest > width:
        raise TR300MError(f"a profile of {longest} positions does not fit a kernel of {width}")
    result = np.zeros((width, 4, len(profiles) + spare))
    for column, profile in enumerate(profiles):
        length = len(profile.counts)
        left = (width - length) // 2
        result[left : left + length, :, column] = pssm(profile.counts)
    return result


def motif_axis(profiles: Sequence[JasparProfile], spare: int = 0) -> Motifs:
    """Return the table of the profiles; spare motifs have no ID, no name, length 0 and count 0."""
    blank = [""] * spare
    return Motifs(
        matrix_id=np.array([p.matrix_id for p in profiles] + blank, dtype=np.str_),
        name=np.array([p.name for p in profiles] + blank, dtype=np.str_),
        length=np.array([len(p.counts) for p in profiles] + [0] * spare, dtype=np.int64),
        counts=np.array([p.counts[0].sum() for p in profiles] + [0.0] * spare, dtype=np.float64),
    )


def motif_map(regulators: Regulators, motifs: Motifs) -> NDArray[np.uint8]:
    """Return the map [regulator, motif], which is 1 if the name of the motif is the gene name of the regulator."""
    same = regulators.gene_name[:, None] == motifs.name[None, :]
    return (same & (motifs.name != "")[None, :]).astype(np.uint8)

"""Make the axes of samples, donors and tissues from the attributes of GTEx."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..base.axes import Donors, Samples
from ..base.errors import TR300MError
from ..base.files import read_columns
from ..base.types import Strings


def donor_of(sample_id: str) -> str:
    """Return the donor of a GTEx sample, such as ``GTEX-1117F`` for ``GTEX-1117F-0226-SM-5GZZ7``."""
    return "-".join(sample_id.split("-")[:2])


def sample_axis(sample_ids: Sequence[str], attributes: Path | str) -> Samples:
    """Look up the tissues of samples; the order is kept.

    Parameters
    ----------
    sample_ids
        Column names of the GCT.
    attributes
        SampleAttributesDS file of GTEx, tab-separated, with the columns SAMPID and SMTSD.

    Raises
    ------
    TR300MError
        If a sample is duplicated in `attributes`, missing from it, or has no tissue.
    """
    table = read_columns(attributes, ["SAMPID", "SMTSD"])
    _refuse_repeated(attributes, "sample", table["SAMPID"].tolist())
    tissue_of = dict(zip(table["SAMPID"].tolist(), table["SMTSD"].tolist(), strict=True))
    missing = [sample for sample in sample_ids if not tissue_of.get(sample)]
    if missing:
        raise TR300MError(
            f"{attributes} has no tissue for {len(missing)} samples of the GCT, such as {missing[0]}",
            "the GCT and the attributes must be of the same GTEx release",
        )
    return Samples(
        sample_id=np.array(sample_ids, dtype=np.str_),
        donor_id=np.array([donor_of(sample) for sample in sample_ids], dtype=np.str_),
        tissue=np.array([tissue_of[sample] for sample in sample_ids], dtype=np.str_),
    )


def choose_samples(samples: Samples, wanted: Sequence[str]) -> Samples:
    """Restrict samples to the IDs in `wanted`, keeping axis order.

    Raises
    ------
    TR300MError
        If an ID is not a sample of the GCT, or `wanted` is empty.
    """
    if not wanted:
        raise TR300MError("the `samples` list is empty", "name at least one sample, or set `samples: null`")
    missing = sorted(set(wanted) - set(samples.sample_id.tolist()))
    if missing:
        raise TR300MError(f"{len(missing)} samples of the `samples` list are not in the GCT, such as {missing[0]}")
    return samples.take(np.isin(samples.sample_id, list(wanted)))


def donor_axis(samples: Samples, phenotypes: Path | str) -> Donors:
    """Return the donors of samples by first appearance, with sex and age if the phenotypes have them.

    Raises
    ------
    TR300MError
        If the phenotype file (SUBJID, SEX, AGE) cannot be read or has a duplicated donor.
    """
    table = read_columns(phenotypes, ["SUBJID", "SEX", "AGE"])
    donor_ids, sexes, ages = (table[name].tolist() for name in ("SUBJID", "SEX", "AGE"))
    _refuse_repeated(phenotypes, "donor", donor_ids)
    known = dict(zip(donor_ids, zip(sexes, ages, strict=True), strict=True))
    donors = list(dict.fromkeys(samples.donor_id.tolist()))
    sex, age = zip(*(known.get(donor, ("NA", "NA")) for donor in donors), strict=True)
    return Donors(donor_id=np.array(donors), sex=np.array(sex), age=np.array(age))


def _refuse_repeated(path: Path | str, what: str, names: Sequence[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise TR300MError(f"{path}: {what} {name} appears twice")
        seen.add(name)


def tissue_onehot(tissue: Strings) -> tuple[list[str], NDArray[np.uint8]]:
    """Return the sorted names of the tissues, and one-hot tissues [sample, tissue]."""
    names, codes = np.unique(tissue, return_inverse=True)
    return names.tolist(), np.eye(len(names), dtype=np.uint8)[codes]

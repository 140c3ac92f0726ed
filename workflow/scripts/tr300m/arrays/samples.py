"""Make the axes of samples, donors and tissues from tables of samples and of donors."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..base.axes import Donors, Samples
from ..base.errors import TR300MError
from ..base.files import read_columns, read_table, text_separator
from ..base.types import Strings
from .table_matrix import is_hdf5, read_obs

GTEX = "GTEX-"
"""Beginning of GTEx's sample IDs, whose first two parts are the donor."""
PHENOTYPES = ("SUBJID", "SEX", "AGE")


def donor_of(sample_id: str) -> str:
    """Return the donor of a sample: ``GTEX-1117F`` for GTEx's ``GTEX-1117F-0226-SM-5GZZ7``, otherwise the sample."""
    return "-".join(sample_id.split("-")[:2]) if sample_id.startswith(GTEX) else sample_id


@dataclass(frozen=True)
class SampleColumns:
    """Names of the columns of a sample table; without a column of donors, `donor_of` tells the donor of a sample."""

    sample: str = "SAMPID"
    tissue: str = "SMTSD"
    donor: str | None = None

    def named(self) -> dict[str, str]:
        """Return the columns by their key in the configuration."""
        columns = {"sample": self.sample, "tissue": self.tissue}
        return columns if self.donor is None else columns | {"donor": self.donor}


def sample_axis(
    sample_ids: Sequence[str], table: Path | str | None, columns: SampleColumns = SampleColumns()
) -> Samples:
    """Look up the tissues and donors of samples; the order is kept.

    Parameters
    ----------
    sample_ids
        Column names of the expression file.
    table
        Table of the samples: TSV or CSV (plain or gzip), or the `obs` of an AnnData file. None if there is none: every
        sample is then its own tissue and its own donor.
    columns
        Names of the columns of the table.

    Raises
    ------
    TR300MError
        If the table lacks a column, a sample is duplicated in it or missing from it, or has no tissue or donor.
    """
    ids = np.array(sample_ids, dtype=np.str_)
    if table is None:
        return Samples(sample_id=ids, donor_id=ids, tissue=ids)
    found = _read_sample_table(table, columns)
    names = found[columns.sample].tolist()
    _refuse_repeated(table, "sample", names)
    tissues = _of_samples(table, "tissue", sample_ids, names, found[columns.tissue])
    if columns.donor is None:
        donors = np.array([donor_of(sample) for sample in sample_ids], dtype=np.str_)
    else:
        donors = _of_samples(table, "donor", sample_ids, names, found[columns.donor])
    return Samples(sample_id=ids, donor_id=donors, tissue=tissues)


def _read_sample_table(table: Path | str, columns: SampleColumns) -> dict[str, Strings]:
    wanted = columns.named()
    if is_hdf5(table):
        return read_obs(table, list(wanted.values()))
    separator = text_separator(table)
    header, _ = read_table(table, separator)
    for key, name in wanted.items():
        if name not in header:
            raise TR300MError(
                f"{table} lacks the column {name}, which `sample_table: {key}` names", f"found {', '.join(header[:8])}"
            )
    return read_columns(table, list(dict.fromkeys(wanted.values())), separator)


def _of_samples(
    table: Path | str, what: str, sample_ids: Sequence[str], names: Sequence[str], values: Strings
) -> Strings:
    """Return the value of each sample; refuse samples without one."""
    value_of = dict(zip(names, values.tolist(), strict=True))
    missing = [sample for sample in sample_ids if not value_of.get(sample)]
    if missing:
        raise TR300MError(
            f"{table} has no {what} for {len(missing)} samples of the expression file, such as {missing[0]}",
            "expression and sample table must be of the same release, with the same sample IDs",
        )
    return np.array([value_of[sample] for sample in sample_ids], dtype=np.str_)


def choose_samples(samples: Samples, wanted: Sequence[str]) -> Samples:
    """Restrict samples to the IDs in `wanted`, keeping axis order.

    Raises
    ------
    TR300MError
        If an ID is not a sample of the expression file, or `wanted` is empty.
    """
    if not wanted:
        raise TR300MError("the `samples` list is empty", "name at least one sample, or set `samples: null`")
    missing = sorted(set(wanted) - set(samples.sample_id.tolist()))
    if missing:
        raise TR300MError(
            f"{len(missing)} samples of the `samples` list are not in the expression file, such as {missing[0]}"
        )
    return samples.take(np.isin(samples.sample_id, list(wanted)))


def donor_axis(samples: Samples, phenotypes: Path | str | None) -> Donors:
    """Return the donors of samples by first appearance, with sex and age if the phenotypes have them.

    Without a table of phenotypes, both are unknown.

    Raises
    ------
    TR300MError
        If the phenotype file (SUBJID, SEX, AGE) cannot be read or has a duplicated donor.
    """
    known = _sex_and_age(phenotypes) if phenotypes else {}
    donors = list(dict.fromkeys(samples.donor_id.tolist()))
    sex, age = zip(*(known.get(donor, ("NA", "NA")) for donor in donors), strict=True)
    return Donors(donor_id=np.array(donors), sex=np.array(sex), age=np.array(age))


def _sex_and_age(phenotypes: Path | str) -> dict[str, tuple[str, str]]:
    donors, sexes, ages = (column.tolist() for column in read_columns(phenotypes, PHENOTYPES).values())
    _refuse_repeated(phenotypes, "donor", donors)
    return dict(zip(donors, zip(sexes, ages, strict=True), strict=True))


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

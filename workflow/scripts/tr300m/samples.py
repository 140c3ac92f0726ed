"""GTEx samples: sample and donor attributes to the sample axis and its tissues."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from .axes import Donors, Samples, Strings
from .errors import TR300MError
from .io import open_text


def read_columns(path: Path | str, columns: Sequence[str], separator: str = "\t") -> pd.DataFrame:
    """Read the named columns of a delimited text file as strings.

    Raises
    ------
    TR300MError
        If the file cannot be read or lacks a column.
    """
    with open_text(path) as handle:
        try:
            # GTEx's tab-separated files quote nothing: a quotation mark in free text is a character like any other.
            quoting: Literal[0, 3] = csv.QUOTE_NONE if separator == "\t" else csv.QUOTE_MINIMAL
            table = pd.read_csv(handle, sep=separator, dtype=str, keep_default_na=False, quoting=quoting)
        except (pd.errors.ParserError, pd.errors.EmptyDataError, EOFError, UnicodeDecodeError) as error:
            raise TR300MError(f"cannot read {path}: {error}", "is this the right file, whole?") from None
    missing = [name for name in columns if name not in table]
    if missing:
        raise TR300MError(
            f"{path} lacks the column {', '.join(missing)}", f"found {', '.join(map(str, table.columns[:8]))} ..."
        )
    return table[list(columns)]


def donor_of(sample_id: str) -> str:
    """Return the donor of a GTEx sample: the first two parts of ``GTEX-1117F-0226-SM-5GZZ7``."""
    return "-".join(sample_id.split("-")[:2])


def sample_axis(sample_ids: Sequence[str], attributes: Path | str) -> Samples:
    """Look up the tissues of samples, in the order given.

    Parameters
    ----------
    sample_ids
        Column names of the GCT.
    attributes
        GTEx SampleAttributesDS: tab-separated with SAMPID and SMTSD.

    Raises
    ------
    TR300MError
        If a sample appears twice in `attributes`, is missing from it, or has no tissue.
    """
    table = read_columns(attributes, ["SAMPID", "SMTSD"])
    repeated = table["SAMPID"][table["SAMPID"].duplicated()]
    if len(repeated):
        raise TR300MError(f"{attributes}: sample {repeated.iloc[0]} appears twice")
    tissue_of = dict(zip(table["SAMPID"], table["SMTSD"], strict=True))
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
        If an ID is not a sample of the GCT.
    """
    if not wanted:
        raise TR300MError("the `samples` list is empty", "name at least one sample, or set `samples: null`")
    missing = sorted(set(wanted) - set(samples.sample_id.tolist()))
    if missing:
        raise TR300MError(f"{len(missing)} samples of the `samples` list are not in the GCT, such as {missing[0]}")
    return samples.take(np.isin(samples.sample_id, list(wanted)))


def donor_axis(samples: Samples, phenotypes: Path | str) -> Donors:
    """Return the donors of `samples`, by first appearance, with sex and age where the phenotypes name them.

    Raises
    ------
    TR300MError
        If the phenotype file (SUBJID, SEX, AGE) cannot be read or names a donor twice.
    """
    table = read_columns(phenotypes, ["SUBJID", "SEX", "AGE"])
    if table["SUBJID"].duplicated().any():
        repeated = table["SUBJID"][table["SUBJID"].duplicated()].iloc[0]
        raise TR300MError(f"{phenotypes}: donor {repeated} appears twice")
    donors = pd.DataFrame({"SUBJID": pd.unique(pd.Series(samples.donor_id))})
    known = donors.merge(table, on="SUBJID", how="left").fillna("NA")
    return Donors(
        donor_id=known["SUBJID"].to_numpy(dtype=np.str_),
        sex=known["SEX"].to_numpy(dtype=np.str_),
        age=known["AGE"].to_numpy(dtype=np.str_),
    )


def tissue_onehot(tissue: Strings) -> tuple[list[str], NDArray[np.uint8]]:
    """Return the tissue names, sorted, and the one-hot tissues [sample, tissue]."""
    names, codes = np.unique(tissue, return_inverse=True)
    return names.tolist(), np.eye(len(names), dtype=np.uint8)[codes]

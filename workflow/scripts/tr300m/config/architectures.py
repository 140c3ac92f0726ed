"""Architectures: the family of a model, and which of the five inputs it reads."""

from dataclasses import dataclass
from pathlib import Path

from ..base.errors import TR300MError
from ..base.files import read_tsv
from .factorised_models import FACTORISED

TOKENS = {"seq": "Seq", "tf": "TF", "df": "DF", "core": "Core", "hm": "HM"}
PAIRWISE_FAMILY, FACTORISED_FAMILY = "pairwise", "factorised"
FAMILIES = (PAIRWISE_FAMILY, FACTORISED_FAMILY)
"""Networks that read one pair of gene and sample; models of gene factors times sample factors."""
NEEDED_BY_OPTION = {"wide_marks": "hm", "log_levels": "tf"}
"""The input that an architecture must read for an option of it to have an effect."""
MIXTURES = 4
"""Number of mixtures of the cells, for each mark."""
CORE_ELEMENTS = 13
"""Number of core promoter elements in a dataset (JASPAR POLII)."""


@dataclass(frozen=True)
class Architecture:
    """A family and a combination of inputs; the sequence is always one of them.

    Parameters
    ----------
    key
        Name in tables and paths, such as ``seq_tf_core``; that of a factorised model is one of `FACTORISED`.
    label
        Name in figures, such as ``Seq + TF + Core``.
    tf
        Whether motif scores are multiplied by the TF levels; in the family factorised, whether TF levels are read.
    core
        Whether core promoter elements are read, in a separate branch.
    hm
        Whether histone marks, mixed over cells by tissue, are read, in a separate branch; in the family factorised,
        whether histone marks are read.
    distance
        Whether TF levels are weighted by the regulator's distance on the chromosome; needs `tf`.
    family
        One of `FAMILIES`.
    wide_marks
        Whether histone marks in bins of the wide window are read as well, in a separate branch; needs `hm`.
    log_levels
        Whether log(1 + level) of each motif stands in the place of its TF level; needs `tf`.
    both_strands
        Whether the score of a TF motif is the larger of the two strands'. Core promoter elements have a direction and
        are scanned on the strand of the gene.
    """

    key: str
    label: str
    tf: bool
    core: bool
    hm: bool
    distance: bool
    family: str = PAIRWISE_FAMILY
    wide_marks: bool = False
    log_levels: bool = False
    both_strands: bool = False

    def __post_init__(self) -> None:
        if self.distance and not self.tf:
            raise TR300MError(
                f"architecture {self.key}: the distance factor weights TF levels, which are off",
                "set `tf` to 1 or `distance` to 0",
            )
        if self.family not in FAMILIES:
            raise TR300MError(
                f"architecture {self.key}: family {self.family!r} is unknown", f"write one of {', '.join(FAMILIES)}"
            )
        if self.factorised and self.key not in FACTORISED:
            raise TR300MError(
                f"architecture {self.key}: no factorised model has this name", f"write one of {', '.join(FACTORISED)}"
            )
        if self.factorised and (self.core or self.distance):
            raise TR300MError(
                f"architecture {self.key}: no factorised model reads core promoter elements or distances",
                "set `core` and `distance` to 0",
            )
        for name, needed in NEEDED_BY_OPTION.items():
            if getattr(self, name) and not getattr(self, needed):
                raise TR300MError(
                    f"architecture {self.key}: {name} changes an input that it does not read",
                    f"choose an architecture with {needed}, or leave out {name}",
                )

    @property
    def factorised(self) -> bool:
        """Whether it is a model of gene factors times sample factors."""
        return self.family == FACTORISED_FAMILY

    @property
    def reads_levels(self) -> bool:
        """Whether the TPM of regulators is an input."""
        return self.tf or self.distance

    def branch_channels(self, marks: int, elements: int = CORE_ELEMENTS) -> int:
        """Return the number of channels of the trunk that histones and core promoter elements take."""
        return marks * MIXTURES * self.hm + elements * self.core

    @classmethod
    def from_key(cls, key: str) -> "Architecture":
        """Return the architecture of a key made of ``seq``, ``tf``, ``df``, ``core``, ``hm``, in this order.

        Raises
        ------
        TR300MError
            If an element of the key is unknown, repeated or out of order, or ``seq`` is missing.
        """
        parts = key.split("_")
        if parts[0] != "seq" or parts != [token for token in TOKENS if token in parts]:
            raise TR300MError(
                f"unknown architecture {key!r}", f"join {', '.join(TOKENS)} in this order by '_', starting with seq"
            )
        label = " + ".join(TOKENS[part] for part in parts)
        return cls(key, label, "tf" in parts, "core" in parts, "hm" in parts, "df" in parts)


def read_architectures(path: Path | str) -> dict[str, Architecture]:
    """Read a table of architectures.

    Parameters
    ----------
    path
        TSV with the columns architecture, family, label, tf, core, hm, distance; the last four hold 0 or 1.

    Returns
    -------
    dict
        Key to architecture, in file order.

    Raises
    ------
    TR300MError
        If a column is missing, a key is duplicated, a family is unknown, or a switch is neither 0 nor 1.
    """
    table = read_tsv(path)
    columns = ("architecture", "family", "label", "tf", "core", "hm", "distance")
    missing = [name for name in columns if name not in table]
    if missing:
        raise TR300MError(f"{path} has no column {', '.join(missing)}", f"its header is {' '.join(columns)}")
    found: dict[str, Architecture] = {}
    for key, family, label, *switches in zip(*(table[name].tolist() for name in columns), strict=True):
        if key in found:
            raise TR300MError(f"{path}: architecture {key} is duplicated", "give each architecture its own key")
        if not set(switches) <= {"0", "1"}:
            raise TR300MError(f"{path}: architecture {key} has a switch that is neither 0 nor 1", "write 0 or 1")
        tf, core, hm, distance = (switch == "1" for switch in switches)
        found[key] = Architecture(key, label, tf=tf, core=core, hm=hm, distance=distance, family=family)
    return found

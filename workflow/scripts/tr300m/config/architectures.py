"""Architectures: which of the five inputs a model reads."""

from dataclasses import dataclass
from pathlib import Path

from ..base.errors import TR300MError
from ..base.files import read_tsv

TOKENS = {"seq": "Seq", "tf": "TF", "df": "DF", "core": "Core", "hm": "HM"}
SWITCHES = {"tf": "tf", "df": "distance", "core": "core", "hm": "hm"}
MIXTURES = 4
"""Number of mixtures of the cells, for each mark."""
CORE_ELEMENTS = 13
"""Number of core promoter elements in a dataset (JASPAR POLII)."""


@dataclass(frozen=True)
class Architecture:
    """A combination of inputs; the sequence is always one of them.

    Parameters
    ----------
    key
        Name in tables and paths, such as ``seq_tf_core``.
    label
        Name in figures, such as ``Seq + TF + Core``.
    tf
        Whether motif scores are multiplied by the TF levels.
    core
        Whether core promoter elements are read, in a separate branch.
    hm
        Whether histone marks, mixed over cells by tissue, are read, in a separate branch.
    distance
        Whether TF levels are weighted by the regulator's distance on the chromosome; needs `tf`.
    wide_marks
        Whether histone marks in bins of the wide window are read as well, in a separate branch; needs `hm`.
    """

    key: str
    label: str
    tf: bool
    core: bool
    hm: bool
    distance: bool
    wide_marks: bool = False

    def __post_init__(self) -> None:
        if self.distance and not self.tf:
            raise TR300MError(
                f"architecture {self.key}: the distance factor weights TF levels, which are off",
                "set `tf` to 1 or `distance` to 0",
            )
        if self.wide_marks and not self.hm:
            raise TR300MError(
                f"architecture {self.key}: wide_marks adds bins to the histone marks, which it does not read",
                "choose an architecture with hm, or leave out wide_marks",
            )

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
        switches = {switch: token in parts for token, switch in SWITCHES.items()}
        return cls(key=key, label=" + ".join(TOKENS[part] for part in parts), **switches)


def read_architectures(path: Path | str) -> dict[str, Architecture]:
    """Read a table of architectures.

    Parameters
    ----------
    path
        TSV with the columns architecture, label, tf, core, hm, distance; the last four hold 0 or 1.

    Returns
    -------
    dict
        Key to architecture, in file order.

    Raises
    ------
    TR300MError
        If a column is missing, a key is duplicated or a switch is neither 0 nor 1.
    """
    table = read_tsv(path)
    columns = ("architecture", "label", "tf", "core", "hm", "distance")
    missing = [name for name in columns if name not in table]
    if missing:
        raise TR300MError(f"{path} has no column {', '.join(missing)}", f"its header is {' '.join(columns)}")
    found: dict[str, Architecture] = {}
    for key, label, *switches in zip(*(table[name].tolist() for name in columns), strict=True):
        if key in found:
            raise TR300MError(f"{path}: architecture {key} is duplicated", "give each architecture its own key")
        if not set(switches) <= {"0", "1"}:
            raise TR300MError(f"{path}: architecture {key} has a switch that is neither 0 nor 1", "write 0 or 1")
        tf, core, hm, distance = (switch == "1" for switch in switches)
        found[key] = Architecture(key, label, tf=tf, core=core, hm=hm, distance=distance)
    return found

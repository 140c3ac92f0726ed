"""What is evaluated: a run, a baseline or external predictions, on one part of its split."""

from typing import NamedTuple


class Evaluated(NamedTuple):
    """What has metrics and intervals: its folder below the results, and its names in tables."""

    folder: str
    kind: str
    model: str
    label: str
    split: str
    part: str

    @property
    def names(self) -> dict[str, str]:
        """All fields except the folder, by column."""
        return {name: value for name, value in self._asdict().items() if name != "folder"}


class ModelRow(NamedTuple):
    """A model on one part of a split, or on the test parts of all folds together.

    Attributes
    ----------
    folder
        Folder of its scores below the results.
    family
        ``pairwise``, ``factorised``, ``external`` or ``baseline``.
    model
        Name of the run, of the architecture (on folds), of the external predictions or of the baseline.
    label
        Name in tables and figures.
    split
        Name of the split, or the kind of the folds.
    part
        ``validation`` or ``test``.
    proper
        Whether its NLL is that of a proper density.
    own_expression
        Whether it reads the genes' own expression in training samples (`baseline_table.BaselineRow`).
    """

    folder: str
    family: str
    model: str
    label: str
    split: str
    part: str
    proper: bool = False
    own_expression: bool = False

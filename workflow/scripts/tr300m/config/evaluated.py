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

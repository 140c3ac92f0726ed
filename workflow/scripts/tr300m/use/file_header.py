"""The first lines of every file that a command on trained models writes."""

from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .predictor import Predictor


def file_header(predictor: "Predictor", origin: str) -> list[str]:
    """Return lines with the version, the runs, the data and the `origin` of a file, such as a command's arguments."""
    return [
        f"# tr300m {version('tr300m')}",
        f"# runs: {', '.join(model.name for model in predictor.models)}; split: {predictor.split.name}",
        f"# data: {predictor.source}",
        f"# {origin}",
    ]

"""Human transcription from promoter sequence, regulators and chromatin.

The public surface is small: open a dataset, build a model, draw the split and the training pairs, score predictions.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .dataset.dataset import Dataset as Dataset
    from .dataset.pair_order import training_pairs as training_pairs
    from .dataset.splits import thesis_split as thesis_split
    from .metrics import point as metrics
    from .model.network import build_model as build_model

__version__ = "0.1.0"
__all__ = ["Dataset", "build_model", "metrics", "thesis_split", "training_pairs"]

_HOMES = {"Dataset": "dataset", "build_model": "network", "thesis_split": "splits", "training_pairs": "pairs"}


def __getattr__(name: str) -> Any:
    # Imported on first use: the workflow imports the package at parse time and must not load Keras for it.
    if name == "metrics":
        return importlib.import_module(".metrics", __name__)
    if name in _HOMES:
        return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

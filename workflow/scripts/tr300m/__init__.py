"""Human transcription from promoter sequence, regulators and chromatin.

The public surface is small: open a dataset, build a model, draw the split and the training pairs, score predictions.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .dataset.dataset import Dataset as Dataset
    from .dataset.pair_order import training_pairs as training_pairs
    from .dataset.splits import thesis_split as thesis_split
    from .metrics.point import evaluate as evaluate
    from .model.network import build_model as build_model
    from .model.pair_batches import PairBatches as PairBatches

__version__ = "0.1.0"
__all__ = ["Dataset", "PairBatches", "build_model", "evaluate", "thesis_split", "training_pairs"]

_MODULES = {
    "Dataset": "dataset.dataset",
    "PairBatches": "model.pair_batches",
    "build_model": "model.network",
    "evaluate": "metrics.point",
    "thesis_split": "dataset.splits",
    "training_pairs": "dataset.pair_order",
}


def __getattr__(name: str) -> Any:
    # Imported on first use: the workflow imports the package at parse time and must not load Keras for it.
    if name in _MODULES:
        return getattr(importlib.import_module(f".{_MODULES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

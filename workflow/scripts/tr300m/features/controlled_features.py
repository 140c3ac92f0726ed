"""Gene features under a control: what a permuted input changes is computed again."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..config.run_table import AT_EVALUATION, SHUFFLE
from .gene_features import FEATURES, gene_features

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset

MARK_FEATURES = frozenset({"histone_means", "wide_marks", "smooth_marks", "body_marks"})
"""Those of `gene_features.FEATURES` that read histone marks; the others read the sequence."""
FEATURES_CHANGED_BY = {"permute_histones": MARK_FEATURES, SHUFFLE: FEATURES.keys() - MARK_FEATURES}


def controlled_features(
    dataset: "Dataset", features: Mapping[str, NDArray[np.float32]], control: str
) -> dict[str, NDArray[np.float32]]:
    """Return features [gene, feature] by name, as computed from the inputs under a control.

    Parameters
    ----------
    dataset
        Dataset under the control (`permutations.apply_control`).
    features
        Features of the dataset without it.
    control
        Name of the control in the run table, or ``none``.
    """
    changed = FEATURES_CHANGED_BY.get(control.removesuffix(AT_EVALUATION), frozenset())
    return {name: gene_features(dataset, name) if name in changed else array for name, array in features.items()}

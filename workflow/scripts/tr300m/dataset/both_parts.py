"""Predictions of the validation and the test part of a split, made in one call."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.types import Ints
from .splits import Part


def predict_parts(
    parts: Mapping[Part, Ints], predict: Callable[[Ints], Mapping[str, NDArray[Any]]]
) -> dict[Part, dict[str, NDArray[Any]]]:
    """Predict the pairs of all parts in one call, so that a model is loaded or fitted once.

    Parameters
    ----------
    parts
        Gene and sample indices [pair, 2] of each part; a part may have none.
    predict
        Function of pairs [pair, 2] that returns arrays [pair, ...] by name.

    Returns
    -------
    dict
        The arrays of each part, by part and name.
    """
    predicted = predict(np.concatenate(list(parts.values())))
    ends = np.cumsum([len(pairs) for pairs in parts.values()])[:-1]
    of_name = {name: np.split(array, ends) for name, array in predicted.items()}
    return {part: {name: arrays[number] for name, arrays in of_name.items()} for number, part in enumerate(parts)}

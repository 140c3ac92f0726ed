"""Both parts are predicted in one call."""

import numpy as np
from numpy.typing import NDArray
from tr300m.base.types import Ints
from tr300m.dataset.both_parts import predict_parts


def test_each_part_gets_the_predictions_of_its_pairs() -> None:
    asked: list[Ints] = []

    def predict(pairs: Ints) -> dict[str, NDArray[np.int64]]:
        asked.append(pairs)
        return {"sum": pairs.sum(axis=1), "pair": pairs}

    validation, test = np.array([[1, 2], [3, 4]]), np.array([[5, 6]])
    found = predict_parts({"validation": validation, "test": test}, predict)
    assert len(asked) == 1
    assert found["validation"]["sum"].tolist() == [3, 7]
    assert found["test"]["sum"].tolist() == [11]
    assert np.array_equal(found["test"]["pair"], test)


def test_a_part_may_have_no_pair() -> None:
    none = np.empty((0, 2), np.int64)
    found = predict_parts({"validation": none, "test": np.array([[5, 6]])}, lambda pairs: {"gene": pairs[:, 0]})
    assert (found["validation"]["gene"].tolist(), found["test"]["gene"].tolist()) == ([], [5])

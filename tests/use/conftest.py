"""One thread for all tests of the use of models: arrays are so small that threads only wait for each other."""

from collections.abc import Iterator

import pytest
import sklearn.ensemble  # noqa: F401 (loads OpenMP, which can be limited only then)
from threadpoolctl import threadpool_limits


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield

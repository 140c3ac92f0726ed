"""Types of the fixtures in conftest.py."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from tr300m.base.axes import Genes

Refuses = Callable[..., AbstractContextManager[None]]
MakeGenes = Callable[..., Genes]

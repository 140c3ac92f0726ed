"""Types of the fixtures in conftest.py, and how messages are read."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager

from tr300m.base.axes import Genes

Refuses = Callable[..., AbstractContextManager[None]]
MakeGenes = Callable[..., Genes]
NUMBER = re.compile(r"-?\d+(?:[.,]\d+)*")


def says(text: str, *parts: str) -> bool:
    """Return whether a text has all parts, a number only as a whole one: 12 does not say 1.

    Parts are names, numbers, paths and settings, never prose: a message may be worded anew.
    """
    return all(part in text if not NUMBER.fullmatch(part) else part in NUMBER.findall(text) for part in parts)

"""Sections of plain settings that become frozen dataclasses: their keys are the dataclass's fields."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from .errors import TR300MError


def check_keys(section: str, values: Mapping[str, Any], target: type) -> None:
    """Refuse a key of `values` that is no field of the dataclass `target`; `section` names it in the message.

    Raises
    ------
    TR300MError
        If there is one.
    """
    known = [field.name for field in dataclasses.fields(target)]
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise TR300MError(f"{section}: unknown setting {', '.join(unknown)}", f"known are {', '.join(known)}")

"""Sections of the configuration as frozen dataclasses."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from .errors import TR300MError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_Section = TypeVar("_Section", bound="DataclassInstance")


def from_dict(cls: type[_Section], section: str, values: Mapping[str, Any]) -> _Section:
    """Build a dataclass of settings from plain values, as YAML and JSON give them.

    Missing keys keep their defaults. Lists become tuples, and whole numbers become floats where the default is a float.

    Parameters
    ----------
    cls
        Dataclass whose fields all have a default.
    section
        Name of the section, for messages.
    values
        Values by field name.

    Raises
    ------
    TR300MError
        If a key is unknown, a value has another type than the default, or the dataclass refuses a value.
    """
    defaults = {field.name: field.default for field in dataclasses.fields(cls)}
    unknown = sorted(set(values) - set(defaults))
    if unknown:
        raise TR300MError(f"{section}: unknown setting {', '.join(unknown)}", f"known are {', '.join(defaults)}")
    return cls(**{name: _convert(f"{section}: {name}", value, defaults[name]) for name, value in values.items()})


def _convert(name: str, value: Any, default: Any) -> Any:
    """Return a value with the type of its default; the items of a list have the type of the default's first item."""
    if isinstance(default, tuple) and isinstance(value, list | tuple):
        return tuple(_convert(name, item, default[0]) for item in value)
    # A bool is an int in Python and not in YAML.
    if isinstance(default, bool) == isinstance(value, bool):
        if isinstance(default, float) and isinstance(value, int | float):
            return float(value)
        if isinstance(value, type(default)):
            return value
    kind = "list" if isinstance(default, tuple) else type(default).__name__
    raise TR300MError(f"{name}: {value!r} is not a {kind}", f"write a {kind}, such as {default!r}")

"""The column `options` of the run table: what one run changes of how its model is built or trained."""

import difflib
import math
from collections.abc import Mapping
from typing import NamedTuple

from .architectures import PAIRWISE_FAMILY

OptionValue = bool | int | float | str

NO_OPTIONS = "-"
"""Content of the column for a run without options."""
_BOOLEANS = {"yes": True, "no": False}
_KINDS = {bool: "yes or no", int: "an integer", float: "a number", str: "a text"}


class RunOption(NamedTuple):
    """An option of runs.

    Attributes
    ----------
    kind
        Type of its value; a boolean is written as yes or no.
    families
        Families of architectures that have it.
    choices
        Allowed values; empty if any value of the type is.
    minimum
        Smallest allowed number, or None.
    """

    kind: type[OptionValue]
    families: tuple[str, ...] = (PAIRWISE_FAMILY,)
    choices: tuple[OptionValue, ...] = ()
    minimum: float | None = None


OF_ARCHITECTURE: dict[str, RunOption] = {
    "wide_marks": RunOption(bool),
    "log_levels": RunOption(bool),
    "both_strands": RunOption(bool),
}
"""Options that are fields of `architectures.Architecture`: what a network reads."""
OF_TRAINING: dict[str, RunOption] = {
    "early_stopping": RunOption(int, minimum=0),
    "weight_decay": RunOption(float, minimum=0),
}
"""Options that are settings of the training of a network (`training.config.TrainingConfig`)."""

RUN_OPTIONS: dict[str, RunOption] = {**OF_ARCHITECTURE, **OF_TRAINING}
"""All options by key. Without the option a run does what the thesis did, or what the configuration says."""


def parse_options(
    text: str, family: str, known: Mapping[str, RunOption] = RUN_OPTIONS
) -> tuple[dict[str, OptionValue], list[str]]:
    """Parse the column `options` of a run.

    Parameters
    ----------
    text
        ``-``, or ``key=value`` one or more times, joined by ``;``.
    family
        Family of the run's architecture.
    known
        The options by key.

    Returns
    -------
    options
        Value by key, in the order written.
    problems
        A message for each entry that is not allowed.
    """
    options: dict[str, OptionValue] = {}
    problems: list[str] = []
    for entry in [] if text == NO_OPTIONS else text.split(";"):
        key, equals, written = (part.strip() for part in entry.partition("="))
        value = _parse(written, known[key]) if key in known else None
        if not equals or not key:
            problems.append(f"{entry!r} is no option; write - or key=value, several joined by ;")
        elif key not in known:
            problems.append(_unknown(key, known))
        elif family not in known[key].families:
            problems.append(f"{key} is an option of the family {' and '.join(known[key].families)}, not of {family}")
        elif key in options:
            problems.append(f"{key} is there twice; write it once")
        elif value is None:
            problems.append(f"{key} is {written!r}; write {_allowed(known[key])}")
        else:
            options[key] = value
    return options, [f"`options`: {problem}" for problem in problems]


def options_among(options: Mapping[str, OptionValue], known: Mapping[str, RunOption]) -> dict[str, OptionValue]:
    """Return the options of a run that are among some of `RUN_OPTIONS`."""
    return {key: value for key, value in options.items() if key in known}


def format_options(options: Mapping[str, OptionValue]) -> str:
    """Return options as they are written in the run table."""
    written = {key: ("no", "yes")[value] if isinstance(value, bool) else value for key, value in options.items()}
    return ";".join(f"{key}={value}" for key, value in written.items()) or NO_OPTIONS


def _parse(written: str, option: RunOption) -> OptionValue | None:
    """Return the value of an option, or None if it is not allowed."""
    value: OptionValue | None
    try:
        value = _BOOLEANS.get(written) if option.kind is bool else option.kind(written)
    except ValueError:
        return None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value == "" or (option.choices and value not in option.choices):
        return None
    if isinstance(value, int | float) and option.minimum is not None and value < option.minimum:
        return None
    return value


def _allowed(option: RunOption) -> str:
    if option.choices:
        return f"one of {', '.join(map(str, option.choices))}"
    return _KINDS[option.kind] + ("" if option.minimum is None else f" of at least {option.minimum:g}")


def _unknown(key: str, known: Mapping[str, RunOption]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    advice = f"did you mean {close[0]}?" if close else f"known are {', '.join(known) or 'none'}"
    return f"{key} is unknown; {advice}"

"""The column `options` of the run table."""

import pytest
from hypothesis import given, strategies
from tr300m.config.run_options import RUN_OPTIONS, OptionValue, RunOption, format_options, parse_options

KNOWN = {
    "rank": RunOption(int, families=("factorised", "pairwise"), minimum=1),
    "decay": RunOption(float),
    "strands": RunOption(int, choices=(1, 2)),
    "stop": RunOption(bool),
    "trunk": RunOption(str, choices=("deep", "flat")),
    "note": RunOption(str, families=("factorised",)),
}


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("-", {}),
        ("rank=3", {"rank": 3}),
        ("decay=1e-4; stop=yes;trunk=flat", {"decay": 1e-4, "stop": True, "trunk": "flat"}),
        ("stop=no;strands=2", {"stop": False, "strands": 2}),
    ],
)
def test_options_are_typed(text: str, options: dict[str, OptionValue]) -> None:
    found, problems = parse_options(text, "pairwise", KNOWN)
    assert (found, problems) == (options, [])
    assert {key: type(value) for key, value in found.items()} == {key: type(value) for key, value in options.items()}


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", ["''", "key=value"]),
        ("rank", ["'rank'", "key=value"]),
        ("=3", ["'=3'"]),
        ("rank=3;", ["''"]),
        ("rnak=3", ["rnak", "rank"]),
        ("depth=3", ["depth", "rank, decay"]),
        ("rank=three", ["rank", "'three'", "an integer of at least 1"]),
        ("rank=0", ["rank", "'0'", "at least 1"]),
        ("rank=1.5", ["rank", "'1.5'"]),
        ("rank=", ["rank", "''"]),
        ("decay=nan", ["decay", "'nan'", "a number"]),
        ("decay=inf", ["decay", "'inf'"]),
        ("stop=true", ["stop", "'true'", "yes or no"]),
        ("trunk=wide", ["trunk", "'wide'", "deep, flat"]),
        ("strands=3", ["strands", "'3'", "1, 2"]),
        ("rank=3;rank=4", ["rank", "twice"]),
        ("note=x", ["note", "factorised", "pairwise"]),
    ],
)
def test_what_is_not_allowed_is_named(text: str, parts: list[str]) -> None:
    _, (problem,) = parse_options(text, "pairwise", KNOWN)
    assert all(part in problem for part in ("`options`", *parts)), problem


def test_every_wrong_entry_is_named() -> None:
    options, problems = parse_options("depth=1;rank=2;stop=maybe", "pairwise", KNOWN)
    assert options == {"rank": 2}
    assert len(problems) == 2


@given(strategies.integers(1), strategies.floats(allow_nan=False, allow_infinity=False), strategies.booleans())
def test_written_options_are_read_again(rank: int, decay: float, stop: bool) -> None:
    options: dict[str, OptionValue] = {"rank": rank, "decay": decay, "stop": stop}
    assert parse_options(format_options(options), "pairwise", KNOWN) == (options, [])
    assert format_options({}) == "-"


def test_all_options_have_a_family_and_fitting_choices() -> None:
    for key, option in RUN_OPTIONS.items():
        assert option.families, key
        assert all(isinstance(choice, option.kind) for choice in option.choices), key

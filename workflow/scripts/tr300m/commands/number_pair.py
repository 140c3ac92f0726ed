"""The type of options such as --region: two numbers joined by a colon."""

from collections.abc import Callable

import click


class NumberPair(click.ParamType[tuple[float, float]]):
    """Two numbers of one kind, joined by a colon, as in an example."""

    name = "START:END"

    def __init__(self, number: Callable[[str], float], example: str) -> None:
        self.number = number
        self.example = example

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[float, float]:
        """Return the numbers."""
        if not isinstance(value, str):
            assert isinstance(value, tuple)
            return value
        try:
            start, end = map(self.number, value.split(":"))
        except ValueError:
            kind = "whole numbers" if self.number is int else "numbers"
            self.fail(f"{value!r} is not two {kind} joined by a colon, as in {self.example}", param, ctx)
        return start, end


POSITIONS = NumberPair(int, "-500:50")
"""Positions from the TSS: the first, and the one after the last; negative upstream."""

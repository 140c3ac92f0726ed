"""Options of the command `tr300m`: paths, and the configuration in the form of Snakemake."""

import os
from pathlib import Path
from typing import Any

import click

SEVERAL = ("--configfile", "--configfiles", "--config", "-C")
"""Options that take several values."""


class HomePath(click.Path):
    """A path whose leading ``~`` is the home folder, also after ``--option=``, where shells do not expand it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(path_type=Path, **options)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        return super().convert(os.path.expanduser(value), param, ctx)


class LikeSnakemake(click.Command):
    """A command whose ``--configfile`` and ``--config`` take one or several values, as in Snakemake."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Repeat the option before each of its values, as Click expects."""
        spread: list[str] = []
        option = ""
        for arg in args:
            if arg.startswith("-"):
                option = arg if arg in SEVERAL else ""
            elif option and spread[-1] != option:
                spread.append(option)
            spread.append(arg)
        return super().parse_args(ctx, spread)


with_configfile = click.option(
    "--configfile",
    "--configfiles",
    "files",
    multiple=True,
    type=HomePath(),
    help="As in Snakemake: one or several; may be repeated.",
)
with_config = click.option(
    "--config",
    "-C",
    "values",
    multiple=True,
    metavar="KEY=VALUE",
    help="As in Snakemake: one or several; may be repeated.",
)

"""Options of the command `tr300m`: paths, and the configuration as snakemake takes it."""

import os
from pathlib import Path
from typing import Any

import click

SEVERAL = ("--configfile", "--configfiles", "--config", "-C")
"""Options that take several values."""


class HomePath(click.Path):
    """A path whose leading ``~`` is the home folder: shells leave it as it is behind ``--option=``."""

    def __init__(self, **options: Any) -> None:
        super().__init__(path_type=Path, **options)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path."""
        return super().convert(os.path.expanduser(value), param, ctx)


class LikeSnakemake(click.Command):
    """A command whose ``--configfile`` and ``--config`` take one value or several, as those of snakemake do."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Name the option before each of its values, which is how click takes several."""
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
    help="As of snakemake: one or several; may be repeated.",
)
with_config = click.option(
    "--config",
    "-C",
    "values",
    multiple=True,
    metavar="KEY=VALUE",
    help="As of snakemake: one or several; may be repeated.",
)

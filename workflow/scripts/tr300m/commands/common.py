"""What commands on trained models share: the runs, the dataset and the contexts, and where the result goes."""

import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO, TypeVar

import click

from ..base.errors import TR300MError
from ..base.files import atomic_path, read_list
from ..base.text_cells import text_cell
from ..cli_options import HomePath

if TYPE_CHECKING:
    from ..use.contexts import Contexts
    from ..use.predictor import Predictor

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Runs(click.ParamType[list[Path]]):
    """Folders of trained runs, joined by commas."""

    name = "RUN[,RUN]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the folders."""
        if not isinstance(value, str):
            return value
        return [HomePath().convert(name, param, ctx) for name in value.split(",") if name]


with_runs = click.argument("runs", type=Runs(), metavar="RUN[,RUN]")
with_optional_dataset = click.argument("dataset", type=HomePath(), required=False)
with_dataset = click.argument("dataset", type=HomePath())
with_split = click.option("--split", type=HomePath(), help="File of the split of the runs; by default beside them.")
with_out = click.option("--out", type=HomePath(), help="File to write; its suffix chooses the format.")
with_histones = click.option(
    "--histones",
    type=click.Choice(["native", "mean"]),
    default="native",
    show_default=True,
    help="Histone marks of the gene itself, or the mean of all training genes.",
)


def _with(*options: Callable[[Any], Any]) -> Callable[[_Function], _Function]:
    """Return a decorator that adds options in this order."""
    return lambda function: reduce(lambda decorated, option: option(decorated), reversed(options), function)


with_levels = _with(
    click.option("--levels", type=HomePath(), help="Table of your own TPM of regulators, one column a context."),
    click.option("--levels-tissue", default="", help="Tissue of the columns of --levels, for models that read it."),
)
with_contexts = _with(
    click.option("--tissue", "tissues", multiple=True, help="Tissue at its median levels; `all` for every tissue."),
    click.option("--sample", "samples", multiple=True, help="Sample of the dataset; may be repeated."),
    with_levels,
)
with_promoters = _with(
    click.option("--gene", "names", multiple=True, help="Gene ID or name; may be repeated."),
    click.option("--genes", "listed", type=HomePath(), help="File with one gene a line."),
    click.option(
        "--fasta",
        type=HomePath(),
        help="Your own sequences, 5' to 3', of any length, with the TSS in the header: `>AAV7 tss=1500`.",
    ),
)


def all_names(names: Sequence[str], listed: Path | None, fasta: Path | None) -> tuple[str, ...]:
    """Return the genes that the options of `with_promoters` name.

    Raises
    ------
    TR300MError
        If neither genes nor sequences are given, or both.
    """
    found = (*names, *(read_list(listed) if listed else ()))
    if bool(found) == bool(fasta):
        raise TR300MError("genes or sequences are needed, not both", "give --gene or --genes, or --fasta")
    return found


def open_predictor(runs: list[Path], dataset: Path | None, split: Path | None) -> "Predictor":
    """Open runs of a dataset, or a pack.

    Raises
    ------
    TR300MError
        If they cannot be opened, or the dataset is missing.
    """
    from ..use.pack import SUFFIX
    from ..use.predictor import Predictor

    if len(runs) == 1 and runs[0].suffix == SUFFIX:
        if dataset is not None:
            raise TR300MError(f"{runs[0].name} needs no dataset", "leave it out, or name the folder of a run")
        return Predictor.open_pack(runs[0])
    if dataset is None:
        raise TR300MError("the dataset is missing", "name its folder, such as results/demo/dataset, behind the runs")
    return Predictor.open(runs, dataset, split)


class Asked(NamedTuple):
    """The options of `with_contexts`, as a command gets them."""

    tissues: tuple[str, ...]
    samples: tuple[str, ...]
    levels: Path | None
    levels_tissue: str

    def of(self, predictor: "Predictor") -> "Contexts":
        """Return the contexts.

        Raises
        ------
        TR300MError
            If none is named, or one is not there.
        """
        from ..use.contexts import Contexts

        found = []
        if self.tissues:
            found.append(predictor.tissues(*self.tissues))
        if self.samples:
            found.append(predictor.samples(*self.samples))
        if self.levels is not None:
            found.append(Contexts.of_table(predictor.dataset, self.levels, self.levels_tissue))
        if not found:
            raise TR300MError("no context was given", "give --tissue, --sample or --levels")
        return reduce(Contexts.joined, found)


def header(predictor: "Predictor") -> list[str]:
    """Return the first lines of every file: version, runs, dataset and arguments."""
    from ..use.file_header import file_header

    return file_header(predictor, f"arguments: {shlex.join(click.get_current_context().find_root().obj)}")


@contextmanager
def table_to(out: Path | None) -> Iterator[TextIO]:
    """Open the file `out`, which appears when it is complete, or the standard output if it is None."""
    if out is None:
        yield sys.stdout
        return
    with atomic_path(out) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as handle:
        yield handle


def write_columns(
    predictor: "Predictor", columns: Mapping[str, Sequence[Any]], out: Path | None, notes: Sequence[str] = ()
) -> None:
    """Write a table by columns, in a file below the header of all files; `notes` are further lines of the header."""
    with table_to(out) as handle:
        if out is not None:
            handle.writelines(f"{line}\n" for line in (*header(predictor), *notes))
        handle.write("\t".join(columns) + "\n")
        for row in zip(*columns.values(), strict=True):
            handle.write("\t".join(map(text_cell, row)) + "\n")

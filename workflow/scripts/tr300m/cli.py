"""The command `tr300m`: tools beside the workflow."""

import sys
from pathlib import Path

import click

from .base.disk import explained
from .base.errors import TR300MError
from .cli_options import HomePath, LikeSnakemake, with_config, with_configfile
from .commands.card import card_command
from .commands.design import design_command
from .commands.ism import ism_command
from .commands.pack import pack_command
from .commands.page import page_command
from .commands.perturb import perturb_command
from .commands.predict import predict_command
from .commands.regulators import regulators_command
from .commands.variants import variants_command
from .gzip_command import gzip_time

EXAMPLES = """
\b
Examples:
  tr300m describe results/demo/dataset
  tr300m pairs --count 5
  tr300m predict results/demo/runs/seq_tf results/demo/dataset --gene HNF4A --tissue Liver
  tr300m perturb results/demo/runs/seq_tf results/demo/dataset --set HNF4A=0 --gene APOA1 --tissue Liver
  tr300m design results/demo/runs/seq_tf results/demo/dataset --gene HNF4A --target Liver --off all --out liver
  tr300m table results/demo/table1.tsv
  tr300m export results/demo --format h5ad --out demo.h5ad
  tr300m report --configfile config/demo.yaml
  tr300m gzip-time results/release/PSSMKernels.npy.gz
"""


class _Group(click.Group):
    """A group whose commands show only the message of a TR300MError, and find all arguments in the root's `obj`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.obj = list(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except TR300MError as error:
            raise click.ClickException(str(error)) from None
        except OSError as error:
            if (told := explained(error, Path.cwd())) is None:
                raise
            raise click.ClickException(str(told)) from None


@click.group(cls=_Group, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tr300m")
def main() -> None:
    """Look at TR300M datasets, use trained models, check what a run needs."""


@main.command()
@click.argument("folder", type=HomePath())
def describe(folder: Path) -> None:
    """Describe the dataset in FOLDER: axes, arrays, sources.

    \b
    Example:
      tr300m describe results/demo/dataset
    """
    from .dataset.dataset import Dataset

    dataset = Dataset.open(folder)
    click.echo(repr(dataset))
    click.echo("\nArrays:")
    for name, entry in dataset.manifest["arrays"].items():
        shape = " x ".join(f"{size:,} {axis}" for size, axis in zip(entry["shape"], entry["axes"], strict=True))
        click.echo(f"  {name:17} {entry['dtype']:8} {shape}; {entry['unit']}")
    click.echo("\nConstants:")
    for name, value in dataset.manifest["constants"].items():
        click.echo(f"  {name:17} {value:.6g}")
    click.echo("\nSources:")
    for name, record in dataset.manifest["sources"].items():
        click.echo(f"  {name:24} {record['sha256'][:12]}  {record['origin']}")


@main.command()
@click.option("--count", default=10, show_default=True, type=click.IntRange(min=1), help="How many pairs.")
@click.option(
    "--seed",
    default=3,
    show_default=True,
    type=click.IntRange(0, 2**32 - 1),
    help="Seed of the order; the thesis's is 3.",
)
@click.option("--dataset", "folder", type=HomePath(), help="Dataset whose IDs are printed too.")
@click.option("--split", type=HomePath(), help="Split file with the genes and samples to hold out.")
def pairs(count: int, seed: int, folder: Path | None, split: Path | None) -> None:
    """Print training pairs in the thesis's order: gene and sample index, and their IDs with --dataset.

    \b
    Examples:
      tr300m pairs --count 5
      tr300m pairs --dataset results/demo/dataset --split results/demo/splits/thesis.tsv
    """
    from .dataset.dataset import Dataset
    from .dataset.pair_order import PairOrder, training_pairs
    from .dataset.splits import Split

    if folder is None:
        if split is not None:
            raise click.UsageError("--split also needs --dataset")
        for gene, sample in training_pairs(count, seed):
            click.echo(f"{gene}\t{sample}")
        return
    dataset = Dataset.open(folder)
    held_out = None if split is None else Split.read(split, dataset.genes, dataset.samples)
    order = PairOrder(seed, len(dataset.genes), len(dataset.samples), held_out)
    for gene, sample in order.take(count):
        click.echo(f"{gene}\t{sample}\t{dataset.genes.gene_id[gene]}\t{dataset.samples.sample_id[sample]}")


@main.command("export")
@click.argument("folder", type=HomePath())
@click.option("--format", "form", required=True, type=click.Choice(["h5ad", "parquet"]), help="AnnData or Parquet.")
@click.option("--out", required=True, type=HomePath(), help="File (h5ad) or folder (parquet) to write.")
@click.option("--force", is_flag=True, help="Replace the result of an earlier export.")
def export_command(folder: Path, form: str, out: Path, force: bool) -> None:
    """Export the dataset in FOLDER (a dataset, or the results around it) as AnnData or as Parquet tables.

    \b
    Examples:
      tr300m export results/demo --format h5ad --out demo.h5ad
      tr300m export results/demo/dataset --format parquet --out demo_tables
    """
    from .export.formats import export_dataset

    click.echo(export_dataset(folder, form, out, force=force))


@main.command()
@click.argument("table", type=HomePath())
@click.option("--first", type=click.IntRange(1), help="Print only so many columns; intervals do not count.")
def table(table: Path, first: int | None) -> None:
    """Print a TABLE of the results (.tsv) with aligned columns.

    \b
    Examples:
      tr300m table results/demo/table1.tsv
      tr300m table results/demo/models.tsv --first 9
    """
    from .base.files import read_tsv
    from .results.write_table import format_console

    click.echo(format_console({name: column.tolist() for name, column in read_tsv(table).items()}, first))


@main.command(cls=LikeSnakemake)
@with_configfile
@with_config
def preflight(files: tuple[Path, ...], values: tuple[str, ...]) -> None:
    """Check the addresses, files, disk and memory that a configuration needs, before anything is downloaded.

    Run it in the folder of the Snakefile. The exit status is 1 if there is a problem.

    \b
    Examples:
      tr300m preflight
      tr300m preflight --configfile config/chr22.yaml --config data=FOLDER
    """
    from .config.schema import read_configuration
    from .config.settings import resolve
    from .preflight.check import render
    from .preflight.configuration import check_configuration

    checks = check_configuration(resolve(read_configuration(files, values), Path(), files=False))
    click.echo(render(checks))
    if any(check.problem for check in checks):
        raise click.exceptions.Exit(1)


@main.command(cls=LikeSnakemake)
@with_configfile
@with_config
def splits(files: tuple[Path, ...], values: tuple[str, ...]) -> None:
    """Print what training, validation and test of each split in use hold: genes, samples, chromosomes, tissues.

    Run it in the folder of the Snakefile, once the source files or the tables of the dataset are there.

    \b
    Examples:
      tr300m splits --configfile config/demo_full.yaml
      tr300m splits --configfile mine.yaml
    """
    from .config.schema import read_configuration
    from .config.settings import resolve
    from .dataset.split_overview import splits_overview
    from .preflight.axes import known_axes

    settings = resolve(read_configuration(files, values), Path(), files=False)
    click.echo(splits_overview(settings.selection.splits_in_use, settings.split, *known_axes(settings)))


@main.command(cls=LikeSnakemake)
@with_configfile
@with_config
@click.option("--cores", default="all", show_default=True, help="Cores for the jobs that are still missing.")
@click.option("--output", type=HomePath(), help="HTML file; default: report.html in the results folder.")
def report(files: tuple[Path, ...], values: tuple[str, ...], cores: str, output: Path | None) -> None:
    """Complete a run and write its report: one HTML file that works offline.

    Run it in the folder of the Snakefile.

    \b
    Examples:
      tr300m report --configfile config/demo.yaml
      tr300m report --configfile config/chr22.yaml --config data=FOLDER
    """
    from .config.schema import read_configuration
    from .config.settings import resolve
    from .results.report.snakemake_report import write_report

    results = resolve(read_configuration(files, values), Path()).results
    path = output or Path(results, "report.html")
    arguments = ["--configfile", *map(str, files)] * bool(files) + ["--config", *values] * bool(values)
    write_report(path, arguments, cores)
    click.echo(f"{path}: open it in a browser")


main.add_command(gzip_time)
main.add_command(pack_command)
main.add_command(ism_command)
main.add_command(predict_command)
main.add_command(variants_command)
main.add_command(page_command)
main.add_command(perturb_command)
main.add_command(card_command)
main.add_command(design_command)
main.add_command(regulators_command)


@main.command("config-doc")
@click.option(
    "--schema",
    default=Path("workflow/schemas/config.schema.yaml"),
    show_default=True,
    type=HomePath(),
    help="Schema of the configuration.",
)
def config_doc(schema: Path) -> None:
    """Print the documentation of the configuration, key by key, as Markdown."""
    from .config.schema import document, read_schema

    loaded = read_schema(schema)
    sys.stdout.write("\n".join(["# Configuration", "", " ".join(loaded["description"].split()), ""]))
    sys.stdout.write("\n| key | type or choices | default | meaning |\n|---|---|---|---|\n")
    sys.stdout.write("\n".join(document(loaded)) + "\n")

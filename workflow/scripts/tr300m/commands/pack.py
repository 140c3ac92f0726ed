"""`tr300m pack`."""

from pathlib import Path

import click

from ..base.errors import TR300MError
from ..cli_options import HomePath
from .common import with_dataset, with_runs, with_split


@click.command("pack")
@with_runs
@with_dataset
@with_split
@click.option("--out", required=True, type=HomePath(), help="File to write; its name ends in .tr300m.")
def pack_command(runs: list[Path], dataset: Path, split: Path | None, out: Path) -> None:
    """Pack trained runs into one file that predicts for your own sequences without the dataset.

    It has weights, motifs, regulators, the median levels of every tissue over training samples, the mean histone marks
    over training genes, and the model cards (`tr300m card FILE`). It has no expression, and no levels or names of
    single samples.

    \b
    Example:
      tr300m pack results/demo/runs/seq_tf results/demo/dataset --out seq_tf.tr300m
      tr300m predict seq_tf.tr300m --fasta mine.fa --tissue Liver
    """
    from ..results.model_card import model_card
    from ..use.pack import SUFFIX, write_pack
    from ..use.predictor import Predictor

    if out.suffix != SUFFIX:
        raise TR300MError(f"{out} does not end in {SUFFIX}", "commands know a pack by its ending")
    predictor = Predictor.open(runs, dataset, split)
    cards = {run.name: model_card(run, predictor.dataset.manifest) for run in runs}
    write_pack(predictor, runs, cards, out)
    click.echo(f"{out}: {out.stat().st_size / 1e6:.1f} MB")

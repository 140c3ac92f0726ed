"""`tr300m card`."""

from pathlib import Path

import click

from ..base.files import atomic_path
from ..cli_options import HomePath


@click.command("card")
@click.argument("run", type=HomePath())
@click.argument("dataset", type=HomePath())
@click.option("--out", type=HomePath(), help="Markdown file to write; without it the card is printed.")
def card_command(run: Path, dataset: Path, out: Path | None) -> None:
    """Print the model card of the run in folder RUN: what it is, how good it is, and what it is not for.

    \b
    Example:
      tr300m card results/demo/runs/seq_tf results/demo/dataset --out seq_tf.md
    """
    from ..dataset.dataset import Dataset
    from ..results.model_card import model_card
    from ..use.predictor import run_file

    run_file(run)
    text = model_card(run, Dataset.open(dataset).manifest)
    if out is None:
        click.echo(text, nl=False)
        return
    with atomic_path(out) as temporary:
        temporary.write_text(text, encoding="utf-8")

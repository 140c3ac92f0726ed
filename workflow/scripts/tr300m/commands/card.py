"""`tr300m card`."""

from pathlib import Path

import click

from ..base.errors import TR300MError
from ..base.files import atomic_path
from ..cli_options import HomePath


@click.command("card")
@click.argument("run", type=HomePath())
@click.argument("dataset", required=False, type=HomePath())
@click.option("--out", type=HomePath(), help="Markdown file to write; without it the card is printed.")
def card_command(run: Path, dataset: Path | None, out: Path | None) -> None:
    """Print the model card of a run: what it is, how good it is, and what it is not for.

    RUN is its folder, or a file of `tr300m pack`, which has the cards of its runs and needs no DATASET.

    \b
    Examples:
      tr300m card results/demo/runs/seq_tf results/demo/dataset --out seq_tf.md
      tr300m card seq_tf.tr300m
    """
    from ..dataset.dataset import Dataset
    from ..results.model_card import model_card
    from ..use.pack import SUFFIX, cards_of
    from ..use.predictor import run_file

    if run.suffix == SUFFIX:
        text = "\n".join(cards_of(run))
    elif dataset is None:
        raise TR300MError(f"the card of {run} needs its dataset", f"tr300m card {run} DATASET")
    else:
        run_file(run)
        text = model_card(run, Dataset.open(dataset).manifest)
    if out is None:
        click.echo(text, nl=False)
        return
    with atomic_path(out) as temporary:
        temporary.write_text(text, encoding="utf-8")

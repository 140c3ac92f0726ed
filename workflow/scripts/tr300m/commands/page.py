"""`tr300m page`."""

from pathlib import Path

import click

from ..base.files import atomic_path
from ..cli_options import HomePath
from .common import header, with_dataset, with_runs, with_split
from .one_promoter import with_region


@click.command("page")
@with_runs
@with_dataset
@click.argument("gene")
@click.option("--tissue", help="Tissue of bases and knock-outs; by default the one with the highest prediction.")
@with_region
@click.option("--truth", type=HomePath(), help="Of simulated data: the folder of what was planted, sources/truth.")
@with_split
@click.option("--out", required=True, type=HomePath(), help="HTML file to write.")
def page_command(
    runs: list[Path],
    dataset: Path,
    gene: str,
    tissue: str | None,
    region: tuple[int, int],
    truth: Path | None,
    split: Path | None,
    out: Path,
) -> None:
    """Write a page about GENE: expression by tissue, what each base is worth, regulators, histone marks.

    The page is one HTML file, which needs no network.

    \b
    Examples:
      tr300m page results/demo/runs/bilinear results/demo/dataset HNF4A --out HNF4A.html
      tr300m page results/demo/runs/seq_tf results/demo/dataset HNF4A --tissue Liver --region -1000:50 --out HNF4A.html
    """
    from ..results.report.gene_page import gene_page
    from ..use.gene_view import gene_view, planted_text
    from ..use.predictor import Predictor

    predictor = Predictor.open(runs, dataset, split)
    found = gene_view(predictor, gene, tissue, region)
    planted = "" if truth is None else planted_text(truth, found)
    text = gene_page(found, header(predictor), planted)
    with atomic_path(out) as temporary:
        temporary.write_text(text, encoding="utf-8")
    click.echo(f"{out}: open it in a browser")

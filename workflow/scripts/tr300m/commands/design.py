"""`tr300m design`."""

from pathlib import Path

import click

from ..base.errors import TR300MError
from ..cli_options import HomePath
from .common import (
    Runs,
    header,
    open_predictor,
    with_histones,
    with_levels,
    with_optional_dataset,
    with_runs,
    with_split,
)
from .number_pair import POSITIONS, NumberPair


@click.command("design")
@with_runs
@with_optional_dataset
@click.option("--gene", help="Gene whose promoter is the start.")
@click.option("--fasta", type=HomePath(), help="Start of your own, one record, with the TSS in the header.")
@click.option(
    "--upstream", type=HomePath(), help="FASTA with the bases before your own sequence; they stay as they are."
)
@click.option("--target", required=True, help="Tissue, sample or column of --levels whose expression is designed.")
@click.option("--off", multiple=True, help="Tissue, sample or column to set it against; `all` for all other tissues.")
@click.option("--down", is_flag=True, help="Lower the target instead of raising it.")
@with_levels
@click.option("--edits", default=30, show_default=True, type=click.IntRange(1), help="Most bases to change.")
@click.option("--beam", default=1, show_default=True, type=click.IntRange(1), help="Drafts kept; 1 is a greedy search.")
@click.option("--motif", "motifs", multiple=True, help="Motif whose consensus may be written; may be repeated.")
@click.option("--region", type=POSITIONS, help="Positions from the TSS that may change.  [default: -500:50]")
@click.option("--protect", multiple=True, type=POSITIONS, help="Positions from the TSS that stay.")
@click.option("--forbid", multiple=True, help="Restriction enzymes or sites, on both strands, as in BsaI,GGTCTC.")
@click.option(
    "--gc", default=(0.0, 1.0), type=NumberPair(float, "0.35:0.65"), help="Bounds of the share of G and C: 0.35:0.65."
)
@click.option("--homopolymer", default=0, type=click.IntRange(0), help="Longest run of one base, such as 8.")
@click.option("--repeat", default=0, type=click.IntRange(0), help="Length of stretches that must not come twice: 20.")
@click.option("--check", "judges", type=Runs(), default="", help="Runs that judge the design; the search uses none.")
@click.option("--seed", default=3, show_default=True, type=click.IntRange(0), help="Seed of the random edits.")
@with_histones
@with_split
@click.option("--out", required=True, type=HomePath(), help="Folder to write: FASTA, tables and report.")
def design_command(
    runs: list[Path],
    dataset: Path | None,
    gene: str | None,
    fasta: Path | None,
    upstream: Path | None,
    target: str,
    off: tuple[str, ...],
    down: bool,
    levels: Path | None,
    levels_tissue: str,
    edits: int,
    beam: int,
    motifs: tuple[str, ...],
    region: tuple[int, int] | None,
    protect: tuple[tuple[int, int], ...],
    forbid: tuple[str, ...],
    gc: tuple[float, float],
    homopolymer: int,
    repeat: int,
    judges: list[Path],
    seed: int,
    histones: str,
    split: Path | None,
    out: Path,
) -> None:
    """Edit a promoter so that its predicted expression rises (or falls) in a target, against other contexts.

    The search takes single bases, and the consensus of motifs that --motif names. It stops when no edit improves the
    prediction. Constraints hold for the whole designed sequence. A model's own predictions cannot judge a design that
    the model guided: name other runs with --check.

    \b
    Examples:
      tr300m design results/demo/runs/seq_tf results/demo/dataset --gene HNF4A --target Liver --off all --out liver
      tr300m design results/demo/runs/seq_tf results/demo/dataset --fasta aav.fa --target Liver --forbid BsaI \\
        --gc 0.35:0.65 --check results/demo/runs/bilinear --out aav
    """
    from ..results.report.design_page import write_design
    from ..use.design_constraints import Constraints, forbidden_sites
    from ..use.design_review import open_judges
    from ..use.design_run import design_promoter
    from ..use.design_template import Template
    from ..use.promoters import read_backbone

    if bool(gene) == bool(fasta):
        raise TR300MError("one start is needed", "give --gene or --fasta")
    constraints = Constraints(forbidden_sites(forbid), gc, homopolymer, repeat)
    predictor = open_predictor(runs, dataset, split)
    if fasta:
        start = Template.of_fasta(predictor, fasta, read_backbone(upstream) if upstream else "")
    else:
        start = Template.of_gene(predictor, str(gene), histones)
    found = design_promoter(
        predictor,
        start,
        target,
        off,
        down=down,
        edits=edits,
        beam=beam,
        motifs=motifs,
        region=region,
        protected=protect,
        constraints=constraints,
        judges=open_judges(predictor, runs, judges, split),
        levels=levels,
        levels_tissue=levels_tissue,
        seed=seed,
    )
    click.echo(write_design(found, out, header(predictor)))

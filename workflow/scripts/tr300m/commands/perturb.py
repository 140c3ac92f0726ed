"""`tr300m perturb`."""

from pathlib import Path

import click

from ..base.errors import TR300MError
from ..base.progress import log
from .common import (
    Asked,
    all_names,
    open_predictor,
    with_contexts,
    with_histones,
    with_optional_dataset,
    with_out,
    with_promoters,
    with_runs,
    with_split,
    write_columns,
)


@click.command("perturb")
@with_runs
@with_optional_dataset
@click.option("--set", "set_to", multiple=True, metavar="NAME=TPM", help="Set the level of a regulator.")
@click.option("--scale", "scale_by", multiple=True, metavar="NAME=FACTOR", help="Scale the level of a regulator.")
@click.option("--all-regulators", is_flag=True, help="Knock out each regulator by itself; the strongest come first.")
@click.option("--top", type=click.IntRange(1), help="As --all-regulators, but only so many of each gene and context.")
@with_promoters
@with_contexts
@with_histones
@with_split
@with_out
def perturb_command(
    runs: list[Path],
    dataset: Path | None,
    set_to: tuple[str, ...],
    scale_by: tuple[str, ...],
    all_regulators: bool,
    top: int | None,
    names: tuple[str, ...],
    listed: Path | None,
    fasta: Path | None,
    tissues: tuple[str, ...],
    samples: tuple[str, ...],
    levels: Path | None,
    levels_tissue: str,
    histones: str,
    split: Path | None,
    out: Path | None,
) -> None:
    """Predict genes with the levels of regulators set or scaled, beside the range in which they were observed.

    All changes of --set and --scale are made together. With --all-regulators or --top each regulator is knocked out by
    itself: its level becomes 0.

    \b
    Examples:
      tr300m perturb results/demo/runs/seq_tf results/demo/dataset --set HNF4A=0 --gene APOA1 --tissue Liver
      tr300m perturb results/demo/runs/bilinear results/demo/dataset --top 10 --gene APOA1 --tissue all --out top.tsv
    """
    from ..use.perturbation import knock_outs, level_changes_of, perturbation_table

    each = all_regulators or top is not None
    if each and (set_to or scale_by):
        raise TR300MError("--all-regulators and --top knock out each regulator", "leave out --set and --scale")
    names = all_names(names, listed, fasta)
    predictor = open_predictor(runs, dataset, split)
    regulators = predictor.dataset.regulators
    perturbations = knock_outs(regulators) if each else [level_changes_of(regulators, set_to, scale_by)]
    contexts = Asked(tissues, samples, levels, levels_tissue).of(predictor)
    promoters = predictor.fasta(fasta) if fasta else predictor.genes(*names, histones=histones)
    columns = perturbation_table(
        predictor, promoters, contexts, perturbations, (top or len(regulators)) if each else None
    )
    write_columns(predictor, columns, out)
    if count := sum(map(bool, columns["outside"])):
        log(
            f"{count:,} of {len(columns['outside']):,} rows set a level outside the range of training samples "
            "(column outside): no such level was seen in training"
        )

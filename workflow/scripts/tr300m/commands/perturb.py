"""`tr300m perturb`."""

from pathlib import Path

import click

from ..base.errors import TR300MError
from ..base.files import read_list
from ..base.progress import log
from ..cli_options import HomePath
from .common import (
    Asked,
    header,
    open_predictor,
    table_to,
    with_contexts,
    with_histones,
    with_optional_dataset,
    with_out,
    with_runs,
    with_split,
)


@click.command("perturb")
@with_runs
@with_optional_dataset
@click.option("--set", "set_to", multiple=True, metavar="NAME=TPM", help="Set the level of a regulator.")
@click.option("--scale", "scale_by", multiple=True, metavar="NAME=FACTOR", help="Scale the level of a regulator.")
@click.option("--all-regulators", is_flag=True, help="Knock out each regulator by itself; the strongest come first.")
@click.option("--top", type=click.IntRange(1), help="As --all-regulators, but only so many of each gene and context.")
@click.option("--gene", "names", multiple=True, help="Gene ID or name; may be repeated.")
@click.option("--genes", "listed", type=HomePath(), help="File with one gene a line.")
@click.option("--fasta", type=HomePath(), help="Your own sequences, as for predict.")
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
    names += tuple(read_list(listed)) if listed else ()
    if bool(names) == bool(fasta):
        raise TR300MError("genes or sequences are needed, not both", "give --gene or --genes, or --fasta")
    predictor = open_predictor(runs, dataset, split)
    regulators = predictor.dataset.regulators
    perturbations = knock_outs(regulators) if each else [level_changes_of(regulators, set_to, scale_by)]
    contexts = Asked(tissues, samples, levels, levels_tissue).of(predictor)
    promoters = predictor.fasta(fasta) if fasta else predictor.genes(*names, histones=histones)
    columns = perturbation_table(
        predictor, promoters, contexts, perturbations, (top or len(regulators)) if each else None
    )
    with table_to(out) as handle:
        if out is not None:
            handle.writelines(f"{line}\n" for line in header(predictor))
        handle.write("\t".join(columns) + "\n")
        for row in zip(*columns.values(), strict=True):
            handle.write("\t".join(_text(value) for value in row) + "\n")
    if count := sum(map(bool, columns["outside"])):
        log(
            f"{count:,} of {len(columns['outside']):,} rows set a level outside the range of training samples "
            "(column outside): no such level was seen in training"
        )


def _text(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)

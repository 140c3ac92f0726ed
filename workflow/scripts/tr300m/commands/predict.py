"""`tr300m predict`."""

from pathlib import Path

import click

from ..base.errors import TR300MError
from ..base.files import read_list
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


@click.command("predict")
@with_runs
@with_optional_dataset
@click.option("--gene", "names", multiple=True, help="Gene ID or name; may be repeated.")
@click.option("--genes", "listed", type=HomePath(), help="File with one gene a line.")
@click.option(
    "--fasta",
    type=HomePath(),
    help="Your own sequences, 5' to 3', of any length, with the TSS in the header: `>AAV7 tss=1500`.",
)
@click.option("--upstream", type=HomePath(), help="FASTA with the bases that precede every sequence, as of a plasmid.")
@with_contexts
@with_histones
@with_split
@with_out
def predict_command(
    runs: list[Path],
    dataset: Path | None,
    names: tuple[str, ...],
    listed: Path | None,
    fasta: Path | None,
    upstream: Path | None,
    tissues: tuple[str, ...],
    samples: tuple[str, ...],
    levels: Path | None,
    levels_tissue: str,
    histones: str,
    split: Path | None,
    out: Path | None,
) -> None:
    """Predict TPM with trained runs, for genes of the dataset or your own sequences, in tissues, samples or own levels.

    Several runs, joined by commas, are averaged. A pack (`tr300m pack`) needs no DATASET. A tissue stands for the
    median levels over its training samples. Own sequences have the mean histone marks of the training genes.

    \b
    Examples:
      tr300m predict results/demo/runs/seq_tf results/demo/dataset --gene HNF4A --tissue Liver
      tr300m predict results/demo/runs/seq_tf,results/demo/runs/bilinear results/demo/dataset --gene HNF4A --tissue all
      tr300m predict results/demo/runs/seq_tf results/demo/dataset --fasta mine.fa --tissue Liver --out mine.tsv
      tr300m predict seq_tf.tr300m --fasta mine.fa --tissue Liver
    """
    from ..use.predictions import prediction_table
    from ..use.promoters import read_backbone

    names += tuple(read_list(listed)) if listed else ()
    if bool(names) == bool(fasta):
        raise TR300MError("genes or sequences are needed, not both", "give --gene or --genes, or --fasta")
    predictor = open_predictor(runs, dataset, split)
    contexts = Asked(tissues, samples, levels, levels_tissue).of(predictor)
    backbone = read_backbone(upstream) if upstream else ""
    promoters = predictor.fasta(fasta, backbone) if fasta else predictor.genes(*names, histones=histones)
    columns = prediction_table(predictor, promoters, contexts)
    with table_to(out) as handle:
        if out is not None:
            handle.writelines(f"{line}\n" for line in header(predictor))
        handle.write("\t".join(columns) + "\n")
        for row in zip(*columns.values(), strict=True):
            handle.write("\t".join(_cell(value) for value in row) + "\n")


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)

"""`tr300m predict`."""

from pathlib import Path

import click

from ..cli_options import HomePath
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


@click.command("predict")
@with_runs
@with_optional_dataset
@with_promoters
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

    names = all_names(names, listed, fasta)
    predictor = open_predictor(runs, dataset, split)
    contexts = Asked(tissues, samples, levels, levels_tissue).of(predictor)
    backbone = read_backbone(upstream) if upstream else ""
    promoters = predictor.fasta(fasta, backbone) if fasta else predictor.genes(*names, histones=histones)
    columns = prediction_table(predictor, promoters, contexts)
    write_columns(predictor, columns, out)

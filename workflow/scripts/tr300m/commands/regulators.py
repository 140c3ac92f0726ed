"""`tr300m regulators`."""

from pathlib import Path
from typing import Any

import click

from ..base.progress import log
from .common import (
    Asked,
    open_predictor,
    with_contexts,
    with_histones,
    with_optional_dataset,
    with_out,
    with_runs,
    with_split,
    write_columns,
)
from .one_promoter import one_promoter, with_promoter


@click.command("regulators")
@with_runs
@with_optional_dataset
@with_promoter
@click.option("--baselines", default=20, show_default=True, type=click.IntRange(1), help="Shuffled promoters.")
@click.option("--seed", default=3, show_default=True, help="Seed of the shuffles.")
@with_contexts
@with_histones
@with_split
@with_out
def regulators_command(
    runs: list[Path],
    dataset: Path | None,
    gene: str | None,
    fasta: Path | None,
    baselines: int,
    seed: int,
    tissues: tuple[str, ...],
    samples: tuple[str, ...],
    levels: Path | None,
    levels_tissue: str,
    histones: str,
    split: Path | None,
    out: Path | None,
) -> None:
    """Say which regulators a prediction follows from, at which places: integrated gradients on scores times levels.

    The promoter is compared with the mean of shuffled copies that keep its dinucleotides. Each run has its own rows.
    Regulators that bind the same motif share its attribution in proportion to their levels.

    \b
    Examples:
      tr300m regulators results/demo/runs/seq_tf results/demo/dataset --gene HNF4A --tissue Liver
      tr300m regulators results/demo/runs/bilinear results/demo/dataset --gene HNF4A --tissue all --out regulators.tsv
    """
    from ..use.attribution import explain
    from ..use.contexts import in_contexts
    from ..use.regulator_table import ATTRIBUTION_COLUMNS, regulator_rows

    predictor = open_predictor(runs, dataset, split)
    contexts = Asked(tissues, samples, levels, levels_tissue).of(predictor)
    query = in_contexts(one_promoter(predictor, gene, fasta, histones), contexts)
    columns: dict[str, list[Any]] = {name: [] for name in ATTRIBUTION_COLUMNS}
    notes = []
    for model in predictor.models:
        explained = explain(model, query, 0, baselines=baselines, seed=seed)
        for context, found in enumerate(explained):
            note = (
                f"{model.name} in {contexts.names[context]}: {found.scalar} is {found.after:.4g}, {found.before:.4g} "
                f"for the baseline; residual {found.residual:.2g} ({found.residual_share:.2%})"
            )
            log(note)
            notes.append(f"# {note}")
            for name, cells in regulator_rows(found, query, 0, context, model.name).items():
                columns[name] += cells
    write_columns(predictor, columns, out, notes)

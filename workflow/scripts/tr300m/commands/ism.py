"""`tr300m ism`."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..base.errors import TR300MError
from .common import (
    Asked,
    header,
    open_predictor,
    with_contexts,
    with_histones,
    with_optional_dataset,
    with_out,
    with_runs,
    with_split,
    write_columns,
)
from .one_promoter import one_promoter, with_promoter, with_region

if TYPE_CHECKING:
    from ..use.mutagenesis import Mutagenesis
    from ..use.predictor import Predictor

_FORMATS = (".tsv", ".npz", ".bw", ".png", ".svg")


@click.command("ism")
@with_runs
@with_optional_dataset
@with_promoter
@with_region
@click.option("--block", default=10, show_default=True, help="Length of the blocks that are shuffled, 7 to 20 bp.")
@click.option("--seed", default=3, show_default=True, help="Seed of the shuffles.")
@with_contexts
@with_histones
@with_split
@with_out
def ism_command(
    runs: list[Path],
    dataset: Path | None,
    gene: str | None,
    fasta: Path | None,
    region: tuple[int, int],
    block: int,
    seed: int,
    tissues: tuple[str, ...],
    samples: tuple[str, ...],
    levels: Path | None,
    levels_tissue: str,
    histones: str,
    split: Path | None,
    out: Path | None,
) -> None:
    """Replace each base of a promoter by each other one, and shuffle short blocks: log2 fold changes of the mean TPM.

    The suffix of --out chooses the format: .tsv, .npz (arrays), .bw (bigWig: what the base that is there adds, minus
    the mean of its three changes, in one context), .png or .svg (heat map, sequence logo, names of motifs).

    \b
    Examples:
      tr300m ism results/demo/runs/seq_tf results/demo/dataset --gene HNF4A --tissue Liver --out hnf4a.png
      tr300m ism results/demo/runs/seq_tf results/demo/dataset --gene HNF4A --tissue all --region -200:50 --out ism.npz
    """
    from ..use.contexts import in_contexts
    from ..use.mutagenesis import ism

    write = _writer(out)
    predictor = open_predictor(runs, dataset, split)
    contexts = Asked(tissues, samples, levels, levels_tissue).of(predictor)
    query = in_contexts(one_promoter(predictor, gene, fasta, histones), contexts)
    if out is not None and out.suffix == ".bw":
        if len(contexts) > 1:
            raise TR300MError(f"{out}: a bigWig has one track, {len(contexts)} contexts are named", "name one context")
        if not str(query.genes.chromosome[0]):
            raise TR300MError(f"{out}: a sequence of one's own lies on no chromosome", "write .tsv or .npz")
    write(predictor, ism(predictor.models, query, 0, region, block=block, seed=seed), out)


def _writer(out: Path | None) -> Callable[["Predictor", "Mutagenesis", Path | None], None]:
    """Return the function that writes the format of a file."""
    suffix = out.suffix if out is not None else ".tsv"
    if suffix not in _FORMATS:
        raise TR300MError(f"{out} has an unknown suffix", f"end it in {', '.join(_FORMATS)}")
    return {".tsv": _table, ".npz": _arrays, ".bw": _track}.get(suffix, _figure)


def _table(predictor: "Predictor", found: "Mutagenesis", out: Path | None) -> None:
    from ..use.mutagenesis_table import mutagenesis_columns

    write_columns(predictor, mutagenesis_columns(found), out)


def _arrays(predictor: "Predictor", found: "Mutagenesis", out: Path | None) -> None:
    from ..base.array_files import save_arrays
    from ..use.mutagenesis_table import mutagenesis_arrays

    assert out is not None
    save_arrays(out, mutagenesis_arrays(found, header(predictor)))


def _track(predictor: "Predictor", found: "Mutagenesis", out: Path | None) -> None:
    from ..arrays.write_bigwig import write_bigwig
    from ..use.mutagenesis_table import chromosome_lengths

    assert out is not None
    lengths = chromosome_lengths(predictor.dataset.genes)
    write_bigwig(out, lengths, found.chromosome, found.genome_position, found.importance[0])


def _figure(predictor: "Predictor", found: "Mutagenesis", out: Path | None) -> None:
    from ..results.figures.mutagenesis import draw_mutagenesis
    from ..use.motif_sites import named_sites

    assert out is not None
    dataset = predictor.dataset
    size = abs(found.importance).mean(axis=0)
    sites = named_sites(found.window, dataset.pssm, dataset.motifs, size, found.first)
    draw_mutagenesis(found, sites, ", ".join(model.name for model in predictor.models), out)

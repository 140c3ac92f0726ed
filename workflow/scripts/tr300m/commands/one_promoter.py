"""What commands on a single promoter share: the promoter and the region."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..base.errors import TR300MError
from ..cli_options import HomePath
from .number_pair import POSITIONS

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset
    from ..use.predictor import Predictor

_Function = TypeVar("_Function", bound=Callable[..., Any])

with_region = click.option(
    "--region",
    type=POSITIONS,
    default="-500:50",
    show_default=True,
    help="First position from the TSS, and the one after the last; negative upstream.",
)


def with_promoter(function: _Function) -> _Function:
    """Add the options that name one promoter."""
    fasta = click.option("--fasta", type=HomePath(), help="Your own sequence: a FASTA of one record with `tss=`.")
    return click.option("--gene", help="Gene ID or name.")(fasta(function))


def one_promoter(predictor: "Predictor", gene: str | None, fasta: Path | None, histones: str) -> "Dataset":
    """Return the promoter that the options name, as a dataset of one gene.

    Raises
    ------
    TR300MError
        If none or two are named, the gene is no target gene, or the FASTA has several records.
    """
    if (gene is None) == (fasta is None):
        raise TR300MError("one promoter is needed", "give --gene or --fasta")
    if gene is not None:
        return predictor.genes(gene, histones=histones)
    assert fasta is not None
    found = predictor.fasta(fasta)
    if len(found.genes) > 1:
        raise TR300MError(f"{fasta} has {len(found.genes)} records", "give a FASTA with one")
    return found

"""Predictions of promoters in contexts, as a table."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base.progress import progress
from ..base.types import Floats
from .contexts import Contexts, in_contexts

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset
    from .model import SequenceModel
    from .predictor import Predictor

TAILS = {"q05": 0.05, "q95": 0.95}
"""Quantiles of the predicted distribution, by the name of their column."""
ALL_RUNS = "all"
"""Value of the column `run` in rows of the average over runs."""


def predicted(model: "SequenceModel", query: "Dataset", row: int) -> dict[str, Floats]:
    """Return median, mean and `TAILS` (TPM) of a promoter of a query in its contexts, each [context]."""
    raw = model.at(query, row)(np.asarray(query.onehot[row])[None])[0]
    found = {"median": model.median(raw), "mean": model.distribution_mean(raw)}
    return found | {name: model.quantile(probability, raw) for name, probability in TAILS.items()}


def prediction_table(predictor: "Predictor", promoters: "Dataset", contexts: Contexts) -> Mapping[str, list[Any]]:
    """Predict promoters in contexts with each run, and with the average of several runs.

    Parameters
    ----------
    predictor
        The runs.
    promoters
        Genes of the dataset or sequences of one's own (`Predictor.genes`, `Predictor.fasta`).
    contexts
        Contexts.

    Returns
    -------
    dict
        Columns `run`, `gene`, `part` (of the split in which the gene is; empty for a sequence of one's own), `context`,
        `tissue`, and in TPM `median`, `mean`, `q05` and `q95` of the predicted distribution, and `observed` (None
        unless the context is a sample of the dataset). The distribution is that of samples, not doubt about the model.
    """
    query = in_contexts(promoters, contexts)
    columns: dict[str, list[Any]] = {name: [] for name in ("run", "gene", "part", "context", "tissue")}
    columns |= {name: [] for name in ("median", "mean", *TAILS, "observed")}
    runs = [model.name for model in predictor.models]
    for row in progress(range(len(query.genes)), total=len(query.genes), what="predicting", unit="promoters"):
        gene = str(query.genes.gene_id[row])
        found = [predicted(model, query, row) for model in predictor.models]
        if len(found) > 1:
            found.append({name: np.mean([one[name] for one in found], axis=0) for name in found[0]})
        part, observed = _known(predictor, gene, contexts)
        for run, of_run in zip([*runs, ALL_RUNS], found, strict=False):
            columns["run"] += [run] * len(contexts)
            columns["gene"] += [str(query.genes.gene_name[row])] * len(contexts)
            columns["part"] += [part] * len(contexts)
            columns["context"] += contexts.names
            columns["tissue"] += contexts.tissues
            columns["observed"] += observed
            for name, values in of_run.items():
                columns[name] += values.tolist()
    return columns


def _known(predictor: "Predictor", gene: str, contexts: Contexts) -> tuple[str, list[float | None]]:
    """Return the part of a promoter, and its observed TPM in contexts that are samples."""
    dataset = predictor.dataset
    rows = np.flatnonzero(dataset.genes.gene_id == gene)
    if not len(rows):
        return "", [None] * len(contexts)
    samples = {name: number for number, name in enumerate(dataset.samples.sample_id.tolist())}
    values: NDArray[np.float32] = dataset.expression[rows[0]]
    return predictor.part(gene), [float(values[samples[name]]) if name in samples else None for name in contexts.names]

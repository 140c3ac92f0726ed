"""What a model says about one gene: expression by tissue, important bases, regulators, and the marks that it reads."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..base.types import Floats, Ints
from ..dataset.tss_index import tss_index
from .contexts import ALL_TISSUES, Contexts, in_contexts
from .motif_sites import NamedSite, named_sites
from .mutagenesis import REGION, Mutagenesis, ism
from .perturbation import knock_outs, perturbation_table
from .planted_sites import planted_sentence, planted_sites
from .predictions import predicted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..dataset.dataset import Dataset
    from .predictor import Predictor

TOP_REGULATORS = 10
MARK_BINS = 200
_OBSERVED = (5, 50, 95)
"""Percentiles of the observed TPM over the samples of a tissue."""


class TissueExpression(NamedTuple):
    """Expression of a gene by tissue, in TPM; all fields are [tissue].

    Attributes
    ----------
    tissue
        Names.
    median, q05, q95
        Point estimate and quantiles of the predicted distribution at the median levels of the tissue, averaged over
        runs.
    observed, low, high
        Median and 5th and 95th percentile over all samples of the tissue.
    samples
        Number of samples.
    """

    tissue: tuple[str, ...]
    median: Floats
    q05: Floats
    q95: Floats
    observed: Floats
    low: Floats
    high: Floats
    samples: Ints


class GeneView(NamedTuple):
    """What is shown of a gene.

    Attributes
    ----------
    gene, name, part
        ID, name, and the part of the split in which it is.
    place
        Chromosome, strand and TSS, for readers.
    runs
        Names of the runs.
    focus
        Tissue of the mutagenesis and of the knock-outs.
    tissues
        Expression by tissue.
    mutagenesis, sites
        Single bases replaced, in the focus, and motifs at important bases.
    knock_outs
        The regulators whose knock-out changes expression most, in the focus (`perturbation_table`); None if no
        levels are read.
    marks
        Mean signal of each mark over its cells, in bins along the window [bin]; none if no marks are read.
    bounds
        First position of the window from the TSS, and the one after the last.
    caveats
        What a reader must know, as sentences.
    """

    gene: str
    name: str
    part: str
    place: str
    runs: tuple[str, ...]
    focus: str
    tissues: TissueExpression
    mutagenesis: Mutagenesis
    sites: list[NamedSite]
    knock_outs: "Mapping[str, list[Any]] | None"
    marks: dict[str, Floats]
    bounds: tuple[int, int]
    caveats: list[str]


def gene_view(
    predictor: "Predictor", gene: str, focus: str | None = None, region: tuple[int, int] = REGION
) -> GeneView:
    """Ask the runs about a gene.

    Parameters
    ----------
    predictor
        The runs, which are averaged.
    gene
        ID or name of a target gene.
    focus
        Tissue whose levels the mutagenesis and the knock-outs use; None for the one with the highest prediction.
    region
        Positions from the TSS whose bases are replaced; the second one is not included.

    Raises
    ------
    TR300MError
        If the gene or the tissue is not there, or the region reaches out of the window.
    """
    promoters = predictor.genes(gene)
    tissues = tissue_expression(predictor, promoters)
    chosen = focus or tissues.tissue[int(np.argmax(tissues.median))]
    contexts = predictor.tissues(chosen)
    found = ism(predictor.models, in_contexts(promoters, contexts), 0, region)
    dataset, genes = predictor.dataset, promoters.genes
    sites = named_sites(found.window, np.asarray(dataset.pssm), dataset.motifs, found.importance[0], found.first)
    reads_levels = all(model.reads_levels for model in predictor.models)
    index = int(tss_index(genes)[0])
    return GeneView(
        gene=str(genes.gene_id[0]),
        name=str(genes.gene_name[0]),
        part=predictor.part(str(genes.gene_id[0])),
        place=f"{genes.chromosome[0]}:{genes.tss[0]:,} ({genes.strand[0]} strand)",
        runs=tuple(model.name for model in predictor.models),
        focus=chosen,
        tissues=tissues,
        mutagenesis=found,
        sites=sites,
        knock_outs=_strongest(predictor, promoters, contexts) if reads_levels else None,
        marks=mark_profiles(promoters) if any(model.reads_histones for model in predictor.models) else {},
        bounds=(-index, promoters.onehot.shape[1] - index),
        caveats=caveats_of(predictor, promoters),
    )


def tissue_expression(predictor: "Predictor", promoters: "Dataset") -> TissueExpression:
    """Return predicted and observed expression of the first promoter by tissue, the highest prediction first."""
    contexts = predictor.tissues(ALL_TISSUES)
    query = in_contexts(promoters, contexts)
    runs = [predicted(model, query, 0) for model in predictor.models]
    mean = {name: np.mean([run[name] for run in runs], axis=0) for name in ("median", "q05", "q95")}
    order = np.argsort(-mean["median"], kind="stable")
    names = [contexts.names[place] for place in order]
    values = [promoters.expression[0, promoters.samples.tissue == name] for name in names]
    low, observed, high = np.array([np.percentile(value, _OBSERVED) for value in values]).T
    return TissueExpression(
        tuple(names),
        mean["median"][order],
        mean["q05"][order],
        mean["q95"][order],
        observed,
        low,
        high,
        np.array([len(value) for value in values]),
    )


def mark_profiles(promoters: "Dataset") -> dict[str, Floats]:
    """Return the mean signal of each mark over its cells in `MARK_BINS` bins along the window of the first promoter."""
    signal = np.asarray(promoters.histones[0], np.float64)
    bins = min(MARK_BINS, len(signal))
    parts = [part.mean(axis=0) for part in np.array_split(signal, bins)]
    tracks = promoters.tracks.mark
    return {str(mark): np.stack(parts)[:, tracks == mark].mean(axis=1) for mark in dict.fromkeys(tracks.tolist())}


def _strongest(predictor: "Predictor", promoters: "Dataset", contexts: Contexts) -> "Mapping[str, list[Any]]":
    every = knock_outs(predictor.dataset.regulators)
    return perturbation_table(predictor, promoters, contexts, every, min(TOP_REGULATORS, len(every)))


def caveats_of(predictor: "Predictor", promoters: "Dataset") -> list[str]:
    """Return what a reader of predictions for a gene must know."""
    models, part = predictor.models, predictor.part(str(promoters.genes.gene_id[0]))
    lines = [
        "The models were trained on this gene: they have seen its expression, and its prediction says nothing about "
        "their accuracy."
        if part == "training"
        else f"The gene was held out of the training (part {part} of split {predictor.split.name}).",
        "The predicted interval says how samples differ, not how sure the models are.",
        "A change of expression by a single base is the opinion of the models. What sets people apart in one tissue is "
        "hardly predicted from sequence by models of this kind, and often in the wrong direction.",
    ]
    if any(model.reads_histones for model in models):
        lines.append(
            "Histone marks are an input and stay as they are when a base or a level changes, so effects are smaller "
            "than they may be in a cell."
        )
    if not any(model.reads_levels or model.reads_tissue for model in models):
        lines.append("These models read the sequence alone: all tissues have the same prediction.")
    if any(model.reads_levels for model in models):
        lines.append(
            "A knock-out sets a level to 0, which is outside of what was seen in training for most regulators. "
            "Regulators of a family share motifs, and their effects cannot be told apart."
        )
    if np.isin(promoters.genes.gene_id[0], predictor.dataset.regulators.gene_id):
        lines.append("The gene is a regulator itself: its own level may be an input of its prediction.")
    return lines


def planted_places(truth: Path | str, found: GeneView) -> list[NamedSite]:
    """Return where drivers act in the region of the mutagenesis, from the folder of the planted truth."""
    first, length = found.mutagenesis.first, len(found.mutagenesis.distance)
    sites = planted_sites(truth, found.gene, found.mutagenesis.window)
    return [
        NamedSite(f"planted {site.driver}", site.start - first, site.end - first)
        for site in sites
        if site.end > first and site.start < first + length
    ]


def planted_text(truth: Path | str, found: GeneView) -> str:
    """Return what was planted in the promoter of a gene, from the folder of the planted truth; see `planted_sites`."""
    return planted_sentence(planted_sites(truth, found.gene, found.mutagenesis.window), -found.bounds[0])

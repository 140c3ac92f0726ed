"""Predictions of another program, read from a table for the pairs of a part."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from ..base.axes import Genes, Samples
from ..base.errors import TR300MError
from ..base.files import clean, read_lines
from ..base.progress import log
from ..base.types import Floats, Ints
from ..config.external_predictions import prediction_columns, read_header

_MOST_NAMES = 5


def read_external_predictions(
    path: Path | str, genes: Genes, samples: Samples, pairs: Ints, part: str
) -> dict[str, Floats]:
    """Read predictions of pairs from a table.

    A gene is given by its versioned ID, its ID without version, or its name; a sample by its ID or by its tissue, which
    stands for all samples of that tissue. Rows of other pairs are checked and not used; the log says how many there
    are.

    Parameters
    ----------
    path
        Tab-separated table, plain or gzip, with the columns `gene`, `sample` and `median` (TPM) and, optionally, `mean`
        (TPM) and quantiles (TPM) such as `q05` (`config.external_predictions.prediction_columns`).
    genes, samples
        Axes of the dataset.
    pairs
        Gene and sample indices [pair, 2].
    part
        Name of the part, for messages.

    Returns
    -------
    dict
        `median` and, if there, `mean`: TPM [pair], float64. If there are quantiles: `quantiles` in TPM
        [pair, quantile], and `probabilities` [quantile], increasing.

    Raises
    ------
    TR300MError
        If a gene or sample is unknown or ambiguous, a value is not a number of at least 0, quantiles decrease, a pair
        is there twice or has no prediction.
    """
    start, header = read_header(path)
    columns = prediction_columns(path, header)
    gene_rows, sample_rows = _rows_of_genes(genes), _rows_of_samples(samples, pairs[:, 1])
    place = {pair: row for row, pair in enumerate(zip(*pairs.T.tolist(), strict=True))}
    values = np.empty((len(pairs), len(columns)))
    line_of = np.zeros(len(pairs), np.int64)
    others = 0
    for line, cells in _rows(path, start, header):
        where = f"{path}, line {line}"
        gene = _gene(where, cells["gene"], gene_rows, genes)
        if cells["sample"] not in sample_rows:
            raise TR300MError(
                f"{where}: {cells['sample']!r} is no sample and no tissue of the dataset", "samples.tsv lists them"
            )
        predicted = _tpm(where, {name: cells[name] for name in columns}, columns)
        found = [place[gene, sample] for sample in sample_rows[cells["sample"]] if (gene, sample) in place]
        others += not found
        for row in found:
            if line_of[row]:
                raise TR300MError(
                    f"{where}: gene {cells['gene']}, sample {samples.sample_id[pairs[row, 1]]} already has a "
                    f"prediction, in line {line_of[row]}",
                    "write each pair once",
                )
            line_of[row], values[row] = line, predicted
    if len(missing := np.flatnonzero(line_of == 0)):
        gene, sample = pairs[missing[0]]
        raise TR300MError(
            f"{path} lacks {len(missing):,} of the {len(pairs):,} pairs of the {part} part, such as gene "
            f"{genes.gene_id[gene]}, sample {samples.sample_id[sample]}",
            "all models are scored on the same pairs: the split's file lists the genes and samples to predict",
        )
    log(f"{path}: {len(pairs):,} pairs of the {part} part; {others:,} rows of other pairs are not used")
    return _by_name(values, columns)


def _rows(path: Path | str, start: int, header: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield line number and cells by column of each row below the header in line `start`."""
    for line, text in enumerate(read_lines(path), start=1):
        if line <= start or not clean(text):
            continue
        cells = [clean(cell) for cell in text.split("\t")]
        if len(cells) != len(header):
            raise TR300MError(
                f"{path}, line {line}: {len(cells)} fields where the header has {len(header)}",
                "separate the fields by single tabs",
            )
        yield line, dict(zip(header, cells, strict=True))


def _rows_of_genes(genes: Genes) -> dict[str, list[int]]:
    """Return the genes that each versioned ID, ID without version, or name may mean; an ID wins over a name."""
    stems = [gene.partition(".")[0] for gene in genes.gene_id.tolist()]
    names: dict[str, list[int]] = {}
    for column in (genes.gene_name.tolist(), stems, genes.gene_id.tolist()):
        rows = defaultdict(list)
        for row, name in enumerate(column):
            rows[name].append(row)
        names |= rows
    return names


def _rows_of_samples(samples: Samples, wanted: Ints) -> dict[str, list[int]]:
    """Return the samples among `wanted` that each tissue or sample ID means; a sample ID wins over a tissue."""
    kept = set(wanted.tolist())
    names: dict[str, list[int]] = {}
    for column in (samples.tissue.tolist(), samples.sample_id.tolist()):
        rows: dict[str, list[int]] = {name: [] for name in column}
        for row, name in enumerate(column):
            if row in kept:
                rows[name].append(row)
        names |= rows
    return names


def _gene(where: str, name: str, rows: Mapping[str, list[int]], genes: Genes) -> int:
    found = rows.get(name, [])
    if len(found) != 1:
        several = ", ".join(genes.gene_id[found[:_MOST_NAMES]].tolist())
        raise TR300MError(
            f"{where}: {name!r} {f'means {len(found)} genes: {several}' if several else 'is no target gene'}",
            "write an ID of genes.tsv of the dataset, with its version where it is ambiguous",
        )
    return found[0]


def _tpm(where: str, cells: Mapping[str, str], probabilities: Mapping[str, float]) -> list[float]:
    """Return the values of a row after checking that they are TPM and that quantiles do not decrease."""
    values, last = [], 0.0
    for name, cell in cells.items():
        try:
            value = float(cell)
        except ValueError:
            value = np.nan
        if not 0 <= value < np.inf:
            raise TR300MError(
                f"{where}: {name} is {cell!r}, not a number of at least 0", "write TPM, not their logarithm"
            )
        if not np.isnan(probabilities[name]):
            if value < last:
                raise TR300MError(
                    f"{where}: {name} is {cell}, below a quantile of smaller probability, {last:g}",
                    "check the order of the columns",
                )
            last = value
        values.append(value)
    return values


def _by_name(values: Floats, columns: Mapping[str, float]) -> dict[str, Floats]:
    """Return the columns [pair] of `values` by name, and quantiles in one array."""
    probabilities = np.array(list(columns.values()))
    named = {name: values[:, index] for index, name in enumerate(columns) if np.isnan(probabilities[index])}
    if (quantile := ~np.isnan(probabilities)).any():
        named |= {"quantiles": values[:, quantile], "probabilities": probabilities[quantile]}
    return named

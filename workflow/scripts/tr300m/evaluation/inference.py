"""Run a trained model on pairs of genes and samples, scanning each gene once."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..config.architectures import Architecture
from ..features.pooling import SCHEDULE, Schedule
from ..features.scan_cache import ScanTable, scan_genes
from ..model.devices import keras
from ..model.inputs import Gather, Units, model_inputs

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset


def predict_raw(
    model: keras.Model,
    dataset: "Dataset",
    architecture: Architecture,
    pairs: NDArray[np.int64],
    *,
    units: Units,
    schedule: Schedule = SCHEDULE,
    scan: ScanTable | None = None,
    batch_size: int = 64,
    genes_per_block: int = 64,
    gather: Gather = model_inputs,
    done: Callable[[int], object] = lambda pairs: None,
) -> NDArray[np.float32]:
    """Run a model on pairs, scanning each gene once.

    Parameters
    ----------
    model
        The variant built with ``scanned=True``.
    dataset, architecture
        What it reads.
    pairs
        Gene and sample indices [pair, 2], in any order.
    units
        Units of the model: those that it was trained with.
    schedule
        Pooling schedule of the model.
    scan
        Cached scan; None scans the genes now, a block at a time.
    batch_size, genes_per_block
        Pairs per call and genes scanned at once; they bound the memory.
    gather
        What gathers the inputs of pairs.
    done
        Called with the number of pairs finished since its last call.

    Returns
    -------
    ndarray
        Raw outputs [pair, n_outputs], float32.
    """
    genes, gene_of_pair = np.unique(pairs[:, 0], return_inverse=True)
    raw = np.empty((len(pairs), model.output_shape[-1]), np.float32)
    batch_size = min(batch_size, len(pairs))
    for first in range(0, len(genes), genes_per_block):
        block = genes[first : first + genes_per_block]
        table, offset = scan, genes
        if table is None:
            table = scan_genes(
                dataset.onehot[block], dataset.pssm, dataset.core if architecture.core else None, schedule
            )
            offset = np.arange(len(genes)) - first
        rows = np.flatnonzero((gene_of_pair >= first) & (gene_of_pair < first + len(block)))
        for start in range(0, len(rows), batch_size):
            batch = rows[start : start + batch_size]
            # The last batch is filled up with its first pairs: another size would be compiled anew.
            full = np.resize(batch, batch_size)
            genes_and_samples = pairs[full, 0], pairs[full, 1]
            inputs = gather(dataset, architecture, *genes_and_samples, units, table, offset[gene_of_pair[full]])
            raw[batch] = model.predict_on_batch(inputs)[: len(batch)]
            done(len(batch))
    return raw

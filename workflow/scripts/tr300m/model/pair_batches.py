"""Batches of pairs by plain indexing, for training loops of other frameworks."""

import dataclasses
import mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.types import Ints
from ..config.architectures import Architecture
from .inputs import Units, model_inputs, own_units

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset

Batch = tuple[dict[str, NDArray[np.float32]], NDArray[np.float32]]


class PairBatches:
    """Model inputs and observed TPM of pairs, batch by batch: a sequence with `len`, indices and iteration.

    A PyTorch `DataLoader` with ``batch_size=None`` takes it as it is. It can be pickled for worker processes: arrays
    that are mapped from files are opened again there and are not copied.

    Parameters
    ----------
    dataset
        Dataset that holds the arrays.
    architecture
        Architecture, or its key, which says which inputs are read.
    pairs
        Gene and sample indices [pair, 2], such as `training_pairs` or `Split.pairs`.
    batch_size
        Pairs per batch; the last batch may have fewer.
    seed
        Seed by which the pairs are put into a random order; None keeps the given order.
    units
        Values that histones and distances are divided by; None takes the dataset's own (`inputs.own_units`), which is
        right in training. To predict on another dataset, give those of the training.

    Raises
    ------
    TR300MError
        If `pairs` are not pairs of indices of the dataset, or `batch_size` is below 1.

    Examples
    --------
    >>> batches = PairBatches(dataset, "seq_tf_hm", split.pairs("validation"), 64)
    >>> inputs, observed = batches[0]
    """

    def __init__(
        self,
        dataset: "Dataset",
        architecture: str | Architecture,
        pairs: Ints,
        batch_size: int = 128,
        *,
        seed: int | None = None,
        units: Units | None = None,
    ) -> None:
        chosen = np.asarray(pairs)
        _check_pairs(chosen, len(dataset.genes), len(dataset.samples))
        if batch_size < 1:
            raise TR300MError(f"{batch_size} pairs are no batch", "give a `batch_size` of at least 1")
        if isinstance(architecture, str):
            architecture = Architecture.from_key(architecture)
        self.dataset, self.architecture, self.batch_size = dataset, architecture, batch_size
        self.pairs = chosen if seed is None else np.random.default_rng(seed).permutation(chosen)
        self.units = own_units(dataset, architecture) if units is None else units

    def __len__(self) -> int:
        """Return the number of batches."""
        return -(-len(self.pairs) // self.batch_size)

    def __getitem__(self, index: int) -> Batch:
        """Return the inputs of a batch by name, float32 [pair, ...], and the observed TPM, float32 [pair].

        Raises
        ------
        IndexError
            If there is no such batch. Negative indices count from the end.
        """
        # `range` checks the index, and takes NumPy's integers and negative ones.
        start = range(len(self))[index] * self.batch_size
        genes, samples = self.pairs[start : start + self.batch_size].T
        inputs = model_inputs(self.dataset, self.architecture, genes, samples, self.units)
        return inputs, np.asarray(self.dataset.expression[genes, samples], dtype=np.float32)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state, with the path of each array that is mapped from a file instead of its content."""
        fields = {field.name: getattr(self.dataset, field.name) for field in dataclasses.fields(self.dataset)}
        mapped = {name: value.filename for name, value in fields.items() if _is_whole_file(value)}
        kept = {name: None if name in mapped else value for name, value in fields.items()}
        return self.__dict__ | {"dataset": (type(self.dataset), kept, mapped)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Open mapped arrays again."""
        kind, kept, mapped = state["dataset"]
        self.__dict__.update(state)
        self.dataset = kind(**kept | {name: _map(path) for name, path in mapped.items()})


def _check_pairs(pairs: NDArray[Any], n_genes: int, n_samples: int) -> None:
    hint = "give gene and sample indices [pair, 2], such as `split.pairs('validation')`"
    if pairs.ndim != 2 or pairs.shape[1] != 2 or not np.issubdtype(pairs.dtype, np.integer):
        raise TR300MError(f"an array {pairs.dtype}{list(pairs.shape)} is not one of pairs", hint)
    for name, column, size in (("gene", pairs[:, 0], n_genes), ("sample", pairs[:, 1], n_samples)):
        outside = column[(column < 0) | (column >= size)]
        if len(outside):
            raise TR300MError(f"{name} {outside[0]} is not among the {size} {name}s of the dataset", hint)


def _is_whole_file(value: Any) -> bool:
    """Return whether an array is all of a mapped file: a slice of one has the mapped array as its base."""
    return isinstance(value, np.memmap) and isinstance(value.base, mmap.mmap) and value.filename is not None


def _map(path: Path) -> NDArray[Any]:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise TR300MError(
            f"cannot open {path} again: {error}", "keep the dataset's folder while it is in use"
        ) from None

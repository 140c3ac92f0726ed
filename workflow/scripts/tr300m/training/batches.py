"""The arrays that a training reads, and how a batch is gathered from them, on the device or by the host."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base.array_files import release_pages
from ..base.errors import TR300MError
from ..base.progress import log
from ..base.types import Ints, Tensor
from ..config.architectures import Architecture
from ..features.scan_cache import ScanTable
from ..model import devices
from ..model.devices import ops
from ..model.inputs import IN_HISTONE_UNITS, gene_arrays, own_units, sample_arrays

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset

BatchRows = Mapping[str, NDArray[Any]]

PLACES = ("auto", "device", "host")
_LARGEST_CPU_COPY = 1 << 30
"""On a CPU, `auto` leaves larger arrays in their memory-mapped files: a copy would only take memory."""
_GENES_PER_BLOCK = 256


@dataclass(frozen=True)
class Feed:
    """The tables of a dataset, and how a batch of pairs is gathered from them.

    If the tables are on the device, they are arguments of the compiled step, which gathers rows by pairs of indices. If
    they are with the host, `rows` gathers them in NumPy and only these rows are sent to the device. Both give the same
    numbers.

    Parameters
    ----------
    by_gene, by_sample
        Model inputs by name, as stored [gene or sample, ...]; they may be memory-mapped.
    expression
        TPM [gene, sample].
    histone_unit
        The value that signals of histone marks are divided by.
    on_device
        Whether the tables are on the device.
    """

    by_gene: BatchRows
    by_sample: BatchRows
    expression: NDArray[Any]
    histone_unit: float
    on_device: bool = True

    @property
    def all_tables(self) -> dict[str, NDArray[Any]]:
        """The tables by name, wherever they are."""
        return {**self.by_gene, **self.by_sample, "expression": self.expression}

    @property
    def tables(self) -> dict[str, NDArray[Any]]:
        """The tables that are copied to the device: all or none."""
        return self.all_tables if self.on_device else {}

    @property
    def nbytes(self) -> int:
        """Bytes of all tables."""
        return sum(table.nbytes for table in self.all_tables.values())

    def rows(self, pairs: Ints) -> dict[str, NDArray[Any]]:
        """Return what is sent to the device for pairs [..., 2].

        These are indices (int32 [...]) if the tables are on the device, otherwise the gathered rows as stored
        [..., ...].
        """
        if self.on_device:
            return {"gene": pairs[..., 0].astype(np.int32), "sample": pairs[..., 1].astype(np.int32)}
        return self._gather(pairs)

    def _gather(self, pairs: Ints) -> dict[str, NDArray[Any]]:
        gene, sample = pairs[..., 0], pairs[..., 1]
        rows = {name: table[gene] for name, table in self.by_gene.items()}
        rows |= {name: table[sample] for name, table in self.by_sample.items()}
        rows["expression"] = self.expression[gene, sample]
        for table in self.all_tables.values():
            release_pages(table)
        return rows

    def gathered_bytes(self, count: int) -> int:
        """Return the bytes of the gathered rows of `count` pairs."""
        return sum(row.nbytes for row in self._gather(np.zeros((1, 2), np.int64)).values()) * count

    def batch(self, tables: Mapping[str, Tensor], rows: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
        """Return the model inputs (float32) and the observed TPM of a batch, inside a compiled step.

        Parameters
        ----------
        tables
            `tables` as tensors.
        rows
            `rows` of pairs [batch, 2] as tensors.
        """
        if self.on_device:
            gene, sample = rows["gene"], rows["sample"]
            inputs = {name: ops.take(tables[name], gene, axis=0) for name in self.by_gene}
            inputs |= {name: ops.take(tables[name], sample, axis=0) for name in self.by_sample}
            expression = ops.take(tables["expression"], gene, axis=0)
            observed = ops.take_along_axis(expression, sample[:, None], axis=1)[:, 0]
        else:
            inputs = {name: row for name, row in rows.items() if name != "expression"}
            observed = rows["expression"]
        inputs = {name: ops.cast(x, "float32") for name, x in inputs.items()}
        for name in IN_HISTONE_UNITS:
            if name in inputs:
                inputs[name] = inputs[name] / self.histone_unit
        return inputs, ops.cast(observed, "float32")


def make_feed(
    dataset: "Dataset", architecture: Architecture, scan: ScanTable | None, *, on_device: bool = True
) -> Feed:
    """Collect the tables that an architecture reads in training; without a cached scan they include the sequence."""
    units = own_units(dataset, architecture)
    by_gene = gene_arrays(dataset, architecture, scan)
    if architecture.distance:
        genes = np.arange(len(dataset.genes))
        blocks = [genes[first : first + _GENES_PER_BLOCK] for first in range(0, len(genes), _GENES_PER_BLOCK)]
        by_gene["distance"] = np.concatenate([dataset.distance(block, units.tss_mean) for block in blocks])
    return Feed(by_gene, sample_arrays(dataset, architecture), dataset.expression, units.histone_mean, on_device)


def place_arrays(arrays: str, nbytes: int) -> bool:
    """Return whether the tables are copied to the device, and print where they are.

    Parameters
    ----------
    arrays
        ``device`` copies them, ``host`` does not. ``auto`` copies them if they take at most three quarters of the
        memory that is free, and on a CPU only if they are also below 1 GiB. Where the free memory of a GPU is unknown,
        ``auto`` copies them.
    nbytes
        Bytes of the tables.

    Raises
    ------
    TR300MError
        If `arrays` is unknown, or it is ``device`` and the tables take more than the free memory.
    """
    if arrays not in PLACES:
        raise TR300MError(f"arrays: {arrays!r} is not known", f"write one of {', '.join(PLACES)}")
    free, gpu = devices.free_memory(), bool(devices.gpu_names())
    where = "the memory of the GPU" if gpu else "memory"
    if arrays == "auto":
        on_device = (free is None or 4 * nbytes <= 3 * free) and (gpu or nbytes <= _LARGEST_CPU_COPY)
    else:
        on_device = arrays == "device"
        if on_device and free is not None and nbytes > free:
            raise TR300MError(
                f"the arrays take {_size(nbytes)}; only {_size(free)} of {where} are free",
                "set `compute: arrays: host`, or train on a device with more memory",
            )
    place = f"copied to {where}" if on_device else "kept by the host and gathered for each batch"
    log(f"arrays: {_size(nbytes)}, {place} ({'an unknown amount' if free is None else _size(free)} free)")
    return on_device


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"

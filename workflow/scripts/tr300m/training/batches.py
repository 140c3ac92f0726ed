"""The arrays behind a training step, and where they lie: on the device, or with the host."""

import mmap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.types import Ints, Tensor
from ..config.architectures import Architecture
from ..features.scan_cache import ScanTable
from ..model import devices
from ..model.devices import ops
from ..model.inputs import gene_arrays, own_units, sample_arrays

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset

BatchRows = Mapping[str, NDArray[Any]]
PLACES = ("auto", "device", "host")
SMALL = 1 << 30
"""On a CPU larger tables are not copied: they are read where they lie, in a file mapped into memory."""
_GENES_PER_BLOCK = 256


@dataclass(frozen=True)
class Feed:
    """Tables of a dataset, and how a batch of pairs is gathered from them.

    On the device, whole tables are arguments of the compiled step, which gathers its rows by pairs of indices. With
    the host, `rows` gathers them in NumPy, and only they travel. Both give the same numbers.

    Parameters
    ----------
    by_gene, by_sample
        Model inputs by name, as stored [gene or sample, ...]; may be mapped into memory.
    expression
        TPM [gene, sample].
    histone_unit
        What histones are divided by.
    on_device
        Where the tables lie.
    """

    by_gene: BatchRows
    by_sample: BatchRows
    expression: NDArray[Any]
    histone_unit: float
    on_device: bool = True

    @property
    def all_tables(self) -> dict[str, NDArray[Any]]:
        """The tables by name, wherever they lie."""
        return {**self.by_gene, **self.by_sample, "expression": self.expression}

    @property
    def tables(self) -> dict[str, NDArray[Any]]:
        """The tables that go to the device: all or none."""
        return self.all_tables if self.on_device else {}

    @property
    def nbytes(self) -> int:
        """Bytes of all tables."""
        return sum(table.nbytes for table in self.all_tables.values())

    def rows(self, pairs: Ints) -> dict[str, NDArray[Any]]:
        """Return what travels to the device for pairs [..., 2]: indices int32 [...], or rows as stored [..., ...]."""
        if self.on_device:
            return {"gene": pairs[..., 0].astype(np.int32), "sample": pairs[..., 1].astype(np.int32)}
        return self._gather(pairs)

    def _gather(self, pairs: Ints) -> dict[str, NDArray[Any]]:
        gene, sample = pairs[..., 0], pairs[..., 1]
        rows = {name: table[gene] for name, table in self.by_gene.items()}
        rows |= {name: table[sample] for name, table in self.by_sample.items()}
        rows["expression"] = self.expression[gene, sample]
        for table in self.all_tables.values():
            _release_pages(table)
        return rows

    def gathered_bytes(self, count: int) -> int:
        """Bytes of the gathered rows of `count` pairs."""
        return sum(row.nbytes for row in self._gather(np.zeros((1, 2), np.int64)).values()) * count

    def batch(self, tables: Mapping[str, Tensor], rows: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], Tensor]:
        """Return model inputs (float32) and TPM of a batch, inside a compiled step: from tables, or rows as they came.

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
            levels = ops.take(tables["expression"], gene, axis=0)
            observed = ops.take_along_axis(levels, sample[:, None], axis=1)[:, 0]
        else:
            inputs = {name: row for name, row in rows.items() if name != "expression"}
            observed = rows["expression"]
        inputs = {name: ops.cast(x, "float32") for name, x in inputs.items()}
        if "histones" in inputs:
            inputs["histones"] = inputs["histones"] / self.histone_unit
        return inputs, ops.cast(observed, "float32")


def _release_pages(table: NDArray[Any]) -> None:
    """Unmap the pages of a mapped file that were read: the system keeps them while it has room for them.

    Else all that was ever read would count as this process's memory.
    """
    if isinstance(table.base, mmap.mmap):
        table.base.madvise(mmap.MADV_DONTNEED)


def make_feed(
    dataset: "Dataset", architecture: Architecture, scan: ScanTable | None, *, on_device: bool = True
) -> Feed:
    """Collect the tables that an architecture reads, to train on; without a cached scan, the sequence is among them."""
    units = own_units(dataset, architecture)
    by_gene = gene_arrays(dataset, architecture, scan)
    if architecture.distance:
        genes = np.arange(len(dataset.genes))
        blocks = [genes[first : first + _GENES_PER_BLOCK] for first in range(0, len(genes), _GENES_PER_BLOCK)]
        by_gene["distance"] = np.concatenate([dataset.distance(block, units.tss_mean) for block in blocks])
    return Feed(by_gene, sample_arrays(dataset, architecture), dataset.expression, units.histone_mean, on_device)


def place_arrays(wanted: str, nbytes: int, working: int, log: Callable[[str], object]) -> bool:
    """Decide whether tables go to the device, from its free memory, and say so.

    Parameters
    ----------
    wanted
        ``device`` or ``host`` decide it; with ``auto`` tables go to a GPU if they fit, and on a CPU if they are small.
    nbytes
        Bytes of the tables.
    working
        Bytes that the steps need beside them, roughly.
    log
        Takes the line that says where they lie.

    Raises
    ------
    TR300MError
        If `wanted` is not known, or the memory is too little for what it asks.
    """
    if wanted not in PLACES:
        raise TR300MError(f"arrays: {wanted!r} is not known", f"write one of {', '.join(PLACES)}")
    free, gpu = devices.free_memory(), bool(devices.gpu_names())
    fits = free is None or nbytes + working <= free
    on_device = wanted == "device" or (wanted == "auto" and fits and (gpu or nbytes <= SMALL))
    where = "the GPU's memory" if gpu else "memory"
    rest = "unknown" if free is None else _size(free)
    if on_device and not fits:
        raise TR300MError(
            f"the arrays take {_size(nbytes)} and the steps about {_size(working)}; of {where} {rest} are free",
            "set `compute: arrays: host`, or train on a device with more memory",
        )
    if free is not None and working > free:
        raise TR300MError(
            f"the steps take about {_size(working)}; of {where} {rest} are free",
            "lower `training: batch_size`, or train on a device with more memory",
        )
    place = f"copied to {where}" if on_device else "left with the host and gathered batch by batch"
    log(f"arrays: {_size(nbytes)}, {place} ({rest} free, the steps take about {_size(working)})")
    return on_device


def _size(count: int) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e8 else f"{count / 1e6:.1f} MB"

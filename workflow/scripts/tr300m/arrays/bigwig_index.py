"""Where in a bigWig the data of windows are, so that they can be requested together.

Readers of bigWig files ask for one block after the other and tell no positions. The format is that of Kent et al.,
Bioinformatics 26:2204 (2010), supplement: a header, a B+ tree of the chromosomes, blocks of data sorted by position,
and an R tree whose leaves name the blocks.
"""

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.types import Ints
from .bigwig import MAGIC_BYTES

# Magic bytes, version and number of zoom levels, then the places of the chromosomes, the data and the index.
_HEADER = struct.Struct("<4sHHQQQ")
_TREE_HEADER, _INDEX_HEADER = struct.Struct("<4xIII16x"), struct.Struct("<4xI40x")
_NODE = struct.Struct("<BxH")
_SPAN = [("first", "<u4"), ("start", "<u4"), ("last", "<u4"), ("end", "<u4"), ("offset", "<u8")]
_BRANCH, _LEAF = np.dtype(_SPAN), np.dtype([*_SPAN, ("size", "<u8")])


class RemoteBytes(Protocol):
    """A file of which many ranges can be fetched at once, such as `ranges.RangeFile`."""

    def fetch(self, ranges: Iterable[tuple[int, int]]) -> None:
        """Fetch ranges (first byte, number of bytes)."""
        ...

    def read_at(self, start: int, size: int) -> bytes:
        """Return bytes; those fetched before are not requested again."""
        ...


class RemoteChromosome(NamedTuple):
    """A chromosome of a bigWig: the number by which its index names it, and its base pairs."""

    number: int
    length: int


def read_chromosomes(file: RemoteBytes) -> dict[str, RemoteChromosome]:
    """Return the chromosomes of a bigWig by name.

    Raises
    ------
    TR300MError
        If the file is not a bigWig as most programs write it (little-endian).
    """
    offset, _ = _places(file)
    most, key_bytes, value_bytes = _TREE_HEADER.unpack(file.read_at(offset, _TREE_HEADER.size))
    leaf = np.dtype([("name", f"S{key_bytes}"), ("number", "<u4"), ("length", "<u4")])
    branch = np.dtype([("name", f"S{key_bytes}"), ("offset", "<u8")])
    nodes = [offset + _TREE_HEADER.size]
    found: dict[str, RemoteChromosome] = {}
    while nodes:
        below = []
        for items, is_leaf in _read_nodes(file, nodes, most * (key_bytes + value_bytes), leaf, branch):
            if is_leaf:
                found |= {name.decode(): RemoteChromosome(number, length) for name, number, length in items.tolist()}
            else:
                below += items["offset"].tolist()
        nodes = below
    return found


def data_ranges(file: RemoteBytes, windows: Mapping[int, Ints]) -> list[tuple[int, int]]:
    """Return the ranges (first byte, number of bytes) of the blocks of a bigWig with data of windows.

    Parameters
    ----------
    file
        bigWig.
    windows
        Sorted windows that do not touch [window, (start, end)], by the number of the chromosome.
    """
    _, offset = _places(file)
    (most,) = _INDEX_HEADER.unpack(file.read_at(offset, _INDEX_HEADER.size))
    nodes, found = [offset + _INDEX_HEADER.size], []
    while nodes:
        below = []
        for items, is_leaf in _read_nodes(file, nodes, most * _LEAF.itemsize, _LEAF, _BRANCH):
            touched = items[_touches(items, windows)]
            if is_leaf:
                found += list(zip(touched["offset"].tolist(), touched["size"].tolist(), strict=True))
            else:
                below += touched["offset"].tolist()
        nodes = below
    return found


def _places(file: RemoteBytes) -> tuple[int, int]:
    """Return where the trees of the chromosomes and of the index begin."""
    head = file.read_at(0, _HEADER.size)
    if head[:4] != MAGIC_BYTES["bigWig"] or len(head) < _HEADER.size:
        raise TR300MError(
            "the file is not a bigWig that can be read in pieces",
            "correct its address, or set `tracks_by_range: false` to download the whole file",
        )
    chromosomes, index = _HEADER.unpack(head)[3::2]
    return chromosomes, index


def _read_nodes(
    file: RemoteBytes, nodes: Sequence[int], most_bytes: int, leaf: np.dtype[np.void], branch: np.dtype[np.void]
) -> Iterator[tuple[NDArray[np.void], bool]]:
    """Yield the items of each node of a level of a tree, and whether it is a leaf; all nodes are fetched together."""
    file.fetch([(node, _NODE.size + most_bytes) for node in nodes])
    for node in nodes:
        is_leaf, count = _NODE.unpack(file.read_at(node, _NODE.size))
        kind = leaf if is_leaf else branch
        yield np.frombuffer(file.read_at(node + _NODE.size, count * kind.itemsize), kind), bool(is_leaf)


def _touches(items: NDArray[np.void], wanted: Mapping[int, Ints]) -> NDArray[np.bool_]:
    """Return which items of a node reach into a window; an item may span several chromosomes."""
    result = np.zeros(len(items), bool)
    for number, spans in wanted.items():
        # In 64 bits, and cut to this chromosome.
        start = np.where(items["first"] < number, 0, items["start"].astype(np.int64))
        end = np.where(items["last"] > number, np.iinfo(np.int64).max, items["end"].astype(np.int64))
        here = (items["first"] <= number) & (items["last"] >= number)
        # The first window that ends behind the item's start must begin before its end.
        place = np.searchsorted(spans[:, 1], start, side="right")
        begins = np.append(spans[:, 0], np.iinfo(np.int64).max)[place]
        result |= here & (begins < end)
    return result

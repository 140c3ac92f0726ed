"""Write bigBed files (Kent et al., Bioinformatics 26:2204, 2010), which pyBigWig can only read."""

import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from ..base.errors import TR300MError
from ..base.files import atomic_path

_MAGIC, CHROMOSOMES_MAGIC, INDEX_MAGIC = 0x8789F2EB, 0x78CA8C91, 0x2468ACE0
HEADER_BYTES, INDEX_HEADER_BYTES = 64, 48
BED_FIELDS = 9


class BedRow(NamedTuple):
    """A line of a BED file: 0-based half-open interval, and the remaining fields joined by tabs."""

    chromosome: str
    start: int
    end: int
    rest: str


class Node(NamedTuple):
    """An item of the index: its interval, from (chromosome, base) to (chromosome, base), and its place in the file."""

    first: tuple[int, int]
    last: tuple[int, int]
    offset: int
    size: int


def write_bigbed(
    path: Path | str, lengths: Mapping[str, int], rows: Sequence[BedRow], per_block: int = 512, fan_out: int = 256
) -> None:
    """Write rows as bigBed, atomically, without zoom levels.

    Parameters
    ----------
    path
        File to write.
    lengths
        Lengths of the chromosomes (bp).
    rows
        Rows, sorted by chromosome name and start; rows with the same start keep their order.
    per_block
        Rows in a compressed block.
    fan_out
        Items in a node of the index.

    Raises
    ------
    TR300MError
        If the rows are not sorted, or an interval is empty or outside its chromosome.
    """
    names = sorted(lengths)
    _check(lengths, rows)
    extra = rows[0].rest.count("\t") + 1 if rows else 0
    tree = _chromosome_tree([(name, lengths[name]) for name in names])
    data_offset = HEADER_BYTES + len(tree)
    blocks, nodes, largest = _blocks(names, rows, per_block, data_offset + 8)
    index_offset = data_offset + 8 + len(blocks)
    header = struct.pack(
        "<IHHQQQHHQQIQ",
        _MAGIC,
        4,
        0,
        HEADER_BYTES,
        data_offset,
        index_offset,
        3 + extra,
        BED_FIELDS,
        0,
        0,
        largest,
        0,
    )
    index = _index(nodes, fan_out, index_offset, per_block)
    with atomic_path(path) as temporary:
        temporary.write_bytes(header + tree + struct.pack("<Q", len(rows)) + blocks + index + struct.pack("<I", _MAGIC))


def _check(lengths: Mapping[str, int], rows: Sequence[BedRow]) -> None:
    for row in rows:
        if not 0 <= row.start < row.end <= lengths.get(row.chromosome, 0):
            raise TR300MError(f"{row.chromosome}:{row.start}-{row.end} is empty or outside its chromosome")
    keys = [(row.chromosome, row.start) for row in rows]
    if keys != sorted(keys):
        raise TR300MError("the rows of a bigBed must be sorted by chromosome and start")


def _chromosome_tree(lengths: list[tuple[str, int]]) -> bytes:
    """Return the B+ tree of chromosome names, with one leaf; a chromosome's number is its position in `lengths`."""
    width = max(len(name) for name, _ in lengths)
    count = len(lengths)
    head = struct.pack("<IIIIQQ", CHROMOSOMES_MAGIC, count, width, 8, count, 0) + struct.pack("<BBH", 1, 0, count)
    return head + b"".join(
        struct.pack(f"<{width}sII", name.encode(), number, length) for number, (name, length) in enumerate(lengths)
    )


def _blocks(names: list[str], rows: Sequence[BedRow], per_block: int, offset: int) -> tuple[bytes, list[Node], int]:
    """Return the compressed blocks, their index items, and the size of the largest block before compression."""
    packed, nodes, largest = [], [], 1
    for number, mine in _cut(names, rows, per_block):
        plain = b"".join(struct.pack("<III", number, row.start, row.end) + row.rest.encode() + b"\0" for row in mine)
        block = zlib.compress(plain)
        nodes.append(Node((number, mine[0].start), (number, max(row.end for row in mine)), offset, len(block)))
        packed.append(block)
        largest, offset = max(largest, len(plain)), offset + len(block)
    return b"".join(packed), nodes, largest


def _cut(names: list[str], rows: Sequence[BedRow], per_block: int) -> Iterator[tuple[int, list[BedRow]]]:
    """Yield the rows of each block and the number of their chromosome; a block never spans two chromosomes."""
    for name, group in groupby(rows, key=lambda row: row.chromosome):
        mine = list(group)
        for start in range(0, len(mine), per_block):
            yield names.index(name), mine[start : start + per_block]


def _index(leaves: list[Node], fan_out: int, offset: int, per_block: int) -> bytes:
    """Return the R tree of the blocks, beginning with the root."""
    levels = [[leaves[i : i + fan_out] for i in range(0, len(leaves), fan_out)] or [[]]]
    while len(levels[0]) > 1:
        above = [_span(group) for group in levels[0]]
        levels.insert(0, [above[i : i + fan_out] for i in range(0, len(above), fan_out)])
    whole = _span(leaves)
    head = struct.pack("<IIQ4I", INDEX_MAGIC, fan_out, len(leaves), *whole.first, *whole.last)
    parts = [head + struct.pack("<QII", offset, per_block, 0)]
    at = offset + INDEX_HEADER_BYTES
    for depth, groups in enumerate(levels):
        leaf = depth == len(levels) - 1
        # The children of all nodes of a level follow it, in order.
        at += sum(4 + (32 if leaf else 24) * len(group) for group in groups)
        child = at
        for group in groups:
            parts.append(struct.pack("<BBH", leaf, 0, len(group)))
            for node in group:
                parts.append(struct.pack("<4I", *node.first, *node.last))
                if leaf:
                    parts.append(struct.pack("<QQ", node.offset, node.size))
                else:
                    parts.append(struct.pack("<Q", child))
                    child += 4 + (32 if depth == len(levels) - 2 else 24) * node.size
    return b"".join(parts)


def _span(nodes: list[Node]) -> Node:
    """Return the item of a node in the level above; its `size` is the number of items in the node."""
    if not nodes:
        return Node((0, 0), (0, 0), 0, 0)
    return Node(min(node.first for node in nodes), max(node.last for node in nodes), 0, len(nodes))

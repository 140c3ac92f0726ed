"""Compute the released arrays from the arrays built here, and write them as float64 `.npy.gz` files."""

import gzip
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from ..base.axes import CELLS, MARKS
from ..base.errors import TR300MError
from ..base.files import atomic_path, sha256
from ..base.types import Floats, Strings
from ..dataset.dataset import TABLES
from .published import COMPRESSION_LEVEL

BLOCK_BYTES = 32 << 20

# Different decimals of up to six digits have different float32 values (FLT_DIG in C).
EXACT_DIGITS = 6

# Exact in float64. NumPy's power may have an error in the last bit.
POWERS_OF_TEN = np.array([float(f"1e{exponent}") for exponent in range(23)])


def widen(values: NDArray[Any]) -> Floats:
    """Return float32, float16, small integers or Booleans as float64, which represents them exactly."""
    return values.astype(np.float64)


def exact_decimals(values: NDArray[np.float32]) -> Floats:
    """Return the float64 values of the decimals from which float32 values were parsed.

    The release has the decimals of the GCT as float64, the dataset as float32. No two decimals of at most six
    significant digits (GTEx prints four) have the same float32, so the decimal can be recovered: its digits and the
    power of ten are exact in float64, and one division rounds like parsing the text. Longer decimals are refused,
    except the few per cent whose float32 is also that of a decimal of six digits; an array of longer decimals is
    therefore always refused.

    Parameters
    ----------
    values
        Values of at least 0, of any shape.

    Raises
    ------
    TR300MError
        If a value is not the float32 of a decimal of six digits, or is neither 0 nor between 1e-17 and 1e28.
    """
    wide = values.astype(np.float64)
    exponent = np.floor(np.log10(wide, where=wide > 0, out=np.zeros_like(wide))).astype(np.int64)
    power = EXACT_DIGITS - 1 - exponent
    scale = POWERS_OF_TEN[np.minimum(np.abs(power), len(POWERS_OF_TEN) - 1)]
    small = power >= 0
    digits = np.rint(np.where(small, wide * scale, wide / scale))
    result = np.where(small, digits / scale, digits * scale)
    wrong = (result.astype(np.float32) != values) | ((wide > 0) & (np.abs(power) >= len(POWERS_OF_TEN)))
    if wrong.any():
        raise TR300MError(
            f"{values[wrong][0]} is from a decimal of more than {EXACT_DIGITS} digits, which float32 cannot represent",
            "export the released arrays from the GCT of GTEx, or from one with as few digits",
        )
    return cast(Floats, result)


def _chromosomes(table: Any) -> Floats:
    # Imported here, because it imports pandas and pyranges, and the rules import this module on every dry run.
    from ..arrays.genes import chromosome_onehot

    return chromosome_onehot(table.chromosome)[:, :, None]


def _marks_and_cells(histones: NDArray[np.float32]) -> NDArray[np.float32]:
    return histones.reshape(*histones.shape[:2], len(MARKS), len(CELLS))


@dataclass(frozen=True)
class Recipe:
    """How a released array is made from one file of the results folder.

    Attributes
    ----------
    file
        Path of the array or table in the results folder.
    axes
        Name of each axis that has IDs, None for other axes.
    view
        Function of the opened file that returns the array, in any number type; a view if the file is large.
    as_float64
        Function that converts a block of the array to float64.
    """

    file: str
    axes: tuple[str | None, ...]
    view: Callable[[Any], NDArray[Any]] = lambda array: array
    as_float64: Callable[[NDArray[Any]], Floats] = widen


RECIPES = {
    "POLIIKernels": Recipe("dataset/core.npy", (None, None, "core_motif")),
    "PSSMCounts": Recipe("dataset/motifs.tsv", ("motif",), lambda motifs: motifs.counts),
    "PSSMKernels": Recipe("dataset/pssm.npy", (None, None, "motif")),
    "acgtSeqArr_gene": Recipe("dataset/onehot.npy", ("gene", None, None)),
    "cellTypeArr": Recipe("dataset/tissue.npy", ("sample", None, None), lambda tissue: tissue[:, :, None]),
    "chrArr_gene": Recipe("dataset/genes.tsv", ("gene", None, None), _chromosomes),
    "creSeqArr_gene": Recipe("cres/scores.npy", ("gene", None, None), lambda scores: scores[:, :, None]),
    "expressionArr_gene": Recipe("dataset/expression.npy", ("gene", "sample"), as_float64=exact_decimals),
    "hmArr": Recipe("dataset/histones.npy", ("gene", None, None, None), _marks_and_cells),
    "tfBiasArray": Recipe("dataset/motif_map.npy", ("motif",), lambda mapping: ~mapping.any(axis=0)),
    "tfChrArr": Recipe("dataset/regulators.tsv", ("regulator", None, None), _chromosomes),
    "tfExpressArr": Recipe(
        "dataset/regulator_levels.npy",
        ("sample", "regulator", None),
        lambda levels: levels[:, :, None],
        exact_decimals,
    ),
    "tfMotifMatchArray": Recipe("dataset/motif_map.npy", ("regulator", "motif")),
    "tfTssArr": Recipe("dataset/regulators.tsv", ("regulator", None), lambda regulators: regulators.tss[:, None]),
    "tssArr_gene": Recipe("dataset/genes.tsv", ("gene", None), lambda genes: genes.tss[:, None]),
}


class Rebuilt(NamedTuple):
    """A released array as built here: its shape, and a function that returns a range of rows in float64."""

    shape: tuple[int, ...]
    rows: Callable[[slice], Floats]


def rebuild(name: str, file: Path | str) -> Rebuilt:
    """Return a released array, made from the file of its recipe.

    Raises
    ------
    TR300MError
        If the file cannot be read.
    """
    recipe, path = RECIPES[name], Path(file)
    if path.suffix == ".tsv":
        table = recipe.view(TABLES[path.stem].read(path))
        return Rebuilt(table.shape, lambda rows: recipe.as_float64(table[rows]))
    # Mapped again for each block: pages of a memory map count as memory until it is closed.
    return Rebuilt(recipe.view(_map(path)).shape, lambda rows: recipe.as_float64(recipe.view(_map(path))[rows]))


def _map(path: Path) -> NDArray[Any]:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise TR300MError(f"{path} is truncated or not a .npy file: {error}", "delete it and build it again") from None


def slices(shape: tuple[int, ...], block_bytes: int = BLOCK_BYTES) -> Iterator[slice]:
    """Yield ranges of the first axis, each of about `block_bytes` at most in float64."""
    step = max(1, block_bytes // (8 * int(np.prod(shape[1:], dtype=np.int64))))
    for start in range(0, shape[0], step):
        yield slice(start, min(start + step, shape[0]))


def npy_chunks(array: Rebuilt, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Yield the bytes of a float64 `.npy` file, as `numpy.save` writes it."""
    header = _Collected()
    np.lib.format.write_array_header_1_0(
        cast(IO[bytes], header), {"descr": "<f8", "fortran_order": False, "shape": array.shape}
    )
    yield bytes(header)
    for rows in slices(array.shape, block_bytes):
        yield array.rows(rows).astype("<f8", copy=False).tobytes()


class _Collected(bytearray):
    """A bytearray with a method `write`."""

    write = bytearray.extend


class Written(NamedTuple):
    """Shape, size and checksums of an exported file, as in `Published`."""

    shape: tuple[int, ...]
    gz_bytes: int
    gz_sha256: str
    npy_sha256: str

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "Written":
        """Build from a record read from JSON."""
        return cls(**{**record, "shape": tuple(record["shape"])})


def write_release(out: Path | str, array: Rebuilt, time: int, block_bytes: int = BLOCK_BYTES) -> Written:
    """Write an array as in the release, atomically and block by block.

    Parameters
    ----------
    out
        File to write, with the released name; the name without ``.gz`` is in the gzip header.
    array
        Array to write.
    time
        Time in the gzip header, in seconds since 1970.
    block_bytes
        Approximate bytes in memory at a time; the file does not depend on it.
    """
    final, digest = Path(out), hashlib.sha256()
    with atomic_path(final) as temporary:
        with open(temporary, "wb") as raw, gzip.GzipFile(final.name, "wb", COMPRESSION_LEVEL, raw, time) as handle:
            for chunk in npy_chunks(array, block_bytes):
                digest.update(chunk)
                handle.write(chunk)
        facts = Written(array.shape, temporary.stat().st_size, sha256(temporary), digest.hexdigest())
    return facts


def axis_ids(folder: Path | str) -> dict[str, Strings]:
    """Return the IDs of genes, samples and regulators from the tables of a dataset folder."""
    tables = {name: TABLES[name].read(Path(folder) / f"{name}.tsv") for name in ("genes", "samples", "regulators")}
    return {
        "gene": tables["genes"].gene_id,
        "sample": tables["samples"].sample_id,
        "regulator": tables["regulators"].gene_id,
    }

"""How each released array is computed from the arrays built here, and written as float64 `.npy.gz`."""

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

# A float32 tells all decimals of six digits apart; of seven digits only most (C's FLT_DIG).
EXACT_DIGITS = 6

# Exact in float64, as literals read them; NumPy's power may err in the last bit.
POWERS_OF_TEN = np.array([float(f"1e{exponent}") for exponent in range(23)])


def widen(values: NDArray[Any]) -> Floats:
    """Return numbers or truth values as float64, which holds all of float32, float16 and small integers exactly."""
    return values.astype(np.float64)


def exact_decimals(values: NDArray[np.float32]) -> Floats:
    """Return the float64 that reading the text gives, for float32 numbers that were read from decimals.

    The release holds the GCT's decimals as float64, the dataset as float32. A decimal of at most six significant digits
    (GTEx prints four) is the only such decimal that gives its float32, so that no digit is lost: digits and power of
    ten are exact in float64, and one division rounds as reading the text does. Seven digits are refused, because
    float32 does not always keep them. So are eight and more, but for the few in a hundred that give the same float32
    as a decimal of six: an array of longer decimals cannot pass.

    Parameters
    ----------
    values
        Not negative; any shape.

    Raises
    ------
    TR300MError
        If a value is the float32 of no decimal of six digits, or is not 0 and outside 1e-17 to 1e28.
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
            f"{values[wrong][0]} stands for a decimal of more than {EXACT_DIGITS} digits, which float32 does not keep",
            "the released arrays can be exported from GTEx's own GCT, or one with as few digits",
        )
    return cast(Floats, result)


def _chromosomes(table: Any) -> Floats:
    # Here, because pandas and pyranges come with it, and the rules read this module on every dry run.
    from ..arrays.genes import chromosome_onehot

    return chromosome_onehot(table.chromosome)[:, :, None]


def _marks_and_cells(histones: NDArray[np.float32]) -> NDArray[np.float32]:
    return histones.reshape(*histones.shape[:2], len(MARKS), len(CELLS))


@dataclass(frozen=True)
class Recipe:
    """How a released array comes from one file of the results folder.

    Attributes
    ----------
    file
        Array or table, in the results folder.
    axes
        Names of the axes that have IDs, None for the others.
    view
        Makes the array, in any number type, from the opened file; of a large file it takes a view.
    as_float64
        Makes a block of it float64.
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
    """A released array as built here: its shape, and its rows in float64, block by block."""

    shape: tuple[int, ...]
    rows: Callable[[slice], Floats]


def rebuild(name: str, file: Path | str) -> Rebuilt:
    """Return a released array from the file that its recipe names.

    Raises
    ------
    TR300MError
        If the file cannot be read.
    """
    recipe, path = RECIPES[name], Path(file)
    if path.suffix == ".tsv":
        table = recipe.view(TABLES[path.stem].read(path))
        return Rebuilt(table.shape, lambda rows: recipe.as_float64(table[rows]))
    # Mapped anew for each block: pages of a mapping count as memory until it is closed.
    return Rebuilt(recipe.view(_map(path)).shape, lambda rows: recipe.as_float64(recipe.view(_map(path))[rows]))


def _map(path: Path) -> NDArray[Any]:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise TR300MError(f"{path} is no whole array: {error}", "delete it and build it again") from None


def slices(shape: tuple[int, ...], block_bytes: int = BLOCK_BYTES) -> Iterator[slice]:
    """Yield ranges of the first axis, each of at most about `block_bytes` of float64."""
    step = max(1, block_bytes // (8 * int(np.prod(shape[1:], dtype=np.int64))))
    for start in range(0, shape[0], step):
        yield slice(start, min(start + step, shape[0]))


def npy_chunks(array: Rebuilt, block_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
    """Yield the bytes of the float64 `.npy` file of an array, as `numpy.save` writes it."""
    header = _Collected()
    np.lib.format.write_array_header_1_0(
        cast(IO[bytes], header), {"descr": "<f8", "fortran_order": False, "shape": array.shape}
    )
    yield bytes(header)
    for rows in slices(array.shape, block_bytes):
        yield array.rows(rows).astype("<f8", copy=False).tobytes()


class _Collected(bytearray):
    """Bytes that can be written to."""

    write = bytearray.extend


class Written(NamedTuple):
    """Facts of a file written here, as `Published` has them of the released one."""

    shape: tuple[int, ...]
    gz_bytes: int
    gz_sha256: str
    npy_sha256: str

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> "Written":
        """Read a record that was written as JSON."""
        return cls(**{**record, "shape": tuple(record["shape"])})


def write_release(out: Path | str, array: Rebuilt, time: int, block_bytes: int = BLOCK_BYTES) -> Written:
    """Write an array as the release does, atomically, a block at a time.

    Parameters
    ----------
    out
        File to write, named like the released one: its name without ``.gz`` stands in the gzip header.
    array
        What to write.
    time
        Seconds since 1970 for the gzip header.
    block_bytes
        About how much of the array is in memory at a time; the file does not depend on it.
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
    """Return the IDs along the axes that have them, from the tables of a dataset folder."""
    tables = {name: TABLES[name].read(Path(folder) / f"{name}.tsv") for name in ("genes", "samples", "regulators")}
    return {
        "gene": tables["genes"].gene_id,
        "sample": tables["samples"].sample_id,
        "regulator": tables["regulators"].gene_id,
    }

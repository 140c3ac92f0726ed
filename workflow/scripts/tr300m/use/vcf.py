"""VCF files: their records, and a copy with one more INFO field."""

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple, Self

import pysam

from ..base.disk import disk_errors
from ..base.errors import TR300MError
from ..base.files import atomic_path, gzip_errors, open_binary, read_lines

_NONE = "."
_COLUMNS = "#CHROM"
_INFO = 7


class VcfRecord(NamedTuple):
    """A record.

    Attributes
    ----------
    chromosome, position, name
        CHROM, POS (1-based) and ID.
    ref, alts
        REF and every ALT; ``.`` if there is none.
    """

    chromosome: str
    position: int
    name: str
    ref: str
    alts: tuple[str, ...]


@dataclass(frozen=True)
class Vcf:
    """A VCF file, plain or gzip, whose header was read.

    Attributes
    ----------
    path
        The file.
    lengths
        Base pairs of the contigs whose length the header states.
    samples
        Names of the genotype columns, which nothing reads.
    fields
        Names of the INFO fields that the header describes.
    """

    path: Path
    lengths: dict[str, int]
    samples: tuple[str, ...]
    fields: frozenset[str]

    @classmethod
    def open(cls, path: Path | str) -> Self:
        """Read the header.

        Raises
        ------
        TR300MError
            If it is no VCF, has no header, or is truncated.
        """
        with _opened(Path(path), genotypes=True) as file:
            header = file.header
            contigs = {str(name): header.contigs[name].length for name in header.contigs}
            lengths = {name: length for name, length in contigs.items() if length}
            return cls(Path(path), lengths, tuple(header.samples), frozenset(header.info))

    def records(self) -> Iterator[VcfRecord]:
        """Yield the records in file order.

        Raises
        ------
        TR300MError
            If a record cannot be read.
        """
        with _opened(self.path) as file:
            number, last = 1, ""
            try:
                for found in file:
                    number += 1
                    last = f", after {found.chrom}:{found.pos}"
                    alts = tuple(found.alts or (_NONE,))
                    yield VcfRecord(found.chrom, found.pos, found.id or _NONE, found.ref or _NONE, alts)
            except OSError as error:
                raise TR300MError(
                    f"{self.path}: cannot read record {number:,}{last}: {error}",
                    "each record needs the eight columns of VCF, separated by tabs; is the file complete?",
                ) from None

    def annotate(self, out: Path, header: Sequence[str], key: str, values: Iterable[Sequence[str]]) -> None:
        """Write a copy of the file in which each record has one more INFO field. All else stays as it is.

        Parameters
        ----------
        out
            File to write, of bgzip if its name ends in ``.gz``; it appears when it is complete.
        header
            Lines to write above the column names.
        key
            Name of the field.
        values
            Values of the field, for each record in file order.
        """
        with atomic_path(out) as temporary, _writer(temporary) as write:
            lines = read_lines(self.path)
            for line in lines:
                last = line.startswith(_COLUMNS)
                for text in [*header, line] if last else [line]:
                    write(f"{text}\n")
                if last:
                    break
            for line, found in zip(lines, values, strict=True):
                columns = line.split("\t", _INFO + 1)
                given = [] if columns[_INFO] in (_NONE, "") else [columns[_INFO]]
                columns[_INFO] = ";".join([*given, f"{key}={','.join(found)}"])
                write("\t".join(columns) + "\n")


@contextmanager
def _opened(path: Path, *, genotypes: bool = False) -> Iterator[pysam.VariantFile]:
    """Open a VCF, plain or gzip; htslib's own lines on stderr are switched off, because errors are raised."""
    before = pysam.set_verbosity(0)
    try:
        with TemporaryDirectory() as folder, _variant_file(path, Path(folder), genotypes) as file:
            if file.format != "VCF":
                raise TR300MError(f"{path} is {file.format}, not VCF", f"convert it: bcftools view -O z {path}")
            yield file
    finally:
        pysam.set_verbosity(before)


def _variant_file(path: Path, folder: Path, genotypes: bool) -> pysam.VariantFile:
    try:
        try:
            return pysam.VariantFile(str(path), drop_samples=not genotypes)
        except NotImplementedError:
            # Plain gzip, which htslib reads and pysam does not.
            unpacked = folder / "unpacked.vcf"
            with disk_errors(unpacked), gzip_errors(path), open_binary(path) as packed, open(unpacked, "wb") as handle:
                shutil.copyfileobj(packed, handle)
            return pysam.VariantFile(str(unpacked), drop_samples=not genotypes)
    except FileNotFoundError:
        raise TR300MError(f"the VCF {path} is missing", "check the path") from None
    except (OSError, ValueError) as error:
        raise TR300MError(
            f"cannot read {path}: {error}",
            "a VCF is needed, plain or gzip: its first line is ##fileformat=VCF..., and a line that starts with #CHROM "
            "and has at least eight columns, separated by tabs, precedes the records",
        ) from None


@contextmanager
def _writer(path: Path) -> Iterator[Callable[[str], object]]:
    """Open a file for text; of bgzip if its name ends in ``.gz``."""
    if path.suffix == ".gz":
        with pysam.BGZFile(str(path), "wb", index=None) as packed:
            yield lambda text: packed.write(text.encode())
    else:
        with open(path, "w", encoding="utf-8", newline="\n") as handle:
            yield handle.write
